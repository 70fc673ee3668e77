"""The variables of a graph, ref and resource: what reads, writes, initializes and saves each."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from tensorboard.compat.proto import types_pb2

from tf1_dnn.check import constants
from tf1_dnn.check.nodes import ARG, CALLS, RESULT, Node, Output
from tf1_dnn.check.protos import collection_names, initializer_names

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

VARIABLES = "VariableV2 Variable TemporaryVariable VarHandleOp AutoReloadVariable".split()
WRITES = re.compile(
    r"^(Assign(Add|Sub)?(VariableOp)?|CountUpTo|(Resource)?(Sparse)?Apply\w+"
    r"|(Resource)?Scatter(Nd)?(Add|Sub|Mul|Div|Min|Max|Update)|ResourceCountUpTo)$"
)
_ASSIGNS = ("Assign", "AssignVariableOp")
_REF_ALIASES = "RefIdentity RefSwitch RefMerge RefEnter RefExit RefNextIteration RefSelect".split()
_HANDLE_ALIASES = "Identity Switch Merge Enter Exit NextIteration".split()
_SILENT = [
    *"VarIsInitializedOp IsVariableInitialized VariableShape Shape DestroyResourceOp".split(),
    *CALLS,
]
_SAVES = "SaveV2 SaveSlices Save MergeV2Checkpoints".split()
_SAVED_THROUGH = "Identity Reshape Add AddV2 AddN Mul RealDiv Mean Pack".split()
_RESTORES = "RestoreV2 Restore RestoreSlice".split()


@dataclasses.dataclass(eq=False)
class Variable:
    """A variable; `trainable` where the collection says so or, without one, the train op writes."""

    node: Node
    trainable: bool = False
    initial: list[Node] = dataclasses.field(default_factory=list)  # writes of the initial value
    restores: list[Node] = dataclasses.field(default_factory=list)  # writes from a checkpoint
    writes: list[Node] = dataclasses.field(default_factory=list)  # all others, optimizers' too
    reads: list[Node] = dataclasses.field(default_factory=list)  # Identity or ReadVariableOp
    saves: dict[Node, str] = dataclasses.field(default_factory=dict)  # SaveV2 ops: saved as
    used: list[Node] = dataclasses.field(default_factory=list)  # other ops on the reference itself

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def output(self) -> Output:
        """Its reference or handle."""
        return Output(self.node, 0)

    @property
    def is_resource(self) -> bool:
        return self.node.op == "VarHandleOp"

    def __repr__(self) -> str:
        return f"<variable {self.name}>"


@dataclasses.dataclass
class VariableIndex:
    all: list[Variable]
    by_reference: dict[Node, Variable]  # the variable's node and its aliases
    by_read: dict[Node, Variable]


def find_variables(view: GraphView) -> VariableIndex:
    """Every variable with what is done to it."""
    index = VariableIndex([], {}, {})
    initializers = set(initializer_names(view.meta))
    trainable = set(collection_names(view.meta, "trainable_variables"))
    for node in view.of_type(*VARIABLES):
        variable = Variable(node, node.name in trainable)
        index.all.append(variable)
        _follow(variable, index)
        _sort_writes(variable, initializers)
    for save in view.of_type(*_SAVES):
        names = constants.evaluate(save.inputs[1]) if len(save.inputs) > 1 else None
        for position, output in enumerate(save.inputs):
            for saved in _saved_variables(output, index):
                saved.saves[save] = _saved_as(names, len(save.inputs) - position) or saved.name
    return index


def _saved_as(names: Any, from_end: int) -> str | None:
    """The name in the checkpoint; names and tensors are listed in the same order."""
    if names is None or names.ndim != 1 or from_end > len(names):
        return None
    name = names[-from_end]
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else None


def _saved_variables(output: Output, index: VariableIndex) -> list[Variable]:
    """The variable that is saved, or several of which the mean is (replicas of an average)."""
    found, seen, waiting = [], {output.node}, [output.node]
    while waiting and len(seen) < 100:
        node = waiting.pop()
        variable = index.by_read.get(node) or index.by_reference.get(node)
        if variable is not None:
            found.append(variable)
        elif node.op in _SAVED_THROUGH:
            new = [source for source, _ in node.inputs if source not in seen]
            seen.update(new)
            waiting += new
    return found


def _follow(variable: Variable, index: VariableIndex) -> None:
    """Along the reference or handle to every op on it."""
    aliases = _REF_ALIASES + [ARG, RESULT]
    aliases += _HANDLE_ALIASES if variable.is_resource else []
    waiting, index.by_reference[variable.node] = [variable.node], variable
    while waiting:
        node = waiting.pop()
        for user in dict.fromkeys(node.consumers):
            if user.op in aliases:
                if user not in index.by_reference:
                    index.by_reference[user] = variable
                    waiting.append(user)
            elif WRITES.match(user.op) and _writes_input(user, node):
                variable.writes.append(user)
            elif user.op in ("Identity", "ReadVariableOp"):
                variable.reads.append(user)
                index.by_read[user] = variable
            elif user.op not in _SILENT:
                variable.used.append(user)


def _writes_input(write: Node, reference: Node) -> bool:
    """Whether a write changes this reference; Assign and Scatter change their first input only."""
    if "Apply" in write.op:
        return True
    return bool(write.inputs) and write.inputs[0].node is reference


def _sort_writes(variable: Variable, initializers: set[str]) -> None:
    """Take the writes of initial and of restored values out of the others."""
    for write in variable.writes[:]:
        if write.op not in _ASSIGNS or len(write.inputs) < 2:
            continue
        if _is_restored(write.inputs[1]):
            kind = variable.restores
        elif write.name in initializers or write.name == f"{variable.name}/Assign":
            kind = variable.initial
        else:
            continue
        kind.append(write)
        variable.writes.remove(write)


def _is_restored(value: Output) -> bool:
    node = value.node
    for _ in range(4):
        if node.op in _RESTORES:
            return True
        if node.op not in ("Identity", "Reshape") or not node.inputs:
            return False
        node = node.inputs[0].node
    return False


def is_floating(variable: Variable) -> bool:
    """Whether the variable holds float16, bfloat16, float32 or float64."""
    dtype = variable.node.attr["dtype"].type if "dtype" in variable.node.attr else 0
    floats = (types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE, types_pb2.DT_HALF, types_pb2.DT_BFLOAT16)
    return dtype in floats
