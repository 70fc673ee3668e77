"""The network's mathematics in NumPy float64: forward, backward, batch norm, clipping, one step.

Written from the formulas (the post's section 1; Ioffe and Szegedy, 2015, section 3), not from the
package's code. `variables` maps TensorFlow's variable names to arrays.
"""

import numpy as np

EPSILON = 1e-3

ACTIVATIONS = {  # name: (function of z, derivative at z)
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1.0, np.exp(np.minimum(z, 0))),
    ),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (
        lambda z: 1 / (1 + np.exp(-z)),
        lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    ),
}


def softmax(logits):
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def cross_entropy(logits, labels):
    """Per example: −log softmax(logits)[label]."""
    return -np.log(softmax(logits)[np.arange(len(labels)), labels])


def batch_norm_forward(x, gamma, beta):
    """Normalize by the mini-batch's own mean and (biased) variance, scale and shift."""
    mean, variance = x.mean(axis=0), x.var(axis=0)
    normalized = (x - mean) / np.sqrt(variance + EPSILON)
    return gamma * normalized + beta, (normalized, variance, mean)


def batch_norm_backward(dy, gamma, cache):
    """Gradients of x, γ and β (the chain rule of Ioffe and Szegedy, section 3)."""
    normalized, variance, _ = cache
    dgamma, dbeta = (dy * normalized).sum(axis=0), dy.sum(axis=0)
    centred = dy - dy.mean(axis=0) - normalized * (dy * normalized).mean(axis=0)
    return gamma / np.sqrt(variance + EPSILON) * centred, dgamma, dbeta


def layer_names(variables):
    """(dense scope, batch-norm scope or None) per layer, in order."""
    n_hidden = sum(name.startswith("hidden") and name.endswith("kernel") for name in variables)
    batch_norm = "batch_normalization/gamma" in variables
    dense = [f"hidden{i + 1}" for i in range(n_hidden)] + ["outputs" if batch_norm else "logits"]
    bn = [f"batch_normalization_{i}" if i else "batch_normalization" for i in range(len(dense))]
    return [(d, b if batch_norm else None) for d, b in zip(dense, bn)]


def forward(variables, x, activation):
    """Logits in training mode, and what the backward pass needs."""
    caches, h = [], x
    names = layer_names(variables)
    for i, (dense, bn) in enumerate(names):
        z, cache = h @ variables[f"{dense}/kernel"] + variables[f"{dense}/bias"], None
        if bn:
            z, cache = batch_norm_forward(z, variables[f"{bn}/gamma"], variables[f"{bn}/beta"])
        caches.append((h, z, cache))
        h = ACTIVATIONS[activation][0](z) if i < len(names) - 1 else z
    return h, caches


def gradients(variables, x, labels, activation, loss_reduction):
    """Gradient of the summed or mean cross-entropy for every trainable variable."""
    logits, caches = forward(variables, x, activation)
    dz = softmax(logits)
    dz[np.arange(len(labels)), labels] -= 1
    if loss_reduction == "mean":
        dz /= len(labels)
    grads = {}
    for i, (dense, bn) in reversed(list(enumerate(layer_names(variables)))):
        h, _, cache = caches[i]
        if bn:
            dz, grads[f"{bn}/gamma"], grads[f"{bn}/beta"] = batch_norm_backward(
                dz, variables[f"{bn}/gamma"], cache
            )
        grads[f"{dense}/kernel"], grads[f"{dense}/bias"] = h.T @ dz, dz.sum(axis=0)
        if i:
            dz = (dz @ variables[f"{dense}/kernel"].T) * ACTIVATIONS[activation][1](
                caches[i - 1][1]
            )
    return grads


def global_norm(grads):
    return np.sqrt(sum((grad**2).sum() for grad in grads.values()))


def clip(grads, *, clip_value=None, clip_norm=None, clip_global_norm=None):
    """By value, by each gradient's norm, by the norm of all."""
    if clip_value is not None:
        return {name: np.clip(grad, -clip_value, clip_value) for name, grad in grads.items()}
    if clip_norm is not None:
        return {
            name: grad * min(1, clip_norm / max(np.linalg.norm(grad), 1e-300))
            for name, grad in grads.items()
        }
    if clip_global_norm is not None:
        scale = min(1, clip_global_norm / global_norm(grads))
        return {name: grad * scale for name, grad in grads.items()}
    return grads


def sgd_step(variables, x, labels, config):
    """The variables after one step of gradient descent, moving averages included."""
    x = x.astype(np.float64)
    variables = {name: value.astype(np.float64) for name, value in variables.items()}
    grads = gradients(variables, x, labels, config.activation, config.loss_reduction)
    clipped = clip(
        grads,
        clip_value=config.clip_value,
        clip_norm=config.clip_norm,
        clip_global_norm=config.clip_global_norm,
    )
    after = {
        name: value - config.learning_rate * clipped.get(name, 0)
        for name, value in variables.items()
    }
    _, caches = forward(variables, x, config.activation)
    for (_, bn), (_, _, cache) in zip(layer_names(variables), caches):
        if bn:
            for name, batch in [("moving_mean", cache[2]), ("moving_variance", cache[1])]:
                moving = after[f"{bn}/{name}"]
                after[f"{bn}/{name}"] = moving + (1 - config.batch_norm_momentum) * (batch - moving)
    return after
