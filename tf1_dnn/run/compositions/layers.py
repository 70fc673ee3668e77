"""Layers of tf.layers and tf.keras, which are the same, as TensorFlow 1 composed them."""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace

Function = Callable[..., Any]


def restore() -> None:
    """Restore convolutions, Flatten, fused batch norm, look-ups and the masks in RNN cells."""
    from tensorflow.python.ops import nn_impl, resource_variable_ops
    from tf_keras.src.layers import normalization
    from tf_keras.src.layers.convolutional import base_conv, conv2d_transpose
    from tf_keras.src.layers.reshaping import flatten
    from tf_keras.src.layers.rnn import dropout_rnn_cell_mixin

    replace.method(base_conv.Conv, "build", _convolution_build)
    replace.method(conv2d_transpose.Conv2DTranspose, "call", _transposed_convolution)
    replace.method(flatten.Flatten, "call", _flatten)
    replace.everywhere(nn_impl, "fused_batch_norm", _moments_of_batch(nn_impl.fused_batch_norm))
    batch_norm = normalization.batch_normalization.BatchNormalizationBase
    replace.method(batch_norm, "_fused_batch_norm", _fused_batch_norm)
    replace.method(resource_variable_ops.BaseResourceVariable, "sparse_read", _sparse_read)
    cell = dropout_rnn_cell_mixin.DropoutRNNCellMixin
    for name in ("dropout", "recurrent_dropout"):
        replace.method(cell, f"_create_{name}_mask", _rnn_mask(name))


@replace.in_graphs
def _convolution_build(todays: Function) -> Function:
    def build(self: Any, input_shape: Any) -> None:
        """The layer kept its dilation as a tensor."""
        import tensorflow.compat.v1 as tf

        todays(self, input_shape)
        if set(self.dilation_rate) == {1}:  # others become a tensor today, too
            tf.convert_to_tensor(self.dilation_rate, tf.int32, name="dilation_rate")

    return build


@replace.in_graphs
def _transposed_convolution(_: Function) -> Function:
    def call(self: Any, inputs: Any) -> Any:
        """The output's height and width were computed in the graph, even if they were known."""
        import tensorflow.compat.v1 as tf
        from tf_keras.src import backend
        from tf_keras.src.utils import conv_utils

        first = self.data_format == "channels_first"
        shape = tf.shape(inputs)
        batch_size, *sizes = [shape[axis] for axis in ((0, 2, 3) if first else (0, 1, 2))]
        paddings = self.output_padding or (None, None)
        sizes = [
            conv_utils.deconv_output_length(
                size, kernel, self.padding, output_padding=padding, stride=stride, dilation=dilation
            )
            for size, kernel, padding, stride, dilation in zip(
                sizes, self.kernel_size, paddings, self.strides, self.dilation_rate
            )
        ]
        shape = (batch_size, self.filters, *sizes) if first else (batch_size, *sizes, self.filters)
        outputs = backend.conv2d_transpose(
            inputs,
            self.kernel,
            tf.stack(shape),
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        if self.use_bias:
            data_format = conv_utils.convert_data_format(self.data_format, ndim=4)
            outputs = tf.nn.bias_add(outputs, self.bias, data_format=data_format)
        return outputs if self.activation is None else self.activation(outputs)

    return call


@replace.in_graphs
def _flatten(_: Function) -> Function:
    def call(self: Any, inputs: Any) -> Any:
        """The batch's size was taken from the graph, the rest left to tf.reshape."""
        import tensorflow.compat.v1 as tf

        rank = inputs.shape.rank
        if self._channels_first and rank is not None and rank > 1:
            inputs = tf.transpose(inputs, [0, *range(2, rank), 1])
        batch_size = tf.dimension_value(inputs.shape[0]) or tf.shape(inputs)[0]
        outputs = tf.reshape(inputs, (batch_size, -1))
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs

    return call


@replace.in_graphs
def _fused_batch_norm(todays: Function) -> Function:
    def fused_batch_norm(self: Any, inputs: Any, mask: Any, training: Any) -> Any:
        """The momentum became a tensor also where no update wanted it."""
        import tensorflow.compat.v1 as tf
        from tf_keras.src.utils import control_flow_util

        outputs = todays(self, inputs, mask, training)
        if control_flow_util.constant_value(training) is False:
            tf.convert_to_tensor(self.momentum)
        return outputs

    return fused_batch_norm


def _moments_of_batch(todays: Function) -> Function:
    def fused_batch_norm(
        x: Any,
        scale: Any,
        offset: Any,
        mean: Any = None,
        variance: Any = None,
        epsilon: float = 0.001,
        data_format: str = "NHWC",
        is_training: bool = True,
        name: str | None = None,
        exponential_avg_factor: float | None = 1.0,
    ) -> Any:
        """As tf.nn.fused_batch_norm: training wants no moving moments, and reads none."""
        if is_training is True and exponential_avg_factor in (1.0, None):
            mean, variance, exponential_avg_factor = None, None, 1.0
        options = dict(is_training=is_training, exponential_avg_factor=exponential_avg_factor)
        return todays(x, scale, offset, mean, variance, epsilon, data_format, name=name, **options)

    return fused_batch_norm


@replace.in_graphs
def _sparse_read(todays: Function) -> Function:
    def sparse_read(self: Any, indices: Any, name: str | None = None) -> Any:
        """Rows of a resource variable, through an identity."""
        import tensorflow.compat.v1 as tf

        return tf.identity(todays(self, indices, name))

    return sparse_read


def _rnn_mask(rate_name: str) -> Callable[[Function], Function]:
    def make(_: Function) -> Function:
        def create_mask(self: Any, inputs: Any, training: Any, count: int = 1) -> Any:
            """Masks for an RNN cell's gates, their seeds drawn from NumPy."""
            import tensorflow.compat.v1 as tf
            from tf_keras.src import backend

            ones, rate = tf.ones_like(inputs), getattr(self, rate_name)

            def dropped() -> Any:
                return backend.dropout(ones, rate)

            masks = [backend.in_train_phase(dropped, ones, training) for _ in range(count)]
            return masks if count > 1 else masks[0]

        return create_mask

    return make
