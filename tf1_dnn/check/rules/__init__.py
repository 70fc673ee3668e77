"""rules: the mistakes that are looked for, one file a topic; RULES has them by id.

A rule is a function marked with `rule`, which holds its id and its worst severity; its page is
explain/<id>.md.
"""

from tf1_dnn.check.rules import (
    batch_norm,
    clipping,
    gradients,
    leftovers,
    losses,
    migration,
    network,
    running,
    training,
    weights,
)
from tf1_dnn.check.rules.registry import RULES, Rule

__all__ = ["RULES", "Rule"]
# Imported, they are in RULES.
_ = (
    *(batch_norm, clipping, gradients, leftovers, losses),
    *(migration, network, running, training, weights),
)
