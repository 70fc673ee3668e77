"""tf.contrib.rnn's fused cells: a step, or a whole sequence, in one op."""

import abc
from typing import Any

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._rnn_cells import _LayerRNNCell

_Layer: Any = tf.layers.Layer


def _register_gradients() -> None:
    """The gradients of the two ops whose Python side was tf.contrib's."""
    from tensorflow.python.framework import ops

    for name, gradient in {"LSTMBlockCell": _lstm_grad, "GRUBlockCell": _gru_grad}.items():
        try:
            ops.RegisterGradient(name)(gradient)
        except KeyError:  # TensorFlow has one
            pass


def _lstm_grad(op: Any, *grads: Any) -> tuple[Any, ...]:
    x, cs_prev, h_prev, w, wci, wcf, wco, b = op.inputs
    i, cs, f, o, ci, co, _ = op.outputs
    cs_prev_grad, dgates, *peepholes = tf.raw_ops.LSTMBlockCellGrad(
        x=x, cs_prev=cs_prev, h_prev=h_prev, w=w, wci=wci, wcf=wcf, wco=wco, b=b,
        i=i, cs=cs, f=f, o=o, ci=ci, co=co, cs_grad=grads[1], h_grad=grads[6],
        use_peephole=op.get_attr("use_peephole"),
    )  # fmt: skip
    batch_size, input_size = [-1 if n is None else n for n in x.get_shape().as_list()]
    cell_size = cs_prev.get_shape().as_list()[1]
    xh_grad = tf.matmul(dgates, w, transpose_b=True)
    x_grad = tf.slice(xh_grad, (0, 0), (batch_size, input_size))
    h_prev_grad = tf.slice(xh_grad, (0, input_size), (batch_size, cell_size))
    w_grad = tf.matmul(tf.concat([x, h_prev], 1), dgates, transpose_a=True)
    b_grad = tf.raw_ops.BiasAddGrad(out_backprop=dgates)
    return (x_grad, cs_prev_grad, h_prev_grad, w_grad, *peepholes, b_grad)


def _gru_grad(op: Any, *grads: Any) -> tuple[Any, ...]:
    x, h_prev, w_ru, w_c, b_ru, b_c = op.inputs
    r, u, c, _ = op.outputs
    x_grad, h_prev_grad, d_c, d_ru = tf.raw_ops.GRUBlockCellGrad(
        x=x, h_prev=h_prev, w_ru=w_ru, w_c=w_c, b_ru=b_ru, b_c=b_c, r=r, u=u, c=c, d_h=grads[3]
    )
    w_ru_grad = tf.matmul(tf.concat([x, h_prev], 1), d_ru, transpose_a=True)
    b_ru_grad = tf.raw_ops.BiasAddGrad(out_backprop=d_ru)
    w_c_grad = tf.matmul(tf.concat([x, h_prev * r], 1), d_c, transpose_a=True)
    b_c_grad = tf.raw_ops.BiasAddGrad(out_backprop=d_c)
    return x_grad, h_prev_grad, w_ru_grad, w_c_grad, b_ru_grad, b_c_grad


_register_gradients()


class _FusedLSTM:
    """What the fused LSTM cells share: their options and variables."""

    def _set_options(
        self, num_units: int, forget_bias: float, cell_clip: float | None, use_peephole: bool
    ) -> None:
        self._num_units, self._forget_bias = num_units, forget_bias
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self._use_peephole = use_peephole

    def _add_variables(self, layer: Any, input_size: int | None) -> None:
        if input_size is None:
            raise ValueError("Expecting the inputs' last dimension to be set")
        units = self._num_units
        self._kernel = layer.add_variable("kernel", [input_size + units, 4 * units])
        zeros = tf.constant_initializer(0.0)
        self._bias = layer.add_variable("bias", [4 * units], initializer=zeros)
        names = ["w_i_diag", "w_f_diag", "w_o_diag"] if self._use_peephole else []
        self._diagonals = [layer.add_variable(name, [units]) for name in names]
        layer.built = True

    def _peepholes(self, dtype: Any) -> dict[str, Any]:
        if not self._use_peephole:
            return dict.fromkeys(("wci", "wcf", "wco"), tf.zeros([self._num_units], dtype=dtype))
        return dict(zip(("wci", "wcf", "wco"), self._diagonals))


class LSTMBlockCell(_FusedLSTM, _LayerRNNCell):
    """An LSTM cell whose step is one op; its variables are LSTMCell's."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: bool | None = None,
        name: str = "lstm_cell",
    ) -> None:
        _LayerRNNCell.__init__(self, _reuse=reuse, dtype=dtype, name=name)
        self._set_options(num_units, forget_bias, cell_clip, use_peephole)

    @property
    def state_size(self) -> Any:
        return tf.nn.rnn_cell.LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        return self._num_units

    def build(self, inputs_shape: Any) -> None:
        self._add_variables(self, tf.TensorShape(inputs_shape).as_list()[1])

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        step = tf.raw_ops.LSTMBlockCell(
            **self._peepholes(self.dtype),
            x=inputs,
            cs_prev=state[0],
            h_prev=state[1],
            w=self._kernel,
            b=self._bias,
            forget_bias=self._forget_bias,
            cell_clip=self._cell_clip,
            use_peephole=self._use_peephole,
        )
        return step.h, tf.nn.rnn_cell.LSTMStateTuple(step.cs, step.h)


class GRUBlockCell(_LayerRNNCell):
    """A GRU cell whose step is one op."""

    _VARIABLES = ("w_ru", "b_ru", "w_c", "b_c")

    def __init__(
        self,
        num_units: int | None = None,
        cell_size: int | None = None,
        reuse: bool | None = None,
        name: str = "gru_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name)
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size: Any = cell_size if num_units is None else num_units

    @property
    def state_size(self) -> Any:
        return self._cell_size

    @property
    def output_size(self) -> Any:
        return self._cell_size

    def build(self, input_shape: Any) -> None:
        input_size, size = tf.TensorShape(input_shape).as_list()[1], self._cell_size
        if input_size is None:
            raise ValueError("Expecting input_size to be set.")
        rows, ones, zeros = input_size + size, *map(tf.constant_initializer, (1.0, 0.0))
        w_ru, b_ru, w_c, b_c = self._VARIABLES
        self._gate_kernel = self.add_variable(w_ru, [rows, 2 * size])
        self._gate_bias = self.add_variable(b_ru, [2 * size], initializer=ones)
        self._candidate_kernel = self.add_variable(w_c, [rows, size])
        self._candidate_bias = self.add_variable(b_c, [size], initializer=zeros)
        self.built = True

    def call(self, inputs: Any, h_prev: Any) -> tuple[Any, Any]:
        step = tf.raw_ops.GRUBlockCell(
            x=inputs,
            h_prev=h_prev,
            w_ru=self._gate_kernel,
            w_c=self._candidate_kernel,
            b_ru=self._gate_bias,
            b_c=self._candidate_bias,
        )
        return step.h, step.h


class GRUBlockCellV2(GRUBlockCell):
    """GRUBlockCell with GRUCell's variable names."""

    _VARIABLES = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")


class FusedRNNCell(abc.ABC):
    """A cell that takes a whole sequence, time first."""

    @abc.abstractmethod
    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        """The outputs, as the inputs are given (a tensor or a list), and the final state."""


class FusedRNNCellAdaptor(FusedRNNCell):
    """Any cell as a fused one."""

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell, self._dynamic = cell, use_dynamic_rnn

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        given_list = isinstance(inputs, list)
        arguments = dict(initial_state=initial_state, dtype=dtype, scope=scope)
        arguments["sequence_length"] = sequence_length
        if self._dynamic:
            inputs = tf.stack(inputs) if given_list else inputs
            outputs, state = tf.nn.dynamic_rnn(self._cell, inputs, time_major=True, **arguments)
            return (tf.unstack(outputs) if given_list else outputs), state
        inputs = inputs if given_list else tf.unstack(inputs)
        outputs, state = tf.nn.static_rnn(self._cell, inputs, **arguments)
        return (outputs if given_list else tf.stack(outputs)), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A fused cell that reads its inputs from the end."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> tuple[Any, Any]:
        outputs, state = self._cell(
            _reversed(inputs, sequence_length),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return _reversed(outputs, sequence_length), state


def _reversed(values: Any, lengths: Any) -> Any:
    if isinstance(values, list):
        return values[::-1]
    if lengths is None:
        return tf.reverse(values, [0])
    return tf.reverse_sequence(values, lengths, 0, 1)


class LSTMBlockWrapper(_Layer):
    """A layer that runs an LSTM over a sequence, time first; a subclass brings the op."""

    @property
    @abc.abstractmethod
    def num_units(self) -> int:
        """The width of state and output."""

    @abc.abstractmethod
    def _call_cell(
        self, inputs: Any, cell_state: Any, output: Any, dtype: Any, sequence_length: Any
    ) -> tuple[Any, Any]:
        """The cell states and the outputs of all steps."""

    def call(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
    ) -> tuple[Any, Any]:
        given_list = isinstance(inputs, list)
        inputs = tf.stack(inputs) if given_list else inputs
        time, batch, _ = inputs.get_shape().with_rank(3).as_list()
        batch = tf.shape(inputs)[1] if batch is None else batch
        time = tf.shape(inputs)[0] if time is None else time
        initial_state, dtype = self._initial(initial_state, dtype, batch)
        if sequence_length is not None:
            sequence_length = tf.convert_to_tensor(sequence_length)
        states, outputs = self._call_cell(
            inputs, initial_state[0], initial_state[1], dtype, sequence_length
        )
        if sequence_length is None:
            final = [states[-1], outputs[-1]]
        else:
            mask = tf.transpose(tf.sequence_mask(sequence_length, time, dtype=dtype), [1, 0])
            outputs *= tf.tile(tf.expand_dims(mask, [-1]), [1, 1, self.num_units])
            pairs = list(zip(initial_state, (states, outputs)))
            whole = [tf.concat([tf.expand_dims(first, [0]), rest], 0) for first, rest in pairs]
            final = [_at(steps, sequence_length, batch) for steps in whole]
        outputs = tf.unstack(outputs) if given_list else outputs
        return outputs, tf.nn.rnn_cell.LSTMStateTuple(*final)

    def _initial(self, state: Any, dtype: Any, batch: Any) -> tuple[Any, Any]:
        if state is not None:
            return tuple(state), dtype or state[0].dtype
        if dtype is None:
            raise ValueError("Either initial_state or dtype needs to be specified")
        zeros = tf.zeros(tf.stack([batch, self.num_units]), dtype=dtype)
        return (zeros, zeros), dtype


def _at(steps: Any, indices: Any, batch: Any) -> Any:
    """Of each example, the step that its index says."""
    return tf.gather_nd(steps, tf.stack([indices, tf.range(batch)], axis=1))


class LSTMBlockFusedCell(_FusedLSTM, LSTMBlockWrapper):
    """An LSTM over a whole sequence in one op; its variables are LSTMCell's."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        reuse: bool | None = None,
        dtype: Any = None,
        name: str = "lstm_fused_cell",
    ) -> None:
        _Layer.__init__(self, _reuse=reuse, name=name, dtype=dtype)
        self._set_options(num_units, forget_bias, cell_clip, use_peephole)

    @property
    def num_units(self) -> int:
        return self._num_units

    def build(self, input_shape: Any) -> None:
        self._add_variables(self, tf.TensorShape(input_shape).as_list()[2])

    def _call_cell(
        self, inputs: Any, cell_state: Any, output: Any, dtype: Any, sequence_length: Any
    ) -> tuple[Any, Any]:
        time = inputs.get_shape().as_list()[0]
        time = tf.shape(inputs)[0] if time is None else time
        peepholes = self._peepholes(dtype)
        longest = time if sequence_length is None else tf.reduce_max(sequence_length)
        sequence = tf.raw_ops.BlockLSTM(
            **peepholes,
            seq_len_max=tf.cast(longest, tf.int64),
            x=inputs,
            cs_prev=cell_state,
            h_prev=output,
            w=self._kernel,
            b=self._bias,
            forget_bias=self._forget_bias,
            cell_clip=self._cell_clip,
            use_peephole=self._use_peephole,
        )
        return sequence.cs, sequence.h
