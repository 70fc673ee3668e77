"""Record what small programs over tf.contrib build and compute: run it under TensorFlow 1.15.5.

    python make_contrib.py --out contrib.json

Each program is recorded by the number of ops in its graph, its random ops' seeds, its variables
and the values that it computes. `python -m tf1_dnn.run make_contrib.py --out FILE` records the
same on today's TensorFlow, and the tests compare the two.
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
    """What the program builds and computes; of a failure, its last line."""
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
    """The number of ops, the seeds of random ops, and the variables."""
    ops = graph.get_operations()
    return {
        "ops": len(ops),
        "seeds": {op.name: [op.get_attr("seed"), op.get_attr("seed2")] for op in ops
                  if "seed2" in op.node_def.attr},
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
