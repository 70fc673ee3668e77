"""Link a GraphDef's nodes, the bodies of its functions (If, While, calls) laid out among them."""

from typing import Any, NamedTuple

from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.graph.nodes import ARG, BRANCHES, CALLS, GROUP, LOOPS, RESULT, Node, Output

MAX_NODES = 1_000_000  # function bodies included
_DEEPEST = 64  # calls within calls; deeper ones are left as they are
_FEW_CONTROLS = 16
# Function bodies name outputs; all that are not listed are an op's first.
_OUTPUT_INDEX = {
    **dict(output_true=1, value_index=1, batch_mean=1, batch_variance=2, reserve_space_1=3),
    **dict(reserve_space_2=4, reserve_space_3=5, scale_backprop=1, offset_backprop=2),
    **dict(backprop=1, r1=1, indices=1),
}


class _Body(NamedTuple):
    call: Node | None = None
    label: str = ""
    function: str = ""

    @property
    def prefix(self) -> str:
        return f"{self.call.name}[{self.label}]/" if self.call else ""


def link(graph_def: Any) -> dict[str, Node]:
    """All nodes by name; GraphError if names clash, inputs dangle, or there are too many."""
    nodes = _Linker(graph_def).nodes
    for node in nodes.values():
        for source, _ in node.inputs:
            source.consumers.append(node)
        for source in node.controls:
            source.control_consumers.append(node)
    return nodes


class _Linker:
    """Lays out a graph and the bodies of the functions that it calls."""

    def __init__(self, graph_def: Any) -> None:
        self.functions = {each.signature.name: each for each in graph_def.library.function}
        self.nodes: dict[str, Node] = {}
        self.bodies: dict[Node, list[_Body]] = {}  # what each call runs
        self.waiting: list[Node] = []  # calls whose bodies are still to be laid out
        self._add_scope(graph_def.node, {}, _Body())
        while self.waiting:
            self._expand(self.waiting.pop())

    def _add(self, name: str, op: str, attr: Any, inside: _Body) -> Node:
        if not name or name in self.nodes:
            raise GraphError(f"the graph is damaged: two of its ops are named {name[:200]!r}.")
        if len(self.nodes) >= MAX_NODES:
            raise GraphError(f"the graph has more than {MAX_NODES} ops: check a part of it.")
        node = Node(name, op, attr, inside.call, inside.function)
        self.nodes[name] = node
        return node

    def _add_scope(self, node_defs: Any, args: dict[str, Node], inside: _Body) -> dict[str, Node]:
        """Add a graph's or a body's nodes and edges; returns them by their names in there."""
        scope = dict(args)
        for each in node_defs:
            node = self._add(inside.prefix + each.name, each.op, each.attr, inside)
            scope[each.name] = node
            if node.op in CALLS or node.op in self.functions:
                bodies = self._bodies_of(node)
                if bodies:
                    self.bodies[node] = bodies
        shared: dict[tuple[str, ...], list[Node]] = {}
        for each in node_defs:
            node, references = scope[each.name], tuple(each.input)
            for reference in references:
                if reference.startswith("^"):
                    break
                node.inputs.append(self._resolve(scope, reference, node.name))
            controls = references[len(node.inputs) :]
            if controls not in shared:
                shared[controls] = self._controls(scope, controls, node, inside)
            node.controls = list(shared[controls])
        self.waiting += [scope[each.name] for each in node_defs if scope[each.name] in self.bodies]
        return scope

    def _controls(
        self, scope: dict[str, Node], references: tuple[str, ...], at: Node, inside: _Body
    ) -> list[Node]:
        """The control inputs; of very many, one GROUP node, which ops alike will share.

        `minimize` under `tf.control_dependencies(update_ops)` gives each of its ops hundreds.
        """
        controls = [_find(scope, reference[1:], reference, at.name) for reference in references]
        if len(controls) <= _FEW_CONTROLS:
            return controls
        group = self._add(f"^{at.name}", GROUP, {}, inside)
        group.controls = controls
        return [group]

    def _resolve(self, scope: dict[str, Node], reference: str, at: str) -> Output:
        """The output a reference names; of a call, the RESULT node that stands for it."""
        name, *where = reference.split(":")
        source = _find(scope, name, reference, at)
        index = int(where[-1]) if where and where[-1].isdecimal() and len(where[-1]) < 9 else 0
        index += _OUTPUT_INDEX.get(where[0], 0) if len(where) > 1 else 0
        if source not in self.bodies:
            return Output(source, index)
        result = self.nodes.get(f"{source.name}:{index}")
        if result is None:
            inside = _Body(source.call, "", source.function)
            result = self._add(f"{source.name}:{index}", RESULT, {}, inside)
            result.controls.append(source)
        return Output(result, 0)

    def _bodies_of(self, call: Node) -> list[_Body]:
        """The functions that a node calls, but for those it lies in itself (recursion)."""
        named = [("f", call.op)] if call.op in self.functions else []
        for label in () if named else CALLS[call.op]:
            value = call.attr[label] if label in call.attr else None
            if value is not None and value.WhichOneof("value") == "list":
                named += [(f"{label}{i}", f.name) for i, f in enumerate(value.list.func)]
            elif value is not None:
                named.append((label, value.func.name))
        above = {"", call.function, *(outer.function for outer in call.calls())}
        if len(above) > _DEEPEST:
            return []
        known = [each for each in named if each[1] in self.functions and each[1] not in above]
        return [_Body(call, *each) for each in known]

    def _expand(self, call: Node) -> None:
        """Lay out the bodies that a node calls."""
        arguments = call.inputs[1:] if call.op in BRANCHES else list(call.inputs)
        for body in self.bodies[call]:
            function = self.functions[body.function]
            args = {}
            for position, arg in enumerate(function.signature.input_arg):
                node = self._add(f"{body.prefix}{arg.name}", ARG, {}, body)
                node.inputs += arguments[position : position + 1]
                args[arg.name] = node
            scope = self._add_scope(function.node_def, args, body)
            call.controls += [scope[each.name] for each in function.node_def if _acts(each.op)]
            self._connect_results(call, body, function, scope, list(args.values()))

    def _connect_results(
        self, call: Node, body: _Body, function: Any, scope: dict[str, Node], args: list[Node]
    ) -> None:
        for position, out in enumerate(function.signature.output_arg):
            returned = self._resolve(scope, function.ret[out.name], f"function {body.function}")
            call.controls.append(returned.node)
            if body.label == "body" and call.op in LOOPS and position < len(args):
                args[position].inputs.append(returned)  # what the next turn begins with
            result = self.nodes.get(f"{call.name}:{position}")
            if result is not None and not (body.label == "cond" and call.op in LOOPS):
                result.inputs.append(returned)


def _find(scope: dict[str, Node], name: str, reference: str, at: str) -> Node:
    if name not in scope:
        raise GraphError(
            f"the graph is damaged: {at[:200]!r} has the input {reference[:200]!r}, which is not "
            "in it."
        )
    return scope[name]


def _acts(op: str) -> bool:
    """Whether a function runs an op that nothing asks for, since it changes something."""
    return op.startswith(("Assign", "Resource", "Scatter")) or "Apply" in op or op in CALLS
