"""Exports of others: read as data, refused where they are not as ours; their graph never runs."""

import json
import shutil

import numpy as np
import pytest
from conftest import small_splits

from tf1_dnn import export
from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution
from tf1_dnn.errors import RunError
from tf1_dnn.runs import saved_model
from tf1_dnn.training import trainer

CONFIG = Config(hidden_units=(8,), n_epochs=1, batch_size=20)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    execution = Execution(loop="step")
    trainer.train(CONFIG, small_splits(), run_dir=folder / "run", execution=execution)
    export.export(folder / "run", folder / "export")
    return folder / "export"


@pytest.fixture
def folder(original, tmp_path):
    shutil.copytree(original, tmp_path / "export")
    return tmp_path / "export"


def outputs(folder):
    with saved_model.restored(folder) as (session, network):
        return session.run(network.probabilities, {network.images: small_splits().test.inputs()})


def change_graph(folder, change):
    from tensorflow.core.protobuf import saved_model_pb2  # only after tf1_dnn.compat

    path = folder / "saved_model.pb"
    message = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(message.meta_graphs[0])
    path.write_bytes(message.SerializeToString())


def change_metadata(folder, **changes):
    path = folder / saved_model.METADATA
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def refused(folder, *words):
    with pytest.raises(RunError) as caught:
        outputs(folder)
    sentence = str(caught.value)
    assert str(folder) in sentence and "\n" not in sentence, sentence
    assert all(word in sentence for word in words), sentence


def test_the_network_is_the_one_that_was_exported(original):
    with tf.Session(graph=tf.Graph()) as session:
        tf.saved_model.load(session, ["serve"], str(original))
        expected = session.run("probabilities:0", {"images:0": small_splits().test.inputs()})
    np.testing.assert_array_equal(outputs(original), expected)


def plant(meta, folder, where):
    """An operation that writes a file when the SavedModel is loaded."""
    graph = tf.Graph()
    with graph.as_default():
        name, text = tf.constant(str(folder / "written")), tf.constant("by a stranger")
        tf.io.write_file(name, text, name="write")
    nodes = graph.as_graph_def().node
    if where == "function":
        meta.graph_def.library.function.add().node_def.extend(nodes)
    else:
        meta.graph_def.node.extend(nodes)
        meta.collection_def["saved_model_main_op"].node_list.value.append("write")


@pytest.mark.parametrize("where", ["graph", "function"])
def test_an_operation_that_writes_is_refused_and_not_run(where, folder):
    change_graph(folder, lambda meta: plant(meta, folder, where))
    refused(folder, "the operation WriteFile, which tf1_dnn.export does not write")
    assert not (folder / "written").exists()


def test_tensorflow_itself_would_run_it(folder):
    """The negative control of the test above."""
    change_graph(folder, lambda meta: plant(meta, folder, "graph"))
    with tf.Session(graph=tf.Graph()) as session:
        tf.saved_model.load(session, ["serve"], str(folder))
    assert (folder / "written").read_text() == "by a stranger"


@pytest.mark.parametrize("op", ["PyFunc", "ReadFile", "LoadLibrary", "Print", "While"])
def test_operations_that_no_export_has_are_named(op, folder):
    change_graph(folder, lambda meta: meta.graph_def.node.add(name="it", op=op))
    refused(folder, f"the operation {op},", "export the run again")


@pytest.mark.parametrize(
    "change",
    [
        lambda meta: meta.signature_def.clear(),
        lambda meta: meta.signature_def["serving_default"].inputs.pop("images"),
        lambda meta: meta.signature_def["serving_default"].inputs["images"].tensor_shape.Clear(),
        lambda meta: setattr(
            meta.signature_def["serving_default"].outputs["classes"], "name", "probabilities:0"
        ),
    ],
)
def test_another_signature_is_refused(change, folder):
    change_graph(folder, change)
    refused(folder, "lacks the signature of tf1_dnn.export")


@pytest.mark.parametrize("content", [b"", b"\xff" * 9, None, b"\n\x03abc"])
def test_a_damaged_graph_is_told(content, folder):
    path = folder / "saved_model.pb"
    path.unlink() if content is None else path.write_bytes(content)
    refused(folder, "is damaged", "export the run again")


def test_variables_that_do_not_fit_are_told(folder):
    change_metadata(folder, n_outputs=4)
    refused(folder, "has the shape [5]", "needs [4]")


def test_variables_of_a_folded_network_are_no_others(folder):
    change_metadata(folder, folded=True)  # the graph and the variables then hold more
    refused(folder, "the operation ")


def test_a_network_larger_than_its_variables_is_refused_before_memory_is_taken(folder):
    config = json.loads((folder / saved_model.METADATA).read_text())["config"]
    change_metadata(folder, config={**config, "hidden_units": [2**31 - 2] * 3})
    refused(folder, "weights, more than the checkpoint")


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("name", ["variables.index", "variables.data-00000-of-00001"])
def test_damaged_variables_are_told(name, damage, folder):
    damage(folder / "variables" / name)
    refused(folder, "variables")


def test_absent_variables_are_told(folder):
    shutil.rmtree(folder / "variables")
    refused(folder, "is not a checkpoint that can be read (it has no .data file)")


def test_metadata_without_a_network_is_told(folder):
    path = folder / saved_model.METADATA
    metadata = json.loads(path.read_text())
    del metadata["config"]
    path.write_text(json.dumps(metadata))
    refused(folder, "is damaged", "config", "export the run again")
