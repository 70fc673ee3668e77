"""A graph in a session of its own, with given values in its variables.

A graph that is run is a program: this is done only where the user asks for it.
"""

import contextlib
from typing import Any, Mapping, Sequence

import numpy as np

from tf1_dnn.check.facts.steps import training
from tf1_dnn.check.facts.variables import Variable, variables
from tf1_dnn.check.graph import Graph, Node, Output
from tf1_dnn.check.graph.nodes import RESULT
from tf1_dnn.compat import tf
from tf1_dnn.diff.draws import make_alike
from tf1_dnn.diff.gone import take_out
from tf1_dnn.errors import Error, first_sentence

Values = dict[str, np.ndarray]
_FAULTS = (tf.errors.OpError, TypeError, ValueError)
_ROUNDS = 3  # of initializing: some initializers read other variables


class Runnable:
    """A graph that can be run, on the CPU; its random ops `draws` draw what their likes do.

    `gone` are the types of ops that are not there any more: what depends on them is left out.

    Raises Error for a graph that today's TensorFlow does not take.
    """

    def __init__(self, graph: Graph, draws: Sequence[Node] = ()) -> None:
        self.graph = graph
        self.fault = ""  # what TensorFlow first said of a tensor that could not be had
        self._tf_graph = tf.Graph()
        definition = tf.GraphDef.FromString(graph.meta.graph_def.SerializeToString())
        make_alike(definition, draws)
        self.gone = take_out(definition)
        for node in definition.node:
            node.attr.pop("_output_shapes", None)  # TensorFlow 1 knew some wrongly
        with self._tf_graph.as_default():
            try:
                tf.import_graph_def(definition, name="")
            except _FAULTS as error:
                raise Error(
                    f"a graph cannot be run ({first_sentence(error)}): --static compares by "
                    "structure"
                ) from error
        config = tf.ConfigProto(device_count={"GPU": 0}, allow_soft_placement=True)
        self._names = {each.name for each in self._tf_graph.get_operations()}
        self._session = tf.Session(graph=self._tf_graph, config=config)

    def set(self, values: Mapping[str, np.ndarray]) -> None:
        """Initialize every variable, and give those named these values."""
        waiting = list(variables(self.graph))
        for _ in range(_ROUNDS):
            waiting = [each for each in waiting if not self._initialize(each, values)]
        if waiting:
            name = waiting[0].name
            raise Error(f"nothing initializes the variable {name}: give a --checkpoint.")

    def _initialize(self, variable: Variable, values: Mapping[str, np.ndarray]) -> bool:
        writes = [each for each in variable.initial + variable.restores if len(each.inputs) > 1]
        if variable.name not in self._names:
            return True
        if not writes:
            return False
        if writes[0].name not in self._names:
            return True  # left out with what is gone, and so is all that reads the variable
        value = values.get(variable.name)
        feed_dict = {} if value is None else {tensor_name(writes[0].inputs[1]): value}
        try:
            self._session.run(self._tf_graph.get_operation_by_name(writes[0].name), feed_dict)
        except _FAULTS:
            return False
        return True

    def run(self, names: Sequence[str], feed_dict: Mapping[str, Any]) -> list[Any]:
        """Values of tensors; None where one cannot be had: a branch not taken, an op left out."""
        feed_dict = {name: value for name, value in feed_dict.items() if self._has(name)}
        there = [name for name in names if self._has(name)]
        try:
            values = dict(zip(there, self._session.run(there, feed_dict)))
        except _FAULTS:
            values = {name: self._one(name, feed_dict) for name in there}
        return [values.get(name) for name in names]

    def _one(self, name: str, feed_dict: Mapping[str, Any]) -> Any:
        try:
            return self._session.run(name, feed_dict)
        except _FAULTS as error:
            self.fault = self.fault or first_sentence(error)
        return None

    def _has(self, tensor: str) -> bool:
        return tensor.partition(":")[0] in self._names

    @property
    def can_step(self) -> bool:
        """Whether there is a training step, and all of it can be run."""
        steps = training(self.graph).steps
        return bool(steps) and all(self._has(each.name) for each in steps[0].fetches)

    def step(self, feed_dict: Mapping[str, Any]) -> None:
        """One training step. Raises Error if it cannot be run."""
        fetched = training(self.graph).steps[0].fetches
        fetches = [self._tf_graph.get_operation_by_name(each.name) for each in fetched]
        try:
            self._session.run(fetches, feed_dict)
        except _FAULTS as error:
            raise Error(
                f"the training step {fetched[0].name} cannot be run ({first_sentence(error)}): "
                "give what it needs by --feed, or another by --train-op"
            ) from error

    def values(self, wanted: Sequence[Variable]) -> list[Any]:
        """What variables hold now."""
        return self.run([tensor_name(_read(variable)) for variable in wanted], {})

    def close(self) -> None:
        """Give back what the session holds."""
        with contextlib.suppress(*_FAULTS):
            self._session.close()


def tensor_name(output: Output) -> str:
    """TensorFlow's name for an output; a call's own where the graph was laid out."""
    node, index = output
    return node.name if node.op == RESULT else f"{node.name}:{index}"


def _read(variable: Variable) -> Output:
    if not variable.is_resource:
        return variable.output
    reads = [read for read in variable.reads if read.op == "ReadVariableOp" and read.call is None]
    plain = [read for read in reads if not read.controls]  # others wait for an update, and run it
    return Output(plain[0], 0) if plain else variable.output
