"""What TensorFlow 1 built of several ops, and TensorFlow 2 builds otherwise: built as it was.

An op seed is the number of ops before it, and a dropout mask is the arithmetic around it, so both
depend on what a function builds. Each module here restores one kind of function.
"""

from tf1_dnn.run.compositions.counting import n_uncounted

__all__ = ["n_uncounted", "restore"]


def restore() -> None:
    """Let TensorFlow's functions build what they built in TensorFlow 1.15."""
    from tf1_dnn.run.compositions import (
        arrays,
        broadcasting,
        confusion,
        datasets,
        drawing,
        gradients,
        images,
        keras,
        layers,
        loops,
        parsing,
        replace,
        shuffling,
        slices,
        training,
        variables,
    )

    parts = (arrays, broadcasting, confusion, datasets, drawing, gradients, images, keras)
    for module in (*parts, layers, loops, parsing, shuffling, slices, training, variables):
        module.restore()
    replace.in_api()
