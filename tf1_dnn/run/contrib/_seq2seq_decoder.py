"""tf.contrib.seq2seq's decoders: a step of decoding, and the loop around it."""

import abc
from typing import Any, NamedTuple

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._seq2seq_helpers import Helper, transpose_batch_time


class Decoder(abc.ABC):
    """What dynamic_decode runs step by step."""

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        """The sizes of a step's outputs, in their structure."""
        raise NotImplementedError

    @property
    def output_dtype(self) -> Any:
        """The dtypes of a step's outputs, in their structure."""
        raise NotImplementedError

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        """Which sequences are finished before the first step, its inputs, and its state."""

    @abc.abstractmethod
    def step(
        self, time: Any, inputs: Any, state: Any, name: str | None = None
    ) -> tuple[Any, Any, Any, Any]:
        """A step's outputs, the next state and inputs, and which sequences are finished."""

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        """The outputs and the state that dynamic_decode returns."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self) -> bool:
        """Whether `step` says for itself what is finished, also of what was before."""
        return False


class BasicDecoderOutput(NamedTuple):
    """A step's outputs of BasicDecoder."""

    rnn_output: Any
    sample_id: Any


class BasicDecoder(Decoder):
    """A cell whose inputs come from a helper: the truth in training, its own samples later."""

    def __init__(
        self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None
    ) -> None:
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        if output_layer is not None and not hasattr(output_layer, "compute_output_shape"):
            raise TypeError(f"output_layer must be a Layer, received: {type(output_layer)}")
        self._cell, self._helper = cell, helper
        self._initial_state, self._output_layer = initial_state, output_layer

    @property
    def batch_size(self) -> Any:
        return self._helper.batch_size

    @property
    def output_size(self) -> BasicDecoderOutput:
        return BasicDecoderOutput(self._rnn_output_size(), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> BasicDecoderOutput:
        dtype = tf.nest.flatten(self._initial_state)[0].dtype
        dtypes = tf.nest.map_structure(lambda _: dtype, self._rnn_output_size())
        return BasicDecoderOutput(dtypes, self._helper.sample_ids_dtype)

    def _rnn_output_size(self) -> Any:
        size, layer = self._cell.output_size, self._output_layer
        if layer is None:
            return size
        with_batch = tf.nest.map_structure(lambda s: tf.TensorShape([None]).concatenate(s), size)
        shape = layer.compute_output_shape(with_batch)
        return tf.nest.map_structure(lambda s: s[1:], shape)

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        finished, inputs = self._helper.initialize()
        return finished, inputs, self._initial_state

    def step(
        self, time: Any, inputs: Any, state: Any, name: str | None = None
    ) -> tuple[Any, Any, Any, Any]:
        with tf.name_scope(name, "BasicDecoderStep", (time, inputs, state)):
            outputs, state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            sample_ids = self._helper.sample(time=time, outputs=outputs, state=state)
            finished, next_inputs, next_state = self._helper.next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids
            )
        return BasicDecoderOutput(outputs, sample_ids), next_state, next_inputs, finished


def dynamic_decode(
    decoder: Decoder,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Any = None,
    **kwargs: Any,
) -> tuple[Any, Any, Any]:
    """Decode until all sequences are finished, or `maximum_iterations` are over.

    With `impute_finished` the outputs of finished sequences are zeros and their state stays.

    Returns the outputs of all steps, batch first unless `output_time_major`, the final state, and
    the sequences' lengths.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with tf.variable_scope(scope, "decoder") as variable_scope:
        _cache_beside_ops(variable_scope)
        maximum_iterations = _as_scalar(maximum_iterations)
        start = _start(decoder, maximum_iterations)
        _, outputs, state, _, _, lengths = tf.while_loop(
            lambda *loop_vars: tf.logical_not(tf.reduce_all(loop_vars[4])),
            _body(decoder, impute_finished, start.zero_outputs),
            loop_vars=start.loop_vars,
            parallel_iterations=parallel_iterations,
            maximum_iterations=maximum_iterations,
            swap_memory=swap_memory,
        )
        outputs = tf.nest.map_structure(lambda array: array.stack(), outputs)
        try:
            outputs, state = decoder.finalize(outputs, state, lengths)
        except NotImplementedError:
            pass
        if not output_time_major:
            outputs = tf.nest.map_structure(transpose_batch_time, outputs)
    return outputs, state, lengths


class _Start(NamedTuple):
    """What the loop begins with."""

    zero_outputs: Any
    loop_vars: tuple[Any, ...]  # time, outputs, state, inputs, finished, lengths


def _start(decoder: Decoder, maximum_iterations: Any) -> _Start:
    finished, inputs, state = decoder.initialize()
    zeros = tf.nest.map_structure(
        lambda size, dtype: _zeros(size, decoder.batch_size, dtype),
        decoder.output_size,
        decoder.output_dtype,
    )
    if maximum_iterations is not None:
        finished = tf.logical_or(finished, 0 >= maximum_iterations)
    lengths = tf.zeros_like(finished, dtype=tf.int32)
    time = tf.constant(0, dtype=tf.int32)
    outputs = tf.nest.map_structure(
        lambda size, dtype: _output_array(size, decoder.batch_size, dtype),
        decoder.output_size,
        decoder.output_dtype,
    )
    return _Start(zeros, (time, outputs, state, inputs, finished, lengths))


def _body(decoder: Decoder, impute_finished: bool, zero_outputs: Any) -> Any:
    """The loop's body: a step, its outputs written, lengths counted."""

    def kept(new: Any, old: Any, finished: Any) -> Any:
        if isinstance(old, tf.TensorArray):
            return new
        new.set_shape(old.shape)
        return new if new.shape.ndims == 0 else tf.where(finished, old, new)

    def body(
        time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any
    ) -> tuple[Any, ...]:
        outputs, new_state, next_inputs, now_finished = decoder.step(time, inputs, state)
        if not decoder.tracks_own_finished:
            now_finished = tf.logical_or(now_finished, finished)
        going_on = tf.logical_not(finished)
        lengths = tf.where(going_on, tf.fill(tf.shape(lengths), time + 1), lengths)
        for old, new in ((state, new_state), (arrays, outputs), (inputs, next_inputs)):
            tf.nest.assert_same_structure(old, new)
        if impute_finished:
            outputs = tf.nest.map_structure(
                lambda out, zero: tf.where(finished, zero, out), outputs, zero_outputs
            )
            new_state = tf.nest.map_structure(
                lambda new, old: kept(new, old, finished), new_state, state
            )
        arrays = tf.nest.map_structure(lambda array, out: array.write(time, out), arrays, outputs)
        return time + 1, arrays, new_state, next_inputs, now_finished, lengths

    return body


def _zeros(size: Any, batch_size: Any, dtype: Any) -> Any:
    from tensorflow.python.ops import rnn_cell_impl

    return rnn_cell_impl._zero_state_tensors(size, batch_size, dtype)


def _output_array(size: Any, batch_size: Any, dtype: Any) -> Any:
    shape = None
    if isinstance(size, tf.TensorShape) and size.ndims != 0:
        batch = tf.get_static_value(tf.convert_to_tensor(batch_size, name="batch_size"))
        shape = tf.TensorShape([batch]).concatenate(size)
    return tf.TensorArray(dtype=dtype, size=0, dynamic_size=True, element_shape=shape)


def _as_scalar(maximum_iterations: Any) -> Any:
    if maximum_iterations is None:
        return None
    scalar = tf.convert_to_tensor(maximum_iterations, dtype=tf.int32, name="maximum_iterations")
    if scalar.get_shape().ndims != 0:
        raise ValueError("maximum_iterations must be a scalar")
    return scalar


def _cache_beside_ops(scope: Any) -> None:
    """Let the loop read its variables once, on the device of the ops that use them."""
    if not tf.executing_eagerly() and not _in_while_loop() and scope.caching_device is None:
        scope.set_caching_device(lambda op: op.device)


def _in_while_loop() -> bool:
    from tensorflow.python.ops import control_flow_util

    context = tf.get_default_graph()._get_control_flow_context()
    return control_flow_util.GetContainingWhileContext(context) is not None
