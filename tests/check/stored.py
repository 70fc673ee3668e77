"""The graphs that genuine TensorFlow 1.15.5 wrote: tests/check/graphs."""

import functools
import gzip
import pathlib

from google.protobuf import text_format

from tf1_dnn import check
from tf1_dnn.check.read.messages import GraphDef, MetaGraphDef

GRAPHS = pathlib.Path(__file__).parent / "graphs"


def read(name):
    """The MetaGraphDef or GraphDef in NAME.gz."""
    data = gzip.decompress((GRAPHS / f"{name}.gz").read_bytes())
    if name.endswith(".pbtxt"):
        return text_format.Parse(data.decode(), GraphDef())
    return (MetaGraphDef if name.endswith(".meta") else GraphDef).FromString(data)


@functools.lru_cache(maxsize=None)
def findings(name):
    """All that is found in a stored graph."""
    return check.check(read(name))


def of_rule(found, *rules):
    """The findings of these rules."""
    return [finding for finding in found if finding.rule in rules]
