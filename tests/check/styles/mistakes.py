"""Networks with one planted mistake each, as people make them; MISTAKES has the rule that tells.

TensorFlow 1.15.5 builds them without a word.
"""

import tensorflow as tf

MISTAKES = {}


def mistake(rule):
    """Register a function that builds a graph with a mistake of this rule."""

    def register(build):
        MISTAKES[build.__name__] = rule, build
        return build

    return register


def weight(*shape, deviation=0.1):
    return tf.Variable(tf.truncated_normal(shape, stddev=deviation))


def bias(units):
    return tf.Variable(tf.zeros([units]))


def mlp(x, sizes, act=tf.nn.relu):
    """Logits of dense layers of these sizes, of raw variables."""
    n = x.shape[1].value
    for i, u in enumerate(sizes[:-1]):
        x = act(tf.matmul(x, weight(n, u)) + bias(u))
        n = u
    return tf.matmul(x, weight(n, sizes[-1])) + bias(sizes[-1])


def io(n=20, c=5):
    """Placeholders of n inputs and c labels."""
    return (tf.placeholder(tf.float32, [None, n], "x"), tf.placeholder(tf.float32, [None, c], "y"))


@mistake("LS001")
def softmax_twice():
    """A softmax fed to softmax_cross_entropy_with_logits_v2."""
    x, y = io()
    p = tf.nn.softmax(mlp(x, [16, 5]))
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=p))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS001")
def sigmoid_twice():
    """A sigmoid fed to sigmoid_cross_entropy_with_logits."""
    x, y = io()
    p = tf.sigmoid(mlp(x, [16, 5]))
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=p))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS001")
def losses_softmax():
    """A softmax output layer fed to tf.losses.softmax_cross_entropy."""
    x, y = io()
    p = tf.layers.dense(x, 5, activation=tf.nn.softmax)
    loss = tf.losses.softmax_cross_entropy(y, p)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS001")
def relu_logits():
    """A ReLU on the logits."""
    x, y = io()
    h = tf.layers.dense(x, 16, tf.nn.relu)
    p = tf.layers.dense(h, 5, tf.nn.relu)
    loss = tf.losses.softmax_cross_entropy(y, p)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS002")
def log_softmax_bare():
    """The logarithm of a softmax, bare."""
    x, y = io()
    p = tf.nn.softmax(mlp(x, [16, 5]))
    loss = tf.reduce_mean(-tf.reduce_sum(y * tf.log(p), 1))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS002")
def log_sigmoid_bare():
    """Binary cross-entropy by hand, bare."""
    x, y = io(20, 1)
    p = tf.sigmoid(mlp(x, [16, 1]))
    loss = -tf.reduce_mean(y * tf.log(p) + (1 - y) * tf.log(1 - p))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS002")
def log_quotient():
    """A softmax by hand, and its logarithm."""
    x, y = io()
    e = tf.exp(mlp(x, [16, 5]))
    p = e / tf.reduce_sum(e, 1, keep_dims=True)
    loss = -tf.reduce_mean(y * tf.log(p))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS002")
def picked():
    """A policy gradient of picked probabilities, bare."""
    x, _ = io()
    a = tf.placeholder(tf.int32, [None])
    adv = tf.placeholder(tf.float32, [None])
    p = tf.nn.softmax(mlp(x, [16, 5]))
    q = tf.reduce_sum(p * tf.one_hot(a, 5), 1)
    loss = -tf.reduce_mean(tf.log(q) * adv)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS002")
def distance():
    """A distance per example without an epsilon."""
    x, y = io()
    a = mlp(x, [16, 8])
    b = mlp(y, [16, 8])
    loss = tf.reduce_mean(tf.sqrt(tf.reduce_sum(tf.square(a - b), 1)))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS002")
def relu_shares():
    """Shares of a ReLU's sum, which may be 0."""
    x, y = io()
    h = mlp(x, [16, 5])
    h = tf.nn.relu(h)
    p = h / tf.reduce_sum(h, 1, keep_dims=True)
    loss = tf.reduce_mean(tf.square(p - y))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS004")
def mean_of_predictions():
    """The outputs' mean over the batch against labels."""
    x, y = io()
    p = tf.reduce_mean(mlp(x, [16, 5]), 0)
    loss = tf.reduce_mean(tf.square(p - y))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS003")
def broadcast():
    """Labels [N] against outputs [N, 1]."""
    x, _ = io()
    y = tf.placeholder(tf.float32, [None])
    p = mlp(x, [16, 1])
    loss = tf.reduce_mean(tf.squared_difference(p, y))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS003")
def broadcast_pg():
    """Cross-entropies [N] times advantages [N, 1]."""
    x, _ = io()
    a = tf.placeholder(tf.int32, [None])
    adv = tf.placeholder(tf.float32, [None, 1])
    negative_logs = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=a, logits=mlp(x, [16, 5]))
    loss = tf.reduce_mean(negative_logs * adv)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS004")
def one_class():
    """A softmax cross-entropy of one class."""
    x, y = io(20, 1)
    loss = tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=mlp(x, [16, 1]))
    )
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS004")
def argmax0():
    """tf.argmax without an axis."""
    x, y = io()
    z = mlp(x, [16, 5])
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(z), tf.argmax(y)), tf.float32))


@mistake("LS004")
def softmax0():
    """A softmax over the batch."""
    x, y = io()
    p = tf.nn.softmax(mlp(x, [16, 5]), axis=0)
    loss = -tf.reduce_mean(y * tf.log(p + 1e-08))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS004")
def softmax_1():
    """A softmax of one output."""
    x, y = io(20, 1)
    p = tf.nn.softmax(mlp(x, [16, 1]))
    loss = tf.reduce_mean(tf.square(p - y))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS005")
def maximized():
    """Minus the cross-entropy is minimized."""
    x, y = io()
    loss = -tf.reduce_mean(
        tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=mlp(x, [16, 5]))
    )
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS005")
def maximized_log():
    """Cross-entropy by hand without its minus."""
    x, y = io()
    p = tf.nn.softmax(mlp(x, [16, 5]))
    loss = tf.reduce_mean(tf.reduce_sum(y * tf.log(p + 1e-08), 1))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS005")
def maximized_mse():
    """Minus the squared error is minimized."""
    x, y = io(20, 1)
    loss = -tf.reduce_mean(tf.square(y - mlp(x, [16, 1])))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("LS006")
def mse_softmax():
    """Squared error of a softmax."""
    x, y = io()
    loss = tf.losses.mean_squared_error(y, tf.nn.softmax(mlp(x, [16, 5])))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("WT001")
def zeros():
    """Zeros everywhere under ReLUs."""
    x, y = io()
    h = tf.nn.relu(tf.matmul(x, tf.Variable(tf.zeros([20, 16]))) + bias(16))
    z = tf.matmul(h, tf.Variable(tf.zeros([16, 5]))) + bias(5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("WT001")
def ones_sigmoid():
    """Ones everywhere under sigmoids."""
    x, y = io()
    h = tf.sigmoid(tf.matmul(x, tf.Variable(tf.ones([20, 16]))) + bias(16))
    z = tf.matmul(h, tf.Variable(tf.ones([16, 5]))) + bias(5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("WT001")
def zeros_tanh_layers():
    """Zeros everywhere, by tf.layers."""
    x, y = io()
    h = tf.layers.dense(x, 16, tf.nn.tanh, kernel_initializer=tf.zeros_initializer())
    z = tf.layers.dense(h, 5, kernel_initializer=tf.zeros_initializer())
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("WT001")
def conv_const():
    """Constant kernels of convolutions."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    y = tf.placeholder(tf.int32, [None])
    c = tf.constant_initializer(0.1)
    h = tf.layers.conv2d(x, 8, 3, activation=tf.nn.relu, kernel_initializer=c)
    h = tf.layers.conv2d(h, 8, 3, activation=tf.nn.relu, kernel_initializer=c)
    z = tf.layers.dense(tf.layers.flatten(h), 5, kernel_initializer=c)
    loss = tf.losses.sparse_softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("WT002")
def random_normal():
    """tf.random_normal of deviation 1."""
    x = tf.placeholder(tf.float32, [None, 784])
    y = tf.placeholder(tf.float32, [None, 10])
    n = 784
    for u in (256, 256):
        x = tf.nn.relu(
            tf.add(
                tf.matmul(x, tf.Variable(tf.random_normal([n, u]))),
                tf.Variable(tf.random_normal([u])),
            )
        )
        n = u
    z = tf.matmul(x, tf.Variable(tf.random_normal([n, 10]))) + tf.Variable(tf.random_normal([10]))
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("WT002")
def tiny():
    """Deviations of 0.001 in four layers."""
    x = tf.placeholder(tf.float32, [None, 784])
    y = tf.placeholder(tf.float32, [None, 10])
    h = x
    n = 784
    for u in (100, 100, 100):
        h = tf.nn.relu(tf.matmul(h, weight(n, u, deviation=0.001)) + bias(u))
        n = u
    z = tf.matmul(h, weight(n, 10, deviation=0.001)) + bias(10)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("WT003")
def same_seed():
    """One seed for three layers."""
    x, y = io(16)
    h = x
    for i in range(3):
        h = tf.nn.relu(
            tf.matmul(h, tf.Variable(tf.truncated_normal([16, 16], stddev=0.1, seed=1))) + bias(16)
        )
    z = tf.matmul(h, weight(16, 5)) + bias(5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("NW001")
def no_activation():
    """Dense layers without activations."""
    x, y = io()
    z = mlp(x, [64, 32, 5], act=lambda t: t)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("NW001")
def no_activation_conv():
    """A convolution without activation before another."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    y = tf.placeholder(tf.int32, [None])
    h = tf.layers.conv2d(x, 8, 3)
    h = tf.layers.conv2d(h, 16, 3)
    h = tf.nn.relu(h)
    z = tf.layers.dense(tf.layers.flatten(h), 5)
    loss = tf.losses.sparse_softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("NW001")
def conv_then_dense():
    """A convolution without activation before the output layer."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    y = tf.placeholder(tf.int32, [None])
    h = tf.layers.conv2d(x, 8, 3, activation=tf.nn.relu)
    h = tf.layers.conv2d(h, 16, 3)
    z = tf.layers.dense(tf.layers.flatten(h), 5)
    loss = tf.losses.sparse_softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("NW002")
def relu_softmax():
    """A softmax of a ReLU."""
    x, y = io()
    p = tf.nn.softmax(tf.layers.dense(x, 5, tf.nn.relu))
    loss = -tf.reduce_mean(y * tf.log(p + 1e-08))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("NW002")
def sig_tanh():
    """A tanh of a sigmoid."""
    x, y = io(20, 1)
    h = tf.tanh(tf.sigmoid(tf.matmul(x, weight(20, 16)) + bias(16)))
    loss = tf.reduce_mean(tf.square(tf.matmul(h, weight(16, 1)) - y))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("NW003")
def dropout_const():
    """tf.nn.dropout by a constant."""
    x, y = io()
    h = tf.nn.dropout(tf.layers.dense(x, 16, tf.nn.relu), 0.5)
    z = tf.layers.dense(h, 5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)
    tf.equal(tf.argmax(z, 1), tf.argmax(y, 1))


@mistake("NW003")
def dropout_training_true():
    """tf.layers.dropout with training=True."""
    x, y = io()
    h = tf.layers.dropout(tf.layers.dense(x, 16, tf.nn.relu), 0.5, training=True)
    z = tf.layers.dense(h, 5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)
    tf.equal(tf.argmax(z, 1), tf.argmax(y, 1))


@mistake("NW003")
def dropout_off():
    """tf.layers.dropout without training=."""
    x, y = io()
    h = tf.layers.dropout(tf.layers.dense(x, 16, tf.nn.relu), 0.5)
    z = tf.layers.dense(h, 5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)
    tf.equal(tf.argmax(z, 1), tf.argmax(y, 1))


@mistake("NW004")
def keep_rate():
    """tf.nn.dropout(h, 0.2), which keeps 0.2."""
    x, y = io()
    h = tf.nn.dropout(tf.layers.dense(x, 16, tf.nn.relu), 0.2)
    z = tf.layers.dense(h, 5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("NW005")
def dropout_bn():
    """Dropout just before batch norm."""
    x, y = io()
    t = tf.placeholder(tf.bool)
    h = tf.layers.dense(x, 16, tf.nn.relu)
    h = tf.layers.dropout(h, 0.5, training=t)
    h = tf.layers.batch_normalization(h, training=t)
    z = tf.layers.dense(h, 5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    with tf.control_dependencies(tf.get_collection("update_ops")):
        tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("NW006")
def relu_out():
    """A ReLU on the output of a regression."""
    x, y = io(20, 1)
    p = tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), 1, tf.nn.relu)
    loss = tf.losses.mean_squared_error(y, p)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("TR001")
def reg():
    """Regularizers whose losses nobody adds."""
    x, y = io()
    r = tf.contrib.layers.l2_regularizer(0.1)
    z = tf.layers.dense(
        tf.layers.dense(x, 16, tf.nn.relu, kernel_regularizer=r), 5, kernel_regularizer=r
    )
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=z))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("TR002")
def lr0():
    """A learning rate of 0."""
    x, y = io()
    loss = tf.losses.softmax_cross_entropy(y, mlp(x, [16, 5]))
    tf.train.AdamOptimizer(0.0).minimize(loss)


@mistake("TR002")
def lr_big():
    """Adam's learning rate of 10."""
    x, y = io()
    loss = tf.losses.softmax_cross_entropy(y, mlp(x, [16, 5]))
    tf.train.AdamOptimizer(10.0).minimize(loss)


@mistake("TR003")
def decay():
    """A decay by a counter that nobody increments."""
    x, y = io()
    loss = tf.losses.softmax_cross_entropy(y, mlp(x, [16, 5]))
    g = tf.Variable(0, trainable=False)
    tf.train.AdamOptimizer(tf.train.exponential_decay(0.1, g, 100, 0.9, staircase=True)).minimize(
        loss
    )


@mistake("TR003")
def piecewise():
    """Pieces by a counter that nobody increments."""
    x, y = io()
    loss = tf.losses.softmax_cross_entropy(y, mlp(x, [16, 5]))
    g = tf.Variable(0, trainable=False)
    tf.train.GradientDescentOptimizer(
        tf.train.piecewise_constant(g, [10, 20], [0.1, 0.01, 0.001])
    ).minimize(loss)


@mistake("TR004")
def gan():
    """A GAN without var_list."""
    z = tf.placeholder(tf.float32, [None, 8])
    x = tf.placeholder(tf.float32, [None, 20])

    def D(t):
        with tf.variable_scope("D", reuse=tf.AUTO_REUSE):
            return tf.layers.dense(tf.layers.dense(t, 16, tf.nn.leaky_relu), 1)

    with tf.variable_scope("G"):
        f = tf.layers.dense(tf.layers.dense(z, 16, tf.nn.relu), 20, tf.nn.tanh)
    s = tf.nn.sigmoid_cross_entropy_with_logits
    dr, df = (D(x), D(f))
    dl = tf.reduce_mean(
        s(labels=tf.ones_like(dr), logits=dr) + s(labels=tf.zeros_like(df), logits=df)
    )
    gl = tf.reduce_mean(s(labels=tf.ones_like(df), logits=df))
    tf.train.AdamOptimizer(0.001).minimize(dl)
    tf.train.AdamOptimizer(0.001).minimize(gl)


@mistake("TR004")
def gan_one():
    """A GAN whose generator has no var_list."""
    z = tf.placeholder(tf.float32, [None, 8])
    x = tf.placeholder(tf.float32, [None, 20])

    def D(t):
        with tf.variable_scope("discriminator", reuse=tf.AUTO_REUSE):
            return tf.layers.dense(tf.layers.dense(t, 16, tf.nn.leaky_relu), 1)

    with tf.variable_scope("generator"):
        f = tf.layers.dense(tf.layers.dense(z, 16, tf.nn.relu), 20, tf.nn.tanh)
    s = tf.nn.sigmoid_cross_entropy_with_logits
    dr, df = (D(x), D(f))
    dl = tf.reduce_mean(
        s(labels=tf.ones_like(dr), logits=dr) + s(labels=tf.zeros_like(df), logits=df)
    )
    gl = tf.reduce_mean(s(labels=tf.ones_like(df), logits=df))
    tf.train.AdamOptimizer(0.001).minimize(dl, var_list=tf.trainable_variables("discriminator"))
    tf.train.AdamOptimizer(0.001).minimize(gl)


@mistake("TR005")
def ema():
    """Averages of weights for nobody."""
    x, y = io()
    loss = tf.losses.softmax_cross_entropy(y, mlp(x, [16, 5]))
    t = tf.train.AdamOptimizer(0.001).minimize(loss)
    e = tf.train.ExponentialMovingAverage(0.99)
    with tf.control_dependencies([t]):
        e.apply(tf.trainable_variables())


@mistake("GR004")
def cell_twice():
    """A cell of tf.layers run twice."""
    for i in range(2):
        x = tf.placeholder(tf.float32, [None, 20], "X")
        y = tf.placeholder(tf.int32, [None], "y")
        with tf.name_scope("dnn"):
            h = tf.layers.dense(x, 16, tf.nn.relu, name=None)
            z = tf.layers.dense(h, 5)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("GR004")
def cell_twice_whole():
    """A cell of raw variables run twice."""
    for i in range(2):
        x = tf.placeholder(tf.float32, [None, 20], "X")
        y = tf.placeholder(tf.int32, [None], "y")
        z = mlp(x, [16, 5])
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=z))
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("GR005")
def saver_early():
    """A Saver before the output layer."""
    x, y = io()
    h = tf.layers.dense(x, 16, tf.nn.relu)
    tf.train.Saver()
    z = tf.layers.dense(h, 5)
    loss = tf.losses.softmax_cross_entropy(y, z)
    tf.train.AdamOptimizer(0.001).minimize(loss)


@mistake("GR006")
def unread():
    """A keep probability that is never handed on."""
    x, y = io()
    tf.placeholder(tf.float32)
    loss = tf.losses.softmax_cross_entropy(y, mlp(x, [16, 5]))
    tf.train.AdamOptimizer(0.001).minimize(loss)
