"""diff: does a migrated graph compute what the old one did, and where does it part?

`matching` finds which variable is which, `statics` sets the graphs side by side, `alignment` pairs
their ops; `numbers` draws what both get, `running` runs a graph, `stages` both in step;
`comparison` says what came of it.
"""

from tf1_dnn.diff.comparison import Comparison, diff

__all__ = ["Comparison", "diff"]
