"""diff, by running both graphs: with which numbers, what is compared, and where they part."""

import numpy as np
import pytest
from networks import control_flow_v1, forward, graph, regression

from tf1_dnn.check import load_graph
from tf1_dnn.check.graph import Graph
from tf1_dnn.compat import tf
from tf1_dnn.diff import diff, numbers, stages
from tf1_dnn.diff.alignment import align
from tf1_dnn.diff.matching import match
from tf1_dnn.diff.stages import Stage, apart
from tf1_dnn.errors import Error


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ([1.0, -4.0], [1.0, -3.0], (0.25, 4.0)),
        ([0.0, 0.0], [0.0, 0.5], (0.5, 0.0)),
        ([np.nan, 2.0], [np.nan, 2.0], (0.0, 2.0)),
        ([np.inf, 2.0], [np.inf, 2.0], (0.0, 2.0)),
        ([1.0, 2.0], [np.nan, 2.0], (np.inf, 2.0)),
        ([1, 2], [1, 3], (0.5, 2.0)),
        ([True], [False], (1.0, 1.0)),
        ([1.0, 2.0], [[1.0, 2.0]], (np.inf, 2.0)),
        ([b"a"], [b"b"], None),
        (None, [1.0], None),
        ([], [], None),
    ],
)
def test_how_far_two_values_are_apart(old, new, expected):
    assert apart(old, new) == expected


def test_another_shape_of_the_same_numbers_is_a_matter_of_form_for_a_reshape():
    assert apart([1.0, 2.0], [[1.0, 2.0]], is_form=True) is None
    assert apart([1.0, 2.0], [[1.0]], is_form=True) == (np.inf, 2.0)


def test_small_tensors_are_measured_on_the_scale_of_the_largest():
    large, small = Stage("gradient", "a", "", 1e-3, 10.0), Stage("gradient", "b", "", 0.5, 1e-4)
    assert [each.difference for each in stages._on_one_scale([large, small])] == [1e-3, 0.005]


def placeholders():
    """Builds one placeholder of each kind that is drawn its own way."""
    tf.placeholder(tf.float32, [None, 7], name="X")
    words = tf.placeholder(tf.int32, [None, None], name="words")
    tf.nn.embedding_lookup(tf.get_variable("table", [3, 2]), words)
    labels = tf.placeholder(tf.int64, [None], name="labels")
    logits = tf.zeros([numbers.BATCH, 4])
    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    shares = tf.placeholder(tf.float32, [None, 4], name="shares")
    tf.nn.softmax_cross_entropy_with_logits(labels=shares, logits=logits)
    tf.placeholder(tf.bool, [], name="training")
    tf.placeholder(tf.float32, name="keep_prob")
    tf.placeholder(tf.float32, [], name="drop_rate")
    tf.placeholder(tf.float32, [], name="learning_rate")
    tf.placeholder_with_default(tf.zeros([2]), [2], name="with_default")


def test_what_is_drawn_fits_what_reads_it():
    linked = Graph(load_graph(graph(placeholders)).meta)
    aligned = align(linked, linked, match(linked, linked))
    old, new = numbers.feeds(linked, linked, aligned, {})
    assert old.keys() == new.keys() and "with_default:0" not in old
    assert all(np.array_equal(old[name], new[name]) for name in old)
    assert old["X:0"].shape == (16, 7) and 0 <= old["X:0"].min() < old["X:0"].max() < 1
    assert old["words:0"].shape == (16, 5) and set(old["words:0"].ravel()) == {0, 1, 2}
    assert old["labels:0"].dtype == np.int64 and set(old["labels:0"]) == {0, 1, 2, 3}
    np.testing.assert_allclose(old["shares:0"].sum(axis=-1), 1, rtol=1e-6)
    scalars = [old[f"{name}:0"] for name in ("training", "keep_prob", "drop_rate")]
    assert scalars == [False, 1, 0] and old["learning_rate:0"] == np.float32(0.1)


def test_the_same_graph_is_the_same_to_the_last_bit():
    found = diff(graph(regression), graph(regression), n_steps=3)
    assert found.is_same and found.verdict == "the same to the last bit, over 3 steps"
    assert {each.difference for each in found.stages} == {0.0} and found.notes == []
    whens = dict.fromkeys(each.when for each in found.stages)
    assert list(whens) == [
        *("inference", "loss", "gradient", "gradient applied"),
        *("after 1 step", "after 3 steps"),
    ]


def test_what_is_fed_decides_what_is_seen():
    old = graph(lambda: forward(lambda inputs: tf.nn.relu(inputs, name="y")))
    new = graph(lambda: forward(lambda inputs: tf.nn.elu(inputs, name="y")))
    assert diff(old, new).is_same  # of what is drawn, all is positive
    found = diff(old, new, feed={"X": np.full([1, 3], -1.0)})
    assert found.parting[:3] == ("inference", "y", "Relu against Elu")
    assert found.parting.difference == pytest.approx(1 - np.exp(-1))


@pytest.mark.parametrize(
    "feed, said",
    [
        ({"Y": np.ones([1, 3])}, "--feed names Y, which is no placeholder: there are X."),
        ({"X": np.ones([1, 4])}, r"array of shape \[1, 4\]: give one of \[any, 3\]."),
    ],
)
def test_arrays_that_do_not_fit(feed, said):
    made = graph(lambda: forward(tf.nn.relu))
    with pytest.raises(Error, match=said):
        diff(made, made, feed=feed)


def test_an_output_without_a_like_is_not_the_same():
    old = graph(lambda: forward(lambda inputs: tf.exp(tf.nn.relu(inputs), name="y")))
    new = graph(lambda: forward(lambda inputs: tf.square(tf.nn.relu(inputs), name="y")))
    found = diff(old, new)
    assert not found.is_same and found.open_ends == ["y"]
    assert found.verdict.startswith("y has no like in the other; all that has agrees to the last")
    assert diff(old, old).is_same and not diff(old, old).notes[1:]


def test_more_in_the_new_graph_is_told():
    old = graph(lambda: forward(lambda inputs: tf.nn.relu(inputs, name="y")))
    new = graph(lambda: forward(lambda inputs: tf.exp(tf.nn.relu(inputs, name="y"), name="z")))
    found = diff(old, new)
    assert found.is_same and found.notes[1:] == ["z of the new graph was compared with nothing"]


def test_a_network_for_inference_against_its_training_graph():
    old, new = (
        graph(regression),
        graph(lambda: forward(lambda inputs: tf.layers.dense(inputs, 2, name="outputs"))),
    )
    found = diff(old, new)
    assert found.is_same and found.n_steps == 0
    assert found.verdict.startswith("the same to the last bit, in all that is computed forward")
    assert "there is no training step in both: only what is computed forward" in found.notes


def test_a_placeholder_that_only_one_has_is_fed_too():
    def with_share():
        keep_prob = tf.placeholder(tf.float32, [], name="keep_prob")
        regression(after=lambda outputs: outputs * keep_prob / keep_prob)

    found = diff(graph(regression), graph(with_share), n_steps=1)
    assert found.is_same and found.n_steps == 1


def dropped(rate=0.5):
    """Builds dropout by a switch, and a layer behind it."""

    def build():
        training = tf.placeholder_with_default(False, [], name="training")
        inputs = tf.placeholder(tf.float32, [None, 3], name="X")
        hidden = tf.layers.dense(inputs, 32, name="hidden")
        hidden = tf.layers.dropout(hidden, rate, training=training)
        loss = tf.reduce_mean(tf.square(tf.layers.dense(hidden, 1, name="outputs")))
        tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="train_op")

    return build


def test_dropout_draws_the_same_in_both_kinds_of_conditions():
    old, new = control_flow_v1(dropped()), graph(dropped())
    ops = [{node.type for node in made.get_operations()} for made in (old, new)]
    assert "Switch" in ops[0] - ops[1] and "If" in ops[1] - ops[0]  # of two kinds indeed
    found = diff(old, new, n_steps=3)
    assert found.is_same and found.n_steps == 3
    assert found.notes == ["random ops that draw the same numbers in both: 1"]
    assert any(each.when == "training" for each in found.stages)


def test_another_rate_of_dropout_parts_in_training_alone():
    found = diff(graph(dropped()), graph(dropped(0.4)), n_steps=1)
    assert found.parting.when == "training"
    assert "rates of dropout" in [each.what for each in found.deciding]


def noisy(draw):
    return lambda: regression(after=lambda outputs: outputs + draw(tf.shape(outputs)))


def test_noise_of_one_kind_is_the_same_and_of_another_is_said_to_differ():
    normal = graph(noisy(tf.random_normal))
    assert diff(normal, graph(noisy(tf.random_normal)), n_steps=2).is_same
    found = diff(normal, graph(noisy(tf.random_uniform)), n_steps=2)
    assert not found.is_same
    assert "random ops that differ by chance: 2" in found.notes


def normalized():
    """Builds a layer whose bias batch norm takes away again."""

    def normalize(outputs):
        return tf.layers.batch_normalization(outputs, training=True, name="norm")

    regression(after=normalize)


def test_gradients_that_are_rounding_alone_are_told_and_not_followed():
    found = diff(graph(normalized), graph(normalized), n_steps=2)
    assert found.is_same and found.notes[0].startswith("outputs/bias: the gradient cancels but for")
    after = {each.name for each in found.stages if each.when == "after 2 steps"}
    assert "outputs/kernel" in after and "outputs/bias" not in after


def test_where_optimizers_part():
    momentum = graph(lambda: regression(optimizer=tf.train.MomentumOptimizer(0.1, 0.9)))
    found = diff(graph(regression), momentum, n_steps=3)
    assert found.parting.when == "after 3 steps"  # the first step of both is the same
    assert found.verdict.endswith("look at the optimizer")


def saved(build, path, value):
    """A graph, and a checkpoint in which all of its variables are `value`."""
    made = graph(build)
    with made.as_default(), tf.Session() as session:
        for variable in tf.global_variables():
            variable.load(np.full(variable.shape, value, np.float32), session)
        tf.train.Saver().save(session, str(path), write_meta_graph=False)
    return made


def named(name):
    return lambda: forward(lambda inputs: tf.layers.dense(inputs, 2, name=name))


def test_values_of_checkpoints(tmp_path):
    old, new = saved(named("a"), tmp_path / "a", 2.0), saved(named("b"), tmp_path / "b", 3.0)
    one, other = str(tmp_path / "a"), str(tmp_path / "b")
    trained = dict(checkpoint=one, feed={"X": np.ones([1, 3])})
    assert [each.scale for each in diff(old, new, **trained).stages] == [6.0, 8.0]
    found = diff(old, new, new_checkpoint=other, **trained)
    assert found.parting[3:] == (0.5, 6.0)  # 3 × 3 against 3 × 2
    with pytest.raises(Error, match="has no variable b/kernel: give the one that fits"):
        diff(new, new, **trained)
    with pytest.raises(Error, match="cannot read the checkpoint .*/c"):
        diff(old, new, checkpoint=str(tmp_path / "c"))


def exponential(rate=0.1, activation=tf.nn.elu):
    """A graph in which an op stands for one that is gone, between what comes before and after."""

    def build():
        inputs = tf.placeholder(tf.float32, [None, 3], name="X")
        hidden = activation(tf.layers.dense(inputs, 4, name="hidden"))
        outputs = tf.layers.dense(tf.exp(hidden, name="gone"), 2, name="outputs")
        loss = tf.reduce_mean(tf.square(outputs), name="loss")
        tf.train.GradientDescentOptimizer(rate).minimize(loss, name="train_op")

    with graph(build).as_default():
        meta = tf.train.export_meta_graph()
    (node,) = [each for each in meta.graph_def.node if each.name == "gone"]
    node.op = "Exponential"
    return meta


def test_graphs_with_an_op_that_is_gone_run_as_far_as_they_can():
    found = diff(exponential(), exponential())
    assert found.is_same and found.gone == ["Exponential"] and found.n_steps == 0
    assert found.verdict == (
        "the same to the last bit, as far as it runs without Exponential, and beyond that by "
        "structure"
    )
    names = [each.name for each in found.stages]
    assert "hidden/BiasAdd" in names and "outputs/MatMul" not in names


def test_a_damaged_graph_is_told_and_its_structure_can_be_compared():
    with graph(regression).as_default():
        meta = tf.train.export_meta_graph()
    (node,) = [each for each in meta.graph_def.node if each.name == "outputs/MatMul"]
    node.input.append("X")
    with pytest.raises(
        Error, match=r"a graph cannot be run \(.*\): --static compares by structure"
    ):
        diff(graph(regression), meta)
    assert diff(graph(regression), meta, static=True).stages == []


def damage(nodes, random_state):
    """Do something to a node that no program does."""
    node, other = (nodes[random_state.randint(len(nodes))] for _ in range(2))
    kind = random_state.randint(6)
    if kind == 0 and node.attr:
        del node.attr[sorted(node.attr)[random_state.randint(len(node.attr))]]
    elif kind == 1 and node.input:
        del node.input[random_state.randint(len(node.input))]
    elif kind == 2:
        node.input.append(other.name)
    elif kind == 3:
        node.op = other.op
    elif kind == 4:
        node.op = "Nothing"
    else:
        nodes.remove(node)


def test_damaged_graphs_end_in_a_verdict_or_an_error():
    with graph(regression).as_default():
        whole = tf.train.export_meta_graph()
    said = set()
    for seed in range(30):
        meta = type(whole).FromString(whole.SerializeToString())
        damage(meta.graph_def.node, np.random.RandomState(seed))
        for old in (whole, meta):
            try:
                said.add(diff(old, meta, n_steps=1).is_same)
            except Error:
                said.add("error")
    assert {True, "error"} <= said


def test_beyond_an_op_that_is_gone_structure_decides():
    found = diff(exponential(), exponential(rate=0.2))
    assert not found.is_same
    assert found.verdict == (
        "they differ in the optimizer's learning rate; what runs without Exponential agrees to "
        "the last bit"
    )
    found = diff(exponential(), exponential(activation=tf.nn.relu))
    assert found.parting.op == "Elu against Relu"


def test_a_step_that_cannot_be_run():
    def strings():
        name = tf.placeholder(tf.string, [], name="name")
        regression(after=lambda outputs: outputs * tf.strings.to_number(name))

    made = graph(strings)
    with pytest.raises(Error, match="the training step train_op cannot be run .*--feed"):
        diff(made, made, n_steps=1)
    found = diff(made, made, n_steps=1, feed={"name": np.array(b"2.0")})
    assert found.is_same


def test_kinds_of_steps_are_told():
    def two():
        regression()
        (loss,) = [each for each in tf.get_default_graph().get_operations() if each.name == "loss"]
        tf.train.AdamOptimizer(0.1).minimize(loss.outputs[0], name="other_op")

    found = diff(graph(two), graph(two), n_steps=1)
    assert [each.partition(";")[0] for each in found.notes] == [
        "the old graph has 2 kinds of steps",
        "the new graph has 2 kinds of steps",
    ]
    assert not diff(graph(two), graph(two), n_steps=1, train_op="other_op").notes


def test_nothing_is_run_if_not_asked(monkeypatch):
    monkeypatch.setattr(stages, "run_both", lambda *given: pytest.fail("it is run"))
    found = diff(graph(regression), graph(regression), static=True)
    assert (found.stages, found.verdict) == ([], "the same by structure; nothing was run")
    with pytest.raises(pytest.fail.Exception):
        diff(graph(regression), graph(regression))
