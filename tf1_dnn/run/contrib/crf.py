"""tensorflow.contrib.crf: linear-chain conditional random fields, scored, trained and decoded."""

from typing import Any, Callable

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from
from tf1_dnn.run.contrib._rnn_wrappers import _RNNCell

__getattr__, __dir__ = names_from(__name__)


def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> tuple[Any, Any]:
    """The log-likelihood of tags, [batch], and the transitions' matrix: a variable, if not given.

    `inputs` are unary potentials, [batch, time, tags].
    """
    n_tags = tf.dimension_value(inputs.shape[2])
    if transition_params is None:
        transition_params = tf.get_variable("transitions", [n_tags, n_tags])
    score = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    log_norm = crf_log_norm(inputs, sequence_lengths, transition_params)
    return score - log_norm, transition_params


def crf_sequence_score(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any
) -> Any:
    """The score of each sequence of tags, before it is normalized."""

    def of_one_step() -> Any:
        batch_size = tf.shape(inputs, out_type=tag_indices.dtype)[0]
        examples = tf.reshape(tf.range(batch_size, dtype=tag_indices.dtype), [-1, 1])
        potentials = tf.squeeze(inputs, [1])
        score = tf.gather_nd(potentials, tf.concat([examples, tag_indices], axis=1))
        return _zero_where_empty(score, sequence_lengths)

    def of_several() -> Any:
        unary = crf_unary_score(tag_indices, sequence_lengths, inputs)
        return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)

    return _by_steps(inputs, of_one_step, of_several)


def crf_multitag_sequence_score(
    inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any
) -> Any:
    """The score of all sequences of tags that a bitmap allows, together."""

    def allowed() -> Any:
        return tf.where(tag_bitmap, inputs, tf.fill(tf.shape(inputs), float("-inf")))

    return _by_steps(
        inputs,
        lambda: tf.reduce_logsumexp(allowed(), axis=[1, 2], keepdims=False),
        lambda: crf_log_norm(allowed(), sequence_lengths, transition_params),
    )


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """The logarithm of the sum over all sequences of tags, by the forward algorithm."""
    first = tf.squeeze(tf.slice(inputs, [0, 0, 0], [-1, 1, -1]), [1])

    def of_one_step() -> Any:
        return _zero_where_empty(tf.reduce_logsumexp(first, [1]), sequence_lengths)

    def of_several() -> Any:
        rest = tf.slice(inputs, [0, 1, 0], [-1, -1, -1])
        cell = CrfForwardRnnCell(transition_params)
        lengths = _one_less(sequence_lengths)
        _, alphas = tf.nn.dynamic_rnn(cell, rest, lengths, first, dtype=tf.float32)
        return _zero_where_empty(tf.reduce_logsumexp(alphas, [1]), sequence_lengths)

    return _by_steps(inputs, of_one_step, of_several)


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Any:
    """The sum of the tags' own potentials."""
    batch_size, n_steps, n_tags = tf.shape(inputs)[0], tf.shape(inputs)[1], tf.shape(inputs)[2]
    flat = tf.reshape(inputs, [-1])
    offsets = tf.expand_dims(tf.range(batch_size) * n_steps * n_tags, 1)
    offsets += tf.expand_dims(tf.range(n_steps) * n_tags, 0)
    if tag_indices.dtype == tf.int64:
        offsets = tf.cast(offsets, tf.int64)
    indices = tf.reshape(offsets + tag_indices, [-1])
    scores = tf.reshape(tf.gather(flat, indices), [batch_size, n_steps])
    return tf.reduce_sum(scores * _mask(sequence_lengths, tag_indices), 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """The sum of the transitions between the tags."""
    n_tags = transition_params.get_shape()[0]
    n_transitions = tf.shape(tag_indices)[1] - 1
    starts = tf.slice(tag_indices, [0, 0], [-1, n_transitions])
    ends = tf.slice(tag_indices, [0, 1], [-1, n_transitions])
    indices = starts * n_tags + ends
    scores = tf.gather(tf.reshape(transition_params, [-1]), indices)
    mask = tf.slice(_mask(sequence_lengths, tag_indices), [0, 1], [-1, -1])
    return tf.reduce_sum(scores * mask, 1)


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[Any], Any]:
    """The best sequence of tags and its score, of one example's arrays."""
    trellis = np.zeros_like(score)
    sources = np.zeros_like(score, dtype=np.int32)
    trellis[0] = score[0]
    for t in range(1, score.shape[0]):
        reached = np.expand_dims(trellis[t - 1], 1) + transition_params
        trellis[t] = score[t] + np.max(reached, 0)
        sources[t] = np.argmax(reached, 0)
    tags = [np.argmax(trellis[-1])]
    for source in sources[:0:-1]:
        tags.append(source[tags[-1]])
    return tags[::-1], np.max(trellis[-1])


def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> tuple[Any, Any]:
    """The best sequence of tags of each example, int32 [batch, time], and its score."""

    def of_one_step() -> tuple[Any, Any]:
        scores = tf.squeeze(potentials, [1])
        tags = tf.expand_dims(tf.argmax(scores, axis=1), 1)
        best = tf.reduce_max(scores, axis=1)
        return tf.cast(tags, dtype=tf.int32), best

    def of_several() -> tuple[Any, Any]:
        forward = CrfDecodeForwardRnnCell(transition_params)
        first = tf.squeeze(tf.slice(potentials, [0, 0, 0], [-1, 1, -1]), axis=[1])
        rest = tf.slice(potentials, [0, 1, 0], [-1, -1, -1])
        lengths = _one_less(sequence_length)
        sources, last = tf.nn.dynamic_rnn(forward, rest, lengths, first, dtype=tf.int32)
        sources = _reversed(sources, lengths)
        backward = CrfDecodeBackwardRnnCell(tf.dimension_value(potentials.shape[2]))
        last_tag = tf.expand_dims(tf.cast(tf.argmax(last, axis=1), dtype=tf.int32), axis=-1)
        tags, _ = tf.nn.dynamic_rnn(backward, sources, lengths, last_tag, dtype=tf.int32)
        tags = tf.concat([last_tag, tf.squeeze(tags, axis=[2])], axis=1)
        tags = _reversed(tags, sequence_length)
        return tags, tf.reduce_max(last, axis=1)

    return _by_steps(potentials, of_one_step, of_several)


class _TransitionsCell(_RNNCell):
    """A cell whose state is a score of each tag."""

    def __init__(self, transition_params: Any) -> None:
        self._transition_params = tf.expand_dims(transition_params, 0)
        self._num_tags = tf.dimension_value(transition_params.shape[0])

    @property
    def state_size(self) -> Any:
        return self._num_tags

    @property
    def output_size(self) -> Any:
        return self._num_tags

    def _reached(self, state: Any) -> Any:
        """The scores [batch, tag before, tag]."""
        return tf.expand_dims(state, 2) + self._transition_params


class CrfForwardRnnCell(_TransitionsCell):
    """A step of the forward algorithm."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        alphas = inputs + tf.reduce_logsumexp(self._reached(state), [1])
        return alphas, alphas


class CrfDecodeForwardRnnCell(_TransitionsCell):
    """A step of Viterbi's algorithm: its outputs are the tags that the best paths come from."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        reached = self._reached(state)
        new_state = inputs + tf.reduce_max(reached, [1])
        return tf.cast(tf.argmax(reached, 1), dtype=tf.int32), new_state


class CrfDecodeBackwardRnnCell(_RNNCell):
    """A step back along the best path."""

    def __init__(self, num_tags: Any) -> None:
        self._num_tags = num_tags

    @property
    def state_size(self) -> int:
        return 1

    @property
    def output_size(self) -> int:
        return 1

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        state = tf.squeeze(state, axis=[1])
        rows = tf.range(tf.shape(inputs)[0])
        tags = tf.raw_ops.GatherNd(params=inputs, indices=tf.stack([rows, state], axis=1))
        tags = tf.expand_dims(tags, axis=-1)
        return tags, tags


def _by_steps(inputs: Any, of_one_step: Callable[[], Any], of_several: Callable[[], Any]) -> Any:
    """What is right for sequences of one step, or of several: known now, or when it runs."""
    from tensorflow.python.framework import smart_cond

    n_steps = tf.dimension_value(inputs.shape[1]) or tf.shape(inputs)[1]
    return smart_cond.smart_cond(tf.equal(n_steps, 1), of_one_step, of_several)


def _one_less(lengths: Any) -> Any:
    return tf.maximum(tf.constant(0, dtype=lengths.dtype), lengths - 1)


def _zero_where_empty(values: Any, lengths: Any) -> Any:
    return tf.where(tf.less_equal(lengths, 0), tf.zeros_like(values), values)


def _mask(lengths: Any, tag_indices: Any) -> Any:
    return tf.sequence_mask(lengths, maxlen=tf.shape(tag_indices)[1], dtype=tf.float32)


def _reversed(values: Any, lengths: Any) -> Any:
    return tf.raw_ops.ReverseSequence(input=values, seq_lengths=lengths, seq_dim=1)
