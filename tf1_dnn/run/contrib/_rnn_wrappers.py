"""tf.contrib.rnn's wrappers around a cell: projections, embeddings, attention over its outputs."""

import math
from typing import Any, Callable, Sequence

from tf1_dnn.compat import tf

_RNNCell: Any = tf.nn.rnn_cell.RNNCell


class _Linear:
    """x @ kernel + bias for a tensor or several beside each other; variables built here, once."""

    def __init__(
        self,
        args: Any,
        output_size: int,
        build_bias: bool,
        bias_initializer: Any = None,
        kernel_initializer: Any = None,
    ) -> None:
        tensors = _as_list(args)
        self._kernel = _kernel(tensors, output_size, kernel_initializer)
        self._bias = None
        if build_bias:
            self._bias = _bias(output_size, tensors[0].dtype, bias_initializer)

    def __call__(self, args: Any) -> Any:
        product = _product(_as_list(args), self._kernel)
        return product if self._bias is None else tf.nn.bias_add(product, self._bias)


def _linear(
    args: Any,
    output_size: int,
    bias: bool,
    bias_initializer: Any = None,
    kernel_initializer: Any = None,
) -> Any:
    """x @ kernel + bias for a tensor or several beside each other, in variables of this scope."""
    tensors = _as_list(args)
    product = _product(tensors, _kernel(tensors, output_size, kernel_initializer))
    if not bias:
        return product
    return tf.nn.bias_add(product, _bias(output_size, product.dtype, bias_initializer))


def _as_list(args: Any) -> list[Any]:
    tensors = list(args) if isinstance(args, (list, tuple)) else [args]
    if args is None or not tensors:
        raise ValueError("`args` must be specified")
    return tensors


def _kernel(tensors: Sequence[Any], output_size: int, initializer: Any) -> Any:
    shapes = [tensor.get_shape() for tensor in tensors]
    if any(shape.ndims != 2 for shape in shapes):
        raise ValueError(f"linear is expecting 2D arguments: {shapes}")
    if any(shape.as_list()[1] is None for shape in shapes):
        raise ValueError(f"linear expects shape[1] to be provided for shape {shapes}")
    size = [sum(shape.as_list()[1] for shape in shapes), output_size]
    return tf.get_variable("kernel", size, dtype=tensors[0].dtype, initializer=initializer)


def _bias(output_size: int, dtype: Any, initializer: Any) -> Any:
    with tf.variable_scope(tf.get_variable_scope()) as scope:
        scope.set_partitioner(None)
        zeros = tf.constant_initializer(0.0, dtype=dtype)
        return tf.get_variable("bias", [output_size], dtype=dtype, initializer=initializer or zeros)


def _product(tensors: Sequence[Any], kernel: Any) -> Any:
    return tf.matmul(tensors[0] if len(tensors) == 1 else tf.concat(tensors, 1), kernel)


class _Around(_RNNCell):
    """A cell around a cell, whose sizes and zero state are that cell's."""

    _cell: Any

    @property
    def state_size(self) -> Any:
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        with tf.name_scope(f"{type(self).__name__}ZeroState", values=[batch_size]):
            return self._cell.zero_state(batch_size, dtype)


class _Wrapper(_Around):
    """Of a cell that is asserted to be one."""

    def __init__(self, cell: Any, reuse: bool | None) -> None:
        super().__init__(_reuse=reuse)
        if not (hasattr(cell, "output_size") and hasattr(cell, "state_size") and callable(cell)):
            raise TypeError(f"The argument 'cell' ({cell}) is not an RNNCell.")
        self._cell = cell


class InputProjectionWrapper(_Wrapper):
    """The cell, its input projected to `num_proj` first."""

    def __init__(
        self,
        cell: Any,
        num_proj: int,
        activation: Callable[[Any], Any] | None = None,
        input_size: int | None = None,  # TensorFlow 1 took it, and did not look at it
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, reuse)
        self._num_proj, self._activation = num_proj, activation
        self._linear: _Linear | None = None

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        self._linear = self._linear or _Linear(inputs, self._num_proj, True)
        projected = self._linear(inputs)
        return self._cell(self._activation(projected) if self._activation else projected, state)


class OutputProjectionWrapper(_Wrapper):
    """The cell, its output projected to `output_size`."""

    def __init__(
        self,
        cell: Any,
        output_size: int,
        activation: Callable[[Any], Any] | None = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size, self._activation = output_size, activation
        self._linear: _Linear | None = None

    @property
    def output_size(self) -> Any:
        return self._output_size

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        output, new_state = self._cell(inputs, state)
        self._linear = self._linear or _Linear(output, self._output_size, True)
        projected = self._linear(output)
        return (self._activation(projected) if self._activation else projected), new_state


class EmbeddingWrapper(_Wrapper):
    """The cell, fed with the embeddings of the ids that are its input."""

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0: "
                f"{embedding_classes}, {embedding_size}."
            )
        self._shape = [embedding_classes, embedding_size]
        self._initializer = initializer

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        dtype = (state[0] if isinstance(state, tuple) else state).dtype
        limit = math.sqrt(3)  # uniform between these, embeddings have a variance of 1
        initializer = (
            self._initializer
            or tf.get_variable_scope().initializer
            or tf.random_uniform_initializer(-limit, limit)
        )
        with tf.device("/cpu:0"):
            embedding = tf.get_variable("embedding", self._shape, dtype, initializer)
            embedded = tf.nn.embedding_lookup(embedding, tf.reshape(inputs, [-1]))
            return self._cell(embedded, state)


class AttentionCellWrapper(_Wrapper):
    """The cell, which attends to its own last `attn_length` outputs (arXiv:1409.0473, 2.1).

    Its state is the cell's, what it attended to last, and those outputs, flattened.
    """

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        input_size: int | None = None,
        state_is_tuple: bool = True,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, reuse)
        if isinstance(cell.state_size, (list, tuple)) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. "
                f"State size is: {cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        self._length, self._size = attn_length, attn_size or cell.output_size
        self._vec_size = attn_vec_size or self._size
        self._input_size, self._state_is_tuple = input_size, state_is_tuple
        self._linears: dict[str, _Linear] = {}

    @property
    def state_size(self) -> Any:
        sizes = (self._cell.state_size, self._size, self._size * self._length)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> Any:
        return self._size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        return _RNNCell.zero_state(self, batch_size, dtype)

    def call(self, inputs: Any, state: Any) -> tuple[Any, Any]:
        cell_state, attns, past = state if self._state_is_tuple else self._parts(state)
        past = tf.reshape(past, [-1, self._length, self._size])
        input_size = self._input_size or inputs.get_shape().as_list()[1]
        inputs = self._apply("inputs", [inputs, attns], input_size)
        output, new_state = self._cell(inputs, cell_state)
        query = tf.concat(tf.nest.flatten(new_state), 1) if self._state_is_tuple else new_state
        attns, past = self._attend(query, past)
        with tf.variable_scope("attn_output_projection"):
            output = self._apply("output", [output, attns], self._size)
        past = tf.concat([past, tf.expand_dims(output, 1)], 1)
        past = tf.reshape(past, [-1, self._length * self._size])
        states = (new_state, attns, past)
        return output, (states if self._state_is_tuple else tf.concat(states, 1))

    def _parts(self, state: Any) -> list[Any]:
        sizes = [self._cell.state_size, self._size, self._size * self._length]
        starts = [0, sizes[0], sizes[0] + sizes[1]]
        return [tf.slice(state, [0, start], [-1, size]) for start, size in zip(starts, sizes)]

    def _apply(self, name: str, args: Any, size: int) -> Any:
        if name not in self._linears:
            self._linears[name] = _Linear(args, size, True)
        return self._linears[name](args)

    def _attend(self, query: Any, past: Any) -> tuple[Any, Any]:
        with tf.variable_scope("attention"):
            kernel = tf.get_variable("attn_w", [1, 1, self._size, self._vec_size])
            vector = tf.get_variable("attn_v", [self._vec_size])
            hidden = tf.reshape(past, [-1, self._length, 1, self._size])
            features = tf.nn.conv2d(hidden, kernel, [1, 1, 1, 1], "SAME")
            y = self._apply("query", query, self._vec_size)
            y = tf.reshape(y, [-1, 1, 1, self._vec_size])
            weights = tf.nn.softmax(tf.reduce_sum(vector * tf.tanh(features + y), [2, 3]))
            weights = tf.reshape(weights, [-1, self._length, 1, 1])
            attended = tf.reshape(tf.reduce_sum(weights * hidden, [1, 2]), [-1, self._size])
            return attended, tf.slice(past, [0, 1, 0], [-1, -1, -1])
