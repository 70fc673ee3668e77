"""Training: all epochs of a run, by the post's loop or by one that lies in the graph.

`trainer.train` is the way in; `loops` and `compiled_epoch` run an epoch's steps.
"""
