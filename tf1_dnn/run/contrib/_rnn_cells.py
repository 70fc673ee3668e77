"""tf.contrib.rnn's own cells: layer-normalized LSTM, NAS, update gate, intersection, highway."""

from typing import Any, Callable

from tf_keras.src.layers.rnn import legacy_cells

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._rnn_wrappers import _Around, _Linear, _RNNCell

_LayerRNNCell: Any = legacy_cells.LayerRNNCell


class LayerNormBasicLSTMCell(_RNNCell):
    """An LSTM cell with layer normalization (arXiv:1607.06450) and dropout (arXiv:1603.05118)."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: int | None = None,  # TensorFlow 1 took it, and did not look at it
        activation: Callable[[Any], Any] = tf.tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units, self._forget_bias, self._activation = num_units, forget_bias, activation
        self._layer_norm = layer_norm
        self._gain = tf.constant_initializer(norm_gain)
        self._shift = tf.constant_initializer(norm_shift)
        self._keep_prob, self._seed = dropout_keep_prob, dropout_prob_seed

    @property
    def state_size(self) -> Any:
        return tf.nn.rnn_cell.LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        return self._num_units

    def _norm(self, values: Any, scope: str) -> Any:
        if not self._layer_norm:
            return values
        from tensorflow.contrib import layers

        shape, dtype = values.get_shape()[-1:], values.dtype
        with tf.variable_scope(scope):
            tf.get_variable("gamma", shape=shape, initializer=self._gain, dtype=dtype)
            tf.get_variable("beta", shape=shape, initializer=self._shift, dtype=dtype)
        return layers.layer_norm(values, reuse=True, scope=scope)

    def _gates(self, args: Any) -> list[Any]:
        shape = [args.get_shape()[-1], 4 * self._num_units]
        out = tf.matmul(args, tf.get_variable("kernel", shape, dtype=args.dtype))
        if not self._layer_norm:
            out = tf.nn.bias_add(out, tf.get_variable("bias", shape[1:], dtype=args.dtype))
        return tf.split(value=out, num_or_size_splits=4, axis=1)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        c, h = state
        gates = self._gates(tf.concat([inputs, h], 1))
        scopes = ("input", "transform", "forget", "output")
        i, j, f, o = [self._norm(gate, scope) for gate, scope in zip(gates, scopes)]
        g = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            g = tf.nn.dropout(g, self._keep_prob, seed=self._seed)
        kept = c * tf.sigmoid(f + self._forget_bias)
        new_c = self._norm(kept + tf.sigmoid(i) * g, "state")
        new_h = self._activation(new_c) * tf.sigmoid(o)
        return new_h, tf.nn.rnn_cell.LSTMStateTuple(new_c, new_h)


class NASCell(_LayerRNNCell):
    """The cell that Neural Architecture Search found (arXiv:1611.01578)."""

    def __init__(
        self,
        num_units: int,
        num_proj: int | None = None,
        use_bias: bool = False,
        reuse: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units, self._num_proj, self._use_bias = num_units, num_proj, use_bias

    @property
    def state_size(self) -> Any:
        return tf.nn.rnn_cell.LSTMStateTuple(self._num_units, self.output_size)

    @property
    def output_size(self) -> int:
        return self._num_units if self._num_proj is None else self._num_proj

    def build(self, inputs_shape: Any) -> None:
        input_size, columns = _input_size(inputs_shape), 8 * self._num_units
        add = self.add_variable
        self.recurrent_kernel = add("recurrent_kernel", [self.output_size, columns])
        self.kernel = add("kernel", [input_size, columns])
        if self._use_bias:
            self.bias = add("bias", shape=[columns], initializer=tf.zeros_initializer)
        if self._num_proj is not None:
            self.projection_weights = add("projection_weights", [self._num_units, self._num_proj])
        self.built = True

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        c, m = state
        from_state = tf.matmul(m, self.recurrent_kernel)
        from_inputs = tf.matmul(inputs, self.kernel)
        if self._use_bias:
            from_state = tf.nn.bias_add(from_state, self.bias)
        ms = tf.split(axis=1, num_or_size_splits=8, value=from_state)
        xs = tf.split(axis=1, num_or_size_splits=8, value=from_inputs)
        sigmoid, tanh, relu = tf.sigmoid, tf.tanh, tf.nn.relu
        activations = (sigmoid, relu, sigmoid, relu, tanh, sigmoid, tanh, sigmoid)
        leaves = [
            activation(x * m if k == 3 else x + m)
            for k, (activation, x, m) in enumerate(zip(activations, xs, ms))
        ]
        first = tanh(leaves[0] * leaves[1])
        second = tanh(leaves[2] + leaves[3])
        third = tanh(leaves[4] * leaves[5])
        fourth = sigmoid(leaves[6] + leaves[7])
        new_c = tanh(first + c) * second
        new_m = tanh(new_c * tanh(third + fourth))
        if self._num_proj is not None:
            new_m = tf.matmul(new_m, self.projection_weights)
        return new_m, tf.nn.rnn_cell.LSTMStateTuple(new_c, new_m)


class _UnitsCell(_RNNCell):
    """A cell whose state and output have `num_units` columns."""

    def __init__(
        self, num_units: int, initializer: Any, forget_bias: float, reuse: bool | None
    ) -> None:
        super().__init__(_reuse=reuse)
        self._num_units, self._initializer = num_units, initializer
        self._forget_bias = forget_bias
        self._linear: _Linear | None = None

    @property
    def state_size(self) -> int:
        return self._num_units

    @property
    def output_size(self) -> int:
        return self._num_units


class UGRNNCell(_UnitsCell):
    """The Update Gate RNN (arXiv:1611.09913): one gate between the old state and the new."""

    def __init__(
        self,
        num_units: int,
        initializer: Any = None,
        forget_bias: float = 1.0,
        activation: Callable[[Any], Any] = tf.tanh,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(num_units, initializer, forget_bias, reuse)
        self._activation = activation

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        _input_size(inputs.get_shape())
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            args = tf.concat([inputs, state], 1)
            self._linear = self._linear or _Linear(args, 2 * self._num_units, True)
            gate, candidate = tf.split(axis=1, num_or_size_splits=2, value=self._linear(args))
            c = self._activation(candidate)
            g = tf.sigmoid(gate + self._forget_bias)
            new_state = g * state + (1.0 - g) * c
        return new_state, new_state


class IntersectionRNNCell(_UnitsCell):
    """The Intersection RNN (arXiv:1611.09913): gates for the state, and for the output in depth."""

    def __init__(
        self,
        num_units: int,
        num_in_proj: int | None = None,
        initializer: Any = None,
        forget_bias: float = 1.0,
        y_activation: Callable[[Any], Any] = tf.nn.relu,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(num_units, initializer, forget_bias, reuse)
        self._num_in_proj, self._y_activation = num_in_proj, y_activation
        self._in_linear: _Linear | None = None

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        units = self._num_units
        with tf.variable_scope(tf.get_variable_scope(), initializer=self._initializer):
            if _input_size(inputs.get_shape()) != units:
                inputs = self._project(inputs)
            args = tf.concat([inputs, state], 1)
            self._linear = self._linear or _Linear(args, 4 * units, True)
            out = self._linear(args)
            parts = [out[:, k * units : (k + 1) * units] for k in range(4)]
            h, y = tf.tanh(parts[1]), self._y_activation(parts[3])
            gh = tf.sigmoid(parts[0] + self._forget_bias)
            gy = tf.sigmoid(parts[2] + self._forget_bias)
            new_state = gh * state + (1.0 - gh) * h
            new_y = gy * inputs + (1.0 - gy) * y
        return new_y, new_state

    def _project(self, inputs: Any) -> Any:
        if not self._num_in_proj:
            raise ValueError(
                "Must have input size == output size for Intersection RNN. To fix, num_in_proj "
                "should be set to num_units at cell init."
            )
        with tf.variable_scope("in_projection"):
            self._in_linear = self._in_linear or _Linear(inputs, self._num_units, True)
            return self._in_linear(inputs)


class HighwayWrapper(_Around):
    """The cell, its output gated with its input (arXiv:1505.00387)."""

    def __init__(
        self,
        cell: Any,
        couple_carry_transform_gates: bool = True,
        carry_bias_init: float = 1.0,
    ) -> None:
        super().__init__()
        self._cell, self._coupled = cell, couple_carry_transform_gates
        self._carry_bias_init = carry_bias_init

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> tuple[Any, Any]:
        outputs, new_state = self._cell(inputs, state, scope=scope)
        tf.nest.assert_same_structure(inputs, outputs)
        return tf.nest.map_structure(self._highway, inputs, outputs), new_state

    def _highway(self, inputs: Any, outputs: Any) -> Any:
        inputs.get_shape().assert_is_compatible_with(outputs.get_shape())
        carry = self._gate("carry", inputs, self._carry_bias_init)
        if self._coupled:
            transform = 1 - carry
        else:
            transform = self._gate("transform", inputs, -self._carry_bias_init)
        return inputs * carry + outputs * transform

    def _gate(self, name: str, inputs: Any, bias: float) -> Any:
        size = _input_size(inputs.get_shape())
        weights = tf.get_variable(f"{name}_w", [size, size])
        biases = tf.get_variable(f"{name}_b", [size], initializer=tf.constant_initializer(bias))
        return tf.sigmoid(tf.nn.xw_plus_b(inputs, weights, biases))


def _input_size(shape: Any) -> int:
    size = tf.TensorShape(shape).with_rank(2).as_list()[1]
    if size is None:
        raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
    return int(size)
