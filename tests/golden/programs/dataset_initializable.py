"""tf.data fed through placeholders: initializable, reinitializable and feedable iterators."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

BATCH_SIZE = 10

tf.set_random_seed(99)
rng = np.random.RandomState(99)
train_x, valid_x = rng.rand(90, 4).astype(np.float32), rng.rand(30, 4).astype(np.float32)
weights = np.array([1.0, -2.0, 3.0, 0.5])
train_y, valid_y = train_x.dot(weights), valid_x.dot(weights)

features = tf.placeholder(tf.float32, [None, 4])
targets = tf.placeholder(tf.float32, [None])
dataset = tf.data.Dataset.from_tensor_slices((features, targets))
train_set = dataset.shuffle(buffer_size=1000).batch(BATCH_SIZE)
valid_set = dataset.batch(30)

iterator = tf.data.Iterator.from_structure(train_set.output_types, train_set.output_shapes)
train_init_op = iterator.make_initializer(train_set)
valid_init_op = iterator.make_initializer(valid_set)
x, y = iterator.get_next()

prediction = tf.layers.dense(x, 1, kernel_initializer=tf.random_normal_initializer(stddev=0.1))
loss = tf.reduce_mean(tf.square(tf.squeeze(prediction, axis=1) - y))
optimizer = tf.train.AdamOptimizer(0.05)
train_op = optimizer.minimize(loss)

pairs = tf.data.Dataset.zip(
    (tf.data.Dataset.range(6), tf.data.Dataset.range(6).map(lambda n: n * n))
)
shuffled = pairs.repeat(2).shuffle(6, reshuffle_each_iteration=False)
initializable = shuffled.filter(lambda n, square: n > 0).make_initializable_iterator()
pair = initializable.get_next()

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for v in tf.global_variables():
        print(v.op.name, sha256(sess.run(v).tobytes()).hexdigest())
    step = 0
    for epoch in range(11):
        sess.run(train_init_op, feed_dict={features: train_x, targets: train_y})
        while True:
            try:
                _, loss_value, inputs = sess.run([train_op, loss, x])
            except tf.errors.OutOfRangeError:
                break
            print("%d: %.9g first input %.9g" % (step, loss_value, inputs[0, 0]))
            step += 1
        sess.run(valid_init_op, feed_dict={features: valid_x, targets: valid_y})
        print("epoch %d, validation loss %.9g" % (epoch, sess.run(loss)))
    for repetition in range(2):
        sess.run(initializable.initializer)
        found = [sess.run(pair) for _ in range(10)]
        print("pairs", " ".join("%d:%d" % each for each in found))
