"""Record what small programs over tf.contrib build and compute: run it under TensorFlow 1.15.5.

    python make_contrib.py --out contrib.json

Recorded are the seed that the next op would get (in TensorFlow 1 the number of ops), the seeds of
random ops, the variables, and the values that the program computes.
`python -m tf1_dnn.run make_contrib.py --out FILE` records the same on today's TensorFlow, and the
tests compare the two. Of a program whose name begins with "values" only the values count.
"""

import argparse
import json
import traceback

import numpy as np
import tensorflow as tf

# Before each program: what most of them start from. X is a batch of 4 with 6 features.
SETUP = """
X = tf.constant(np.linspace(-1, 1, 24).reshape(4, 6), tf.float32)
IMAGES = tf.constant(np.sin(np.arange(2 * 8 * 8 * 3)).reshape(2, 8, 8, 3), tf.float32)
SEQ = tf.constant(np.cos(np.arange(3 * 5 * 4)).reshape(3, 5, 4), tf.float32)
LENGTHS = tf.constant([5, 3, 2])
LABELS = tf.constant([0, 2, 1, 2])
layers, slim, rnn = tf.contrib.layers, tf.contrib.slim, tf.contrib.rnn
framework, training = tf.contrib.framework, tf.contrib.training
"""

PROGRAMS = {
    # layers
    "layers fully_connected": "out = layers.fully_connected(X, 3)",
    "layers fully_connected norm": """
out = layers.fully_connected(X, 3, normalizer_fn=layers.batch_norm,
                             normalizer_params={"is_training": True})
""",
    "layers fully_connected regularized": """
y = layers.fully_connected(X, 3, weights_regularizer=layers.l2_regularizer(0.1),
                           biases_initializer=None, activation_fn=tf.nn.elu, scope="h")
out = [y] + tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
""",
    "layers linear relu": "out = [layers.linear(X, 2), layers.relu(X, 2), layers.relu6(X, 2)]",
    "layers conv2d": "out = layers.conv2d(IMAGES, 4, 3)",
    "layers conv2d variants": """
a = layers.conv2d(IMAGES, 4, [3, 3], stride=2, padding="VALID", activation_fn=None)
b = layers.conv2d(IMAGES, 4, 3, rate=2, normalizer_fn=layers.batch_norm)
c = layers.conv2d(IMAGES, 3, 3, data_format="NHWC", scope="named")
out = [a, b, c]
""",
    "layers conv2d_transpose": "out = layers.conv2d_transpose(IMAGES, 4, 3, stride=2)",
    "layers separable_conv2d": "out = layers.separable_conv2d(IMAGES, 4, 3, 2)",
    "layers separable_conv2d depthwise": "out = layers.separable_conv2d(IMAGES, None, 3, 1)",
    "layers conv1d conv3d": """
a = layers.convolution(SEQ, 4, 3)
b = layers.conv3d(tf.reshape(IMAGES, [1, 2, 8, 8, 3]), 2, 3)
out = [a, b]
""",
    "layers pools": """
out = [layers.max_pool2d(IMAGES, 2), layers.avg_pool2d(IMAGES, 2, padding="SAME"),
       slim.pool(IMAGES, 3, "AVG", stride=2)]
""",
    "layers batch_norm": """
out = [layers.batch_norm(X, is_training=True, scale=True)]
out += tf.get_collection(tf.GraphKeys.UPDATE_OPS)
""",
    "layers batch_norm in place": """
out = layers.batch_norm(IMAGES, is_training=True, updates_collections=None, decay=0.9)
""",
    "layers batch_norm placeholder": """
flag = tf.placeholder_with_default(True, [])
out = layers.batch_norm(IMAGES, is_training=flag, center=False, scale=True)
""",
    "layers batch_norm not fused": """
out = [layers.batch_norm(IMAGES, is_training=True, fused=False),
       layers.batch_norm(X, is_training=False, fused=False)]
""",
    "layers batch_norm fused rank 2": """
out = layers.batch_norm(X, is_training=True, fused=True)
""",
    "layers batch_norm unknown batch": """
x = tf.placeholder_with_default(X, [None, 6])
out = layers.batch_norm(x, is_training=True, fused=True, scale=True)
""",
    "layers batch_norm clipped renorm": """
out = layers.batch_norm(X, is_training=True, renorm=True,
                        renorm_clipping={"rmax": 3.0, "rmin": 0.3, "dmax": 5.0})
""",
    "layers batch_norm weighted": """
out = layers.batch_norm(X, is_training=True, batch_weights=tf.constant([1.0, 0.0, 1.0, 2.0]))
""",
    "layers layer_norm": "out = [layers.layer_norm(X), layers.layer_norm(IMAGES)]",
    "layers instance_norm": "out = layers.instance_norm(IMAGES)",
    "layers group_norm": "out = layers.group_norm(tf.tile(IMAGES, [1, 1, 1, 2]), groups=2)",
    "layers dropout": "out = [layers.dropout(X), layers.dropout(X, 0.8, is_training=False)]",
    "layers dropout noise": "out = layers.dropout(IMAGES, 0.5, noise_shape=[2, 1, 1, 3])",
    "layers flatten": """
out = [layers.flatten(IMAGES), layers.flatten(tf.placeholder_with_default(SEQ, [None, 5, 4]))]
""",
    "layers one_hot": "out = [layers.one_hot_encoding(LABELS, 3), layers.unit_norm(X, 1)]",
    "layers stack repeat": """
a = layers.stack(X, layers.fully_connected, [5, 4, 3], scope="fc")
b = layers.repeat(IMAGES, 2, layers.conv2d, 4, 3, scope="conv")
out = [a, b]
""",
    "layers softmax maxout": """
out = [layers.softmax(X), layers.maxout(X, 3), layers.legacy_fully_connected(X, 2)]
""",
    "layers bias_add spatial": """
out = [layers.bias_add(X, activation_fn=tf.nn.relu), layers.spatial_softmax(IMAGES)]
""",
    "layers embed_sequence": """
ids = tf.constant([[1, 2, 0], [3, 3, 1]])
out = [layers.embed_sequence(ids, 5, 4), layers.embed_sequence(ids, 5, 2, unique=True)]
""",
    "layers embed_sequence reused": """
ids = tf.constant([[1, 2, 0], [3, 3, 1]])
a = layers.embed_sequence(ids, 5, 4, scope="e")
b = layers.embed_sequence(ids + 1, scope="e", reuse=True)
out = [a, b]
""",
    "layers bow_encoder": """
ids = tf.constant([[1, 2, 0], [3, 3, 1]])
out = [layers.bow_encoder(ids, 5, 4), layers.bow_encoder(ids, 5, 4, sparse_lookup=False)]
""",
    "layers in arg_scope": """
with framework.arg_scope([layers.fully_connected, layers.conv2d], activation_fn=tf.nn.tanh,
                         weights_initializer=tf.truncated_normal_initializer(0.0, 0.1)):
    out = [layers.fully_connected(X, 3), layers.conv2d(IMAGES, 2, 1)]
""",
    "layers deep import": """
from tensorflow.contrib.layers.python.layers import batch_norm, initializers, utils
from tensorflow.contrib.layers.python.layers.layers import fully_connected
x = fully_connected(X, 3, weights_initializer=initializers.xavier_initializer(uniform=False))
out = batch_norm(x)
utils.collect_named_outputs("ends", "x", x)
""",
    "layers optimize_loss": """
tf.train.get_or_create_global_step()
loss = tf.reduce_mean(tf.square(layers.fully_connected(X, 3)))
out = [layers.optimize_loss(loss, tf.train.get_global_step(), 0.1, "Adam",
                            clip_gradients=1.0, gradient_noise_scale=0.1)]
""",
    "layers summaries": """
y = layers.fully_connected(X, 3)
layers.summarize_activation(y)
layers.summarize_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
out = y
""",
    # initializers and regularizers
    "init xavier": """
out = [tf.get_variable("a", [6, 3], initializer=layers.xavier_initializer()),
       tf.get_variable("b", [6, 3], initializer=layers.xavier_initializer(uniform=False)),
       tf.get_variable("c", [3, 3, 2, 4], initializer=layers.xavier_initializer_conv2d()),
       tf.get_variable("d", [6, 3], initializer=layers.xavier_initializer(seed=7))]
""",
    "init variance_scaling": """
make = layers.variance_scaling_initializer
out = [tf.get_variable("a", [6, 3], initializer=make()),
       tf.get_variable("b", [6, 3], initializer=make(1.0, "FAN_AVG", True)),
       tf.get_variable("c", [3, 3, 2, 4], initializer=make(2.0, "FAN_OUT")),
       tf.get_variable("d", [5], initializer=make(seed=3))]
""",
    "init called": """
out = [layers.xavier_initializer()([4, 5]), layers.variance_scaling_initializer()([4, 5])]
""",
    "init in Variable": "out = tf.Variable(layers.xavier_initializer()([4, 5]))",
    "regularizers": """
w = tf.get_variable("w", [6, 3])
l1, l2 = layers.l1_regularizer(0.1), layers.l2_regularizer(0.2)
out = [l1(w), l2(w), layers.l1_l2_regularizer(0.3, 0.4)(w), layers.sum_regularizer([l1, l2])(w),
       layers.apply_regularization(l2, [w, w])]
""",
    "regularizers scale zero": """
w = tf.get_variable("w", [6, 3], regularizer=layers.l2_regularizer(0.0))
out = [w] + tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
""",
    # slim
    "slim network": """
with slim.arg_scope([slim.conv2d, slim.fully_connected], normalizer_fn=slim.batch_norm,
                    weights_regularizer=slim.l2_regularizer(5e-4)):
    net = slim.repeat(IMAGES, 2, slim.conv2d, 4, [3, 3], scope="conv1")
    net = slim.max_pool2d(net, [2, 2], scope="pool1")
    net = slim.flatten(net)
    net = slim.dropout(net, 0.5, scope="dropout")
    net = slim.fully_connected(net, 3, activation_fn=None, normalizer_fn=None)
out = [net, tf.add_n(tf.losses.get_regularization_losses())]
""",
    "slim learning": """
logits = slim.fully_connected(X, 3, activation_fn=None)
loss = tf.losses.sparse_softmax_cross_entropy(LABELS, logits)
train_op = slim.learning.create_train_op(tf.losses.get_total_loss(),
                                         tf.train.GradientDescentOptimizer(0.5))
out = [train_op]
""",
    "slim losses metrics": """
p = tf.nn.sigmoid(X)
loss = slim.losses.mean_squared_error(p, tf.ones([4, 6]))
entropy = slim.losses.softmax_cross_entropy(X, tf.one_hot(LABELS, 6))
names, updates = slim.metrics.aggregate_metric_map({
    "a": slim.metrics.streaming_accuracy(tf.argmax(X, 1), tf.cast(LABELS, tf.int64)),
    "m": slim.metrics.streaming_mean(X)})
out = [loss, entropy, slim.losses.get_total_loss(), updates["a"], updates["m"]]
""",
    "slim variables": """
v = slim.variable("v", [3], initializer=tf.truncated_normal_initializer(stddev=0.1),
                  regularizer=slim.l2_regularizer(0.05))
m = slim.model_variable("m", [3], initializer=slim.xavier_initializer())
out = [v, m] + slim.get_model_variables() + slim.get_variables_by_name("v")
step = slim.get_or_create_global_step()
""",
    "slim resnet": """
from tensorflow.contrib.slim.nets import resnet_v1
with slim.arg_scope(resnet_v1.resnet_arg_scope()):
    block = resnet_v1.resnet_v1_block("b", base_depth=2, num_units=2, stride=2)
    out = resnet_v1.resnet_v1(IMAGES, [block], 5, is_training=True)[0]
""",
    "slim vgg": """
from tensorflow.contrib.slim.python.slim.nets import vgg
with slim.arg_scope(vgg.vgg_arg_scope()):
    net = slim.repeat(IMAGES, 2, slim.conv2d, 4, [3, 3])
    out = slim.separable_conv2d(net, 4, [3, 3], depth_multiplier=1)
""",
    "slim separable in scope": """
with slim.arg_scope([slim.separable_conv2d], normalizer_fn=slim.batch_norm,
                    activation_fn=tf.nn.relu6):
    out = slim.separable_convolution2d(IMAGES, None, [3, 3], depth_multiplier=1, stride=2)
""",
    # framework
    "framework": """
step = framework.get_or_create_global_step()
v = framework.variable("v", [2, 3], initializer=layers.xavier_initializer())
m = framework.model_variable("m", [4], initializer=tf.random_normal_initializer())
l = framework.local_variable(tf.zeros([2]), name="l")
out = [v, m, l, step, framework.sort(v), framework.argsort(v),
       framework.nest.flatten({"b": v, "a": m})[0]]
""",
    "framework checks": """
out = [framework.reduce_sum_n([X, X]), framework.with_shape([4, 6], X),
       framework.assert_scalar_int(tf.constant(3)),
       tf.py_func(lambda a: a + 1, [X], tf.float32)]
""",
    "framework variables": """
with tf.variable_scope("s"):
    framework.model_variable("w", [2], initializer=tf.ones_initializer())
names = [v.op.name for v in framework.get_variables("s")]
out = [framework.get_unique_variable("s/w"), tf.constant(names)]
out += framework.get_variables_to_restore()
assign, feed = framework.assign_from_values({"s/w": np.array([5.0, 6.0], np.float32)})
""",
}

RNN = """
def run(cell, **options):
    outputs, state = tf.nn.dynamic_rnn(cell, SEQ, dtype=tf.float32, **options)
    return [outputs] + tf.contrib.framework.nest.flatten(state)
"""
CELLS = {
    "BasicRNNCell": "rnn.BasicRNNCell(3)",
    "GRUCell": "rnn.GRUCell(3)",
    "BasicLSTMCell": "rnn.BasicLSTMCell(3)",
    "LSTMCell": "rnn.LSTMCell(3, use_peepholes=True, num_proj=2)",
    "DropoutWrapper": "rnn.DropoutWrapper(rnn.GRUCell(3), 0.5, output_keep_prob=0.7)",
    "DropoutWrapper variational": """rnn.DropoutWrapper(
        rnn.BasicLSTMCell(3), 0.5, 0.6, 0.7, variational_recurrent=True, input_size=4,
        dtype=tf.float32)""",
    "MultiRNNCell": "rnn.MultiRNNCell([rnn.BasicLSTMCell(3), rnn.GRUCell(2)])",
    "MultiRNNCell dropout": """rnn.MultiRNNCell(
        [rnn.DropoutWrapper(rnn.BasicLSTMCell(3), output_keep_prob=0.5) for _ in range(2)])""",
    "ResidualWrapper": "rnn.ResidualWrapper(rnn.GRUCell(4))",
    "OutputProjectionWrapper": "rnn.OutputProjectionWrapper(rnn.BasicRNNCell(3), 2)",
    "OutputProjectionWrapper activation": """
rnn.OutputProjectionWrapper(rnn.BasicLSTMCell(3), 2, activation=tf.nn.relu)""",
    "InputProjectionWrapper": "rnn.InputProjectionWrapper(rnn.GRUCell(3), 2, tf.nn.tanh)",
    "LayerNormBasicLSTMCell": "rnn.LayerNormBasicLSTMCell(3, dropout_keep_prob=0.5)",
    "LayerNormBasicLSTMCell plain": "rnn.LayerNormBasicLSTMCell(3, layer_norm=False)",
    "NASCell": "rnn.NASCell(3, num_proj=2, use_bias=True)",
    "UGRNNCell": "rnn.UGRNNCell(3)",
    "IntersectionRNNCell": "rnn.IntersectionRNNCell(3, num_in_proj=3)",
    "HighwayWrapper": "rnn.HighwayWrapper(rnn.GRUCell(4))",
    "HighwayWrapper both": "rnn.HighwayWrapper(rnn.GRUCell(4), False, 2.0)",
    "AttentionCellWrapper": "rnn.AttentionCellWrapper(rnn.BasicLSTMCell(3), 2)",
    "AttentionCellWrapper flat": """
rnn.AttentionCellWrapper(rnn.GRUCell(3), 2, attn_size=2, attn_vec_size=5, state_is_tuple=False)""",
    "LSTMBlockCell": "rnn.LSTMBlockCell(3)",
    "LSTMBlockCell peephole": "rnn.LSTMBlockCell(3, use_peephole=True, cell_clip=0.5)",
    "GRUBlockCell": "rnn.GRUBlockCell(3)",
    "GRUBlockCellV2": "rnn.GRUBlockCellV2(3)",
}
# Steps of a while loop draw their masks in whatever order they run, in TensorFlow 1.15.5 too: what
# has dropout is unrolled.
UNROLLED = """
def run(cell, sequence_length):
    outputs, state = tf.nn.static_rnn(cell, tf.unstack(SEQ, axis=1), dtype=tf.float32)
    return outputs + tf.contrib.framework.nest.flatten(state)
"""
for _name, _cell in CELLS.items():
    PROGRAMS["rnn " + _name] = (
        RNN + "outputs = run(%s, sequence_length=LENGTHS)\n" % _cell.strip() + """
loss = tf.reduce_sum(tf.square(outputs[0]))
out = outputs + tf.gradients(loss, tf.trainable_variables())
"""
    )

PROGRAMS.update(
    {
        "rnn EmbeddingWrapper": """
cell = rnn.EmbeddingWrapper(rnn.GRUCell(3), 7, 4)
out = tf.nn.dynamic_rnn(cell, tf.constant([[[1], [2]], [[3], [0]]]), dtype=tf.float32)
""",
        "rnn static": """
steps = tf.unstack(SEQ, axis=1)
outputs, state = rnn.static_rnn(rnn.BasicLSTMCell(3), steps, dtype=tf.float32)
out = [outputs[-1], state.c, state.h]
""",
        "rnn static lengths": """
steps = tf.unstack(SEQ, axis=1)
outputs, state = rnn.static_rnn(rnn.GRUCell(3), steps, dtype=tf.float32, sequence_length=LENGTHS)
out = [outputs[-1], state]
""",
        "rnn static bidirectional": """
steps = tf.unstack(SEQ, axis=1)
outputs, fw, bw = rnn.static_bidirectional_rnn(rnn.GRUCell(3), rnn.GRUCell(2), steps,
                                               dtype=tf.float32)
out = [outputs[0], fw, bw]
""",
        "rnn stack bidirectional dynamic": """
cells = lambda: [rnn.BasicLSTMCell(3), rnn.BasicLSTMCell(2)]
outputs, fw, bw = rnn.stack_bidirectional_dynamic_rnn(cells(), cells(), SEQ, dtype=tf.float32,
                                                      sequence_length=LENGTHS)
out = [outputs, fw[1].h, bw[0].c]
""",
        "rnn stack bidirectional static": """
cells = lambda: [rnn.GRUCell(3), rnn.GRUCell(2)]
outputs, fw, bw = rnn.stack_bidirectional_rnn(cells(), cells(), tf.unstack(SEQ, axis=1),
                                              dtype=tf.float32)
out = [outputs[2], fw[1], bw[0]]
""",
        "rnn fused": """
out = list(rnn.LSTMBlockFusedCell(3)(SEQ, dtype=tf.float32)[1])
out += tf.gradients(tf.reduce_sum(out[1]), tf.trainable_variables())
""",
        "rnn fused lengths": """
cell = rnn.LSTMBlockFusedCell(2, use_peephole=True)
outputs, state = cell(SEQ, dtype=tf.float32, sequence_length=tf.constant([3, 2, 1, 0, 3]))
out = [outputs, state.c, state.h]
""",
        "rnn fused reversed": """
cell = rnn.TimeReversedFusedRNN(rnn.LSTMBlockFusedCell(2))
a = cell(SEQ, dtype=tf.float32)[0]
b = rnn.FusedRNNCellAdaptor(rnn.GRUCell(2))(SEQ, dtype=tf.float32)[0]
c = rnn.FusedRNNCellAdaptor(rnn.GRUCell(2), use_dynamic_rnn=True)(SEQ, dtype=tf.float32,
                                                                  scope="d")[0]
out = [a, b, c]
""",
        "rnn linear": """
from tensorflow.contrib.rnn.python.ops.core_rnn_cell import _linear
with tf.variable_scope("a"):
    a = _linear([X, X], 3, True)
with tf.variable_scope("b"):
    b = _linear(X, 2, False)
out = [a, b]
""",
        "rnn own cell": """
from tensorflow.python.ops import rnn_cell
class Cell(rnn.RNNCell):
    state_size = output_size = 3
    def call(self, inputs, state):
        new = tf.tanh(tf.layers.dense(inputs, 3) + state)
        return new, new
assert issubclass(Cell, rnn_cell.RNNCell)
out = tf.nn.dynamic_rnn(Cell(), SEQ, dtype=tf.float32)
""",
    }
)

SEQ2SEQ = """
s2s = tf.contrib.seq2seq
EMBEDDING = tf.get_variable("embedding", [7, 4])
DENSE = tf.layers.Dense(7, name="output_projection")
MEMORY = tf.sin(SEQ) + 0.5
def decode(cell, helper, state=None, layer=DENSE, **options):
    state = cell.zero_state(3, tf.float32) if state is None else state
    outputs, state, lengths = s2s.dynamic_decode(s2s.BasicDecoder(cell, helper, state, layer),
                                                 **options)
    return list(outputs) + [lengths]
def training():
    return s2s.TrainingHelper(SEQ, LENGTHS)
def greedy():
    return s2s.GreedyEmbeddingHelper(EMBEDDING, tf.constant([1, 2, 3]), 0)
"""
DECODED = {
    "training": "out = decode(rnn.GRUCell(3), training())",
    "training no layer": "out = decode(rnn.BasicLSTMCell(3), training(), layer=None)",
    "training imputed": "out = decode(rnn.GRUCell(3), training(), impute_finished=True)",
    "training time major": """
helper = s2s.TrainingHelper(tf.transpose(SEQ, [1, 0, 2]), LENGTHS, time_major=True)
out = decode(rnn.GRUCell(3), helper, output_time_major=True, swap_memory=True)
""",
    "training unknown batch": """
x = tf.placeholder_with_default(SEQ, [None, None, 4])
helper = s2s.TrainingHelper(x, LENGTHS)
cell = rnn.GRUCell(3)
out = decode(cell, helper, cell.zero_state(tf.shape(x)[0], tf.float32))
""",
    "training learns": """
logits = decode(rnn.GRUCell(3), training())[0]
loss = s2s.sequence_loss(logits, tf.ones([3, 5], tf.int32), tf.ones([3, 5]))
out = [loss] + tf.gradients(loss, tf.trainable_variables()[1:])
""",
    "greedy": "out = decode(rnn.GRUCell(3), greedy(), maximum_iterations=6)",
    "greedy function": """
helper = s2s.GreedyEmbeddingHelper(lambda ids: tf.one_hot(ids, 5), tf.fill([3], 2), 1)
out = decode(rnn.BasicLSTMCell(3), helper, maximum_iterations=tf.reduce_max(LENGTHS) * 2)
""",
    "sampled": """
helper = s2s.SampleEmbeddingHelper(EMBEDDING, tf.constant([1, 2, 3]), 0, 0.5, seed=3)
out = decode(rnn.GRUCell(3), helper, maximum_iterations=1)
""",
    "scheduled embedding": """
helper = s2s.ScheduledEmbeddingTrainingHelper(SEQ, LENGTHS, EMBEDDING, 0.5)
outputs = decode(rnn.GRUCell(3), helper)
out = [outputs[0][:, 0], outputs[2]]
""",
    "scheduled output": """
helper = s2s.ScheduledOutputTrainingHelper(SEQ, LENGTHS, 0.5)
outputs = decode(rnn.GRUCell(4), helper, layer=None)
out = [outputs[0][:, 0], outputs[2]]
""",
    "scheduled output auxiliary": """
helper = s2s.ScheduledOutputTrainingHelper(SEQ, LENGTHS, tf.constant(1.0), auxiliary_inputs=SEQ,
                                           next_inputs_fn=lambda y: 2 * y)
outputs = decode(rnn.GRUCell(4), helper, layer=None)
out = [outputs[0], outputs[2]]
""",
    "custom helper": """
helper = s2s.CustomHelper(
    lambda: (tf.fill([3], False), SEQ[:, 0]),
    lambda time, outputs, state: tf.cast(tf.argmax(outputs, 1), tf.int32),
    lambda time, outputs, state, sample_ids: (time + 1 >= LENGTHS, SEQ[:, 1], state))
out = decode(rnn.GRUCell(3), helper)
""",
    "inference helper": """
helper = s2s.InferenceHelper(lambda outputs: tf.tanh(outputs), [4], tf.float32, SEQ[:, 0],
                             lambda ids: tf.reduce_sum(ids, 1) > 0.5)
out = decode(rnn.GRUCell(4), helper, layer=None, maximum_iterations=4)
""",
    "BahdanauAttention": """
attention = s2s.BahdanauAttention(5, MEMORY, LENGTHS)
out = decode(s2s.AttentionWrapper(rnn.GRUCell(3), attention, attention_layer_size=2), training())
""",
    "BahdanauAttention normalized": """
attention = s2s.BahdanauAttention(5, MEMORY, normalize=True)
out = decode(s2s.AttentionWrapper(rnn.BasicLSTMCell(3), attention), training())
""",
    "LuongAttention": """
attention = s2s.LuongAttention(3, MEMORY, memory_sequence_length=LENGTHS)
out = decode(s2s.AttentionWrapper(rnn.GRUCell(3), attention, attention_layer_size=2), training())
""",
    "LuongAttention scaled": """
attention = s2s.LuongAttention(3, MEMORY, scale=True, probability_fn=s2s.hardmax)
cell = s2s.AttentionWrapper(rnn.GRUCell(3), attention, output_attention=False, name="attention")
out = decode(cell, training())
""",
    "two attentions": """
both = [s2s.LuongAttention(3, MEMORY), s2s.BahdanauAttention(2, MEMORY, LENGTHS)]
out = decode(s2s.AttentionWrapper(rnn.GRUCell(3), both, attention_layer_size=[2, 3]), training())
""",
    "attention history": """
attention = s2s.LuongAttention(3, MEMORY, LENGTHS)
cell = s2s.AttentionWrapper(rnn.GRUCell(3), attention, alignment_history=True)
state = cell.zero_state(3, tf.float32)
outputs, state, _ = s2s.dynamic_decode(s2s.BasicDecoder(cell, training(), state))
out = [outputs.rnn_output, state.alignment_history.stack(), state.alignments]
""",
    "attention clone": """
attention = s2s.BahdanauAttention(5, MEMORY, LENGTHS)
cell = s2s.AttentionWrapper(rnn.GRUCell(3), attention, attention_layer_size=2)
state = cell.zero_state(3, tf.float32).clone(cell_state=tf.ones([3, 3]))
out = decode(cell, training(), state)
""",
    "attention clone unknown batch": """
x = tf.placeholder_with_default(SEQ, [None, None, 4])
attention = s2s.LuongAttention(3, x)
_, encoded = tf.nn.dynamic_rnn(rnn.BasicLSTMCell(3), x, dtype=tf.float32)
cell = s2s.AttentionWrapper(rnn.BasicLSTMCell(3), attention, attention_layer_size=2)
state = cell.zero_state(dtype=tf.float32, batch_size=tf.shape(x)[0]).clone(cell_state=encoded)
out = decode(cell, training(), state)
""",
    "attention initial state": """
attention = s2s.LuongAttention(3, MEMORY)
cell = s2s.AttentionWrapper(rnn.GRUCell(3), attention, initial_cell_state=tf.ones([3, 3]))
out = decode(cell, training())
""",
    "attention layer": """
attention = s2s.LuongAttention(3, MEMORY)
cell = s2s.AttentionWrapper(rnn.GRUCell(3), attention, attention_layer=tf.layers.Dense(2))
out = decode(cell, training())
""",
    "monotonic attentions": """
a = s2s.BahdanauMonotonicAttention(3, MEMORY, LENGTHS, score_bias_init=-1.0)
b = s2s.LuongMonotonicAttention(3, MEMORY, scale=True, mode="recursive")
c = s2s.LuongMonotonicAttention(3, MEMORY, mode="hard")
out = decode(s2s.AttentionWrapper(rnn.GRUCell(3), [a, b, c]), training())
""",
    "sequence_loss": """
targets, weights = tf.constant([[1, 2, 0, 3, 1]] * 3), tf.sequence_mask(LENGTHS, dtype=tf.float32)
out = [s2s.sequence_loss(SEQ, targets, weights),
       s2s.sequence_loss(SEQ, targets, weights, False, False),
       s2s.sequence_loss(SEQ, targets, weights, True, False),
       s2s.sequence_loss(SEQ, targets, weights, False, True),
       s2s.sequence_loss(SEQ, targets, weights, False, False, True, True),
       s2s.sequence_loss(SEQ, targets, weights, False, False, False, True)]
""",
    "tile_batch": "out = [s2s.tile_batch(SEQ, 2), s2s.tile_batch([X, LENGTHS], 3)[1]]",
}
for _name, _source in DECODED.items():
    PROGRAMS["seq2seq " + _name] = SEQ2SEQ + _source

# Beam search was an op of its own: what it finds is compared, not what it is built of.
BEAMS = {
    "gather_tree": """
ids = tf.constant(np.arange(24).reshape(4, 2, 3) % 5, tf.int32)
parents = tf.constant(np.arange(24).reshape(4, 2, 3) * 7 % 3, tf.int32)
out = [s2s.gather_tree(ids, parents, tf.constant(lengths), tf.constant(end))
       for lengths in ([4, 4], [4, 2], [1, 3], [0, 9]) for end in (9, 0, 3)]
""",
    "beam": """
decoder = s2s.BeamSearchDecoder(rnn.GRUCell(3), EMBEDDING * 3, tf.constant([1, 2, 3]), 0,
                                tf.ones([6, 3]), 2, DENSE)
outputs, state, lengths = s2s.dynamic_decode(decoder, maximum_iterations=6)
out = [outputs.predicted_ids, state.log_probs, state.lengths, lengths]
""",
    "beam penalties attention": """
memory = tf.placeholder_with_default(s2s.tile_batch(MEMORY, 3), [9, None, 4])
attention = s2s.LuongAttention(3, memory, s2s.tile_batch(LENGTHS, 3))
cell = s2s.AttentionWrapper(rnn.GRUCell(3), attention, 2, alignment_history=True)
state = cell.zero_state(9, tf.float32)
decoder = s2s.BeamSearchDecoder(cell, EMBEDDING * 9, tf.constant([1, 2, 3]), 0, state, 3, DENSE,
                                length_penalty_weight=1.0, coverage_penalty_weight=0.3)
outputs, state, lengths = s2s.dynamic_decode(decoder, maximum_iterations=5)
out = [outputs.predicted_ids, outputs.beam_search_decoder_output.scores, state.lengths,
       state.cell_state.alignment_history]
""",
}
for _name, _source in BEAMS.items():
    PROGRAMS["values seq2seq " + _name] = (
        "tf.get_variable_scope().set_initializer(tf.random_uniform_initializer(-1, 1, seed=3))"
        + SEQ2SEQ
        + _source
    )

PROGRAMS.update(
    {
        "legacy_seq2seq basic": """
ls = tf.contrib.legacy_seq2seq
a = ls.basic_rnn_seq2seq(tf.unstack(SEQ, axis=1), tf.unstack(SEQ, axis=1)[:3], rnn.GRUCell(3))
b = ls.tied_rnn_seq2seq(tf.unstack(SEQ, axis=1), tf.unstack(SEQ, axis=1)[:3], rnn.GRUCell(3))
out = [a[0][2], a[1], b[0][2], b[1]]
""",
        "legacy_seq2seq rnn_decoder": """
ls = tf.contrib.legacy_seq2seq
cell = rnn.MultiRNNCell([rnn.BasicLSTMCell(4), rnn.BasicLSTMCell(4)])
state = cell.zero_state(3, tf.float32)
outputs, state = ls.rnn_decoder(tf.unstack(SEQ, axis=1), state, cell,
                                loop_function=lambda prev, i: tf.tanh(prev), scope="rnnlm")
out = [outputs[4], state[0].c, state[1].h]
""",
        "legacy_seq2seq loss": """
ls = tf.contrib.legacy_seq2seq
logits = tf.reshape(SEQ, [-1, 4])
a = ls.sequence_loss_by_example([logits], [tf.ones([15], tf.int32)], [tf.ones([15])])
b = ls.sequence_loss([X, X], [LABELS, LABELS], [tf.ones([4]), tf.zeros([4])])
c = ls.sequence_loss([X], [LABELS], [tf.ones([4])], False, False, softmax_loss_function=lambda
                     labels, logits: tf.reduce_sum(logits, 1) * tf.cast(labels, tf.float32))
out = [a, b, c]
""",
        "legacy_seq2seq embedding_rnn": """
ls = tf.contrib.legacy_seq2seq
ids = [LABELS + k for k in range(3)]
outputs, state = ls.embedding_rnn_seq2seq(ids, ids[:2], rnn.BasicLSTMCell(3), 6, 7, 4)
out = [outputs[1], state.c]
""",
        "legacy_seq2seq embedding_rnn fed": """
ls = tf.contrib.legacy_seq2seq
ids = [LABELS + k for k in range(3)]
flag = tf.placeholder_with_default(True, [])
outputs, state = ls.embedding_rnn_seq2seq(ids, ids[:2], rnn.GRUCell(3), 6, 7, 4,
                                          feed_previous=flag)
out = [outputs[1], state]
""",
        "legacy_seq2seq embedding_tied": """
ls = tf.contrib.legacy_seq2seq
ids = [LABELS + k for k in range(3)]
a = ls.embedding_tied_rnn_seq2seq(ids, ids, rnn.GRUCell(3), 6, 4, feed_previous=True)
flag = tf.placeholder_with_default(False, [])
with tf.variable_scope("other"):
    b = ls.embedding_tied_rnn_seq2seq(ids, ids, rnn.BasicLSTMCell(3), 6, 4, feed_previous=flag)
out = [a[0][2], a[1], b[0][2], b[1].h]
""",
        "legacy_seq2seq attention": """
ls = tf.contrib.legacy_seq2seq
outputs, state = ls.attention_decoder(tf.unstack(SEQ, axis=1), tf.ones([3, 3]), SEQ,
                                      rnn.GRUCell(3), num_heads=2, initial_state_attention=True)
out = [outputs[4], state]
""",
        "legacy_seq2seq embedding_attention": """
ls = tf.contrib.legacy_seq2seq
ids = [LABELS + k for k in range(3)]
w, b = tf.get_variable("w", [3, 7]), tf.get_variable("b", [7])
flag = tf.placeholder_with_default(False, [])
outputs, state = ls.embedding_attention_seq2seq(
    ids, ids, rnn.MultiRNNCell([rnn.GRUCell(3) for _ in range(2)]), 6, 7, 4,
    output_projection=(w, b), feed_previous=flag)
out = [outputs[2], state[1]]
""",
        "legacy_seq2seq buckets": """
ls = tf.contrib.legacy_seq2seq
ids = [LABELS + k for k in range(4)]
weights = [tf.ones([4]) for _ in range(4)]
def seq2seq(x, y):
    return ls.embedding_attention_seq2seq(x, y, rnn.GRUCell(3), 7, 7, 4, feed_previous=False)
outputs, losses = ls.model_with_buckets(ids, ids, ids, weights, [(2, 3), (4, 4)], seq2seq)
out = losses + [outputs[1][3]]
""",
        "legacy_seq2seq one2many": """
ls = tf.contrib.legacy_seq2seq
ids = [LABELS + k for k in range(3)]
outputs, states = ls.one2many_rnn_seq2seq(ids, {"a": ids}, rnn.GRUCell(3), {"a": rnn.GRUCell(3)},
                                          6, {"a": 7}, 4, feed_previous=True)
out = [outputs["a"][2], states["a"]]
""",
        "crf": """
crf = tf.contrib.crf
tags = tf.constant([[1, 2, 0, 3, 1], [0, 1, 2, 0, 0], [3, 3, 0, 0, 0]])
likelihood, transitions = crf.crf_log_likelihood(SEQ, tags, LENGTHS)
decoded, score = crf.crf_decode(SEQ, transitions, LENGTHS)
out = [likelihood, transitions, decoded, score]
""",
        "crf learns": """
crf = tf.contrib.crf
x = tf.placeholder_with_default(SEQ, [None, None, 4])
tags = tf.constant([[1, 2, 0, 3, 1], [0, 1, 2, 0, 0], [3, 3, 0, 0, 0]])
tags = tf.placeholder_with_default(tags, [None, None])
likelihood, transitions = crf.crf_log_likelihood(x, tags, LENGTHS)
grad = tf.gradients(tf.reduce_mean(-likelihood), transitions)[0]
out = [likelihood, grad]
""",
        "crf parts": """
crf = tf.contrib.crf
tags, w = tf.constant([[1], [0], [3]], tf.int64), tf.ones([4, 4]) * 0.5
one, bitmap = SEQ[:, :1], tf.greater(SEQ, 0.0)
out = [crf.crf_sequence_score(one, tags, LENGTHS, w), crf.crf_log_norm(one, LENGTHS, w),
       crf.crf_multitag_sequence_score(SEQ, bitmap, LENGTHS, w)]
out += list(crf.crf_decode(one, w, LENGTHS))
""",
        "crf viterbi": """
found = tf.contrib.crf.viterbi_decode(np.cos(np.arange(20)).reshape(5, 4), np.eye(4))
out = [tf.constant(found[0]), tf.constant(found[1])]
""",
        "opt": """
def train(make, sparse, decays):
    w = tf.get_variable("w", [5, 3], initializer=tf.ones_initializer())
    x = tf.nn.embedding_lookup(w, LABELS) if sparse else tf.matmul(X[:, :5], w)
    # A decay and a forward pass that reads what decays would race, so that gradient is constant.
    return w, make().minimize(tf.reduce_sum(0.3 * x if decays else tf.square(x - 0.5)))
opt = tf.contrib.opt
makers = [lambda: opt.NadamOptimizer(0.1), lambda: opt.LazyAdamOptimizer(0.1),
          lambda: opt.AdaMaxOptimizer(0.1), lambda: opt.AdamWOptimizer(0.01, 0.1),
          lambda: opt.MomentumWOptimizer(0.01, 0.1, 0.9),
          lambda: opt.extend_with_decoupled_weight_decay(tf.train.AdagradOptimizer)(
              weight_decay=0.01, learning_rate=0.1),
          lambda: opt.MovingAverageOptimizer(tf.train.GradientDescentOptimizer(0.1), 0.5)]
out = []
for i, make in enumerate(makers):
    for sparse in (False, True):
        with tf.variable_scope("v%d%d" % (i, sparse)):
            w, op = train(make, sparse, i in (3, 4, 5))
            out += [op, op, w]
""",
        "opt resource": """
opt = tf.contrib.opt
out = []
for i, make in enumerate([opt.NadamOptimizer, opt.LazyAdamOptimizer, opt.AdaMaxOptimizer]):
    w = tf.get_variable("w%d" % i, [5, 3], initializer=tf.ones_initializer(), use_resource=True)
    x = tf.reduce_sum(tf.square(tf.nn.embedding_lookup(w, LABELS))) + tf.reduce_sum(w)
    out += [make(0.1).minimize(x), w]
""",
        "training HParams": """
h = training.HParams(rate=0.1, layers=[3, 4], name="net", use=True)
h.parse("rate=0.5,layers=[1,2,3],use=false,name=other")
h.add_hparam("steps", 7)
h.set_hparam("steps", 9)
texts = [str(sorted(h.values().items())), h.to_json(sort_keys=True), str("rate" in h),
         str(h.get("none", 3)), repr(h)]
for wrong in ("rate=x", "layers=3", "nothing=1", "rate=1,rate=2", "use=7.5", "rate"):
    try:
        h.parse(wrong)
        texts.append("accepted")
    except ValueError:
        texts.append("refused")
h.del_hparam("steps")
out = tf.constant(texts + [str(h)])
""",
        "training clip": """
loss = tf.reduce_sum(tf.square(layers.fully_connected(X, 2)))
op = training.create_train_op(loss, tf.train.AdamOptimizer(0.1), summarize_gradients=True,
                              transform_grads_fn=training.clip_gradient_norms_fn(0.5))
out = [op] + tf.trainable_variables()
""",
        "learn preprocessing": """
process = tf.contrib.learn.preprocessing.VocabularyProcessor(4, min_frequency=1)
texts = ["the cat sat on the mat", "TheCat isn't on USA-made mats", "a cat on the mat"]
ids = np.array(list(process.fit_transform(texts)))
known = ["%s:%d" % item for item in sorted(process.vocabulary_._mapping.items())]
out = [tf.constant(ids), tf.constant(known), tf.constant(list(process.reverse(ids)))]
by_bytes = tf.contrib.learn.preprocessing.ByteProcessor(5)
out += [tf.constant(np.array(list(by_bytes.transform(texts))))]
""",
        "data": """
d = tf.contrib.data
base = tf.data.Dataset.range(23)
def all_of(dataset):
    return tf.reduce_sum(dataset.reduce(tf.constant(0.5, tf.float64), lambda s, x: 0.9 * s +
                         tf.reduce_sum(tf.cast(x, tf.float64))))
out = [all_of(base.apply(d.map_and_batch(lambda x: x * 2, 4))),
       all_of(base.apply(d.batch_and_drop_remainder(5))),
       all_of(base.apply(d.shuffle_and_repeat(10, 2, seed=3))),
       all_of(base.batch(4).apply(d.unbatch())),
       all_of(base.apply(d.group_by_window(lambda x: x % 3, lambda k, w: w.batch(2), 2)))]
""",
        "values data": """
d = tf.contrib.data
base = tf.data.Dataset.range(23)
def all_of(dataset):
    return tf.reduce_sum(dataset.reduce(tf.constant(0.5, tf.float64), lambda s, x: 0.9 * s +
                         tf.reduce_sum(tf.cast(x, tf.float64))))
out = [all_of(base.apply(d.sliding_window_batch(4, window_shift=3))),
       all_of(base.apply(d.sliding_window_batch(3, 2))),
       all_of(base.apply(d.parallel_interleave(
           lambda x: tf.data.Dataset.from_tensors(x).repeat(2), cycle_length=3)))]
""",
        "image": """
image = tf.contrib.image
out = [image.rotate(IMAGES, 0.3), image.rotate(IMAGES[0], 0.3, "BILINEAR"),
       image.translate(IMAGES[0, :, :, 0], [1.0, 2.0]),
       image.transform(IMAGES, [1.0, 0.1, 0.2, 0.0, 1.0, 0.0, 0.0, 0.0], output_shape=[4, 5]),
       image.compose_transforms([1.0, 0.1, 0.2, 0.0, 1.0, 0.0, 0.0, 0.0],
                                [0.5, 0.0, 1.0, 0.1, 1.0, 0.0, 0.0, 0.01])]
""",
        "lookup": """
lookup = tf.contrib.lookup
words = tf.constant(["b", "x", "a"])
table = lookup.index_table_from_tensor(tf.constant(["a", "b"]), num_oov_buckets=1)
back = lookup.index_to_string_table_from_tensor(["a", "b"], default_value="?")
pairs = lookup.HashTable(lookup.KeyValueTensorInitializer(["a", "b"], [7, 8], tf.string, tf.int64),
                         -1)
out = [table.lookup(words), back.lookup(tf.constant([1, 5], tf.int64)), pairs.lookup(words)]
""",
        "nn": """
nn = tf.contrib.nn
out = [nn.alpha_dropout(X, 0.7), nn.scaled_softplus(X, 2.0, 1.0),
       nn.deprecated_flipped_sparse_softmax_cross_entropy_with_logits(X, LABELS)]
""",
        "values distributions": """
ds = tf.contrib.distributions
a = ds.MultivariateNormalDiag([1.0, 2.0], [0.5, 2.0])
b = ds.MultivariateNormalTriL([1.0, 2.0], [[0.5, 0.0], [0.3, 2.0]])
c = ds.MultivariateNormalFullCovariance([0.0, 1.0], [[2.0, 0.5], [0.5, 1.0]])
d = ds.MultivariateNormalDiag([1.0, 2.0], [0.5, 2.0], 0.5)
x = tf.constant([[0.0, 1.0], [1.5, 2.5], [-1.0, 4.0]])
out = []
for p in (a, b, c, d):
    out += [p.log_prob(x), p.prob(x), p.mean(), p.stddev(), p.variance(), p.covariance(),
            p.entropy(), p.mode(), p.sample(3)[:, 0] * 0, p.batch_shape_tensor(),
            p.event_shape_tensor()]
n = ds.Normal(0.0, 2.0)
out += [n.log_prob(x), ds.kl_divergence(n, ds.Normal(1.0, 1.0)), n.sample([2, 2], seed=4),
        ds.Bernoulli(logits=X).entropy(), ds.Categorical(logits=X).log_prob(LABELS),
        ds.softplus_inverse(2.0), ds.fill_triangular([1.0, 2.0, 3.0])]
""",
        "distributions sampled": """
ds = tf.contrib.distributions
out = [ds.Normal(tf.zeros([3]), 2.0).sample(), ds.Categorical(logits=X).sample(5),
       ds.Bernoulli(probs=[0.2, 0.7]).sample([4])]
""",
        "metrics": """
m = tf.contrib.metrics
labels, predictions = tf.constant([1, 0, 1, 1]), tf.constant([1, 1, 1, 0])
results = [m.streaming_accuracy(predictions, labels), m.streaming_precision(predictions, labels),
           m.streaming_recall(predictions, labels), m.streaming_mean(X),
           m.streaming_mean_iou(predictions, labels, 2),
           m.streaming_auc(tf.cast(predictions, tf.float32), labels),
           m.streaming_pearson_correlation(X[0], X[1] * X[0])]
out = [update for _, update in results] + [m.accuracy(predictions, labels),
                                           m.confusion_matrix(labels, predictions)]
""",
        "losses": """
losses = tf.contrib.losses
out = [losses.log_loss(tf.sigmoid(X), tf.ones([4, 6])), losses.absolute_difference(X, X * 2),
       losses.sigmoid_cross_entropy(X, tf.ones([4, 6]), label_smoothing=0.1),
       losses.sparse_softmax_cross_entropy(X, tf.cast(LABELS, tf.int64)),
       losses.hinge_loss(X, tf.ones([4, 6])), losses.cosine_distance(X, X * 2, 1),
       losses.get_total_loss(),
       losses.metric_learning.triplet_semihard_loss(LABELS, X)]
""",
        "values small packages": """
contrib = tf.contrib
from tensorflow.contrib.tensorboard.plugins import projector
config = projector.ProjectorConfig()
config.embeddings.add().tensor_name = "e"
area = contrib.staging.StagingArea([tf.float32])
put = area.put([X])
out = [contrib.signal.frame(X, 3, 2), tf.constant(str(config).strip()),
       tf.constant(contrib.util.constant_value(tf.constant(3))), contrib.keras.backend.sum(X)]
""",
    }
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    found = {
        name: record(source) for name, source in PROGRAMS.items() if name.startswith(args.only)
    }
    with open(args.out, "w") as file:
        lines = ["%s: %s" % (json.dumps(name), json.dumps(found[name])) for name in found]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def record(source):
    """What the program builds and computes; of a failure, its last lines."""
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(42)
        names = {"np": np, "tf": tf}
        try:
            exec(SETUP + source, names)
            out = names["out"] if isinstance(names["out"], (list, tuple)) else [names["out"]]
            built = describe(graph)
            with tf.Session() as sess:
                sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
                sess.run(tf.tables_initializer())
                built["values"] = [values(sess.run(tensor, names.get("feed"))) for tensor in out]
        except Exception:
            return {"error": traceback.format_exc(limit=-6).splitlines()[-8:]}
    return built


def describe(graph):
    """The seed that the next op would get, those of random ops, and the variables."""
    return {
        "ops": tf.get_seed(None)[1],
        "seeds": {op.name: [op.get_attr("seed"), op.get_attr("seed2")]
                  for op in graph.get_operations() if "seed2" in op.node_def.attr},
        "variables": [[v.op.name, v.shape.as_list(), v in tf.trainable_variables()]
                      for v in tf.global_variables() + tf.local_variables()],
    }  # fmt: skip


def values(found):
    """Shape, and what is enough to tell values apart: the first eight and the sum."""
    found = np.asarray(found)
    if found.dtype.kind in "OSU":
        return [str(item) for item in found.ravel().tolist()]
    flat = found.astype(np.float64).ravel()
    return [list(found.shape), [float("%.7g" % number) for number in [*flat[:8], flat.sum()]]]


if __name__ == "__main__":
    main()
