"""Convolution, pooling and batch norm after a convolution in NumPy float64, with their gradients.

Written from the formulas, not from the package's code. Pictures are [batch, height, width, n].
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from reference import ACTIVATIONS, batch_norm_backward, batch_norm_forward, softmax


def windows(x, size):
    """Every pixel's neighbourhood, zeros beyond the edges: [batch, h, w, size, size, n]."""
    before = (size - 1) // 2
    padded = np.pad(x, [(0, 0), (before, size - 1 - before), (before, size - 1 - before), (0, 0)])
    return np.moveaxis(sliding_window_view(padded, (size, size), axis=(1, 2)), 3, 5)


def conv2d(x, kernel, bias):
    """kernel [size, size, n, filters]."""
    return np.einsum("bhwijn,ijnf->bhwf", windows(x, len(kernel)), kernel) + bias


def conv2d_backward(dz, x, kernel):
    """Gradients of x, kernel and bias: dx spreads each output's gradient over its window."""
    size, (_, height, width, _) = len(kernel), x.shape
    dkernel = np.einsum("bhwijn,bhwf->ijnf", windows(x, size), dz)
    before = (size - 1) // 2
    dx = np.zeros((len(x), height + size - 1, width + size - 1, x.shape[3]))
    for i in range(size):
        for j in range(size):
            dx[:, i : i + height, j : j + width] += dz @ kernel[i, j].T
    return (
        dx[:, before : before + height, before : before + width],
        dkernel,
        dz.sum(axis=(0, 1, 2)),
    )


def blocks(x):
    """The 2 × 2 pixels that are pooled, [batch, h, w, 4, n]; an odd row or column is left out."""
    batch, height, width, n = x.shape
    even = x[:, : height // 2 * 2, : width // 2 * 2]
    split = even.reshape(batch, height // 2, 2, width // 2, 2, n)
    return split.transpose(0, 1, 3, 2, 4, 5).reshape(batch, height // 2, width // 2, 4, n)


def max_pooling(x):
    return blocks(x).max(axis=3)


def max_pooling_backward(dy, x):
    """The gradient goes to the largest pixel, the first of several."""
    batch, height, width, n = x.shape
    first = np.eye(4)[blocks(x).argmax(axis=3)].transpose(0, 1, 2, 4, 3)  # [b, h, w, 4, n]
    spread = (first * dy[:, :, :, None]).reshape(batch, height // 2, width // 2, 2, 2, n)
    dx = np.zeros_like(x)
    dx[:, : height // 2 * 2, : width // 2 * 2] = spread.transpose(0, 1, 3, 2, 4, 5).reshape(
        batch, height // 2 * 2, width // 2 * 2, n
    )
    return dx


def over_pixels(x):
    """As rows of features: batch norm's mean and variance are over examples and pixels."""
    return x.reshape(-1, x.shape[-1])


def forward(variables, x, activation):
    """Logits in training mode of conv1, conv2, ..., outputs, and what the backward pass needs."""
    caches, h = [], x
    for i in range(sum(name.startswith("conv") and "kernel" in name for name in variables)):
        z = conv2d(h, variables[f"conv{i + 1}/kernel"], variables[f"conv{i + 1}/bias"])
        normalized, cache = normalize(z, variables, i)
        active = ACTIVATIONS[activation][0](normalized)
        caches.append((h, normalized, active, cache))
        h = max_pooling(active)
    flat = h.reshape(len(h), -1)
    z = flat @ variables["outputs/kernel"] + variables["outputs/bias"]
    logits, cache = normalize(z, variables, len(caches))
    return logits, (caches, h, flat, cache)


def batch_norm_scope(index):
    return f"batch_normalization_{index}" if index else "batch_normalization"


def normalize(z, variables, index):
    scope = batch_norm_scope(index)
    rows, cache = batch_norm_forward(
        over_pixels(z), variables[f"{scope}/gamma"], variables[f"{scope}/beta"]
    )
    return rows.reshape(z.shape), cache


def gradients(variables, x, labels, activation):
    """Gradient of the summed cross-entropy for every trainable variable."""
    logits, (caches, h, flat, cache) = forward(variables, x, activation)
    grads = {}

    def normalize_backward(dy, cache, index):
        scope = batch_norm_scope(index)
        dz, grads[f"{scope}/gamma"], grads[f"{scope}/beta"] = batch_norm_backward(
            over_pixels(dy), variables[f"{scope}/gamma"], cache
        )
        return dz.reshape(dy.shape)

    dz = normalize_backward(softmax(logits) - np.eye(logits.shape[1])[labels], cache, len(caches))
    grads["outputs/kernel"], grads["outputs/bias"] = flat.T @ dz, dz.sum(axis=0)
    dh = (dz @ variables["outputs/kernel"].T).reshape(h.shape)
    for i, (inputs, normalized, active, cache) in reversed(list(enumerate(caches))):
        dactive = max_pooling_backward(dh, active)
        dnormalized = dactive * ACTIVATIONS[activation][1](normalized)
        dz, name = normalize_backward(dnormalized, cache, i), f"conv{i + 1}"
        dh, grads[f"{name}/kernel"], grads[f"{name}/bias"] = conv2d_backward(
            dz, inputs, variables[f"{name}/kernel"]
        )
    return grads
