"""The network alone, without labels, loss and train op; batch norm folded into it if asked."""

from typing import Any, Mapping, NamedTuple

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.graph import layers, network
from tf1_dnn.graph.layers import Tensor

Values = Mapping[str, np.ndarray]  # of variables, by name


class Inference(NamedTuple):
    """A graph with only what inference needs; the tensors are those of the signature."""

    graph: Any
    images: Tensor  # float32 [batch, n_inputs]
    probabilities: Tensor  # float32 [batch, n_outputs]
    classes: Tensor  # int64 [batch]


def build_inference(
    config: Config, n_inputs: int, n_outputs: int, *, fold: bool = False
) -> Inference:
    """The network without labels, loss, optimizer, dropout and, if `fold`, batch norm.

    Variables keep the names they have in training.
    """

    def identity(inputs: Tensor, **unused: Any) -> Tensor:
        return inputs

    graph = tf.Graph()
    with graph.as_default():
        images = tf.placeholder(tf.float32, [None, n_inputs], name="images")
        dnn = network.dnn(
            images,
            training=False,
            step=None,
            config=config.replace(dropout_rate=0.0),
            n_outputs=n_outputs,
            batch_normalization=identity if fold else layers.batch_normalization,
        )
        probabilities = tf.nn.softmax(dnn.logits, name="probabilities")
        classes = tf.argmax(dnn.logits, axis=1, name="classes")
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
        norm = network.batch_norm_scope(index)
        scale = exact[f"{norm}/gamma"] / np.sqrt(exact[f"{norm}/moving_variance"] + layers.EPSILON)
        shift = (exact[f"{dense}/bias"] - exact[f"{norm}/moving_mean"]) * scale
        folded[f"{dense}/kernel"] = exact[f"{dense}/kernel"] * scale
        folded[f"{dense}/bias"] = shift + exact[f"{norm}/beta"]
    return {name: value.astype(np.float32) for name, value in folded.items()}
