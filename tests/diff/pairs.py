"""The graphs that make_graphs.py wrote, and comparisons of two of them, each made once."""

import functools
import gzip
import pathlib

from tf1_dnn.check.read.messages import MetaGraphDef
from tf1_dnn.diff import diff

GRAPHS = pathlib.Path(__file__).parent / "graphs"
OLD, NEW = "1.15.5", "2.21"


def read(version, name):
    """The MetaGraphDef that this version of TensorFlow wrote."""
    path = GRAPHS / version / f"{name}.meta.gz"
    return MetaGraphDef.FromString(gzip.decompress(path.read_bytes()))


@functools.lru_cache(maxsize=None)
def compared(version, old, name, static=False):
    """OLD of a version against NAME of 2.21: side by side, and three steps run unless static."""
    return diff(read(version, old), read(NEW, name), n_steps=3, static=static)


def deciding(found):
    """(what, old, new) of the differences that change digits."""
    return [tuple(each)[:3] for each in found.differences if each.changes_digits]


def harmless(found):
    """(what, old, new) of the others."""
    return [tuple(each)[:3] for each in found.differences if not each.changes_digits]
