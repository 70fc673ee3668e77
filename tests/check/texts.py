"""Small graphs written out as text."""

from google.protobuf import text_format

from tf1_dnn.check.graph import Graph
from tf1_dnn.check.read.messages import MetaGraphDef

FLOAT, RESOURCE = "key: 'dtype' value { type: DT_FLOAT }", "key: 'T' value { type: DT_RESOURCE }"


def node(name, op, *inputs, attr=""):
    listed = " ".join(f"input: '{each}'" for each in inputs)
    attrs = " ".join(f"attr {{ {each} }}" for each in attr.split(";") if each)
    return f"node {{ name: '{name}' op: '{op}' {listed} {attrs} }}"


def const(name, value, dtype="FLOAT"):
    field = dict(FLOAT="float_val", INT32="int_val", BOOL="bool_val")[dtype]
    return node(
        name,
        "Const",
        attr=f"key: 'value' value {{ tensor {{ dtype: DT_{dtype} {field}: {value} }} }}",
    )


def graph_of(*parts, collections="", **options):
    meta = MetaGraphDef()
    text_format.Parse("\n".join(parts), meta.graph_def)
    text_format.Parse(collections, meta)
    return Graph(meta, **options)


def function(name, args, outputs, *parts):
    """outputs: what is returned under which name."""
    signature = " ".join(f"input_arg {{ name: '{arg}' }}" for arg in args)
    signature += " ".join(f"output_arg {{ name: '{out}' }}" for out in outputs)
    returned = " ".join(f"ret {{ key: '{out}' value: '{ref}' }}" for out, ref in outputs.items())
    body = " ".join("node_def" + part.removeprefix("node") for part in parts)
    return f"function {{ signature {{ name: '{name}' {signature} }} {body} {returned} }}"


def names(found):
    return sorted(each.name for each in found)


BRANCHES = "key: 'then_branch' value { func { name: 'add' } };" + (
    "key: 'else_branch' value { func { name: 'same' } }"
)
LIBRARY = "library {" + (
    function("add", ["x"], {"y": "sum:z:0"}, node("sum", "Add", "x", "x"))
    + function("same", ["x"], {"y": "x"})
    + "}"
)
