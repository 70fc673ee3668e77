"""The ops of a graph as linked nodes, and what kinds of op there are."""

from __future__ import annotations

import dataclasses
from typing import Any, Iterator, NamedTuple

# Ops of our own: a body's argument, a call's output, many control inputs as one.
ARG, RESULT, GROUP = "_Arg", "_Result", "_Group"
# Calls: these have one input before the function's arguments, by which they choose.
BRANCHES = ("If", "StatelessIf", "Case", "StatelessCase")
LOOPS = ("While", "StatelessWhile")
# The attributes that name the functions an op calls.
CALLS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(["PartitionedCall", "StatefulPartitionedCall"], ("f",)),
    **dict.fromkeys(["If", "StatelessIf"], ("then_branch", "else_branch")),
    **dict.fromkeys(["Case", "StatelessCase"], ("branches",)),
    **dict.fromkeys(LOOPS, ("cond", "body")),
}
PLACEHOLDERS = ("Placeholder", "PlaceholderWithDefault", "PlaceholderV2")
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


@dataclasses.dataclass(eq=False, repr=False, slots=True)
class Node:
    """An op. Nodes are equal only to themselves."""

    name: str  # in a body: "cond[then_branch]/add"; the second output of cond: "cond:1"
    op: str
    attr: Any  # the NodeDef's map, str -> AttrValue; empty for ops of our own
    call: Node | None  # the node whose body this one lies in
    function: str  # the name of that body's function, or ""
    inputs: list[Output] = dataclasses.field(default_factory=list)  # data
    controls: list[Node] = dataclasses.field(default_factory=list)
    consumers: list[Node] = dataclasses.field(default_factory=list)  # of data, one for each edge
    control_consumers: list[Node] = dataclasses.field(default_factory=list)

    def sources(self) -> list[Node]:
        """The nodes that it depends on, by data and by control."""
        return [source for source, _ in self.inputs] + self.controls

    def data_sources(self) -> list[Node]:
        return [source for source, _ in self.inputs]

    def users(self) -> list[Node]:
        """The nodes that depend on it, by data and by control."""
        return self.consumers + self.control_consumers

    def data_users(self) -> list[Node]:
        return self.consumers

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
