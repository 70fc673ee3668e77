"""Networks as tutorials and papers of 2016 to 2019 build them: nothing in them is a mistake."""

import numpy as np
import tensorflow as tf


def weight(shape, stddev=0.1):
    return tf.Variable(tf.truncated_normal(shape, stddev=stddev))


def bias(shape, value=0.1):
    return tf.Variable(tf.constant(value, shape=shape))


def mnist_experts():
    """TensorFlow's own "Deep MNIST for Experts": two convolutions, dropout by a placeholder."""
    x = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None, 10])
    keep_prob = tf.placeholder(tf.float32)
    h = tf.reshape(x, [-1, 28, 28, 1])
    for n_in, n_out in [(1, 32), (32, 64)]:
        h = tf.nn.conv2d(h, weight([5, 5, n_in, n_out]), [1, 1, 1, 1], "SAME") + bias([n_out])
        h = tf.nn.max_pool(tf.nn.relu(h), [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.reshape(h, [-1, 7 * 7 * 64])
    h = tf.nn.relu(tf.matmul(h, weight([7 * 7 * 64, 1024])) + bias([1024]))
    h = tf.nn.dropout(h, keep_prob)
    y = tf.matmul(h, weight([1024, 10])) + bias([10])
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y))
    tf.train.AdamOptimizer(1e-4).minimize(loss)
    correct = tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1))
    tf.reduce_mean(tf.cast(correct, tf.float32))


def softmax_regression():
    """One layer of zeros, as "MNIST for beginners" has it, with the clipped logarithm."""
    x = tf.placeholder(tf.float32, [None, 784])
    y_ = tf.placeholder(tf.float32, [None, 10])
    y = tf.nn.softmax(tf.matmul(x, tf.Variable(tf.zeros([784, 10]))) + tf.Variable(tf.zeros([10])))
    logs = tf.log(tf.clip_by_value(y, 1e-10, 1.0))
    loss = tf.reduce_mean(-tf.reduce_sum(y_ * logs, reduction_indices=[1]))
    tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    tf.reduce_mean(tf.cast(tf.equal(tf.argmax(y, 1), tf.argmax(y_, 1)), tf.float32))


def linear_regression():
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    w, b = tf.Variable(np.random.randn(), dtype=tf.float32), tf.Variable(0.0)
    loss = tf.reduce_sum(tf.square(x * w + b - y)) / (2 * 17)
    tf.train.GradientDescentOptimizer(0.01).minimize(loss)


def vae():
    """A variational autoencoder: Bernoulli outputs, the reparametrization, KL in closed form."""
    x = tf.placeholder(tf.float32, [None, 784])
    h = tf.layers.dense(x, 256, tf.nn.elu)
    mean, log_var = tf.layers.dense(h, 16), tf.layers.dense(h, 16)
    z = mean + tf.exp(0.5 * log_var) * tf.random_normal(tf.shape(mean))
    logits = tf.layers.dense(tf.layers.dense(z, 256, tf.nn.elu), 784)
    xentropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    reconstruction = tf.reduce_sum(xentropy, 1)
    latent = 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mean) - 1 - log_var, 1)
    elbo = -tf.reduce_mean(reconstruction + latent)
    tf.train.AdamOptimizer(1e-3).minimize(-elbo)
    tf.nn.sigmoid(logits, name="images")


def autoencoder():
    """Sigmoid outputs against the inputs themselves, by squared error; a linear bottleneck."""
    x = tf.placeholder(tf.float32, [None, 64])
    code = tf.layers.dense(tf.layers.dense(x, 32, tf.nn.sigmoid), 4)
    decoded = tf.layers.dense(tf.layers.dense(code, 32, tf.nn.sigmoid), 64, tf.nn.sigmoid)
    loss = tf.reduce_mean(tf.square(x - decoded))
    tf.train.RMSPropOptimizer(0.01).minimize(loss)


def pca_autoencoder():
    """Hands-On, chapter 15: PCA by a linear autoencoder."""
    x = tf.placeholder(tf.float32, [None, 3])
    outputs = tf.layers.dense(tf.layers.dense(x, 2), 3)
    tf.train.AdamOptimizer(0.01).minimize(tf.reduce_mean(tf.square(outputs - x)))


def attention():
    """One block of a transformer: heads, residual sums, layer normalization, feed-forward."""
    tokens = tf.placeholder(tf.int32, [None, 12])
    labels = tf.placeholder(tf.int32, [None])
    training = tf.placeholder_with_default(False, [])
    table = tf.get_variable("embeddings", [100, 32])
    h = tf.nn.embedding_lookup(table, tokens) + tf.get_variable("positions", [12, 32])

    def heads(values):
        split = tf.reshape(tf.layers.dense(values, 32, use_bias=False), [-1, 12, 4, 8])
        return tf.transpose(split, [0, 2, 1, 3])

    def normalized(values):
        mean, variance = tf.nn.moments(values, [-1], keep_dims=True)
        return (values - mean) * tf.rsqrt(variance + 1e-6)

    q, k, v = heads(h), heads(h), heads(h)
    weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / np.sqrt(8.0))
    weights = tf.layers.dropout(weights, 0.1, training=training)
    mixed = tf.reshape(tf.transpose(tf.matmul(weights, v), [0, 2, 1, 3]), [-1, 12, 32])
    h = normalized(h + tf.layers.dense(mixed, 32))
    h = normalized(h + tf.layers.dense(tf.layers.dense(h, 64, tf.nn.relu), 32))
    logits = tf.layers.dense(tf.reduce_mean(h, 1), 5)
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    tf.train.AdamOptimizer(1e-3).minimize(tf.reduce_mean(xentropy))


def seq2seq():
    """An encoder and a decoder of LSTM cells with attention, masked loss."""
    source = tf.placeholder(tf.int32, [None, None])
    target = tf.placeholder(tf.int32, [None, None])
    lengths = tf.placeholder(tf.int32, [None])
    table = tf.get_variable("embeddings", [50, 16])
    with tf.variable_scope("encoder"):
        cell = tf.nn.rnn_cell.LSTMCell(16)
        memory, state = tf.nn.dynamic_rnn(
            cell, tf.nn.embedding_lookup(table, source), lengths, dtype=tf.float32
        )
    with tf.variable_scope("decoder"):
        mechanism = tf.contrib.seq2seq.BahdanauAttention(16, memory, lengths)
        cell = tf.contrib.seq2seq.AttentionWrapper(tf.nn.rnn_cell.LSTMCell(16), mechanism, 16)
        first = cell.zero_state(tf.shape(source)[0], tf.float32).clone(cell_state=state)
        helper = tf.contrib.seq2seq.TrainingHelper(tf.nn.embedding_lookup(table, target), lengths)
        decoder = tf.contrib.seq2seq.BasicDecoder(
            cell, helper, first, tf.layers.Dense(50, use_bias=False)
        )
        outputs, _, _ = tf.contrib.seq2seq.dynamic_decode(decoder)
    mask = tf.sequence_mask(lengths, dtype=tf.float32)
    loss = tf.contrib.seq2seq.sequence_loss(outputs.rnn_output, target, mask)
    optimizer = tf.train.AdamOptimizer(1e-3)
    gradients, variables = zip(*optimizer.compute_gradients(loss))
    gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
    optimizer.apply_gradients(zip(gradients, variables))


def unet():
    """Down, up again by transposed convolutions, skips; a class for each pixel."""
    x = tf.placeholder(tf.float32, [None, 16, 16, 3])
    y = tf.placeholder(tf.int32, [None, 16, 16])
    training = tf.placeholder(tf.bool)

    def block(h, n):
        h = tf.layers.conv2d(h, n, 3, padding="same", use_bias=False)
        return tf.nn.relu(tf.layers.batch_normalization(h, training=training))

    down1 = block(x, 8)
    down2 = block(tf.layers.max_pooling2d(down1, 2, 2), 16)
    up = tf.layers.conv2d_transpose(down2, 8, 2, 2)
    logits = tf.layers.conv2d(block(tf.concat([up, down1], 3), 8), 4, 1)
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.AdamOptimizer(1e-3).minimize(tf.reduce_mean(xentropy))
    tf.argmax(logits, axis=3)


def word2vec():
    """Skip-gram by noise-contrastive estimation, similarity by normalized embeddings."""
    words = tf.placeholder(tf.int32, [128])
    contexts = tf.placeholder(tf.int32, [128, 1])
    embeddings = tf.Variable(tf.random_uniform([500, 32], -1.0, 1.0))
    nce_weights = tf.Variable(tf.truncated_normal([500, 32], stddev=1.0 / np.sqrt(32)))
    loss = tf.reduce_mean(
        tf.nn.nce_loss(
            weights=nce_weights,
            biases=tf.Variable(tf.zeros([500])),
            labels=contexts,
            inputs=tf.nn.embedding_lookup(embeddings, words),
            num_sampled=16,
            num_classes=500,
        )
    )
    tf.train.GradientDescentOptimizer(1.0).minimize(loss)
    norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keep_dims=True))
    tf.matmul(embeddings / norm, embeddings / norm, transpose_b=True)


def siamese():
    """Two pictures through one network, contrastive loss of a guarded distance."""
    left, right = (tf.placeholder(tf.float32, [None, 64]) for _ in range(2))
    same = tf.placeholder(tf.float32, [None])

    def network(h):
        with tf.variable_scope("network", reuse=tf.AUTO_REUSE):
            return tf.layers.dense(tf.layers.dense(h, 32, tf.nn.relu, name="one"), 8, name="two")

    squares = tf.reduce_sum(tf.square(network(left) - network(right)), 1)
    distance = tf.sqrt(squares + 1e-9)
    loss = same * squares + (1 - same) * tf.square(tf.maximum(1.0 - distance, 0.0))
    tf.train.AdamOptimizer(1e-3).minimize(tf.reduce_mean(loss))


def triplets():
    """All distances of a batch to all, with a margin."""
    x = tf.placeholder(tf.float32, [None, 16])
    labels = tf.placeholder(tf.int32, [None])
    embedded = tf.nn.l2_normalize(tf.layers.dense(x, 8), 1)
    dots = tf.matmul(embedded, embedded, transpose_b=True)
    norms = tf.diag_part(dots)
    distances = tf.maximum(tf.expand_dims(norms, 1) - 2.0 * dots + tf.expand_dims(norms, 0), 0.0)
    alike = tf.cast(tf.equal(labels[:, None], labels[None, :]), tf.float32)
    hardest = tf.reduce_max(alike * distances, 1) - tf.reduce_min(distances + 10.0 * alike, 1)
    tf.train.AdamOptimizer(1e-3).minimize(tf.reduce_mean(tf.nn.softplus(hardest)))


def actor_critic():
    """Advantage actor-critic with one train op: log-softmax, entropy, squared advantage."""
    states = tf.placeholder(tf.float32, [None, 4])
    actions = tf.placeholder(tf.int32, [None])
    returns = tf.placeholder(tf.float32, [None])
    h = tf.layers.dense(states, 32, tf.nn.tanh)
    logits, values = tf.layers.dense(h, 2), tf.squeeze(tf.layers.dense(h, 1), 1)
    negative_logs = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=actions, logits=logits)
    advantages = returns - values
    probabilities = tf.nn.softmax(logits)
    entropy = -tf.reduce_sum(probabilities * tf.nn.log_softmax(logits), 1)
    policy_loss = tf.reduce_mean(tf.stop_gradient(advantages) * negative_logs)
    loss = (
        policy_loss + 0.5 * tf.reduce_mean(tf.square(advantages)) - 0.01 * tf.reduce_mean(entropy)
    )
    tf.train.RMSPropOptimizer(7e-4).minimize(loss)


def crf():
    """A bidirectional LSTM with a conditional random field."""
    tokens = tf.placeholder(tf.int32, [None, None])
    tags = tf.placeholder(tf.int32, [None, None])
    lengths = tf.placeholder(tf.int32, [None])
    h = tf.nn.embedding_lookup(tf.get_variable("embeddings", [50, 16]), tokens)
    cells = [tf.nn.rnn_cell.LSTMCell(8) for _ in range(2)]
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(cells[0], cells[1], h, lengths, dtype=tf.float32)
    scores = tf.layers.dense(tf.concat(outputs, 2), 5)
    likelihood, transitions = tf.contrib.crf.crf_log_likelihood(scores, tags, lengths)
    tf.train.AdamOptimizer(1e-3).minimize(tf.reduce_mean(-likelihood))
    tf.contrib.crf.crf_decode(scores, transitions, lengths)


def separable():
    """MobileNet's depthwise and pointwise convolutions, Inception's 1×7 and 7×1, a bottleneck."""
    x = tf.placeholder(tf.float32, [None, 16, 16, 3])
    y = tf.placeholder(tf.int32, [None])
    h = tf.nn.relu(tf.layers.separable_conv2d(x, 8, 3, padding="same"))
    h = tf.layers.conv2d(h, 8, (1, 7), padding="same")
    h = tf.nn.relu(tf.layers.conv2d(h, 8, (7, 1), padding="same"))
    h = tf.nn.relu(h + tf.layers.conv2d(tf.nn.relu(tf.layers.conv2d(h, 4, 1)), 8, 1))
    h = tf.layers.dense(tf.reduce_mean(h, [1, 2]), 4)
    logits = tf.layers.dense(h, 10)
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    rate = tf.train.exponential_decay(0.1, tf.train.get_or_create_global_step(), 100, 0.9)
    optimizer = tf.train.MomentumOptimizer(rate, 0.9)
    optimizer.minimize(tf.reduce_mean(xentropy), tf.train.get_global_step())


def feature_extraction():
    """A pre-trained network behind stop_gradient, a new head with its own regularizer."""
    x = tf.placeholder(tf.float32, [None, 32, 32, 3])
    y = tf.placeholder(tf.int32, [None])
    with tf.variable_scope("pretrained"):
        h = tf.layers.conv2d(x, 8, 3, activation=tf.nn.relu)
        h = tf.layers.flatten(tf.layers.conv2d(h, 8, 3, 2, activation=tf.nn.relu))
    saver = tf.train.Saver(tf.get_collection("variables", "pretrained"), name="restore_pretrained")
    h = tf.layers.dense(
        tf.stop_gradient(h), 16, tf.nn.relu, kernel_regularizer=tf.nn.l2_loss, name="head"
    )
    logits = tf.layers.dense(h, 5, name="logits")
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(xentropy) + 1e-4 * tf.losses.get_regularization_loss()
    tf.train.AdamOptimizer(1e-3).minimize(loss)
    assert saver


def wide_and_deep():
    """A linear part of sparse features, of zeros, beside a deep part; one logit."""
    dense = tf.placeholder(tf.float32, [None, 8])
    ids = tf.placeholder(tf.int32, [None, 3])
    y = tf.placeholder(tf.float32, [None, 1])
    wide = tf.reduce_sum(tf.nn.embedding_lookup(tf.Variable(tf.zeros([100, 1])), ids), axis=1)
    h = tf.layers.dense(tf.layers.dense(dense, 16, tf.nn.relu), 8, tf.nn.relu)
    logits = wide + tf.layers.dense(h, 1, kernel_initializer=tf.zeros_initializer())
    loss = tf.losses.sigmoid_cross_entropy(y, logits)
    tf.train.FtrlOptimizer(0.1).minimize(loss)
    tf.cast(tf.nn.sigmoid(logits) > 0.5, tf.float32)


ALL = [
    mnist_experts,
    softmax_regression,
    linear_regression,
    vae,
    autoencoder,
    pca_autoencoder,
    attention,
    seq2seq,
    unet,
    word2vec,
    siamese,
    triplets,
    actor_critic,
    crf,
    separable,
    feature_extraction,
    wide_and_deep,
]
