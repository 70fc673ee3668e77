"""A dense network with batch norm through tf.layers and UPDATE_OPS, trained by Adam."""

from functools import partial
from hashlib import sha256

import numpy as np
import tensorflow as tf

tf.set_random_seed(42)
rnd = np.random.RandomState(42)
train_x = rnd.randn(400, 20).astype(np.float32)
train_y = train_x[:, :5].argmax(axis=1).astype(np.int32)

X = tf.placeholder(tf.float32, shape=(None, 20), name="X")
y = tf.placeholder(tf.int32, shape=(None), name="y")
training = tf.placeholder_with_default(False, shape=(), name="training")

with tf.name_scope("dnn"):
    he_init = tf.variance_scaling_initializer()
    # Batch norm has a shift of its own, and would leave a bias before it to noise.
    my_dense_layer = partial(tf.layers.dense, kernel_initializer=he_init, use_bias=False)
    my_batch_norm_layer = partial(tf.layers.batch_normalization, training=training, momentum=0.9)

    hidden1 = my_dense_layer(X, 32, name="hidden1")
    bn1 = tf.nn.elu(my_batch_norm_layer(hidden1))
    hidden2 = my_dense_layer(bn1, 16, name="hidden2")
    bn2 = tf.nn.elu(my_batch_norm_layer(hidden2))
    logits = my_batch_norm_layer(my_dense_layer(bn2, 5, name="outputs"))

with tf.name_scope("loss"):
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(xentropy, name="loss")

with tf.name_scope("train"):
    optimizer = tf.train.AdamOptimizer(learning_rate=0.001)
    extra_update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    with tf.control_dependencies(extra_update_ops):
        training_op = optimizer.minimize(loss)

with tf.name_scope("eval"):
    correct = tf.nn.in_top_k(logits, y, 1)
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

init = tf.global_variables_initializer()

with tf.Session() as sess:
    init.run()
    for variable in tf.global_variables():
        print(variable.op.name, variable.shape, sha256(variable.eval().tobytes()).hexdigest())
    for step in range(100):
        batch = rnd.randint(0, len(train_x), 50)
        feed_dict = {X: train_x[batch], y: train_y[batch], training: True}
        _, loss_val = sess.run([training_op, loss], feed_dict=feed_dict)
        print("step", step, "loss: %.9g" % loss_val)
    loss_val, acc_val = sess.run([loss, accuracy], feed_dict={X: train_x, y: train_y})
    print("moving averages: loss %.9g, accuracy %.4f" % (loss_val, acc_val))
    for variable in tf.trainable_variables():
        print(variable.op.name, "%.9g" % np.linalg.norm(variable.eval()))
