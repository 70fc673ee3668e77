"""tf.contrib.seq2seq's attention mechanisms: what scores a memory, and aligns with it."""

import functools
import math
from typing import Any, Callable

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._seq2seq_decoder import _zeros

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


def _known(dimension: Any) -> Any:
    return tf.dimension_value(dimension)


def _size(tensor: Any, axis: int) -> Any:
    """A tensor's size along an axis: a number where it is known."""
    return _known(tensor.shape[axis]) or tf.shape(tensor)[axis]
