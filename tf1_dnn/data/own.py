"""What a user's own data come to, and how a test set is set aside where they have none."""

from typing import NamedTuple

import numpy as np

from tf1_dnn.data.formats import Array

Pair = tuple[Array, Array]  # images or inputs, and labels


class Own(NamedTuple):
    """A user's examples: neither checked nor split further."""

    train: Pair
    test: Pair
    has_test: bool  # whether the test set came with the data, or was set aside from them
    classes: tuple[str, ...] | None = None  # the names of classes 0, 1, ...; None if they have none


def mixed(examples: Pair) -> Pair:
    """The examples in an order, always the same, in which every stretch holds all classes alike.

    Data that come class by class would otherwise be validated on the first class alone.
    """
    images, labels = examples
    order = np.random.RandomState(0).permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        where = np.flatnonzero(labels[order] == label)
        place[where] = (np.arange(len(where)) + 0.5) / len(where)
    order = order[np.argsort(place, kind="stable")]
    return images[order], labels[order]


def set_test_aside(examples: Pair, classes: tuple[str, ...] | None) -> Own:
    """A sixth of the examples, mixed, is for test; what validates, `split` takes of the others."""
    images, labels = mixed(examples)
    n_test = max(len(labels) // 6, 1)
    train, test = (images[n_test:], labels[n_test:]), (images[:n_test], labels[:n_test])
    return Own(train, test, has_test=False, classes=classes)
