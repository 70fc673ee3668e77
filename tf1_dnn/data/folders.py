"""Pictures in a folder per class: the folders' names are the classes."""

import os
from typing import Sequence

import numpy as np

from tf1_dnn.data import pictures
from tf1_dnn.data.formats import Array
from tf1_dnn.data.own import Own, Pair, mixed, set_test_aside
from tf1_dnn.errors import DataError, told

_MOST_PIXELS = 1 << 18  # of a picture: every unit of the first layer has a weight for each
_TESTS = {"train": "test", "training": "testing"}  # folders that hold the classes' folders


def holds_classes(path: str) -> bool:
    """Whether a folder holds folders and no files of MNIST's."""
    of_mnist = ("train-images", "train-labels", "t10k-", "mnist.npz")
    return bool(_folders(path)) and not any(name.startswith(of_mnist) for name in os.listdir(path))


def read(path: str) -> Own:
    """The pictures in the folders of a folder, as grey levels: uint8 `[n, h, w]`.

    The classes are the folders' names, sorted (numbers by their value). `train` and `test` (or
    `training` and `testing`) may each hold such folders; without, a sixth is set aside for test.
    Pictures are taken as they are, and must all have one size.

    Raises DataError, which names the file, for what is no picture or of another size.
    """
    parts = next(([a, b] for a, b in _TESTS.items() if {a, b} <= {*_folders(path)}), None)
    roots = [os.path.join(path, part) for part in parts] if parts else [path]
    classes = _folders(roots[0])
    files = [_files(root, classes) for root in roots]
    first = _grey(files[0][0][0])
    pairs = [_read(part, first) for part in files]
    if parts is None:
        return set_test_aside(pairs[0], classes)
    return Own(mixed(pairs[0]), pairs[1], True, classes)


def _folders(path: str) -> tuple[str, ...]:
    """The names of the folders in a folder, hidden ones left out."""
    with told(DataError, f"cannot read the folder {path}", "permit it", OSError):
        with os.scandir(path) as entries:
            names = [each.name for each in entries if each.is_dir() and each.name[0] != "."]
    return tuple(sorted(names, key=lambda name: (name.zfill(9) if name.isdecimal() else name)))


def _files(root: str, classes: Sequence[str]) -> list[tuple[str, int]]:
    """Every picture's path and class; DataError for a class without one."""
    if len(classes) < 2:
        raise DataError(f"{root} holds {len(classes)} folder: give it one for each class")
    files = []
    for number, name in enumerate(classes):
        folder = os.path.join(root, name)
        if not os.path.isdir(folder):
            raise DataError(f"there is no folder {folder}: give it, with pictures of the class")
        files += [(path, number) for path in pictures.list_folder(folder)]
    return files


def _read(files: Sequence[tuple[str, int]], first: Array) -> Pair:
    remedy = "give fewer or smaller pictures"
    with told(DataError, f"memory has no room for {len(files):,} pictures", remedy, MemoryError):
        images = np.empty((len(files), *first.shape), np.uint8)
        for index, (file, _) in enumerate(files):
            grey = _grey(file)
            if grey.shape != first.shape:
                height, width = first.shape
                raise DataError(
                    f"{file} has {grey.shape[1]} x {grey.shape[0]} pixels, not {width} x {height} "
                    "as the first: scale all pictures to one size"
                )
            images[index] = grey
    return images, np.array([number for _, number in files])


def _grey(file: str) -> Array:
    grey = pictures.read(file)
    if grey.size > _MOST_PIXELS:
        raise DataError(f"{file} has more than {_MOST_PIXELS:,} pixels: scale all pictures down")
    return pictures.as_it_is(grey, grey.shape)
