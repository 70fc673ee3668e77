"""Ops that today's TensorFlow does not have: they, and what depends on them, are left out."""

from typing import Any, Iterator


def take_out(definition: Any) -> list[str]:
    """Take ops without a definition out of a GraphDef, with all that depends on them.

    Returns the types of those ops, [] if there are none.
    """
    functions = {each.signature.name: each.node_def for each in definition.library.function}
    gone = {node.op for nodes in (definition.node, *functions.values()) for node in nodes}
    gone = {op for op in gone if op not in functions and not _is_known(op)}
    if not gone:
        return []
    broken = set(gone)  # ops, and functions by their names
    while more := {
        name
        for name, nodes in functions.items()
        if name not in broken and any(_uses(node, broken) for node in nodes)
    }:
        broken |= more
    lost = {node.name for node in definition.node if _uses(node, broken)}
    while more := {
        node.name
        for node in definition.node
        if node.name not in lost and not lost.isdisjoint(_sources(node))
    }:
        lost |= more
    kept = [node for node in definition.node if node.name not in lost]
    _replace(definition.node, kept)
    library = definition.library
    _replace(
        library.function, [each for each in library.function if each.signature.name not in broken]
    )
    _replace(
        library.gradient, [each for each in library.gradient if each.function_name not in broken]
    )
    return sorted(gone)


def _is_known(op: str) -> bool:
    from tensorflow.python.framework import op_def_registry

    return op_def_registry.get(op) is not None


def _uses(node: Any, broken: set[str]) -> bool:
    """Whether a NodeDef is one of these ops, or calls one of these functions."""
    return node.op in broken or not broken.isdisjoint(_called(node))


def _called(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        yield from (each.name for each in value.list.func)


def _sources(node: Any) -> Iterator[str]:
    return (name.lstrip("^").partition(":")[0] for name in node.input)


def _replace(field: Any, kept: list[Any]) -> None:
    copies = [type(each).FromString(each.SerializeToString()) for each in kept]
    del field[:]
    field.extend(copies)
