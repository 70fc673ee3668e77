"""Exports: a run's network as TensorFlow's SavedModel, and what it says of its data.

TensorFlow is imported by what needs it, so that a folder can be looked at without.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping

from tf1_dnn.config import Execution
from tf1_dnn.errors import Error, RunError, told
from tf1_dnn.runs import typed_json
from tf1_dnn.runs.config_json import Scale, Size

if TYPE_CHECKING:
    from tf1_dnn.graph.inference import Inference, Values

METADATA = Path("assets.extra", "tf1_dnn.json")  # SavedModel's place for what is not the graph's
_TAGS, _SIGNATURE = ["serve"], "serving_default"  # what TensorFlow Serving looks for


def write(
    directory: Path, inference: Inference, values: Values, metadata: Mapping[str, Any]
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
            os.rename(partial, directory)


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What an export says of the data that its network was trained on."""

    image_shape: tuple[Size, ...]
    n_outputs: Size
    scale: Scale | None  # the grey level that the network sees as 1; None: no pictures
    classes: tuple[str, ...] | None = None  # as in config_json.DataDescription
    plain: bool = False


def read_metadata(directory: Path) -> Metadata:
    """What an export says of its data; RunError if it is damaged."""
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
            signature = tf.saved_model.predict_signature_def(
                inputs={"images": inference.images},
                outputs={"probabilities": inference.probabilities, "classes": inference.classes},
            )
        fed = {v.initializer.inputs[1]: values[v.op.name] for v in variables}
        session.run([v.initializer for v in variables], fed)
        builder = tf.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(
            session, _TAGS, {_SIGNATURE: signature}, strip_default_attrs=True
        )
        builder.save()


def load(session: Any, directory: Path) -> tuple[str, str]:
    """Load an export into an empty session; the names of images and probabilities.

    Raises RunError if it is damaged.
    """
    from tf1_dnn.compat import tf, tf1_warnings_silenced

    faults = (OSError, ValueError, RuntimeError, tf.errors.OpError)
    fault, remedy = f"cannot load the export {directory}", "export the run again"
    with told(RunError, fault, remedy, *faults), tf1_warnings_silenced():
        loaded = tf.saved_model.load(session, _TAGS, str(directory))
    signature = loaded.signature_def[_SIGNATURE]
    return signature.inputs["images"].name, signature.outputs["probabilities"].name
