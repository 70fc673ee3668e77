"""What is found of the training step by itself: train ops, applied gradients, losses."""

import pytest
import stored
from conftest import small_splits

from tf1_dnn import check
from tf1_dnn.check.facts.batch_norms import batch_norms
from tf1_dnn.check.facts.steps import is_backward, trainable, training
from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.graph import Graph
from tf1_dnn.check.read.load import load_graph
from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import PRESETS
from tf1_dnn.graph import build_graph
from tf1_dnn.training import compiled_epoch


def graph_of(name, *train_ops):
    return Graph(load_graph(stored.read(name)).meta, train_ops)


def fetched(found):
    return [[node.name for node in step.fetches] for step in found.steps]


@pytest.mark.parametrize(
    "name, train_ops, losses",
    [
        ("handson_batch_norm.meta", ["train/GradientDescent"], ["loss/loss"]),
        ("slim_train_op.meta", ["train_op/control_dependency"], ["total_loss"]),
        ("estimator.meta", ["GradientDescent"], ["sparse_softmax_cross_entropy_loss/value"]),
        ("contrib_layers_resource.meta", ["OptimizeLoss/control_dependency_1"], None),
        ("gan.meta", ["d_train", "g_train"], ["Mean_2", "add"]),
        ("keras.meta", ["training_1/group_deps"], ["loss/mul"]),
        ("averaged_weights.meta", ["ExponentialMovingAverage"], ["Mean"]),
        ("rnn_v2.meta", ["train"], ["Sum"]),
        ("bn_by_hand_grouped.meta", ["train_op"], ["loss"]),
        ("evaluation.meta", [], []),
        ("frozen.pb", [], []),
    ],
)
def test_train_ops_and_losses_are_found(name, train_ops, losses):
    found = training(graph_of(name))
    assert fetched(found) == [[name] for name in train_ops] and not found.is_known
    if losses is not None:
        assert [loss.output.node.name for loss in found.losses] == losses


@pytest.mark.parametrize("name", ["rnn.meta", "rnn_resource.meta", "handson_clipping.meta"])
def test_every_trainable_variable_is_applied_the_gradient_it_is_given(name):
    linked = graph_of(name)
    (step,) = training(linked).steps
    assert {apply.variable for apply in step.applies} == trainable(linked)
    for apply in step.applies:
        name = apply.gradient.node.name  # of a sparse gradient, times the learning rate
        assert "clip_by" in name or name == "train/update_Model/embedding/mul"
        assert apply.node in step.reach


def test_the_steps_of_a_gan_apply_to_their_own_networks():
    d_step, g_step = training(graph_of("gan.meta")).steps
    assert {each.variable.name.split("/")[0] for each in d_step.applies} == {"discriminator"}
    assert {each.variable.name.split("/")[0] for each in g_step.applies} == {"generator"}


def test_named_train_ops_are_taken_as_they_are():
    linked = graph_of("gan.meta", "d_train", "g_train:0,update_ops")
    first, second = training(linked).steps
    assert training(linked).is_known and [node.name for node in first.fetches] == ["d_train"]
    update_ops = linked.collection("update_ops")
    assert second.fetches == [linked.nodes["g_train"], *update_ops] and len(update_ops) == 6
    (step,) = training(graph_of("gan.meta", "UPDATE_OPS")).steps
    assert [node.name for node in step.fetches] == [node.name for node in update_ops]


@pytest.mark.parametrize(
    "name, said",
    [("nowhere", "the graph has no op named 'nowhere'"), (",", "no train op is named")],
)
def test_a_train_op_that_is_not_there(name, said):
    with pytest.raises(GraphError, match=said):
        training(graph_of("gan.meta", name))


def test_a_step_written_by_hand():
    with tf.Graph().as_default() as built, tf1_warnings_silenced():
        x = tf.placeholder(tf.float32, [None, 4])
        theta = tf.Variable(tf.zeros([4, 1]), name="theta")
        other = tf.Variable(tf.zeros([4, 1]), name="other")
        loss = tf.reduce_mean(tf.square(tf.matmul(x, theta)), name="loss")
        (gradient,) = tf.gradients(loss, [theta])
        tf.assign(theta, theta - 0.1 * gradient, name="step")
        tf.assign(other, theta, name="copied")
    found = training(Graph(load_graph(built).meta))
    (apply,) = found.applies
    assert apply.variable.name == "theta"
    assert [loss.output.node.name for loss in found.losses] == ["loss"]
    assert apply.gradient.node.op == "Sub" and not is_backward(apply.gradient.node)


def test_a_loss_is_no_gradient_within_a_condition():
    with tf.Graph().as_default() as built, tf1_warnings_silenced():
        training_switch = tf.placeholder(tf.bool, [])
        theta = tf.Variable(tf.zeros([4, 1]), name="theta")
        add = tf.add(theta, 1.0, name="add")
        value = tf.cond(training_switch, lambda: add, lambda: tf.add(theta, 2.0, name="add"))
        loss = tf.reduce_mean(tf.square(value), name="loss")
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    linked = Graph(load_graph(built).meta)
    inner = [name for name in linked.nodes if "cond_grad" in name and "grad_ys" in name]
    assert inner  # there is something to be taken for a loss
    assert [loss.output.node.name for loss in training(linked).losses] == ["loss"]


def test_a_compiled_loop_in_a_function_is_a_step_of_its_own():
    model = build_graph(PRESETS["batch_norm"].replace(hidden_units=(4,)), 20, 5)
    compiled_epoch.build_epoch_graph(model, small_splits().train, xla=True)
    linked = Graph(load_graph(model.graph).meta)
    assert fetched(training(linked)) == [
        ["epoch/StatefulPartitionedCall"],
        ["train/GradientDescent"],
    ]
    inside, outside = (step.applies for step in training(linked).steps)
    assert {each.variable for each in inside} == {each.variable for each in outside}
    assert all("[body]/train/" in each.node.name for each in inside)
    modes = [layer.mode for layer in batch_norms(linked).layers]
    assert modes == ["switched"] * 2 + ["training"] * 2
    assert not [each for each in check.check(model.graph) if each.rule not in ("BN005", "GR002")]


def test_a_queue_runners_ops_run_beside_every_step():
    # Without the queue runner nothing would apply what sync_replicas' workers accumulate.
    (step,) = training(graph_of("sync_replicas.meta", "sync_token_q_EnqueueMany")).steps
    assert step.applies and {apply.node for apply in step.applies} <= step.reach
