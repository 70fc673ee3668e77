"""load_graph: every form a graph is kept in gives the same graph; what is damaged, one sentence."""

import os
import shutil
import struct

import pytest
import stored
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tf1_dnn import check, checkpoint_index
from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.read import load
from tf1_dnn.check.read.load import load_graph
from tf1_dnn.check.read.messages import GraphDef, MetaGraphDef
from tf1_dnn.compat import tf, tf1_warnings_silenced

META = stored.read("BN004_wrong.meta")


def network():
    x = tf.placeholder(tf.float32, [None, 4], name="x")
    h = tf.layers.dense(x, 3, use_bias=False, name="dense")
    y = tf.layers.batch_normalization(h, training=tf.placeholder_with_default(False, []), name="bn")
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(y)), name="step")
    return x, y


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One graph in every form: path by name, and the graph itself."""
    folder = tmp_path_factory.mktemp("kept")
    with tf.Graph().as_default() as graph, tf.Session() as session, tf1_warnings_silenced():
        x, y = network()
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(folder / "model.ckpt"))
        tf.io.write_graph(graph, str(folder), "graph.pb", as_text=False)
        tf.io.write_graph(graph, str(folder), "graph.pbtxt")
        tf.summary.FileWriter(str(folder / "run" / "train"), graph).close()
        tf.saved_model.simple_save(session, str(folder / "exported"), {"x": x}, {"y": y})
        os.makedirs(folder / "only_meta")
        (folder / "only_meta" / "a.meta").write_bytes((folder / "model.ckpt.meta").read_bytes())
    paths = dict(meta=prefix + ".meta", prefix=prefix, pb=folder / "graph.pb")
    paths |= dict(pbtxt=folder / "graph.pbtxt", events=folder / "run", folder=folder / "only_meta")
    return graph, paths | dict(saved_model=folder / "exported")


@pytest.mark.parametrize(
    "form", ["meta", "prefix", "pb", "pbtxt", "events", "folder", "saved_model"]
)
def test_every_form_holds_the_same_graph(kept, form):
    graph, paths = kept
    loaded = load_graph(paths[form])
    ops = {op.name for op in graph.get_operations() if not op.name.startswith("save")}
    found = {node.name for node in loaded.meta.graph_def.node}
    assert {name for name in found if not name.startswith("save")} == ops
    assert str(paths[form]) in loaded.source
    has_collections = form in ("meta", "prefix", "folder", "saved_model", "events")
    assert bool(loaded.meta.collection_def) == has_collections
    assert not [each for each in check.check(paths[form]) if each.rule.startswith("BN")]


def test_a_graph_and_its_messages(kept):
    graph, _ = kept
    with graph.as_default():
        exported = tf.train.export_meta_graph()
    loaded = load_graph(graph)
    assert len(loaded.meta.graph_def.node) == len(graph.get_operations())
    keys = ["variables", "trainable_variables", "update_ops", "train_op"]
    for key in keys:
        assert loaded.meta.collection_def[key] == load_graph(exported).meta.collection_def[key]
    names = [node.name for node in loaded.meta.graph_def.node]
    for form in (exported, graph.as_graph_def()):
        assert [node.name for node in load_graph(form).meta.graph_def.node] == names


def test_a_checkpoint_tells_what_it_holds(kept):
    paths = kept[1]
    names = load_graph(paths["prefix"]).saved_names
    layer = {f"bn/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    assert names == layer | {"dense/kernel"}
    assert load_graph(paths["meta"]).saved_names is None


@pytest.mark.parametrize("inside", ["", "checkpoints", "checkpoints/epoch-0001"])
def test_a_runs_checkpoint_without_a_meta_has_the_runs_graph(inside, kept, tmp_path):
    paths = kept[1]
    run, prefix = tmp_path / "run", tmp_path / "run" / inside / "variables"
    prefix.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(paths["prefix"] + ".index", f"{prefix}.index")
    with pytest.raises(GraphError, match="has no .meta beside it, and no run with TensorBoard"):
        load_graph(prefix)
    shutil.copytree(paths["events"], run, dirs_exist_ok=True)
    with pytest.raises(GraphError, match="has no .meta beside it"):
        load_graph(prefix)  # it may be anyone's: what lies around it is no run
    (run / "config.json").touch()
    loaded = load_graph(prefix)
    assert loaded.meta == load_graph(paths["events"]).meta
    assert loaded.saved_names == load_graph(paths["prefix"]).saved_names
    assert str(run / "train") in loaded.source


def test_a_checkpoint_without_the_averages(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session, tf1_warnings_silenced():
        network()
        session.run(tf.global_variables_initializer())
        tf.train.Saver()  # which would save all, but is not used
        others = {f"old/{v.op.name}": v for v in tf.trainable_variables()}
        path = tf.train.Saver(others).save(session, str(tmp_path / "part.ckpt"))
    (finding,) = [each for each in check.check(path) if each.rule == "BN004"]
    assert finding.ops == ("bn/moving_mean", "bn/moving_variance")
    assert not [each for each in check.check(path + ".meta") if each.rule == "BN004"]


def test_the_newest_graph_with_collections_among_events(tmp_path):
    with tf.Graph().as_default() as old:
        tf.constant(1, name="old")
        writer = tf.summary.FileWriter(str(tmp_path))
    with tf.Graph().as_default() as new, tf1_warnings_silenced():
        network()
        writer.add_graph(old)
        writer.add_meta_graph(tf.train.export_meta_graph(graph=new))
        writer.add_graph(old)
        writer.close()
    assert "bn/gamma" in {node.name for node in load_graph(tmp_path).meta.graph_def.node}


def written(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "name, data, said",
    [
        ("a.meta", b"", "{} is damaged or holds no MetaGraphDef: get a fresh copy."),
        ("a.meta", b"not a graph", "{} is damaged or holds no MetaGraphDef: get a fresh copy."),
        (
            "a.pb",
            b"\xff" * 99,
            "{} is damaged or holds no GraphDef or SavedModel or MetaGraphDef: get a fresh copy.",
        ),
        (
            "a.pbtxt",
            b"node { name: 'a'",
            "{} is damaged or holds no GraphDef or SavedModel or MetaGraphDef: get a fresh copy.",
        ),
        (
            "a.pbtxt",
            b"node { attr { value { list { func { attr { value " + b"{ list { func { attr " * 9999,
            "{} is damaged or holds no GraphDef or SavedModel or MetaGraphDef: get a fresh copy.",
        ),
        (
            "a.meta",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "{} is a Git LFS pointer, not the graph: run `git lfs pull`.",
        ),
        ("saved_model.pb", b"\x08\x01", "{} is damaged or holds no SavedModel: get a fresh copy."),
    ],
    ids=["empty", "text", "bytes", "cut text", "deep", "pointer", "empty SavedModel"],
)
def test_foreign_files_are_refused_in_one_sentence(tmp_path, name, data, said):
    path = written(tmp_path, name, data)
    with pytest.raises(GraphError) as raised:
        load_graph(path)
    assert str(raised.value) == said.format(path)


def test_what_is_no_file_or_no_graph(tmp_path):
    with pytest.raises(GraphError, match="missing does not exist: give a .meta"):
        load_graph(tmp_path / "missing")
    with pytest.raises(GraphError, match="holds no graph: give a SavedModel, a run directory"):
        load_graph(tmp_path)
    with pytest.raises(
        GraphError, match="cannot read /dev/null .it is a pipe, device or directory, not a fi"
    ):
        load_graph("/dev/null")
    with pytest.raises(GraphError, match="a int is no graph: give a path or a tf.Graph."):
        load_graph(7)
    with pytest.raises(GraphError, match="a NodeDef is no graph: give a MetaGraphDef"):
        load_graph(META.graph_def.node[0])
    with pytest.raises(GraphError, match="the GraphDef holds no graph"):
        load_graph(GraphDef())
    with pytest.raises(GraphError, match="does not exist"):
        load_graph("nul\0l")


def test_files_too_large_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(load, "MAX_BYTES", 100)
    with pytest.raises(GraphError, match="is larger than 100 bytes: check a part of the graph."):
        load_graph(written(tmp_path, "a.meta", META.SerializeToString()))


def test_a_damaged_checkpoint(kept, tmp_path):
    _, paths = kept
    meta = (paths["meta"], "part.ckpt.meta"), (paths["prefix"] + ".index", "part.ckpt.index")
    for source, name in meta:
        with open(source, "rb") as file:
            written(tmp_path, name, file.read())
    index = tmp_path / "part.ckpt.index"
    whole = index.read_bytes()
    for damaged, said in [
        (b"", "it is cut short or damaged"),
        (bytes(200), "it is no index of a checkpoint"),
        (whole[:-1], "it is no index of a checkpoint"),
        (whole[5:], "a checksum does not fit|it is cut short or damaged"),
        (whole[:9] + b"?" + whole[10:], "a checksum does not fit"),
    ]:
        index.write_bytes(damaged)
        with pytest.raises(GraphError, match=f"the checkpoint .*part.ckpt .({said}).: get a fre"):
            load_graph(tmp_path / "part.ckpt")
    index.unlink()
    os.mkfifo(index)
    with pytest.raises(GraphError, match="cannot read the checkpoint .*part.ckpt .it is a pipe"):
        load_graph(tmp_path / "part.ckpt")


def test_the_names_in_an_index_are_those_that_tensorflow_reads(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        for i in range(300):  # several blocks, each name beginning like the one before it
            tf.get_variable(f"scope_{i // 7}/layer_{i}/kernel", [2])
        tf.get_variable("parted", [8, 3], partitioner=tf.fixed_size_partitioner(4))
        session.run(tf.global_variables_initializer())
        prefix = tf.train.Saver().save(session, str(tmp_path / "model"), write_meta_graph=False)
    names = checkpoint_index.names(tmp_path / "model.index")
    assert names == set(tf.train.load_checkpoint(prefix).get_variable_to_shape_map())
    assert len(names) == 301


def with_checksum(block):
    return block + b"\0" + struct.pack("<I", masked_crc32c(block + b"\0"))


def table(*blocks):
    """A sound table of up to 127 bytes, with these blocks of entries and an index of them."""
    data, handles = b"", b""
    for bound, block in zip(b"yz", [block + struct.pack("<II", 0, 1) for block in blocks]):
        handles += b"\0\1\2" + bytes([bound, len(data), len(block)])
        data += with_checksum(block)
    index = handles + struct.pack("<II", 0, 1)
    footer = b"\0\0" + bytes([len(data), len(index)])
    return data + with_checksum(index) + footer.ljust(40, b"\0") + INDEX_MAGIC


INDEX_MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)


def test_a_hostile_index_neither_ends_the_process_nor_takes_memory(tmp_path, monkeypatch):
    shape = b"\x12\x0b\x12\x09\x08" + b"\xff" * 8  # cut: TensorFlow's reader aborts over it
    path = written(tmp_path, "a.index", table(b"\0\1" + bytes([len(shape)]) + b"a" + shape))
    assert checkpoint_index.names(path) == {"a"}
    path = written(tmp_path, "b.index", table(b"\0\4\0long" + b"\4\1\0a", b"\0\1\0z"))
    assert checkpoint_index.names(path) == {"long", "longa", "z"}
    monkeypatch.setattr(checkpoint_index, "_MOST_BYTES", 9)
    with pytest.raises(ValueError, match="larger than 9 bytes"):
        checkpoint_index.names(path)
    longer = b"".join(b"\x10\1\0" + bytes([letter]) for letter in b"abc")
    path = written(tmp_path, "c.index", table(b"\0\x10\0" + b"n" * 16 + longer))
    monkeypatch.setattr(checkpoint_index, "_MOST_BYTES", 1000)
    assert checkpoint_index.names(path) == {"n" * 16 + last for last in ("", "a", "b", "c")}
    monkeypatch.setattr(checkpoint_index, "_MOST_BYTES", 66)
    written(tmp_path, "c.index", path.read_bytes())
    with pytest.raises(ValueError, match="larger than 66 bytes"):
        checkpoint_index.names(path)


def test_pipes_and_links_astray(tmp_path):
    os.mkfifo(tmp_path / "a.meta")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, said in [("a.meta", "it is a pipe"), ("a", "it is a pipe"), ("loop", "not exist")]:
        with pytest.raises(GraphError, match=said):
            load_graph(tmp_path / name)
    (tmp_path / "circle").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "events.out.tfevents.1")
    with pytest.raises(GraphError, match="holds no graph"):
        load_graph(tmp_path)
    os.mkfifo(tmp_path / "saved_model.pb")
    with pytest.raises(
        GraphError, match="saved_model.pb .it is a pipe|cannot read .* .it is a pip"
    ):
        load_graph(tmp_path)


def test_damaged_events_hold_no_graph(tmp_path):
    huge = struct.pack("<QI", 1 << 60, 0) + b"x" * 50
    written(tmp_path, "events.out.tfevents.1", huge)
    written(tmp_path, "events.out.tfevents.2", b"short")
    with pytest.raises(GraphError, match="holds no graph"):
        load_graph(tmp_path)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_files_are_read_or_refused_in_one_sentence(tmp_path_factory, data):
    whole = bytearray(META.SerializeToString())
    kind = data.draw(st.sampled_from(["cut", "flip", "insert", "delete"]))
    at = data.draw(st.integers(0, len(whole) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=8))
    if kind == "cut":
        whole = whole[:at]
    elif kind == "flip":
        whole[at : at + len(junk)] = junk
    elif kind == "insert":
        whole[at:at] = junk
    else:
        del whole[at : at + len(junk)]
    path = tmp_path_factory.mktemp("mutated") / "a.meta"
    path.write_bytes(whole)
    try:
        check.check(path)
    except GraphError as error:
        assert "\n" not in str(error) and str(error).endswith(".")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_graphs_with_edges_and_attributes_astray_are_checked_or_refused(data):
    meta = MetaGraphDef.FromString(META.SerializeToString())
    nodes = meta.graph_def.node
    for _ in range(data.draw(st.integers(1, 20))):
        node = nodes[data.draw(st.integers(0, len(nodes) - 1))]
        other = nodes[data.draw(st.integers(0, len(nodes) - 1))]
        kind = data.draw(st.sampled_from(["input", "op", "clear", "control", "attr", "less"]))
        if kind == "input" and node.input:
            node.input[0] = other.name
        elif kind == "op":
            node.op = other.op
        elif kind == "clear":
            node.ClearField("attr")
        elif kind == "control":
            node.input.append(f"^{other.name}")
        elif kind == "attr":
            for key in other.attr:
                node.attr[key].CopyFrom(other.attr[key])
        elif kind == "less":
            del node.input[:1]
    try:
        check.check(meta)
    except GraphError as error:
        assert "\n" not in str(error)
