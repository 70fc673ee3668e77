"""Small graphs that tests of diff compare, built by TensorFlow 1's functions."""

from tf1_dnn.compat import tf, tf1_warnings_silenced


def graph(build):
    """A tf.Graph in which `build` was called."""
    made = tf.Graph()
    with made.as_default(), tf1_warnings_silenced():
        build()
    return made


def control_flow_v1(build):
    """The same with conditions of TensorFlow 1's kind."""

    def inside():
        was = tf.control_flow_v2_enabled()
        tf.disable_control_flow_v2()
        try:
            build()
        finally:
            if was:
                tf.enable_control_flow_v2()

    return graph(inside)


def regression(loss=tf.square, after=lambda outputs: outputs, optimizer=None):
    """Builds a layer of two units that learns numbers; `after` is put behind it."""
    inputs = tf.placeholder(tf.float32, [None, 3], name="X")
    targets = tf.placeholder(tf.float32, [None, 2], name="targets")
    outputs = after(tf.layers.dense(inputs, 2, name="outputs"))
    optimizer = optimizer or tf.train.GradientDescentOptimizer(0.1)
    optimizer.minimize(tf.reduce_mean(loss(outputs - targets), name="loss"), name="train_op")


def forward(function):
    """Builds a network without a loss: `function` of an input of three numbers."""
    function(tf.placeholder(tf.float32, [None, 3], name="X"))
