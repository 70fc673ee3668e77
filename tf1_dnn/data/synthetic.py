"""Built-in digits, drawn by pen strokes: a stand-in for MNIST where it cannot be had.

The same seed gives the same bits everywhere: all numbers come from RandomState.random_sample,
whose stream is frozen, and go through +, -, *, /, square roots, comparisons and look-ups only,
which IEEE 754 fixes to the last bit. That is why nothing here sums, multiplies matrices or calls
sin, exp and their like, and why rotations use the rational points of the circle.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from tf1_dnn.data import mnist
from tf1_dnn.data.formats import Array
from tf1_dnn.errors import DataError

# Ways to write each digit: strokes between commas, each the x y points that the pen goes through,
# x from 0 to 14 and y from 0 (top) to 20.
_WAYS = (
    (0, "7 0 3 3 1 9 2 16 7 20 12 16 13 10 11 3 7 0"),
    (0, "8 0 4 2 2 8 2 14 5 20 10 18 12 12 12 6 9 1 5 1"),
    (1, "7 0 7 7 7 14 7 20"),
    (1, "3 5 5 3 8 0, 8 0 8 7 7 14 7 20"),
    (1, "4 4 6 2 8 0, 8 0 8 10 8 20, 3 20 8 20 12 20"),
    (2, "2 5 4 1 8 0 12 3 11 8 7 14 2 20, 2 20 7 20 13 20"),
    (2, "1 3 6 0 11 2 11 8 7 15 3 19 1 17 3 15 7 18 13 19"),
    (3, "2 2 7 0 12 3 11 7 6 9, 6 9 11 11 12 16 7 20 1 18"),
    (3, "2 1 7 1 12 1, 12 1 9 5 6 8, 6 8 11 10 12 15 8 20 2 18"),
    (4, "4 1 2 7 1 12, 1 12 7 12 13 11, 10 1 9 10 9 20"),
    (4, "9 0 5 6 1 13, 1 13 7 13 13 13, 9 0 9 10 9 20"),
    (5, "12 1 8 0 4 1, 4 1 3 5 3 9, 3 9 8 8 12 12 10 18 5 20 1 18"),
    (5, "12 0 8 1 3 1, 3 1 3 5 2 10, 2 10 6 8 11 10 12 15 8 20 2 19"),
    (6, "10 0 5 4 2 11 3 18 7 20 12 17 11 12 7 11 3 14"),
    (6, "7 0 3 6 1 14 4 20 10 20 12 15 8 11 2 14"),
    (7, "1 1 7 1 13 0, 13 0 9 8 6 14 5 20"),
    (7, "2 3 2 1 7 1 12 1, 12 1 10 8 8 14 7 20, 4 10 8 10 12 10"),
    (8, "11 3 7 0 3 4 7 9 12 14 9 20 4 19 2 15 7 10 11 6 11 3"),
    (8, "7 9 2 5 7 0 12 4 7 9, 7 9 1 15 7 20 13 15 7 9"),
    (9, "12 4 7 0 2 4 4 10 9 10 12 4, 12 4 12 12 10 20"),
    (9, "11 6 7 10 2 7 4 1 9 1 11 6 11 14 7 20 2 18"),
)
_SIZE = 28  # pixels
_GRID = 96  # cells of a distance field, in each direction
_CELLS = 3.0  # per unit of the strokes' coordinates
_N_PROTOTYPES = 48  # per digit
_CHUNK = 500  # images drawn at a time, to stay in the processor's cache
_FILE = "synthetic-digits-v1.npz"  # a change to the digits takes a new version


def make(seed: int = 0, n_train: int = 60_000, n_test: int = 10_000) -> mnist.Arrays:
    """Draw `(training images, labels), (test images, labels)`, classes at random.

    Images are uint8 [n, 28, 28], ink 255 on paper 0; labels are uint8 [n], 0 to 9.
    """
    random_state = np.random.RandomState(seed)
    fields = _make_prototypes(random_state)
    labels = _uniform(random_state, 0, 10, n_train + n_test).astype(np.uint8)
    images = np.empty((len(labels), _SIZE, _SIZE), np.uint8)
    for start in range(0, len(labels), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        images[chunk] = _draw(random_state, fields, labels[chunk])
    return (images[:n_train], labels[:n_train]), (images[n_train:], labels[n_train:])


def load() -> mnist.Arrays:
    """The digits of `make()`, kept in the user's cache folder where that can be written to."""
    import pooch

    path = pooch.os_cache("tf1_dnn") / _FILE
    if path.is_file():
        try:
            return mnist.read(path)
        except DataError:
            pass  # damaged: made anew below
    arrays = make()
    _store(path, arrays)
    return arrays


def _store(path: Path, arrays: mnist.Arrays) -> None:
    """Write an npz file whole or not at all; a cache that cannot be written is done without."""
    (x_train, y_train), (x_test, y_test) = arrays
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            temporary = os.path.join(folder, path.name)
            np.savez(temporary, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
            os.replace(temporary, path)
    except OSError:
        pass


def _make_prototypes(random_state: np.random.RandomState) -> Array:
    """Float32 [10 * _N_PROTOTYPES, _GRID, _GRID]: each cell's distance to the pen's path."""
    axis = (np.arange(_GRID) + 0.5) / _CELLS - _GRID / _CELLS / 2
    fields = np.empty((10 * _N_PROTOTYPES, _GRID, _GRID), np.float32)
    for i in range(len(fields)):
        ways = [strokes for digit, strokes in _WAYS if digit == i // _N_PROTOTYPES]
        strokes = ways[i % len(ways)].split(",")
        x, y = _bend(random_state, np.concatenate([_curve(stroke) for stroke in strokes]))
        dx, dy = axis - x[:, None], axis - y[:, None]
        fields[i] = np.sqrt(((dy * dy)[:, :, None] + (dx * dx)[:, None, :]).min(axis=0))
    return fields


def _curve(stroke: str, n_steps: int = 10) -> Array:
    """Points [n, 2] along the Catmull-Rom spline through a stroke's points, centred at 0."""
    points = np.array(stroke.split(), np.float64).reshape(-1, 2) - (7, 10)
    ends = np.concatenate([points[:1], points, points[-1:]])
    a, b, c, d = ends[:-3], ends[1:-2], ends[2:-1], ends[3:]
    t = (np.arange(n_steps) / n_steps)[:, None, None]
    steps = t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - a - 3 * c + d)))
    return np.concatenate([(b + 0.5 * steps).reshape(-1, 2), points[-1:]])


def _bend(random_state: np.random.RandomState, points: Array) -> list[Array]:
    """The coordinates x and y of points [n, 2], after a random smooth (quadratic) warp."""
    x, y = points.T / 10
    return [
        10 * (v + a * x + b * y + c * x * x + d * x * y + e * y * y)
        for v, (a, b, c, d, e) in zip((x, y), _uniform(random_state, -0.27, 0.27, 2, 5))
    ]


def _draw(random_state: np.random.RandomState, fields: Array, labels: Array) -> Array:
    """Images [n, 28, 28] of `labels` [n]: each a prototype, transformed, inked and blurred."""

    def uniform(low: float, high: float) -> Array:
        """One number per image, [n, 1, 1]."""
        return _uniform(random_state, low, high, len(labels), 1, 1)

    t, slant = uniform(-0.2, 0.2), uniform(-0.2, 0.5)
    cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    x_scale, y_scale = _CELLS / uniform(0.8, 1.1), _CELLS / uniform(0.8, 1.1)
    pixels = np.arange(_SIZE)
    x = (pixels[None, None, :] - uniform(12, 15)).astype(np.float32)
    y = (pixels[None, :, None] - uniform(12, 15)).astype(np.float32)
    column = _cells(x_scale * (cos - slant * sin), x, x_scale * (sin + slant * cos), y)
    row = _cells(-y_scale * sin, x, y_scale * cos, y)
    prototype = _N_PROTOTYPES * labels.astype(np.intp)[:, None, None]
    prototype += uniform(0, _N_PROTOTYPES).astype(np.intp)
    distance = fields.take((prototype * _GRID + row) * _GRID + column)
    ink = np.clip(_single(uniform(1.3, 2.6)) - distance, 0, 1) * _single(uniform(0.7, 1))
    grain = _single(_uniform(random_state, -0.5, 0.5, *ink.shape))
    ink += _single(uniform(0, 0.4)) * grain
    return (np.clip(ink, 0, 1) * np.float32(255)).astype(np.uint8)


def _cells(a: Array, x: Array, b: Array, y: Array) -> Array:
    """Indices of the cells at a x + b y from the centre of a field, held at its border."""
    cells = _single(a) * x + _single(b) * y + np.float32(_GRID / 2)
    return np.clip(cells, 0, _GRID - 1).astype(np.intp)


def _single(values: Array) -> Array:
    return values.astype(np.float32)


def _uniform(random_state: np.random.RandomState, low: float, high: float, *shape: int) -> Array:
    return low + (high - low) * random_state.random_sample(shape)
