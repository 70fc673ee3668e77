"""The ops of a graph as linked nodes, and what kinds of op there are."""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple

# Ops of our own: a body's argument, a call's output, many control inputs as one.
ARG, RESULT, GROUP = "_Arg", "_Result", "_Group"
# The attributes that name the functions an op calls; If and Case have one input before arguments.
CALLS: dict[str, tuple[str, ...]] = {
    "PartitionedCall": ("f",),
    "StatefulPartitionedCall": ("f",),
    "If": ("then_branch", "else_branch"),
    "StatelessIf": ("then_branch", "else_branch"),
    "Case": ("branches",),
    "StatelessCase": ("branches",),
    "While": ("cond", "body"),
    "StatelessWhile": ("cond", "body"),
}
BRANCHES = ("If", "StatelessIf", "Case", "StatelessCase")
LOOPS = ("While", "StatelessWhile")
SWITCHES = ("Switch", "RefSwitch")
# Ops that pass a tensor's values on as they are, from any of their data inputs.
PASSING = frozenset(
    "Identity IdentityN Switch RefSwitch Merge RefMerge Enter RefEnter Exit RefExit NextIteration "
    "RefIdentity RefNextIteration StopGradient PreventGradient CheckNumerics Snapshot EnsureShape "
    f"{ARG} {RESULT}".split()
)
# And in another shape or type.
RESHAPING = PASSING | frozenset("Reshape Squeeze ExpandDims Cast".split())


class Output(NamedTuple):
    """A tensor: output `index` of `node`."""

    node: Node
    index: int  # type: ignore[assignment]


class Node:
    """An op. Nodes are equal only to themselves."""

    __slots__ = (
        *("name", "op", "attr", "device", "call", "function"),
        *("inputs", "controls", "consumers", "control_consumers"),
    )

    def __init__(
        self, name: str, op: str, attr: Any, device: str, call: Node | None, function: str
    ) -> None:
        self.name = name  # in a body: "cond[then_branch]/add"; the second output of cond: "cond:1"
        self.op = op
        self.attr = attr  # the NodeDef's map, str -> AttrValue; empty for ARG and RESULT
        self.device = device
        self.call = call  # the node whose body this one lies in, or None
        self.function = function  # the name of that body's function, or ""
        self.inputs: list[Output] = []  # data
        self.controls: list[Node] = []
        self.consumers: list[Node] = []  # of data, one entry per edge
        self.control_consumers: list[Node] = []

    def calls(self) -> Iterator[Node]:
        """The calls it lies in, the innermost first."""
        call = self.call
        while call is not None:
            yield call
            call = call.call

    def __repr__(self) -> str:
        return f"<{self.op} {self.name}>"


def operands(node: Node) -> list[Output]:
    """The inputs that hold values; no shape, and no condition."""
    if node.op in ("Select", "SelectV2"):
        return node.inputs[1:]
    return node.inputs[: 1 if node.op in ("Reshape", "ExpandDims", *SWITCHES) else None]
