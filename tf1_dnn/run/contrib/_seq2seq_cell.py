"""tf.contrib.seq2seq's AttentionWrapper: the cell that asks attention mechanisms."""

from typing import Any, Callable, NamedTuple

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._rnn_wrappers import _RNNCell
from tf1_dnn.run.contrib._seq2seq_attention import AttentionMechanism, _dense, _known, _size
from tf1_dnn.run.contrib._seq2seq_decoder import _zeros


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


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
