"""The variables of a graph, ref and resource: what reads, writes, initializes and saves each."""

import dataclasses
import re

from tensorboard.compat.proto import types_pb2

from tf1_dnn.check.graph import Graph, Node, Output, chain, fact, operands, strings, walk
from tf1_dnn.check.graph.nodes import ARG, CALLS, PASSING, RESULT
from tf1_dnn.check.read.messages import initializer_names

VARIABLES = "VariableV2 Variable TemporaryVariable VarHandleOp AutoReloadVariable".split()
WRITES = re.compile(
    r"^(Assign(Add|Sub)?(VariableOp)?|CountUpTo|(Resource)?(Sparse)?Apply\w+"
    r"|(Resource)?Scatter(Nd)?(Add|Sub|Mul|Div|Min|Max|Update)|ResourceCountUpTo)$"
)
_ASSIGNS = ("Assign", "AssignVariableOp")
_READS = ("Identity", "ReadVariableOp")
_REF_ALIASES = {ARG, RESULT, "RefIdentity", "RefSwitch", "RefMerge", "RefEnter", "RefExit"}
_REF_ALIASES |= {"RefNextIteration", "RefSelect"}
_HANDLE_ALIASES = _REF_ALIASES | set("Identity Switch Merge Enter Exit NextIteration".split())
_SILENT = {"VarIsInitializedOp", "IsVariableInitialized", "VariableShape", "Shape", *CALLS}
_SILENT |= {"DestroyResourceOp"}
_SAVES = "SaveV2 SaveSlices Save MergeV2Checkpoints".split()
_SAVED_THROUGH = "Identity Reshape Add AddV2 AddN Mul RealDiv Mean Pack".split()
_RESTORES = "RestoreV2 Restore RestoreSlice".split()
_MOST_ORIGINS = 1000  # ops looked at
_MOST_SAVED = 100


@dataclasses.dataclass(eq=False)
class Variable:
    """A variable, and the ops on it."""

    node: Node
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

    @property
    def is_floating(self) -> bool:
        """Whether it holds float16, bfloat16, float32 or float64."""
        dtype = self.node.attr["dtype"].type if "dtype" in self.node.attr else 0
        floats = (types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE, types_pb2.DT_HALF, types_pb2.DT_BFLOAT16)
        return dtype in floats

    def __repr__(self) -> str:
        return f"<variable {self.name}>"


@dataclasses.dataclass
class _Index:
    """All variables, and whose reference or value a node gives."""

    all: list[Variable] = dataclasses.field(default_factory=list)
    by_reference: dict[Node, Variable] = dataclasses.field(default_factory=dict)  # and by aliases
    by_read: dict[Node, Variable] = dataclasses.field(default_factory=dict)

    def at(self, node: Node) -> Variable | None:
        return self.by_read.get(node) or self.by_reference.get(node)


def variables(graph: Graph) -> list[Variable]:
    """All variables, in the graph's order."""
    return list(_index(graph).all)


def variable_of(graph: Graph, output: Output) -> Variable | None:
    """The variable whose reference or resource handle this is."""
    return _index(graph).by_reference.get(output.node)


def variable_at(graph: Graph, node: Node) -> Variable | None:
    """The variable that a node is, gives a reference to, or reads."""
    return _index(graph).at(node)


def variable_read(graph: Graph, output: Output) -> Variable | None:
    """The variable whose value this is, as read or passed on; of several the first found."""
    found = (variable_at(graph, origin.node) for origin in origins(graph, output))
    return next((variable for variable in found if variable is not None), None)


def origins(graph: Graph, output: Output, through: frozenset[str] = PASSING) -> list[Output]:
    """Where the values come from, back through ops that pass them on, Merge's branches both.

    A variable's read (Identity or ReadVariableOp) is an origin.
    """
    reads = _index(graph).by_read

    def is_origin(output: Output) -> bool:
        node = output.node
        return node.op not in through or not node.inputs or node in reads

    def sources(output: Output) -> list[Output]:
        node, index = output
        return node.inputs[index : index + 1] if node.op == "IdentityN" else operands(node)[::-1]

    return list(filter(is_origin, walk([output], sources, stop=is_origin, most=_MOST_ORIGINS)))


@fact
def _index(graph: Graph) -> _Index:
    index = _Index()
    initializers = set(initializer_names(graph.meta))
    for node in graph.of_type(*VARIABLES):
        index.all.append(Variable(node))
        _follow(index.all[-1], index, initializers)
    for save in graph.of_type(*_SAVES):
        # The names are a constant before the tensors and in their order: the last is the last's.
        names = strings(save.inputs[1]) if len(save.inputs) > 1 else []
        aligned = ([None] * len(save.inputs) + names)[-len(save.inputs) :]
        for output, name in zip(save.inputs, aligned):
            for variable in _saved(output, index):
                variable.saves[save] = name or variable.name
    return index


def _saved(output: Output, index: _Index) -> list[Variable]:
    """The variable that is saved, or several of which the mean is (replicas of an average)."""

    def is_end(node: Node) -> bool:
        return node.op not in _SAVED_THROUGH or index.at(node) is not None

    nodes = walk([output.node], Node.data_sources, stop=is_end, most=_MOST_SAVED)
    return [variable for variable in map(index.at, nodes) if variable is not None]


def _follow(variable: Variable, index: _Index, initializers: set[str]) -> None:
    """Along the reference or handle to every op on it."""
    aliases = _HANDLE_ALIASES if variable.is_resource else _REF_ALIASES

    def copies(node: Node) -> list[Node]:
        users = (user for user in node.consumers if user.op in aliases)
        return [user for user in users if user not in index.by_reference]

    for reference in walk([variable.node], copies):
        index.by_reference[reference] = variable
        for user in dict.fromkeys(reference.consumers):
            if user.op in aliases:
                continue
            if WRITES.match(user.op) and _is_written(reference, user):
                _writes_like(user, variable, initializers).append(user)
            elif user.op in _READS:
                variable.reads.append(user)
                index.by_read[user] = variable
            elif user.op not in _SILENT:
                variable.used.append(user)


def _is_written(reference: Node, write: Node) -> bool:
    """Whether a write changes this reference; Assign and Scatter change their first input only."""
    if "Apply" in write.op:
        return True
    return bool(write.inputs) and write.inputs[0].node is reference


def _writes_like(write: Node, variable: Variable, initializers: set[str]) -> list[Node]:
    """Those of the variable's writes that this is one of: of initial values, restored, others."""
    if write.op not in _ASSIGNS or len(write.inputs) < 2:
        return variable.writes
    if chain(write.inputs[1], ("Identity", "Reshape"), 3)[-1].node.op in _RESTORES:
        return variable.restores
    if write.name in initializers or write.name == f"{variable.name}/Assign":
        return variable.initial
    return variable.writes
