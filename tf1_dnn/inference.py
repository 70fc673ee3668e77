"""The network alone, as TensorFlow's SavedModel keeps it: built, folded, saved and loaded."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Mapping, NamedTuple

import numpy as np

from tf1_dnn import devices, layers, model
from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import Config, Execution
from tf1_dnn.errors import RunError, first_sentence
from tf1_dnn.formats import Array
from tf1_dnn.layers import Tensor

Values = Mapping[str, Array]  # of variables, by name
_TAGS, _SIGNATURE = ["serve"], "serving_default"  # what TensorFlow Serving looks for


class Inference(NamedTuple):
    """A graph with only what inference needs; the tensors are those of the signature."""

    graph: Any
    images: Tensor  # float32 [batch, n_inputs]
    probabilities: Tensor  # float32 [batch, n_outputs]
    classes: Tensor  # int64 [batch]


def build_inference(config: Config, data: Mapping[str, Any], *, fold: bool = False) -> Inference:
    """The network without labels, loss, optimizer, dropout and, if `fold`, batch norm.

    `data` holds `image_shape` and `n_outputs`, as a run's config.json does. Variables keep the
    names they have in training.
    """

    def identity(inputs: Tensor, **unused: Any) -> Tensor:
        return inputs

    graph = tf.Graph()
    with graph.as_default():
        images = tf.placeholder(tf.float32, [None, math.prod(data["image_shape"])], name="images")
        network = model.dnn(
            images,
            training=False,
            step=None,
            config=config.replace(dropout_rate=0.0),
            n_outputs=data["n_outputs"],
            batch_normalization=identity if fold else layers.batch_normalization,
        )
        probabilities = tf.nn.softmax(network.logits, name="probabilities")
        classes = tf.argmax(network.logits, axis=1, name="classes")
        return Inference(graph, images, probabilities, classes)


def fold_batch_norm(values: Values) -> Values:
    """The values of all dense layers with the batch norm that follows each folded in.

    γ (x · kernel + bias − mean) / √(variance + ε) + β is x · (kernel s) + (bias − mean) s + β,
    where s = γ / √(variance + ε).
    """
    exact = {name: np.asarray(value, np.float64) for name, value in values.items()}
    n_hidden = sum(name.startswith("hidden") and name.endswith("/kernel") for name in exact)
    folded = {}
    for index in range(n_hidden + 1):
        dense = f"hidden{index + 1}" if index < n_hidden else "outputs"
        norm = f"batch_normalization_{index}" if index else "batch_normalization"
        scale = exact[f"{norm}/gamma"] / np.sqrt(exact[f"{norm}/moving_variance"] + layers.EPSILON)
        shift = (exact[f"{dense}/bias"] - exact[f"{norm}/moving_mean"]) * scale
        folded[f"{dense}/kernel"] = exact[f"{dense}/kernel"] * scale
        folded[f"{dense}/bias"] = shift + exact[f"{norm}/beta"]
    return {name: value.astype(np.float32) for name, value in folded.items()}


def save(directory: Path, inference: Inference, values: Values) -> None:
    """Write a SavedModel, with the graph's variables set to `values`."""
    on_cpu = devices.session(inference.graph, Execution(device="cpu"))
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
    """Load what `save` wrote into an empty session; the names of images and probabilities.

    Raises RunError if it is damaged.
    """
    try:
        with tf1_warnings_silenced():
            loaded = tf.saved_model.load(session, _TAGS, str(directory))
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = getattr(error, "message", None) or str(error)
        raise RunError(
            f"cannot load the export {directory} ({first_sentence(Exception(reason))}): export "
            "the run again."
        ) from error
    signature = loaded.signature_def[_SIGNATURE]
    return signature.inputs["images"].name, signature.outputs["probabilities"].name
