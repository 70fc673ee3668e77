"""Exports: a run's network as TensorFlow's SavedModel, and what it says of itself.

TensorFlow is imported by what needs it, so that a folder can be looked at without.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Mapping

from tf1_dnn import network_source
from tf1_dnn.config import Config, Execution
from tf1_dnn.errors import Error, RunError, first_sentence, told
from tf1_dnn.network_source import NetworkSource
from tf1_dnn.runs import restore, typed_json
from tf1_dnn.runs.config_json import NetworkDescription, Scale, Size

if TYPE_CHECKING:
    from tf1_dnn.graph.inference import Inference, Values

METADATA = Path("assets.extra", "tf1_dnn.json")  # SavedModel's place for what is not the graph's
NETWORK = METADATA.with_name("network.py")  # the text of a network of the user's own
_TAGS, _SIGNATURE = ["serve"], "serving_default"  # what TensorFlow Serving looks for
_VARIABLES = Path("variables", "variables")
# What TensorFlow's builder adds to a graph, beside a Saver's own operations.
_SHARDED_SAVER = {"MergeV2Checkpoints", "Pack", "Select", "ShardedFilename"}
_SHARDED_SAVER |= {"StaticRegexFullMatch", "StringJoin"}


def write(
    directory: Path,
    inference: Inference,
    values: Values,
    metadata: Mapping[str, Any],
    network_text: str | None = None,
) -> None:
    """Write an export whole or not at all; Error if the disk does not allow it."""
    from tf1_dnn.compat import tf

    remedy = "make room, permit it, or name another directory"
    with told(Error, f"cannot write the export {directory}", remedy, OSError, tf.errors.OpError):
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".export-") as folder:
            partial = Path(folder, directory.name)
            save(partial, inference, values)
            (partial / METADATA).parent.mkdir()
            (partial / METADATA).write_text(typed_json.dumps(metadata), encoding="utf-8")
            if network_text is not None:
                (partial / NETWORK).write_text(network_text, encoding="utf-8")
            os.rename(partial, directory)


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What an export says of its network and of the data that it was trained on."""

    image_shape: tuple[Size, ...]
    n_outputs: Size
    scale: Scale | None  # the grey level that the network sees as 1; None: no pictures
    config: Config
    folded: bool = False
    classes: tuple[str, ...] | None = None  # as in config_json.DataDescription
    plain: bool = False
    network: NetworkDescription | None = None  # None: the config's


def read_metadata(directory: Path) -> Metadata:
    """What an export says of itself; RunError if it is damaged."""
    path = directory / METADATA
    remedy = "export the run again"
    with told(RunError, f"{path} is damaged", remedy, *typed_json.FAULTS):
        return typed_json.read(path, Metadata)


def save(directory: Path, inference: Inference, values: Values) -> None:
    """Write a SavedModel, with the graph's variables set to `values`."""
    from tf1_dnn.compat import tf, tf1_warnings_silenced
    from tf1_dnn.devices import sessions

    on_cpu = sessions.start(inference.graph, Execution(device="cpu"))
    with on_cpu as session, tf1_warnings_silenced():
        with inference.graph.as_default():
            variables = tf.global_variables()
        fed = {v.initializer.inputs[1]: values[v.op.name] for v in variables}
        session.run([v.initializer for v in variables], fed)
        builder = tf.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(
            session, _TAGS, {_SIGNATURE: _signature(inference)}, strip_default_attrs=True
        )
        builder.save()


@contextlib.contextmanager
def restored(
    directory: Path, *, network: NetworkSource | None = None, trust_code: bool = False
) -> Iterator[tuple[Any, Inference]]:
    """A session with an export's network and variables; closed at the end.

    The network is built here, as the export describes it. The graph that the export holds is read
    but never run, since a graph of others could write files or call out. `network` and
    `trust_code` are as in `restore.find_network`.

    Raises:
      RunError: the export is damaged, or holds what `save` does not write.
    """
    metadata, prefix = read_metadata(directory), str(directory / _VARIABLES)
    shape, n_outputs = metadata.image_shape, metadata.n_outputs
    network = restore.find_network(
        directory, metadata.network, network, trust_code=trust_code, kept=NETWORK
    )
    if network is None:
        restore.require_fitting(metadata.config, shape, n_outputs, prefix)
    from tf1_dnn.devices import sessions
    from tf1_dnn.graph.inference import build_inference
    from tf1_dnn.runs import checkpoints

    inference = build_inference(
        metadata.config,
        math.prod(shape),
        n_outputs,
        image_shape=shape,
        own=network_source.load(network),
        fold=metadata.folded,
    )
    with sessions.start(inference.graph) as session:
        checkpoints.start_from(session, prefix)  # its Saver's operations are known from here on
        _require_ours(directory, inference)
        yield session, inference


def _require_ours(directory: Path, inference: Inference) -> None:
    """Raise RunError for a SavedModel with operations or a signature that `save` does not write."""
    from tf1_dnn import check

    remedy = "export the run again"
    try:
        meta = check.load_graph(directory / "saved_model.pb").meta
    except check.GraphError as error:
        fault = first_sentence(error).partition(": ")[0]
        raise RunError(f"the export {directory} is damaged ({fault}): {remedy}") from error
    functions = [node for each in meta.graph_def.library.function for node in each.node_def]
    from tf1_dnn.graph.op_types import op_types

    known = op_types(inference.graph) | _SHARDED_SAVER
    foreign = sorted({node.op for node in [*meta.graph_def.node, *functions]} - known)
    if foreign:
        raise RunError(
            f"the export {directory} holds the operation {foreign[0]}, which tf1_dnn.export does "
            f"not write: {remedy}."
        )
    written = (meta.signature_def[_SIGNATURE], _signature(inference))
    if len({each.SerializeToString(deterministic=True) for each in written}) > 1:
        raise RunError(f"the export {directory} lacks the signature of tf1_dnn.export: {remedy}.")


def _signature(inference: Inference) -> Any:
    """The SignatureDef, by which TensorFlow Serving finds inputs and outputs."""
    from tf1_dnn.compat import tf, tf1_warnings_silenced

    with tf1_warnings_silenced():
        return tf.saved_model.predict_signature_def(
            inputs={"images": inference.images},
            outputs={"probabilities": inference.probabilities, "classes": inference.classes},
        )
