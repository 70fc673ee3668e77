"""BN001 to BN008, and how batch norm is recognized, in graphs of TensorFlow 1.15.5 and of 2.21."""

import pages
import pytest
import stored

from tf1_dnn import check
from tf1_dnn.check.facts.batch_norms import batch_norms
from tf1_dnn.check.facts.steps import trainable
from tf1_dnn.check.graph import Graph
from tf1_dnn.check.read.load import load_graph
from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import OPTIMIZERS, PRESETS
from tf1_dnn.graph import build_graph, network

RULES = tuple(f"BN00{number}" for number in range(1, 9))
SEVERITY = dict(zip(RULES, "error error warning error note warning error warning".split()))
FORMS = sorted(path.name[:-8] for path in stored.GRAPHS.glob("bn_*.meta.gz"))
LEFT_OUT = [name for name in FORMS if "_without" in name]
RUN = [name for name in FORMS if "_without" not in name]


def graph_of(name):
    return Graph(load_graph(stored.read(f"{name}.meta")).meta)


def found_in(build, train_op=None):
    """The BN findings in what a function builds today."""
    with tf.Graph().as_default() as built, tf1_warnings_silenced():
        build()
    return stored.of_rule(check.check(built, train_op), *RULES)


def test_every_form_of_batch_norm_has_its_graphs():
    assert len(FORMS) == 55 and len(LEFT_OUT) == 22


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_recognized_as_one_layer(name):
    graph = graph_of(name)
    (layer,) = batch_norms(graph).layers
    assert layer.mode == ("training" if "constant" in name else "switched")
    conditions = {node.name for node in layer.conditions}
    assert conditions == (set() if "constant" in name else {"training"})
    assert len(layer.averages) == 2
    assert all(len(average.moves) == 1 for average in layer.averages)
    assert trainable(graph).isdisjoint(average.variable for average in layer.averages)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_updates_left_out_are_found_in_every_form(name):
    (finding,) = stored.of_rule(stored.findings(f"{name}.meta"), *RULES)
    assert (finding.rule, finding.severity, len(finding.ops)) == ("BN001", "error", 2)
    assert finding.message.endswith(" (unless session.run fetches them beside it).")
    moves = {move.node.name for each in batch_norms(graph_of(name)).averages for move in each.moves}
    assert set(finding.ops) == moves


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_a_step_fetches_can_be_named(name):
    meta = stored.read(f"{name}.meta")
    (finding,) = stored.of_rule(check.check(meta, "Momentum"), *RULES)
    assert (finding.rule, finding.severity) == ("BN001", "error")
    assert "unless" not in finding.message
    # session.run([train_op, update_ops]), as in Hands-On Machine Learning
    assert not stored.of_rule(check.check(meta, "Momentum,update_ops"), *RULES)


@pytest.mark.parametrize("name", RUN)
def test_updates_that_are_run_are_right_in_every_form(name):
    assert not stored.of_rule(stored.findings(f"{name}.meta"), *RULES)


@pytest.mark.parametrize("rule", RULES)
def test_the_pages_graphs_made_by_tensorflow_1(rule):
    wrong = stored.of_rule(stored.findings(f"{rule}_wrong.meta"), *RULES)
    assert {finding.rule for finding in wrong} == {rule}
    assert {finding.severity for finding in wrong} == {SEVERITY[rule]}
    assert not stored.of_rule(stored.findings(f"{rule}_right.meta"), *RULES)


STYLES = {
    "resnet_towers": ["switched"] * 6,
    "gan": ["training"] * 3,
    "handson_batch_norm": ["switched"] * 3,
    "slim_train_op": ["training"] * 2,
    "contrib_layers": ["switched"],
    "keras": ["switched"],
    "estimator": ["training"],
    "evaluation": ["inference"] * 3,
    "transfer": ["inference"],
    "handson_clipping": [],
    "rnn": [],
}


@pytest.mark.parametrize("name", STYLES)
def test_batch_norm_is_recognized_in_graphs_of_other_styles(name):
    assert [layer.mode for layer in batch_norms(graph_of(name)).layers] == STYLES[name]


MORE_RIGHT = {
    "renorm": ["switched"],
    "zero_debias": ["switched"],
    "tutorial": ["training"],
    "two_towers": ["training", "inference"],
    "half_precision": ["switched"],
    "other_norms": [],
    "frozen_base": ["switched", "switched"],
    "mirrored": ["training", "training"],
}


@pytest.mark.parametrize("name", MORE_RIGHT)
def test_nothing_is_wrong_with_other_right_graphs(name):
    assert sorted(layer.mode for layer in batch_norms(graph_of(f"norm_{name}")).layers) == sorted(
        MORE_RIGHT[name]
    )
    found = stored.findings(f"norm_{name}.meta")
    assert {finding.severity for finding in found} <= {"note"}
    assert not stored.of_rule(found, *(set(RULES) - {"BN005"}))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_presets_graphs(preset):
    config = PRESETS[preset]
    found = check.check(build_graph(config, 784, 10, image_shape=(28, 28)).graph)
    biases = [f"{name}/bias" for name in network.layer_names(config)] if config.batch_norm else []
    assert [each.ops[0] for each in stored.of_rule(found, "BN005")] == biases
    expected = {"BN005", "GR002"} if config.batch_norm else {"GR006"}  # nothing reads `training`
    assert {each.rule for each in found if not each.rule.startswith("MG")} == expected
    assert "error" not in {each.severity for each in found}


CLIPPINGS = [{}, {"clip_value": 1.0}, {"clip_norm": 1.0}, {"clip_global_norm": 1.0}]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_norm", [pytest.param(True, marks=pytest.mark.slow), False])
def test_any_config_is_right(optimizer, batch_norm):
    for clipping in CLIPPINGS:
        config = PRESETS["batch_norm"].replace(
            **dict(optimizer=optimizer, batch_norm=batch_norm, loss_reduction="mean"),
            **dict(hidden_units=(6, 4), dropout_rate=0.5 * batch_norm, **clipping),
        )
        found = check.check(build_graph(config, 20, 5).graph)
        assert {each.rule for each in found} == {"BN005" if batch_norm else "GR006"}


def layer(training, **options):
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    h = tf.layers.dense(x, 3, use_bias=False, name="dense", **options)
    return tf.layers.batch_normalization(h, training=training, name="bn", **options)


def train(y, update_ops=None):
    loss = tf.reduce_mean(tf.square(y))
    with tf.control_dependencies(update_ops or tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="train_op")


def test_layer_norm_and_data_statistics_are_no_batch_norm():
    def build():
        x = tf.placeholder(tf.float32, [None, 4])
        mean, variance = tf.nn.moments(x, [1], keep_dims=True)
        x = tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3)
        train(tf.layers.dense((x - tf.constant(0.1)) / tf.sqrt(tf.constant(0.3) + 1e-3), 1))

    with tf.Graph().as_default() as built, tf1_warnings_silenced():
        build()
    assert not batch_norms(Graph(load_graph(built).meta)).layers
    assert not found_in(build)


def test_a_moving_average_that_no_op_assigns():
    def build():
        h = tf.layers.dense(tf.placeholder(tf.float32, [None, 4]), 3, use_bias=False)
        training = tf.placeholder_with_default(False, [])
        mean, variance = tf.nn.moments(h, [0])
        average = tf.get_variable("average", [3], trainable=False)
        mean = tf.where(training, mean, average)
        train(tf.nn.batch_normalization(h, mean, variance, None, None, 1e-3))

    (finding,) = found_in(build)
    assert (finding.rule, finding.severity) == ("BN002", "warning")
    assert finding.ops == ("average",) and "no op of the graph updates" in finding.message


def test_keras_updates_in_no_collection():
    def build():
        x = tf.placeholder(tf.float32, [None, 4])
        training = tf.placeholder_with_default(False, [])
        keras_layer = tf.keras.layers.BatchNormalization()
        train(keras_layer(tf.layers.dense(x, 3, use_bias=False), training=training))

    (finding,) = found_in(build)
    assert (finding.rule, finding.severity) == ("BN002", "error")


def test_of_several_kinds_of_step_one_may_run_the_updates():
    def build():
        loss = tf.reduce_mean(tf.square(layer(tf.placeholder_with_default(False, []))))
        for name in ("first", "second"):
            tf.train.GradientDescentOptimizer(0.1).minimize(loss, name=name)

    (finding,) = found_in(build)
    assert (finding.rule, finding.severity) == ("BN001", "warning")


def test_one_constant_layer_among_switched_ones():
    def build():
        training = tf.placeholder_with_default(False, [], name="training")
        h = tf.layers.batch_normalization(layer(training), training=True, name="always")
        train(h)

    (finding,) = found_in(build)
    assert finding.rule == "BN003" and "training" in finding.ops
    assert finding.message.startswith("always is always in training mode")


def test_training_mode_in_a_graph_that_does_not_train():
    (finding,) = found_in(lambda: layer(True))
    assert finding.rule == "BN003" and "a graph that does not train" in finding.message
    assert not found_in(lambda: layer(False))
    assert not found_in(lambda: layer(tf.placeholder_with_default(False, [])))


def test_a_constant_that_switches():
    def build(training):
        h = tf.layers.dense(tf.placeholder(tf.float32, [None, 4]), 3, use_bias=False)
        average = tf.get_variable("average", [3], trainable=False)
        batch = tf.reduce_mean(h, 0)
        update = tf.assign_sub(average, 0.1 * (average - batch))
        mean = tf.where(training(), batch, average)
        variance = tf.reduce_mean(tf.square(h - batch), 0)
        train((h - mean) / tf.sqrt(variance + 1e-3), [update])

    (finding,) = found_in(lambda: build(lambda: tf.constant(True, name="on")))
    assert finding.rule == "BN003" and finding.ops[0] == "on"
    assert not found_in(lambda: build(lambda: tf.placeholder(tf.bool, [], name="on")))


def test_fine_tuning_with_frozen_gamma_and_beta_is_left_alone():
    def build(trainable):
        h = tf.layers.dense(layer(False, trainable=trainable), 1)
        loss = tf.reduce_mean(tf.square(h))
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)

    assert not found_in(lambda: build(trainable=False))
    assert [each.rule for each in found_in(lambda: build(trainable=True))] == ["BN003"]


def test_a_frozen_layer_need_not_be_updated():
    def build(frozen):
        h = layer(tf.placeholder_with_default(False, [], name="training"))
        y = tf.layers.dense(tf.nn.relu(h), 1, name="top")
        variables = tf.trainable_variables("top") if frozen else None
        loss = tf.reduce_mean(tf.square(y))
        tf.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=variables)

    assert not found_in(lambda: build(frozen=True))
    assert [each.rule for each in found_in(lambda: build(frozen=False))] == ["BN001"]


def test_an_evaluation_tower_beside_the_training_one_is_right():
    def build():
        train(layer(True))
        with tf.variable_scope("", reuse=True):
            tf.identity(layer(False), name="evaluated")

    assert not found_in(build)


@pytest.mark.parametrize(
    "variables, lost",
    [
        (lambda: tf.trainable_variables(), ["bn/moving_mean", "bn/moving_variance"]),
        (lambda: [v for v in tf.global_variables() if "mean" not in v.name], ["bn/moving_mean"]),
        (lambda: None, []),
        (lambda: [v for v in tf.global_variables() if "dense" in v.name], []),
        (lambda: {f"old/{v.op.name}": v for v in tf.global_variables()}, []),
    ],
    ids=["trainable", "one lost", "all", "another part", "other names"],
)
def test_what_a_saver_leaves_out(variables, lost):
    def build():
        train(layer(tf.placeholder_with_default(False, [])))
        tf.train.Saver(variables())

    found = found_in(build)
    assert [name for finding in found for name in finding.ops] == lost
    assert {finding.rule for finding in found} == ({"BN004"} if lost else set())


def test_a_mean_of_replicas_is_saved():
    # As MirroredStrategy's Saver has it, in TensorFlow 1.15: one entry, the replicas' mean.
    def build():
        with tf.variable_scope("", reuse=tf.AUTO_REUSE):
            train(layer(tf.placeholder_with_default(False, [])))
            means = [v for v in tf.global_variables() if "moving" in v.op.name]
            names = [v.op.name for v in tf.trainable_variables() + means]
            tensors = [v.read_value() for v in tf.trainable_variables()]
            tensors += [(v.read_value() + v.read_value()) / 2 for v in means]
            tf.raw_ops.SaveV2(
                prefix="p", tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors
            )

    assert not found_in(build)


def test_two_savers_of_which_one_saves_all():
    def build():
        train(layer(tf.placeholder_with_default(False, [])))
        tf.train.Saver(tf.trainable_variables())
        tf.train.Saver()

    assert not found_in(build)


def test_a_bias_behind_an_activation_is_no_redundant_one():
    def build(between):
        x = tf.placeholder(tf.float32, [None, 4])
        h = between(tf.layers.dense(x, 3, name="dense"))
        train(tf.layers.batch_normalization(h, training=tf.placeholder_with_default(False, [])))

    assert not found_in(lambda: build(tf.nn.relu))
    (finding,) = found_in(lambda: build(lambda h: tf.reshape(h, [-1, 3])))
    assert (finding.rule, finding.ops[0]) == ("BN005", "dense/bias")


def test_a_shared_layer_updated_for_each_of_its_inputs_is_a_note():
    def build(scope=None):
        training = tf.placeholder_with_default(False, [], name="training")
        first = layer(training)
        with tf.variable_scope("", reuse=True):
            second = layer(training)
        train(first + second, tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope))

    (finding,) = found_in(build)
    assert (finding.rule, finding.severity, len(finding.ops)) == ("BN006", "note", 2)
    assert not found_in(lambda: build("bn/"))


def test_an_average_updated_twice_from_one_mini_batch():
    def build():
        training = tf.placeholder_with_default(False, [], name="training")
        y = layer(training)
        with tf.variable_scope("bn", reuse=True):
            average = tf.get_variable("moving_mean")
        batch = tf.get_default_graph().get_tensor_by_name("bn/moments/Squeeze:0")
        again = tf.assign_sub(average, 0.1 * (average - batch))
        train(y, tf.get_collection(tf.GraphKeys.UPDATE_OPS) + [again])

    (finding,) = stored.of_rule(found_in(build), "BN006")
    assert finding.severity == "warning" and "from the same mini-batch" in finding.message


def test_discriminator_and_generator_steps_do_not_count_together():
    found = stored.of_rule(stored.findings("gan.meta"), "BN006")
    assert [each.severity for each in found] == ["note"]  # real and fake, in the d step alone


def by_hand(ordered_by, use_resource=True):
    """Normalizes by the averages alone, which the step updates."""

    def build():
        h = tf.layers.dense(tf.placeholder(tf.float32, [None, 4]), 3, use_bias=False)
        mean, variance = tf.nn.moments(h, [0])
        average = tf.get_variable("average", [3], trainable=False, use_resource=use_resource)
        if ordered_by == "update first":
            update = tf.assign_sub(average, 0.1 * (average - mean)).op
            with tf.control_dependencies([update]):
                read = average.read_value()
        else:
            read = average.read_value()
        y = tf.nn.batch_normalization(h, read, variance, None, None, 1e-3)
        if ordered_by != "update first":
            with tf.control_dependencies([y] if ordered_by == "update last" else []):
                update = tf.assign_sub(average, 0.1 * (average - mean)).op
        train(y, [update])

    return build


@pytest.mark.parametrize("use_resource", [True, False])
def test_the_order_of_reading_and_writing(use_resource):
    (finding,) = found_in(by_hand("nothing", use_resource))
    assert (finding.rule, finding.severity) == ("BN008", "warning")
    for order in ("update first", "update last"):
        assert not found_in(by_hand(order, use_resource))


def test_what_a_ref_variable_read_for_both_uses_does_not_order():
    def build(use_resource):
        h = tf.layers.dense(tf.placeholder(tf.float32, [None, 4]), 3, use_bias=False)
        mean, variance = tf.nn.moments(h, [0])
        average = tf.get_variable("average", [3], trainable=False, use_resource=use_resource)
        read = average.read_value()
        y = tf.nn.batch_normalization(h, read, variance, None, None, 1e-3)
        train(y, [tf.assign_sub(average, 0.1 * (read - mean)).op])

    # A resource is copied when it is read; a reference may be seen after it was written.
    assert not found_in(lambda: build(True))
    assert [each.rule for each in found_in(lambda: build(False))] == ["BN008"]


def test_evaluation_that_updates_is_found_by_its_output_alone():
    # The same averages, updated outside the condition: only the train op depends on them.
    def build():
        h = tf.layers.dense(tf.placeholder(tf.float32, [None, 4]), 3, use_bias=False)
        training = tf.placeholder_with_default(False, [])
        mean, variance = tf.nn.moments(h, [0])
        average = tf.get_variable("average", [3], trainable=False)
        update = tf.assign_sub(average, 0.1 * (average - mean))
        mean = tf.where(training, mean, average)
        y = tf.nn.batch_normalization(h, mean, variance, None, None, 1e-3)
        tf.argmax(y, 1, name="predictions")
        train(y, [update])

    assert not stored.of_rule(found_in(build), "BN007")


def test_pages_exist_for_every_rule():
    assert set(RULES) <= set(check.RULES)
    assert all((pages.EXPLAIN / f"{rule}.md").is_file() for rule in RULES)
