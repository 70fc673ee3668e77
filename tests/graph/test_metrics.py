"""Figures of a step beside its loss."""

import numpy as np
import pytest

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.graph.metrics import clipped_fraction


def test_clipped_fractions_in_closed_form():
    grads = [np.float32([[3, 0], [0, 4]]), np.float32([0.5, -2])]  # norms 5 and 2.06, 5.41 together

    def fraction(**clipping):
        with tf.Graph().as_default(), tf.Session() as session:
            fraction = clipped_fraction(
                [tf.constant(g) for g in grads], Config(**clipping).clipping
            )
            return session.run(fraction)

    assert fraction() == 0
    assert fraction(clip_value=1.0) == pytest.approx(3 / 6)
    assert fraction(clip_value=4.0) == 0
    assert fraction(clip_norm=3.0) == pytest.approx(4 / 6)
    assert (fraction(clip_global_norm=5.4), fraction(clip_global_norm=5.5)) == (1, 0)
