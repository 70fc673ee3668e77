"""tf.contrib.seq2seq's beam search: the best sequences of a beam, and the way back through it."""

from typing import Any, NamedTuple

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._seq2seq_attention import _size
from tf1_dnn.run.contrib._seq2seq_cell import AttentionWrapperState
from tf1_dnn.run.contrib._seq2seq_decoder import Decoder
from tf1_dnn.run.contrib._seq2seq_helpers import _lookup


class BeamSearchDecoderState(NamedTuple):
    """The state of BeamSearchDecoder: each part is [batch, beam, ...]."""

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


class BeamSearchDecoderOutput(NamedTuple):
    """A step's outputs of BeamSearchDecoder, [batch, beam] each."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """What dynamic_decode returns of BeamSearchDecoder: the sequences, the best first."""

    predicted_ids: Any
    beam_search_decoder_output: Any


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Each entry of the batch `multiplier` times, one beside the other, in any structure."""
    with tf.name_scope(name, "tile_batch", [*tf.nest.flatten(t), multiplier]):
        return tf.nest.map_structure(lambda part: _tiled(part, multiplier), t)


def _tiled(tensor: Any, multiplier: int) -> Any:
    tensor = tf.convert_to_tensor(tensor, name="t")
    shape = tf.shape(tensor)
    if not tensor.shape.ndims:
        raise ValueError("t must have statically known rank")
    multiples = [1] * (tensor.shape.ndims + 1)
    multiples[1] = multiplier
    tiled = tf.tile(tf.expand_dims(tensor, 1), multiples)
    tiled = tf.reshape(tiled, tf.concat(([shape[0] * multiplier], shape[1:]), 0))
    batch_size = tf.dimension_value(tensor.shape[0])
    known = None if batch_size is None else batch_size * multiplier
    tiled.set_shape(tf.TensorShape([known]).concatenate(tensor.shape[1:]))
    return tiled


def gather_tree(
    step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any, name: Any = None
) -> Any:
    """The sequences of a beam, [time, batch, beam], read from the last step back to the first.

    Behind a batch entry's `max_sequence_lengths`, and behind an end token, all is `end_token`.
    """
    with tf.name_scope(name, "GatherTree"):
        step_ids = tf.convert_to_tensor(step_ids)
        n_steps, batch_size, width = (_size(step_ids, axis) for axis in range(3))
        ends = tf.minimum(max_sequence_lengths, n_steps)
        own = tf.tile(tf.expand_dims(tf.range(width), 0), [batch_size, 1])

        def back(carry: tuple[Any, Any], step: tuple[Any, Any, Any]) -> tuple[Any, Any]:
            time, ids, parents = step
            beams = carry[0]
            inside = tf.tile(tf.expand_dims(time < ends, 1), [1, width])
            found = tf.where(inside, _of_beams(ids, beams), tf.zeros_like(ids) + end_token)
            return tf.where(inside, _of_beams(parents, beams), beams), found

        steps = (tf.range(n_steps), step_ids, tf.convert_to_tensor(parent_ids))
        _, found = tf.scan(back, steps, (own, step_ids[0]), reverse=True)
        ended = tf.cumsum(tf.cast(tf.equal(found, end_token), tf.int32), exclusive=True) > 0
        found = tf.where(ended, tf.zeros_like(found) + end_token, found)
        found.set_shape(step_ids.shape)
        return found


def _of_beams(values: Any, beams: Any) -> Any:
    """values[b, beams[b, k]] for each b and k."""
    return tf.gather(values, beams, batch_dims=1)


class BeamSearchDecoder(Decoder):
    """Keeps the `beam_width` best sequences of each batch entry.

    The scores are log probabilities, divided by a length penalty (arXiv:1609.08144) and joined by
    a coverage penalty, if their weights are not zero.
    """

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: float = 0.0,
        coverage_penalty_weight: float = 0.0,
        reorder_tensor_arrays: bool = True,
    ) -> None:
        self._cell, self._output_layer, self._beam_width = cell, output_layer, beam_width
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._embedding_fn = _lookup(embedding)
        start = tf.convert_to_tensor(start_tokens, dtype=tf.int32, name="start_tokens")
        self._end_token = tf.convert_to_tensor(end_token, dtype=tf.int32, name="end_token")
        if start.get_shape().ndims != 1:
            raise ValueError("start_tokens must be a vector")
        if self._end_token.get_shape().ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = tf.size(start_tokens)
        self._initial_cell_state = tf.nest.map_structure(self._split, initial_state)
        start = tf.tile(tf.expand_dims(start, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(start)

    @property
    def batch_size(self) -> Any:
        return self._batch_size

    @property
    def tracks_own_finished(self) -> bool:
        return True  # beams change places

    @property
    def output_size(self) -> BeamSearchDecoderOutput:
        width = tf.TensorShape([self._beam_width])
        return BeamSearchDecoderOutput(width, width, width)

    @property
    def output_dtype(self) -> BeamSearchDecoderOutput:
        return BeamSearchDecoderOutput(self._dtype, tf.int32, tf.int32)

    @property
    def _dtype(self) -> Any:
        return tf.nest.flatten(self._initial_cell_state)[0].dtype

    def initialize(self, name: str | None = None) -> tuple[Any, Any, Any]:
        first = tf.one_hot(tf.zeros([self._batch_size], tf.int32), self._beam_width, True, False)
        first.set_shape([None, self._beam_width])
        zeros = tf.zeros(tf.shape(first), self._dtype)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state,
            log_probs=tf.where(first, zeros, zeros - np.inf),  # beams begin alike: one counts
            finished=tf.logical_not(first),
            lengths=tf.zeros(tf.shape(first), tf.int64),
            accumulated_attention_probs=self._attention(self._initial_cell_state),
        )
        return tf.logical_not(first), self._start_inputs, state

    def step(
        self, time: Any, inputs: Any, state: Any, name: str | None = None
    ) -> tuple[Any, Any, Any, Any]:
        with tf.name_scope(name, "BeamSearchDecoderStep", (time, inputs, state)):
            inputs = tf.nest.map_structure(self._merge, inputs)
            cell_state = tf.nest.map_structure(self._merge, state.cell_state)
            outputs, cell_state = self._cell(inputs, cell_state)
            outputs = tf.nest.map_structure(self._split, outputs)
            cell_state = tf.nest.map_structure(self._split, cell_state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            output, new_state = self._best(outputs, cell_state, state)
            next_inputs = tf.cond(
                tf.reduce_all(new_state.finished),
                lambda: self._start_inputs,
                lambda: self._embedding_fn(output.predicted_ids),
            )
        return output, new_state, next_inputs, new_state.finished

    def _best(self, logits: Any, cell_state: Any, state: Any) -> tuple[Any, Any]:
        """The best continuations of a beam, and the state in which they leave it."""
        vocabulary = _size(logits, -1)
        finished, going_on = state.finished, tf.logical_not(state.finished)
        log_probs = tf.expand_dims(state.log_probs, 2) + self._log_probs(logits, finished)
        is_end = tf.one_hot(self._end_token, vocabulary, True, False)
        longer = tf.logical_and(tf.expand_dims(going_on, 2), tf.logical_not(is_end))
        lengths = tf.expand_dims(state.lengths, 2) + tf.cast(longer, tf.int64)
        covered = self._attention(cell_state)
        if self._coverage_penalty_weight:
            covered *= tf.expand_dims(tf.cast(going_on, tf.float32), 2)
            covered += state.accumulated_attention_probs
        scores = self._scores(log_probs, lengths, covered, finished)
        flat = tf.reshape(scores, [self._batch_size, -1])
        scores, chosen = tf.nn.top_k(flat, k=self._beam_width)
        scores.set_shape([tf.get_static_value(self._batch_size), self._beam_width])
        flat_probs = tf.reshape(log_probs, tf.shape(flat))
        words, parents = chosen % vocabulary, chosen // vocabulary

        def of_parents(values: Any) -> Any:
            return (
                values
                if isinstance(values, tf.TensorArray) or values.shape.ndims < 2
                else (self._keep_shape(_of_beams(values, parents), values))
            )

        was_finished = of_parents(finished)
        new_state = BeamSearchDecoderState(
            cell_state=tf.nest.map_structure(of_parents, cell_state),
            log_probs=self._keep_shape(_of_beams(flat_probs, chosen), state.log_probs),
            finished=tf.logical_or(was_finished, tf.equal(words, self._end_token)),
            lengths=of_parents(state.lengths) + tf.cast(tf.logical_not(was_finished), tf.int64),
            accumulated_attention_probs=tf.nest.map_structure(of_parents, covered),
        )
        return BeamSearchDecoderOutput(scores, words, parents), new_state

    def _log_probs(self, logits: Any, finished: Any) -> Any:
        """A finished beam can only go on with the end token, at no cost."""
        log_probs = tf.nn.log_softmax(logits)
        is_end = tf.one_hot(self._end_token, _size(logits, -1), True, False)
        zeros = tf.zeros_like(log_probs)
        end = tf.where(
            tf.logical_or(is_end, tf.zeros_like(log_probs, tf.bool)),
            zeros,
            zeros + log_probs.dtype.min,
        )
        ended = tf.logical_or(tf.expand_dims(finished, 2), tf.zeros_like(log_probs, tf.bool))
        return tf.where(ended, end, log_probs)

    def _scores(self, log_probs: Any, lengths: Any, covered: Any, finished: Any) -> Any:
        weight = self._length_penalty_weight
        penalty = ((5.0 + tf.to_float(lengths)) ** weight) / ((5.0 + 1.0) ** weight)
        scores = log_probs / tf.cast(penalty, log_probs.dtype) if weight else log_probs
        if not self._coverage_penalty_weight:
            return scores
        covered = tf.where(tf.equal(covered, 0.0), tf.ones_like(covered), covered)
        coverage = tf.reduce_sum(tf.log(tf.minimum(covered, 1.0)), 2)
        coverage *= tf.cast(finished, tf.float32) * self._coverage_penalty_weight
        return scores + tf.expand_dims(coverage, 2)

    def _attention(self, cell_state: Any) -> Any:
        """The mean alignments of all mechanisms, if coverage counts."""
        if not self._coverage_penalty_weight:
            return ()
        states = [cell_state] if isinstance(cell_state, AttentionWrapperState) else cell_state
        states = [state for state in states if isinstance(state, AttentionWrapperState)]
        if not states:
            raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
        means = [_mean(state.alignments) for state in states]
        return _mean(tuple(means))

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> tuple[Any, Any]:
        longest = tf.cast(tf.reduce_max(final_state.lengths, axis=1), tf.int32)
        ids = gather_tree(outputs.predicted_ids, outputs.parent_ids, longest, self._end_token)
        if self._reorder_tensor_arrays:
            final_state = final_state._replace(
                cell_state=tf.nest.map_structure(
                    lambda part: self._in_order(part, outputs.parent_ids, longest),
                    final_state.cell_state,
                )
            )
        return FinalBeamSearchDecoderOutput(ids, outputs), final_state

    def _in_order(self, part: Any, parent_ids: Any, longest: Any) -> Any:
        """A history of the cell, each beam's entries those of the sequence that ends in it."""
        if not isinstance(part, tf.TensorArray) or not self._is_of_beams(part.element_shape):
            return part
        history = part.stack()
        shape, width = tf.shape(history), self._beam_width
        n_steps = tf.shape(parent_ids)[0]
        history = tf.reshape(history, [n_steps, self._batch_size, width, -1])
        own = tf.zeros_like(parent_ids) + tf.range(width)
        beams = gather_tree(own, parent_ids, longest, width + 1)
        beams = tf.where(beams < width, beams, own)
        return tf.reshape(tf.gather(history, beams, batch_dims=2), shape)

    def _is_of_beams(self, shape: Any) -> bool:
        """Whether TensorFlow 1 put such entries in order: [batch * beam, unknown ...] of them."""
        if not shape.ndims:
            return False
        batch_size, sizes = tf.get_static_value(self._batch_size), shape.as_list()
        if batch_size is None or sizes[0] is None:
            return True
        apart = len(sizes) > 1 and sizes[1] is not None
        return sizes[0] == batch_size * self._beam_width and (
            not apart or sizes[:2] == [batch_size, self._beam_width]
        )

    def _split(self, part: Any) -> Any:
        """[batch * beam, ...] as [batch, beam, ...]."""
        if isinstance(part, tf.TensorArray) or part.shape.ndims < 1:
            return part
        beams = [self._batch_size, self._beam_width]
        split = tf.reshape(part, tf.concat((beams, tf.shape(part)[1:]), 0))
        static = [tf.get_static_value(self._batch_size), self._beam_width]
        split.set_shape(tf.TensorShape(static).concatenate(part.shape[1:]))
        return split

    def _merge(self, part: Any) -> Any:
        """[batch, beam, ...] as [batch * beam, ...]."""
        if isinstance(part, tf.TensorArray) or part.shape.ndims < 2:
            return part
        rows = self._batch_size * self._beam_width
        merged = tf.reshape(part, tf.concat(([rows], tf.shape(part)[2:]), 0))
        merged.set_shape(tf.TensorShape([tf.get_static_value(rows)]).concatenate(part.shape[2:]))
        return merged

    def _keep_shape(self, new: Any, old: Any) -> Any:
        new.set_shape(old.shape)
        return new


def _mean(parts: Any) -> Any:
    if not isinstance(parts, tuple):
        return parts
    return parts[0] if len(parts) == 1 else tf.reduce_mean(tf.stack(parts, -1), -1)
