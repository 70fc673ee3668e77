"""tf.contrib.seq2seq's attention: mechanisms that score a memory, and the cell that asks them."""

import functools
import math
from typing import Any, Callable, NamedTuple

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._rnn_wrappers import _RNNCell

Probability = Callable[[Any, Any], Any]  # (score, alignments before) → alignments


class AttentionMechanism:
    """What AttentionWrapper asks for alignments."""

    @property
    def alignments_size(self) -> Any:
        """How many entries of the memory there are."""
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        """The size of the mechanism's own state."""
        raise NotImplementedError


class _Mechanism(AttentionMechanism):
    """A memory, its keys, and how a score becomes alignments."""

    def __init__(
        self,
        query_layer: Any,
        memory: Any,
        probability_fn: Probability,
        memory_sequence_length: Any = None,
        memory_layer: Any = None,
        score_mask_value: Any = None,
        custom_key_value_fn: Callable[[Any, Any], tuple[Any, Any]] | None = None,
        name: str | None = None,
    ) -> None:
        self._query_layer, self._memory_layer = query_layer, memory_layer
        self.dtype = memory_layer.dtype
        if score_mask_value is None:
            score_mask_value = tf.as_dtype(self.dtype).as_numpy_dtype(-np.inf)
        self._probability_fn = lambda score, before: probability_fn(
            _masked_score(score, memory_sequence_length, score_mask_value), before
        )
        self._name = name
        with tf.name_scope(name, "BaseAttentionMechanismInit", tf.nest.flatten(memory)):
            self._values = _masked_memory(memory, memory_sequence_length)
            self._keys = memory_layer(self._values)
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            self._batch_size = _size(self._keys, 0)
            self._alignments_size = _size(self._keys, 1)

    @property
    def memory_layer(self) -> Any:
        """What makes the keys of the memory."""
        return self._memory_layer

    @property
    def query_layer(self) -> Any:
        """What the query goes through, None if nothing."""
        return self._query_layer

    @property
    def values(self) -> Any:
        """The memory, zero behind the sequences' ends."""
        return self._values

    @property
    def keys(self) -> Any:
        """What a query is compared with."""
        return self._keys

    @property
    def batch_size(self) -> Any:
        """The number of sequences."""
        return self._batch_size

    @property
    def alignments_size(self) -> Any:
        return self._alignments_size

    @property
    def state_size(self) -> Any:
        return self._alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """The alignments before the first step: zeros."""
        return _zeros(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """The mechanism's state before the first step: its alignments."""
        return self.initial_alignments(batch_size, dtype)

    def __call__(self, query: Any, state: Any) -> tuple[Any, Any]:
        """The alignments, and the mechanism's next state."""
        alignments = self._probability_fn(self._score(query), state)
        return alignments, alignments

    def _score(self, query: Any) -> Any:
        raise NotImplementedError


class LuongAttention(_Mechanism):
    """Multiplicative attention (arXiv:1508.04025), with a learned factor if `scale`."""

    _SCOPE = "luong_attention"

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Callable[[Any], Any] | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "LuongAttention",
    ) -> None:
        super().__init__(
            None,
            memory,
            _stateless(probability_fn),
            memory_sequence_length,
            _dense(num_units, "memory_layer", dtype),
            score_mask_value,
            custom_key_value_fn,
            name,
        )
        self._scale = scale

    def _score(self, query: Any) -> Any:
        with tf.variable_scope(None, self._SCOPE, [query]):
            ones = tf.ones_initializer
            factor = None
            if self._scale:
                factor = tf.get_variable("attention_g", [], query.dtype, initializer=ones)
            return self._biased(self._product(query, factor), query)

    def _product(self, query: Any, factor: Any) -> Any:
        depth, key_units = query.get_shape()[-1], self._keys.get_shape()[-1]
        if depth != key_units:
            raise ValueError(
                "Incompatible or unknown inner dimensions between query and keys.  Query "
                f"({query}) has units: {depth}.  Keys ({self._keys}) have units: {key_units}.  "
                f"Perhaps you need to set num_units to the keys' dimension ({key_units})?"
            )
        score = tf.matmul(tf.expand_dims(query, 1), self._keys, transpose_b=True)
        score = tf.squeeze(score, [1])
        return score if factor is None else factor * score

    def _biased(self, score: Any, query: Any) -> Any:
        return score


class BahdanauAttention(_Mechanism):
    """Additive attention (arXiv:1409.0473), weight-normalized (1602.07868) if `normalize`."""

    _SCOPE = "bahdanau_attention"

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Callable[[Any], Any] | None = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "BahdanauAttention",
    ) -> None:
        super().__init__(
            _dense(num_units, "query_layer", dtype),
            memory,
            _stateless(probability_fn),
            memory_sequence_length,
            _dense(num_units, "memory_layer", dtype),
            score_mask_value,
            custom_key_value_fn,
            name,
        )
        self._num_units, self._normalize = num_units, normalize

    def _score(self, query: Any) -> Any:
        with tf.variable_scope(None, self._SCOPE, [query]):
            processed = self._query_layer(query) if self._query_layer else query
            vector = tf.get_variable("attention_v", [self._num_units], dtype=query.dtype)
            if not self._normalize:
                summed = self._keys + tf.expand_dims(processed, 1)
                score = tf.reduce_sum(vector * tf.tanh(summed), [2])
            else:
                score = self._normalized(vector, processed, query.dtype)
            return self._biased(score, processed)

    def _normalized(self, vector: Any, processed: Any, dtype: Any) -> Any:
        length = tf.constant_initializer(math.sqrt(1.0 / self._num_units))
        g = tf.get_variable("attention_g", [], dtype, initializer=length)
        zeros = tf.zeros_initializer()
        b = tf.get_variable("attention_b", [self._num_units], dtype, initializer=zeros)
        processed = tf.expand_dims(processed, 1)
        normed = g * vector * tf.rsqrt(tf.reduce_sum(tf.square(vector)))
        return tf.reduce_sum(normed * tf.tanh(self._keys + processed + b), [2])

    def _biased(self, score: Any, query: Any) -> Any:
        return score


class _Monotonic:
    """What the monotonic mechanisms share: a bias of the score, and where they begin."""

    _score_bias_init: Any
    _alignments_size: Any

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """All of it on the first entry."""
        zeros = tf.zeros((batch_size,), dtype=tf.int32)
        return tf.one_hot(zeros, self._alignments_size, dtype=dtype)

    def _biased(self, score: Any, query: Any) -> Any:
        score += tf.get_variable(
            "attention_score_bias", dtype=query.dtype, initializer=self._score_bias_init
        )
        return score


class BahdanauMonotonicAttention(_Monotonic, BahdanauAttention):
    """Additive attention that only moves forward (arXiv:1704.00784)."""

    _SCOPE = "bahdanau_monotonic_attention"

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "BahdanauMonotonicAttention",
    ) -> None:
        self._num_units, self._normalize = num_units, normalize
        self._score_bias_init = score_bias_init
        _Mechanism.__init__(
            self,
            _dense(num_units, "query_layer", dtype),
            memory,
            _monotonic(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length,
            _dense(num_units, "memory_layer", dtype),
            score_mask_value,
            name=name,
        )


class LuongMonotonicAttention(_Monotonic, LuongAttention):
    """Multiplicative attention that only moves forward (arXiv:1704.00784)."""

    _SCOPE = "luong_monotonic_attention"

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "LuongMonotonicAttention",
    ) -> None:
        self._scale, self._score_bias_init = scale, score_bias_init
        _Mechanism.__init__(
            self,
            None,
            memory,
            _monotonic(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length,
            _dense(num_units, "memory_layer", dtype),
            score_mask_value,
            name=name,
        )


def safe_cumprod(x: Any, *args: Any, **kwargs: Any) -> Any:
    """A cumulative product whose gradient stays finite: the exponential of a sum of logarithms."""
    with tf.name_scope(None, "SafeCumprod", [x]):
        x = tf.convert_to_tensor(x, name="x")
        tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
        return tf.exp(tf.cumsum(tf.log(tf.clip_by_value(x, tiny, 1)), *args, **kwargs))


def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Any:
    """Alignments that only move forward, from the probabilities to stop at each entry.

    `mode` is "recursive" (exact), "parallel" (one pass) or "hard" (for probabilities 0 and 1).
    """
    p = tf.convert_to_tensor(p_choose_i, name="p_choose_i")
    before = tf.convert_to_tensor(previous_attention, name="previous_attention")
    if mode == "recursive":
        batch_size = _size(p, 0)
        go_on = tf.concat([tf.ones((batch_size, 1)), 1 - p[:, :-1]], 1)
        steps = [tf.transpose(go_on), tf.transpose(before)]
        reached = tf.scan(
            lambda x, step: tf.reshape(step[0] * x + step[1], (batch_size,)),
            steps,
            tf.zeros((batch_size,)),
        )
        return p * tf.transpose(reached)
    if mode == "parallel":
        go_on = safe_cumprod(1 - p, axis=1, exclusive=True)
        ratio = before / tf.clip_by_value(go_on, 1e-10, 1.0)
        return p * go_on * tf.cumsum(ratio, axis=1)
    if mode == "hard":
        p *= tf.cumsum(before, axis=1)
        return p * tf.cumprod(1 - p, axis=1, exclusive=True)
    raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")


def hardmax(logits: Any, name: str | None = None) -> Any:
    """One where a row is largest, zero elsewhere."""
    with tf.name_scope(name, "Hardmax", [logits]):
        logits = tf.convert_to_tensor(logits, name="logits")
        return tf.one_hot(tf.argmax(logits, -1), _size(logits, -1), dtype=logits.dtype)


class _StateFields(NamedTuple):
    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any


class AttentionWrapperState(_StateFields):
    """The state of AttentionWrapper."""

    def clone(self, **kwargs: Any) -> "AttentionWrapperState":
        """The state with some parts replaced, asserted to have the shapes of those before."""
        from tensorflow.contrib import framework

        def checked(old: Any, new: Any) -> Any:
            if isinstance(old, tf.Tensor) and isinstance(new, tf.Tensor):
                return framework.with_same_shape(old, new)
            return new

        return tf.nest.map_structure(checked, self, self._replace(**kwargs))


class AttentionWrapper(_RNNCell):
    """A cell whose input is joined by what attention mechanisms read with its last output."""

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Callable[[Any, Any], Any] | None = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: str | None = None,
        attention_layer: Any = None,
        attention_fn: Callable[..., Any] | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        self._attention_mechanisms = _as_tuple(attention_mechanism)
        for mechanism in self._attention_mechanisms:
            if not isinstance(mechanism, AttentionMechanism):
                raise TypeError(
                    "attention_mechanism must be an AttentionMechanism or list of multiple "
                    f"AttentionMechanism instances, saw type: {type(mechanism).__name__}"
                )
        self._cell, self._output_attention = cell, output_attention
        self._alignment_history = alignment_history
        self._cell_input_fn = cell_input_fn or (lambda inputs, read: tf.concat([inputs, read], -1))
        self._attention_fn = attention_fn or _compute_attention
        self._set_layers(attention_layer_size, attention_layer)
        self._initial_cell_state = None
        with tf.name_scope(name, "AttentionWrapperInit"):
            if initial_cell_state is not None:
                batch_size = _size(tf.nest.flatten(initial_cell_state)[-1], 0)
                self._initial_cell_state = self._checked(
                    initial_cell_state, batch_size, "check_initial_cell_state"
                )

    def _set_layers(self, sizes: Any, layers: Any) -> None:
        """One layer for each mechanism, or none; and the width of what comes of them."""
        if sizes is not None and layers is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        mechanisms = self._attention_mechanisms
        widths = [_known(mechanism.values.shape[-1]) for mechanism in mechanisms]
        self._attention_layers = None
        if sizes is not None:
            widths = list(_as_tuple(sizes))
            self._attention_layers = tuple(
                _dense(width, "attention_layer", mechanism.dtype)
                for width, mechanism in zip(widths, mechanisms)
            )
        elif layers is not None:
            self._attention_layers = _as_tuple(layers)
            widths = [
                _known(layer.compute_output_shape([None, self._cell.output_size + width])[-1])
                for layer, width in zip(self._attention_layers, widths)
            ]
        if len(self._attention_layers or mechanisms) != len(mechanisms) or len(widths) != len(
            mechanisms
        ):
            raise ValueError("There must be exactly one attention layer per attention_mechanism")
        self._attention_layer_size = sum(widths)

    def _checked(self, tensors: Any, batch_size: Any, name: str) -> Any:
        """The tensors, once it is sure that the memory is of this batch size."""
        message = (
            f"{self._base_name}: Non-matching batch sizes between the memory (encoder output) and "
            "the state or the query.  With a BeamSearchDecoder, tile them by "
            "tf.contrib.seq2seq.tile_batch with multiplier=beam_width."
        )
        checks = [
            tf.debugging.assert_equal(batch_size, mechanism.batch_size, message=message)
            for mechanism in self._attention_mechanisms
        ]
        with tf.control_dependencies(checks):
            return tf.nest.map_structure(lambda t: tf.identity(t, name=name), tensors)

    def _item_or_tuple(self, items: Any) -> Any:
        items = tuple(items)
        return items if self._is_multi else items[0]

    @property
    def output_size(self) -> Any:
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> AttentionWrapperState:
        sizes = [mechanism.alignments_size for mechanism in self._attention_mechanisms]
        own = [mechanism.state_size for mechanism in self._attention_mechanisms]
        history = sizes if self._alignment_history else [()] * len(sizes)
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=tf.TensorShape([]),
            attention=self._attention_layer_size,
            alignments=self._item_or_tuple(sizes),
            attention_state=self._item_or_tuple(own),
            alignment_history=self._item_or_tuple(history),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> AttentionWrapperState:
        with tf.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._cell.get_initial_state(batch_size=batch_size, dtype=dtype)
            cell_state = self._checked(cell_state, batch_size, "checked_cell_state")
            mechanisms = self._attention_mechanisms
            alignments = [m.initial_alignments(batch_size, dtype) for m in mechanisms]
            return AttentionWrapperState(
                cell_state=cell_state,
                time=tf.zeros([], dtype=tf.int32),
                attention=_zeros(self._attention_layer_size, batch_size, dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    m.initial_state(batch_size, dtype) for m in mechanisms
                ),
                alignment_history=self._item_or_tuple(
                    self._history(alignment, dtype) for alignment in alignments
                ),
            )

    def _history(self, alignment: Any, dtype: Any) -> Any:
        if not self._alignment_history:
            return ()
        return tf.TensorArray(dtype, size=0, dynamic_size=True, element_shape=alignment.shape)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState. "
                f"Received type {type(state)} instead."
            )
        inputs = self._cell_input_fn(inputs, state.attention)
        output, cell_state = self._cell(inputs, state.cell_state)
        output = self._checked(output, _size(output, 0), "checked_cell_output")
        reads, alignments, states, histories = zip(*self._read(output, state))
        attention = tf.concat(reads, 1)
        new_state = AttentionWrapperState(
            time=state.time + 1,
            cell_state=cell_state,
            attention=attention,
            attention_state=self._item_or_tuple(states),
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(histories),
        )
        return (attention if self._output_attention else output), new_state

    def _read(self, output: Any, state: AttentionWrapperState) -> Any:
        """(attention, alignments, the mechanism's state, its history) of each mechanism."""
        states, histories = state.attention_state, state.alignment_history
        if not self._is_multi:
            states, histories = [states], [histories]
        for i, mechanism in enumerate(self._attention_mechanisms):
            layer = self._attention_layers[i] if self._attention_layers else None
            attention, alignments, new = self._attention_fn(mechanism, output, states[i], layer)
            history: Any = ()
            if self._alignment_history:
                history = histories[i].write(state.time, alignments)
            yield attention, alignments, new, history


def _compute_attention(
    mechanism: Any, cell_output: Any, attention_state: Any, attention_layer: Any
) -> tuple[Any, Any, Any]:
    """What a mechanism reads with the cell's output, its alignments and its next state."""
    alignments, next_state = mechanism(cell_output, state=attention_state)
    read = tf.squeeze(tf.matmul(tf.expand_dims(alignments, 1), mechanism.values), [1])
    if attention_layer is not None:
        read = attention_layer(tf.concat([cell_output, read], 1))
    return read, alignments, next_state


def _masked_memory(memory: Any, lengths: Any) -> Any:
    memory = tf.nest.map_structure(lambda m: tf.convert_to_tensor(m, name="memory"), memory)
    first = tf.nest.flatten(memory)[0]
    if lengths is not None:
        lengths = tf.convert_to_tensor(lengths, name="memory_sequence_length")
    for part in tf.nest.flatten(memory):
        if not part.get_shape()[2:].is_fully_defined():
            raise ValueError(
                f"Expected memory {part.name} to have fully defined inner dims, "
                f"but saw shape: {part.get_shape()}"
            )
    if lengths is None:
        return memory
    mask = tf.sequence_mask(lengths, maxlen=tf.shape(first)[1], dtype=first.dtype)

    def masked(part: Any) -> Any:
        ones = tf.ones(part.get_shape().ndims - 2, dtype=tf.int32)
        return part * tf.reshape(mask, tf.concat((tf.shape(mask), ones), 0))

    return tf.nest.map_structure(masked, memory)


def _masked_score(score: Any, lengths: Any, value: Any) -> Any:
    if lengths is None:
        return score
    message = "All values in memory_sequence_length must be greater than zero."
    with tf.control_dependencies([tf.debugging.assert_positive(lengths, message=message)]):
        mask = tf.sequence_mask(lengths, maxlen=tf.shape(score)[1])
    return tf.where(mask, score, value * tf.ones_like(score))


def _stateless(probability_fn: Callable[[Any], Any] | None) -> Probability:
    function = probability_fn or tf.nn.softmax
    return lambda score, before: function(score)


def _monotonic(noise: float, mode: str, seed: int | None) -> Probability:
    return functools.partial(_stopping, noise=noise, mode=mode, seed=seed)


def _stopping(score: Any, before: Any, *, noise: float, mode: str, seed: int | None) -> Any:
    if noise > 0:
        score += noise * tf.random_normal(tf.shape(score), dtype=score.dtype, seed=seed)
    p = tf.cast(score > 0, score.dtype) if mode == "hard" else tf.sigmoid(score)
    return monotonic_attention(p, before, mode)


def _dense(units: int, name: str, dtype: Any) -> Any:
    return tf.layers.Dense(units, name=name, use_bias=False, dtype=dtype or tf.float32)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _known(dimension: Any) -> Any:
    return tf.dimension_value(dimension)


def _size(tensor: Any, axis: int) -> Any:
    """A tensor's size along an axis: a number where it is known."""
    return _known(tensor.shape[axis]) or tf.shape(tensor)[axis]


def _zeros(size: Any, batch_size: Any, dtype: Any) -> Any:
    from tensorflow.python.ops import rnn_cell_impl

    return rnn_cell_impl._zero_state_tensors(size, batch_size, dtype)
