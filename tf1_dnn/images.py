"""Any picture of a digit, brought into MNIST's form: light ink on black, sized and centred.

The digit may be dark on light or light on dark, on a ground that reaches the picture's border;
anything else in view must be cut away before, and a margin around the digit be left.
"""

from __future__ import annotations

import warnings
from typing import IO, TYPE_CHECKING, Sequence

import numpy as np

from tf1_dnn.errors import DataError, first_sentence
from tf1_dnn.formats import Array, Path

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_SIZE, _BOX = 28, 20  # pixels: MNIST's images, and the box that each of its digits just fits
_WORK_SIZE = 256  # pixels: the longer side of a picture while it is cleaned
_LEAST_CONTRAST = 16.0  # of ink with the ground, out of 255
_EDGE = 0.2  # of the ink's level: where a digit ends; by this measure MNIST's digits fill the box
_SPECK = 0.02  # of the area of the digit's largest part: what is smaller is no part of it


def read(file: Path | IO[bytes]) -> Array:
    """The grey levels of a picture, 0 (black) to 255 (white): uint8 or float32 [h, w].

    `file` is a path or an open binary file with PNG, JPEG or what else Pillow reads; of several
    frames the first is taken. EXIF's orientation is applied, levels beyond 8 bits become float32,
    and transparent parts turn white or black, whichever lets the ink be seen.

    Raises DataError, naming the file, if it cannot be opened, is no picture, is damaged, or has
    more pixels than Pillow deems safe (89 million).
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    name = getattr(file, "name", "the picture") if hasattr(file, "read") else file
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities in the metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file) as image:
                ImageOps.exif_transpose(image, in_place=True)
                return _grey(image)
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is not a picture: give a PNG or JPEG file") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"{name} has too many pixels: scale it down") from error
    except Exception as error:  # Pillow's readers raise whatever the damage leads to
        reason = getattr(error, "strerror", None) or first_sentence(error)
        raise DataError(f"cannot read {name} ({reason}): give a PNG or JPEG file") from error


def to_mnist(grey: Array) -> Array:
    """The digit in a picture [h, w], real numbers from 0 to 255, as uint8 [28, 28].

    As http://yann.lecun.com/exdb/mnist/ says of MNIST: light ink on black, scaled with its aspect
    ratio kept, and anti-aliased, to fit a box of 20 x 20 pixels, then moved by whole pixels until
    its centre of mass is at the centre. In the data that is pixel (14, 14), give or take a half.
    A picture that has this form already keeps it, but for a slightly higher contrast.

    Raises DataError if `grey` is no such array or shows no ink.
    """
    ink, level = _ink(grey)
    digit = _without_specks(ink > _EDGE * level)
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX / max(ink.shape)
    ink = _stretch(_resize(ink, (round(ink.shape[0] * scale), round(ink.shape[1] * scale))))
    y, x = (_offset(ink.sum(axis=axis, dtype=np.float64)) for axis in (1, 0))
    image = np.zeros((_SIZE, _SIZE), np.uint8)
    image[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
    return image


def to_data_form(grey: Array, image_shape: Sequence[int]) -> Array:
    """A picture [h, w] as uint8 `image_shape`: `to_mnist` if that is (28, 28).

    For other shapes the whole picture, made light on black, is resized; its aspect ratio is not
    kept. Raises DataError as `to_mnist` does, and if `image_shape` is not two-dimensional.
    """
    if len(image_shape) != 2:
        raise DataError(
            f"no picture can take the shape {tuple(image_shape)} of this run's images: train on "
            "images [height, width]"
        )
    if tuple(image_shape) == (_SIZE, _SIZE):
        return to_mnist(grey)
    ink, _ = _ink(grey)
    return _stretch(_resize(ink, (image_shape[0], image_shape[1])))


def _grey(picture: Picture) -> Array:
    if picture.mode[0] in "IF":  # 16 or 32 bits, or floats
        levels = np.nan_to_num(np.asarray(picture, np.float32), posinf=0, neginf=0).clip(0)
        largest = float(levels.max())
        n_bits = int(largest).bit_length()  # scanners store 12 bits in 16: go by what is used
        return levels * (255 / (1 if largest <= 1 else max(2**n_bits - 1, 255)))
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("L"))
    picture = picture.convert("RGBA")
    grey, alpha = picture.convert("L"), picture.getchannel("A")
    step = max(max(picture.size) // _WORK_SIZE, 1)
    ground = _ground(np.asarray(grey)[::step, ::step], np.asarray(alpha)[::step, ::step])
    grey.paste(ground, mask=alpha.point(lambda a: 255 - a))
    return np.asarray(grey)


def _ground(grey: Array, alpha: Array) -> int:
    """White or black for the transparent parts of a picture, so that its ink can be seen.

    What is opaque is the ink, which wants the opposite ground, unless it covers most of the
    picture and has contrast itself: then it is a card with ink on it, to be continued.
    """
    if not alpha.any():
        return 255
    mean = np.average(grey, weights=alpha)
    deviation = np.sqrt(np.average((grey - mean) ** 2, weights=alpha))
    is_card = (alpha > 0).mean() > 0.5 and deviation > _LEAST_CONTRAST
    return 255 if (mean > 127.5) == is_card else 0


def _ink(grey: Array) -> tuple[Array, float]:
    """Ink above the ground, float32 [h, w] at working size, 0 where there is none; its level."""
    is_real = grey.dtype.kind in "uif" and grey.ndim == 2 and grey.size > 0
    if not is_real or not ((grey >= 0) & (grey <= 255)).all():  # nor is NaN
        raise DataError(
            f"an array of {grey.dtype} {grey.shape} is not a picture: give grey levels 0 to 255, "
            "[height, width]"
        )
    scale = min(_WORK_SIZE / max(grey.shape), 1)
    grey = _resize(grey, (round(grey.shape[0] * scale), round(grey.shape[1] * scale)))
    difference, noise = _flatten(grey)
    light, dark = (np.maximum(sign * difference - 3 * noise, 0) for sign in (1, -1))
    ink = light if (light**2).sum() > (dark**2).sum() else dark
    level = _level(ink)
    if level < max(_LEAST_CONTRAST, 2 * noise):
        raise DataError("the picture shows no ink: give one of a digit on a plain ground")
    return ink, level


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


def _level(ink: Array) -> float:
    """Full ink: the third quartile of the upper of two classes, split where Otsu (1979) would."""
    ordered = np.sort(ink, axis=None).astype(np.float64)
    size, n = ordered.size, np.arange(1, ordered.size)
    below, total = ordered.cumsum()[:-1], ordered.sum()
    between = (size * below - n * total) ** 2 / (n * (size - n))  # variance, up to a factor
    first = between.argmax() + 1 if size > 1 else 0
    return float(np.percentile(ordered[first:], 75))


def _without_specks(mask: Array) -> Array:
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


def _resize(grey: Array, shape: tuple[int, int]) -> Array:
    """An anti-aliased copy, float32 [h, w]; a `shape` of zero height or width becomes one."""
    from PIL import Image

    h, w = shape
    image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    return np.asarray(image.resize((max(w, 1), max(h, 1)), Image.Resampling.HAMMING))


def _stretch(ink: Array) -> Array:
    """Ink [h, w] as uint8, full ink 255: called last, as scaling down makes thin strokes faint."""
    return np.rint(np.minimum(ink / _level(ink), 1) * 255).astype(np.uint8)


def _offset(profile: Array) -> int:
    """Where to begin so that the centre of mass of a profile [n] comes to the centre."""
    centre = np.average(np.arange(len(profile)), weights=profile)
    return int(np.clip(np.rint(_SIZE / 2 - centre), 0, _SIZE - len(profile)))
