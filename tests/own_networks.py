"""Networks of a user's own, as TensorFlow 1 code writes them: what the tests train."""

from tf1_dnn.compat import tf


def post(inputs, training, n_outputs):
    """The post's section 1.4 at the size of the tests' data; layers of batch norm have no names."""

    def batch_norm(x):
        return tf.layers.batch_normalization(x, training=training, momentum=0.9)

    def dense(x, units, name, seed):  # the op seeds that TensorFlow 1 gave
        kernel = tf.glorot_uniform_initializer(seed=seed)
        return tf.layers.dense(x, units, name=name, kernel_initializer=kernel)

    hidden1 = tf.nn.elu(batch_norm(dense(inputs, 16, "hidden1", 7)))
    hidden2 = tf.nn.elu(batch_norm(dense(hidden1, 8, "hidden2", 96)))
    return batch_norm(dense(hidden2, n_outputs, "outputs", 185))


def lstm(inputs, n_outputs, image_shape, units=6):
    """An LSTM over the rows of a picture, or over a row of numbers cut into rows of five."""
    width = image_shape[1] if len(image_shape) > 1 else 5
    rows = tf.reshape(inputs, [-1, inputs.shape[1] // width, width])
    cell = tf.nn.rnn_cell.BasicLSTMCell(units)
    outputs, state = tf.nn.dynamic_rnn(cell, rows, dtype=tf.float32)
    return tf.layers.dense(state.h, n_outputs), {"state": state.h}


def plain(inputs, n_outputs, hidden_units, activation):
    """Layers as wide as the options say, of variables made one by one."""
    for i, units in enumerate((*hidden_units, n_outputs)):
        with tf.variable_scope("layer%d" % i):
            kernel = tf.get_variable("kernel", [inputs.shape[1], units])
            bias = tf.get_variable("bias", [units], initializer=tf.zeros_initializer())
        inputs = tf.matmul(inputs, kernel) + bias
        if i < len(hidden_units):
            inputs = getattr(tf.nn, activation)(inputs)
    return inputs
