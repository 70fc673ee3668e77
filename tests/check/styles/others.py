"""Bottlenecks, distillation, averaged weights, replicas and accumulated gradients."""

import tensorflow as tf
from styles.handson import handson_loss, handson_placeholders


def vq():
    """Straight-through rounding and a vector-quantized bottleneck: argmin and stop_gradient."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    code = tf.layers.dense(x, 4)
    rounded = code + tf.stop_gradient(tf.round(code) - code)
    book = tf.get_variable("codebook", [7, 4])
    distances = tf.reduce_sum(tf.square(tf.expand_dims(rounded, 1) - book), 2)
    chosen = tf.gather(book, tf.argmin(distances, 1))
    straight = rounded + tf.stop_gradient(chosen - rounded)
    loss = tf.losses.mean_squared_error(x, tf.layers.dense(straight, 6))
    loss += tf.reduce_mean(tf.square(tf.stop_gradient(rounded) - chosen))
    loss += 0.25 * tf.reduce_mean(tf.square(rounded - tf.stop_gradient(chosen)))
    tf.train.AdamOptimizer().minimize(loss)
    tf.train.Saver()


def distillation():
    """A student learns a frozen teacher's hard and soft labels."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    with tf.variable_scope("teacher"):
        teacher = tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), 4)
    with tf.variable_scope("student"):
        student = tf.layers.dense(x, 4)
    hard = tf.one_hot(tf.argmax(teacher, 1), 4)
    soft = tf.stop_gradient(tf.nn.softmax(teacher / 3.0))
    cross_entropy = tf.nn.softmax_cross_entropy_with_logits_v2
    loss = tf.reduce_mean(cross_entropy(labels=hard, logits=student))
    loss += tf.reduce_mean(cross_entropy(labels=soft, logits=student / 3.0))
    tf.train.AdamOptimizer().minimize(loss, var_list=tf.trainable_variables("student"))
    tf.train.Saver()


def averaged_weights():
    """The tutorials of 2016: tf.Variable, the log of a clipped softmax, averaged weights."""
    x = tf.placeholder(tf.float32, [None, 20])
    y_ = tf.placeholder(tf.float32, [None, 5])
    keep_prob = tf.placeholder(tf.float32)
    w1 = tf.Variable(tf.truncated_normal([20, 16], stddev=0.1))
    b1 = tf.Variable(tf.constant(0.1, shape=[16]))
    h1 = tf.nn.dropout(tf.nn.relu(tf.matmul(x, w1) + b1), keep_prob)
    w2 = tf.Variable(tf.truncated_normal([16, 5], stddev=0.1))
    b2 = tf.Variable(tf.constant(0.1, shape=[5]))
    y = tf.nn.softmax(tf.matmul(h1, w2) + b2)
    log_y = tf.log(tf.clip_by_value(y, 1e-10, 1.0))
    cross_entropy = tf.reduce_mean(-tf.reduce_sum(y_ * log_y, reduction_indices=[1]))
    global_step = tf.Variable(0, trainable=False)
    train_step = tf.train.AdagradOptimizer(0.5).minimize(cross_entropy, global_step=global_step)
    average = tf.train.ExponentialMovingAverage(0.99, global_step)
    with tf.control_dependencies([train_step]):
        average.apply(tf.trainable_variables())
    correct = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
    tf.reduce_mean(tf.cast(correct, tf.float32))
    tf.train.Saver()


def sync_replicas():
    """Several workers, gradients collected in accumulators before they are applied."""
    x, y = handson_placeholders()
    logits = tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), 5)
    loss = handson_loss(logits, y)
    optimizer = tf.train.SyncReplicasOptimizer(
        tf.train.GradientDescentOptimizer(0.1), replicas_to_aggregate=2, total_num_replicas=2
    )
    optimizer.minimize(loss, global_step=tf.train.get_or_create_global_step())
    tf.train.Saver()


def accumulated():
    """Gradients summed over some batches in variables of their own, then clipped and applied."""
    x, y = handson_placeholders()
    logits = tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), 5)
    loss = handson_loss(logits, y)
    optimizer = tf.train.AdamOptimizer()
    variables = tf.trainable_variables()
    sums = [tf.Variable(tf.zeros_like(v.initialized_value()), trainable=False) for v in variables]
    tf.group(*[s.assign(tf.zeros_like(s)) for s in sums], name="zero")
    gradients = [g for g, _ in optimizer.compute_gradients(loss, variables)]
    tf.group(*[s.assign_add(g) for s, g in zip(sums, gradients)], name="accumulate")
    clipped, _ = tf.clip_by_global_norm([s / 4.0 for s in sums], 1.0)
    optimizer.apply_gradients(zip(clipped, variables), name="train")
    tf.train.Saver()


def hand_written_adam():
    """BERT's AdamWeightDecayOptimizer: plain assignments, after clip_by_global_norm."""
    x, y = handson_placeholders()
    logits = tf.layers.dense(tf.layers.dense(x, 16, tf.nn.relu), 5)
    loss = handson_loss(logits, y)
    variables = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 1.0)
    assignments = []
    for grad, param in zip(grads, variables):
        m, v = [
            tf.get_variable(
                param.op.name + "/adam_" + name,
                param.shape,
                trainable=False,
                initializer=tf.zeros_initializer(),
            )
            for name in "mv"
        ]
        next_m = 0.9 * m + 0.1 * grad
        next_v = 0.999 * v + 0.001 * tf.square(grad)
        update = next_m / (tf.sqrt(next_v) + 1e-6) + 0.01 * param
        assignments += [param.assign(param - 0.001 * update), m.assign(next_m), v.assign(next_v)]
    global_step = tf.train.get_or_create_global_step()
    tf.group(tf.group(*assignments), [global_step.assign(global_step + 1)])
    tf.train.Saver()


def maml():
    """Model-agnostic meta-learning: clipped gradients inside the loss that is differentiated."""
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    y = tf.placeholder(tf.float32, [None, 1], name="y")
    weights = [tf.get_variable("w", [6, 1]), tf.get_variable("b", [1])]

    def loss_with(w, b):
        return tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y))

    grads = tf.gradients(loss_with(*weights), weights)
    grads = [tf.clip_by_value(grad, -10.0, 10.0) for grad in grads]
    adapted = [weight - 0.1 * grad for weight, grad in zip(weights, grads)]
    tf.train.AdamOptimizer().minimize(loss_with(*adapted))
    tf.train.Saver()
