"""Ink told from its ground: light strokes on black, from any picture of a digit."""

import numpy as np

from tf1_dnn.data.formats import Array
from tf1_dnn.errors import DataError

WORK_SIZE = 256  # pixels: the longer side of a picture while it is cleaned
LEAST_CONTRAST = 16.0  # of ink with the ground, out of 255
_NOTABLE = 0.15  # of the largest group's area: less is a dash that the pen left beside
_SPECK = 0.02  # of the area of the digit's largest part: what is smaller is no part of it


def find_ink(grey: Array) -> tuple[Array, float]:
    """Ink above the ground, float32 [h, w] at working size, 0 where there is none; its level."""
    is_real = grey.dtype.kind in "uif" and grey.ndim == 2 and grey.size > 0
    if not is_real or not ((grey >= 0) & (grey <= 255)).all():  # nor is NaN
        raise DataError(
            f"an array of {grey.dtype} {grey.shape} is not a picture: give grey levels 0 to 255, "
            "[height, width]"
        )
    require_proportions(*grey.shape)
    scale = min(WORK_SIZE / max(grey.shape), 1)
    grey = resize(grey, (round(grey.shape[0] * scale), round(grey.shape[1] * scale)))
    difference, noise = _flatten(grey)
    light, dark = (np.maximum(sign * difference - 3 * noise, 0) for sign in (1, -1))
    ink = light if (light**2).sum() > (dark**2).sum() else dark
    level = full_level(ink)
    if level < max(LEAST_CONTRAST, 2 * noise):
        raise DataError("the picture shows no ink: give one of a digit on a plain ground")
    return ink, level


def require_proportions(height: int, width: int) -> None:
    """Raise DataError for a picture with less than a pixel of one side left at working size."""
    if max(height, width) > WORK_SIZE * min(height, width):
        raise DataError(
            f"a picture of {width} x {height} pixels is too long and thin: cut it down to the digit"
        )


def without_specks(mask: Array) -> Array:
    """The mask [h, w] without connected parts (over corners, too) far smaller than the largest."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        near = np.pad(labels, 1)
        near = np.maximum(np.maximum(near[:-2], near[1:-1]), near[2:])
        near = np.maximum(np.maximum(near[:, :-2], near[:, 1:-1]), near[:, 2:]) * mask
        near = np.append(0, near)[near]  # a label is a pixel's number: jump to that one's label
        if (near == labels).all():
            break
        labels = near
    areas = np.bincount(labels[mask], minlength=mask.size + 1)
    return mask & (areas[labels] >= _SPECK * areas.max())


def groups_side_by_side(mask: Array) -> int:
    """How many groups of ink of a mask [h, w] stand side by side, with empty columns between.

    Those far smaller than the largest do not count. Of MNIST's digits one in a thousand has two.
    """
    is_empty = ~mask.any(axis=0)
    group = np.cumsum(is_empty)  # the same number for columns without an empty one between
    areas = np.bincount(group, weights=mask.sum(axis=0))
    return int(np.count_nonzero(areas >= _NOTABLE * areas.max()))


def full_level(ink: Array) -> float:
    """Full ink: the third quartile of the upper of two classes, split where Otsu (1979) would."""
    ordered = np.sort(ink, axis=None).astype(np.float64)
    size, n = ordered.size, np.arange(1, ordered.size)
    below, total = ordered.cumsum()[:-1], ordered.sum()
    between = (size * below - n * total) ** 2 / (n * (size - n))  # variance, up to a factor
    first = between.argmax() + 1 if size > 1 else 0
    return float(np.percentile(ordered[first:], 75))


def resize(grey: Array, shape: tuple[int, int]) -> Array:
    """An anti-aliased copy, float32 [h, w]; a `shape` of zero height or width becomes one."""
    from PIL import Image

    h, w = shape
    image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    return np.asarray(image.resize((max(w, 1), max(h, 1)), Image.Resampling.HAMMING))


def _flatten(grey: Array) -> tuple[Array, float]:
    """The difference of a picture [h, w] from its ground, and the ground's noise (sigma).

    The border shows the ground. It is level, or a quadratic surface if that fits much better, as
    it does under uneven light.
    """
    h, w = grey.shape
    y, x = np.meshgrid(np.linspace(-1, 1, h), np.linspace(-1, 1, w), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    width = max(min(h, w) // 12, 1)
    border = np.ones(grey.shape, bool)
    border[width:-width, width:-width] = False
    step = max(np.count_nonzero(border) // 1000, 1)
    a, b = terms[border][::step], grey[border][::step]
    level, noise = _fit(a[:, :1], b)
    surface, surface_noise = _fit(a, b)
    if surface_noise < 0.8 * noise:
        return grey - terms @ surface, surface_noise
    return grey - level, noise


def _fit(a: Array, b: Array) -> tuple[Array, float]:
    """The x of least squares of a x - b, without the rows that show ink, and the noise (sigma).

    It begins at the densest half of b: that is ground as long as ink covers less than half.
    """
    ordered = np.sort(b)
    widths = ordered[len(b) // 2 :] - ordered[: len(b) - len(b) // 2]
    densest = widths.argmin()
    x = np.zeros(a.shape[1])
    x[0], noise = ordered[densest] + widths[densest] / 2, widths[densest] / 2 / 0.6745
    for _ in range(5):
        near = np.abs(a @ x - b) <= max(3 * noise, 1)
        x = np.linalg.lstsq(a[near], b[near], rcond=None)[0]
        noise = np.percentile(np.abs(a @ x - b), 25) / 0.3186  # both divisors: of normal noise
    return x, float(noise)
