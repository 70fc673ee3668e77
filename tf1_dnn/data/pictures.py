"""Any picture of a digit, brought into MNIST's form: light ink on black, sized and centred.

The digit may be dark on light or light on dark, on a ground that reaches the picture's border;
anything else in view must be cut away before, and a margin around the digit be left.
"""

from __future__ import annotations

import itertools
import os
import warnings
from contextlib import nullcontext
from io import BufferedReader
from typing import IO, TYPE_CHECKING, ContextManager, Sequence

import numpy as np

from tf1_dnn.data.formats import Array
from tf1_dnn.data.ink import (
    LEAST_CONTRAST,
    WORK_SIZE,
    find_ink,
    full_level,
    groups_side_by_side,
    require_proportions,
    resize,
    without_specks,
)
from tf1_dnn.errors import DataError, first_sentence, told
from tf1_dnn.files import open_regular
from tf1_dnn.spec import PathLike

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

# What people have; of what else Pillow reads, EPS runs a program.
_FORMATS = {
    "PNG": (".png",),
    "JPEG": (".jpg", ".jpeg"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "PPM": (".ppm", ".pgm", ".pbm"),
}
_SIZE, _BOX = 28, 20  # pixels: MNIST's images, and the box that each of its digits just fits
_EDGE = 0.2  # of the ink's level: where a digit ends; by this measure MNIST's digits fill the box


def read(file: PathLike | IO[bytes]) -> Array:
    """The grey levels of a picture, 0 (black) to 255 (white): uint8 or float32 [h, w].

    `file` is a path or an open binary file with a PNG, JPEG, GIF, BMP, TIFF, WebP or PPM picture;
    of several frames the first is taken. EXIF's orientation is applied, levels beyond 8 bits become
    float32, and transparent parts turn white or black, whichever lets the ink be seen.

    Raises DataError, naming the file, if it is no regular file, is no picture, is damaged, has
    more pixels than Pillow deems safe (89 million), or is so long and thin that it shows nothing.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    name = getattr(file, "name", "the picture") if hasattr(file, "read") else file
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oddities in the metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with _opened(file) as opened, Image.open(opened, formats=list(_FORMATS)) as image:
                require_proportions(image.height, image.width)
                ImageOps.exif_transpose(image, in_place=True)
                return _grey(image)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is not a picture: give a PNG or JPEG file") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(f"{name} has too many pixels: scale it down") from error
    except Exception as error:  # Pillow's readers raise whatever the damage leads to
        reason = first_sentence(error)
        raise DataError(f"cannot read {name} ({reason}): give a PNG or JPEG file") from error


def list_folder(folder: PathLike) -> list[str]:
    """The paths of the pictures in a folder, sorted by name; hidden and other files left out.

    Raises DataError if there is none, or if the folder cannot be read.
    """
    suffixes = tuple(itertools.chain(*_FORMATS.values()))
    with told(DataError, f"cannot read the folder {folder}", "permit it", OSError):
        names = sorted(os.listdir(folder))
    found = [name for name in names if name.lower().endswith(suffixes) and name[0] != "."]
    if not found:
        raise DataError(f"{folder} holds no pictures (PNG, JPEG, ...): fill it, or leave it out")
    return [os.path.join(folder, name) for name in found]


def n_side_by_side(grey: Array) -> int:
    """How many groups of ink stand side by side in a picture [h, w]: one, if it shows one digit.

    Digits that touch or overlap are one group. Raises DataError as `to_mnist` does.
    """
    ink, level = find_ink(grey)
    return groups_side_by_side(ink > _EDGE * level)


def to_mnist(grey: Array) -> Array:
    """The digit in a picture [h, w], real numbers from 0 to 255, as uint8 [28, 28].

    As http://yann.lecun.com/exdb/mnist/ says of MNIST: light ink on black, scaled with its aspect
    ratio kept, and anti-aliased, to fit a box of 20 x 20 pixels, then moved by whole pixels until
    its centre of mass is at the centre. In the data that is pixel (14, 14), give or take a half.
    A picture that has this form already keeps it, but for a slightly higher contrast.

    Raises DataError if `grey` is no such array or shows no ink.
    """
    ink, level = find_ink(grey)
    digit = without_specks(ink > _EDGE * level)
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX / max(ink.shape)
    ink = _stretch(resize(ink, (round(ink.shape[0] * scale), round(ink.shape[1] * scale))))
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
    ink, _ = find_ink(grey)
    return _stretch(resize(ink, (image_shape[0], image_shape[1])))


def as_it_is(grey: Array, image_shape: Sequence[int]) -> Array:
    """A picture's grey levels [h, w] as uint8 `image_shape`: resized where it has another size.

    For networks trained on a folder of pictures per class, which are taken so.
    """
    if grey.shape != tuple(image_shape):
        grey = resize(grey, (image_shape[0], image_shape[1]))
    return np.rint(grey).astype(np.uint8)


def _opened(file: PathLike | IO[bytes]) -> ContextManager[IO[bytes] | BufferedReader]:
    """The file, which stays open if it was; a path as a file that is closed at the end."""
    return open_regular(file) if isinstance(file, (str, os.PathLike)) else nullcontext(file)


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
    step = max(max(picture.size) // WORK_SIZE, 1)
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
    is_card = (alpha > 0).mean() > 0.5 and deviation > LEAST_CONTRAST
    return 255 if (mean > 127.5) == is_card else 0


def _stretch(ink: Array) -> Array:
    """Ink [h, w] as uint8, full ink 255: called last, as scaling down makes thin strokes faint."""
    return np.rint(np.minimum(ink / full_level(ink), 1) * 255).astype(np.uint8)


def _offset(profile: Array) -> int:
    """Where to begin so that the centre of mass of a profile [n] comes to the centre."""
    centre = np.average(np.arange(len(profile)), weights=profile)
    return int(np.clip(np.rint(_SIZE / 2 - centre), 0, _SIZE - len(profile)))
