"""Training: all epochs of a run, by the post's loop or by one that lies in the graph.

`trainer.train` is the way in. `loops` runs an epoch's steps, `evaluation` tells how good a network
is, `population` averages batch statistics over the training set, `signals` hears Ctrl-C.
"""

__all__ = ["evaluation", "loops", "population", "signals", "trainer"]
