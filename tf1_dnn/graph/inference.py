"""The network alone, without labels, loss and train op; batch norm folded into it if asked."""

from typing import Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.graph import layers, network
from tf1_dnn.graph.layers import Tensor
from tf1_dnn.graph.own_network import make_network

Values = Mapping[str, np.ndarray]  # of variables, by name


class Inference(NamedTuple):
    """A graph with only what inference needs; the tensors are those of the signature."""

    graph: Any
    images: Tensor  # float32 [batch, n_inputs]
    probabilities: Tensor  # float32 [batch, n_outputs]
    classes: Tensor  # int64 [batch]


def build_inference(
    config: Config,
    n_inputs: int,
    n_outputs: int,
    *,
    image_shape: Sequence[int] | None = None,
    own: Callable[..., Any] | None = None,
    fold: bool = False,
) -> Inference:
    """The network without labels, loss, optimizer, dropout and, if `fold`, batch norm.

    Variables keep the names they have in training. `image_shape` and `own` are as in build_graph;
    of a network of the user's own nothing is folded.
    """

    def identity(inputs: Tensor, **unused: Any) -> Tensor:
        return inputs

    build_network = make_network(
        config.replace(dropout_rate=0.0),
        (n_inputs,) if image_shape is None else image_shape,
        n_outputs,
        own=own,
        batch_normalization=identity if fold else layers.batch_normalization,
    )
    graph = tf.Graph()
    with graph.as_default():
        images = tf.placeholder(tf.float32, [None, n_inputs], name="images")
        dnn = build_network(images, training=False, step=tf.constant(0, tf.int64) if own else None)
        probabilities = tf.nn.softmax(dnn.logits, name="probabilities")
        classes = tf.argmax(dnn.logits, axis=1, name="classes")
        return Inference(graph, images, probabilities, classes)


def fold_batch_norm(values: Values, config: Config) -> Values:
    """The values of all layers' kernels and biases, with the batch norm that follows folded in.

    γ (x · kernel + bias − mean) / √(variance + ε) + β is x · (kernel s) + (bias − mean) s + β,
    where s = γ / √(variance + ε); the last axis of a kernel, dense or convolution, is the output's.
    """
    exact = {name: np.asarray(value, np.float64) for name, value in values.items()}
    folded = {}
    for index, layer in enumerate(network.layer_names(config)):
        norm = network.batch_norm_scope(index)
        scale = exact[f"{norm}/gamma"] / np.sqrt(exact[f"{norm}/moving_variance"] + layers.EPSILON)
        shift = (exact[f"{layer}/bias"] - exact[f"{norm}/moving_mean"]) * scale
        folded[f"{layer}/kernel"] = exact[f"{layer}/kernel"] * scale
        folded[f"{layer}/bias"] = shift + exact[f"{norm}/beta"]
    return {name: value.astype(np.float32) for name, value in folded.items()}
