"""Small images and labels at random, to split."""

import numpy as np

from tf1_dnn import data


def pair(n, shape=(3, 2), n_classes=4, dtype=np.uint8, seed=0):
    """Random images and labels, every class among the first and the last of them."""
    random_state = np.random.RandomState(seed)
    images = random_state.randint(0, 256, (n, *shape)).astype(dtype)
    return images, np.arange(n, dtype=np.uint8) % n_classes


def split(train=None, test=None):
    return data.split(train or pair(60), test or pair(20), name="small", source="/data/small.npz")


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array
