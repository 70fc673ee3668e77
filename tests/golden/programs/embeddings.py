"""Skip-gram embeddings: noise-contrastive estimation, and sampled softmax over the same words."""

import math
from hashlib import sha256

import numpy as np
import tensorflow as tf

vocabulary_size = 50
embedding_size = 8
num_sampled = 6

random = np.random.RandomState(11)
words = np.cumsum(random.randint(0, 4, 2000)) % vocabulary_size  # each word hints at the next

graph = tf.Graph()
with graph.as_default():
    tf.set_random_seed(11)
    train_inputs = tf.placeholder(tf.int32, shape=[None])
    train_labels = tf.placeholder(tf.int32, shape=[None, 1])
    valid_dataset = tf.constant([1, 10, 20], dtype=tf.int32)

    with tf.device("/cpu:0"):
        embeddings = tf.Variable(
            tf.random_uniform([vocabulary_size, embedding_size], -1.0, 1.0), name="embeddings"
        )
        embed = tf.nn.embedding_lookup(embeddings, train_inputs)
        nce_weights = tf.Variable(
            tf.truncated_normal(
                [vocabulary_size, embedding_size], stddev=1.0 / math.sqrt(embedding_size)
            )
        )
        nce_biases = tf.Variable(tf.zeros([vocabulary_size]))

    nce = dict(
        weights=nce_weights,
        biases=nce_biases,
        labels=train_labels,
        inputs=embed,
        num_sampled=num_sampled,
        num_classes=vocabulary_size,
    )
    nce_loss = tf.reduce_mean(tf.nn.nce_loss(**nce))
    softmax_loss = tf.reduce_mean(tf.nn.sampled_softmax_loss(**nce))
    candidates, true_expected, _ = tf.nn.log_uniform_candidate_sampler(
        tf.cast(train_labels, tf.int64), 1, num_sampled, True, vocabulary_size
    )
    nce_step = tf.train.GradientDescentOptimizer(0.1).minimize(nce_loss)
    softmax_step = tf.train.AdagradOptimizer(0.1).minimize(softmax_loss)

    norm = tf.sqrt(tf.reduce_sum(tf.square(embeddings), 1, keep_dims=True))
    normalized_embeddings = embeddings / norm
    valid_embeddings = tf.nn.embedding_lookup(normalized_embeddings, valid_dataset)
    similarity = tf.matmul(valid_embeddings, normalized_embeddings, transpose_b=True)
    init = tf.global_variables_initializer()

with tf.Session(graph=graph) as session:
    init.run()
    for variable in graph.get_collection("variables"):
        print(variable.name, sha256(session.run(variable).tobytes()).hexdigest())
    for step in range(100):
        centers = random.randint(0, len(words) - 1, 32)
        feed_dict = {train_inputs: words[centers], train_labels: words[centers + 1, None]}
        sampled, expected = session.run([candidates, true_expected], feed_dict=feed_dict)
        print("sampled", " ".join(map(str, sampled)), "expected %.9g" % expected.sum())
        _, nce_value = session.run([nce_step, nce_loss], feed_dict=feed_dict)
        _, softmax_value = session.run([softmax_step, softmax_loss], feed_dict=feed_dict)
        print("step %d: nce %.9g, sampled softmax %.9g" % (step, nce_value, softmax_value))
    for row in similarity.eval():
        print("nearest:", " ".join(map(str, (-row).argsort()[1:5])), "%.7g" % np.sort(row)[-2])
