"""python -m tf1_dnn.predict: which digits pictures show, by a trained run or its export."""

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import IO, Any, Callable, Iterator, NamedTuple, Sequence

import numpy as np

from tf1_dnn import cli, network_source, options
from tf1_dnn.data import pictures
from tf1_dnn.errors import DataError, RunError, told
from tf1_dnn.network_source import NetworkSource
from tf1_dnn.runs import config_json
from tf1_dnn.runs import directory as run_directory
from tf1_dnn.runs import restore, saved_model
from tf1_dnn.runs.config_json import DataDescription
from tf1_dnn.runs.saved_model import Metadata
from tf1_dnn.spec import PathLike

BATCH = 1_000  # images fed at once, to save memory
SURE = 0.9  # below it lie 81% of the post's network's mistakes on MNIST, and 4% of what is right
LOW, SEVERAL = "low probability", "several parts side by side"
Image = PathLike | IO[bytes] | np.ndarray
Classifier = Callable[[np.ndarray], np.ndarray]  # float32 [batch, n_inputs] → [batch, n_outputs]


class Prediction(NamedTuple):
    file: str
    digit: int  # the class with the largest probability
    probability: float
    probabilities: tuple[float, ...]  # of every class
    doubts: tuple[str, ...] = ()  # why the picture may show no such digit, or not one alone


class Picture(NamedTuple):
    """A picture that can be classified."""

    name: str
    image: np.ndarray  # uint8, of the shape of the source's images
    doubts: tuple[str, ...]


class Source(NamedTuple):
    """A run directory or an export, looked at without TensorFlow."""

    folder: Path
    is_export: bool
    image_shape: tuple[int, ...]
    scale: float  # the level, out of 255, that the network saw as 1
    classes: tuple[str, ...] | None  # their names, where they have any
    plain: bool  # whether the network saw pictures as they are, not in MNIST's form
    network: NetworkSource | None = None  # of the user's own


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.predict",
        description="Tell which digit each picture shows: PNG or JPEG, of any size, dark on light "
        "or light on dark, one digit on a plain ground.",
        epilog="Prints a line per picture: file, digit and probability, separated by tabs, then "
        "what is doubtful, if anything is. A picture that cannot be used is named on stderr, "
        "and the exit code is then 1. The graph of an export is read, never run: the network is "
        "built anew and takes its variables.",
    )
    parser.add_argument(
        "model_dir",
        metavar="RUN_DIR_OR_EXPORT",
        help="a directory of tf1_dnn.train --run-dir or of tf1_dnn.export",
    )
    words = "a file, a folder for all pictures in it, or - for stdin"
    parser.add_argument("images", metavar="IMAGE", nargs="+", help=words)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object per line instead: file, digit, probability, probabilities, "
        "doubts, and class where classes have names",
    )
    options.add_network_of_run(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code, 1 if any picture could not be used."""
    given = make_parser().parse_args(argv)
    network = options.find_network(given.network)
    source = find_source(given.model_dir, network, trust_code=given.trust_code)
    found, all_usable = [], True
    for name in _files(given.images):
        try:
            picture = _read(_stdin() if name == "-" else name, source)
            found.append(picture._replace(name=name))
        except DataError as error:
            cli.say(f"error: {error}")
            all_usable = False
    for prediction in _predict(source, found):
        cli.put(_json(prediction, source) if given.json else _line(prediction, source))
    return 0 if all_usable else 1


def _files(given: Sequence[str]) -> Iterator[str]:
    """The files given, and in the place of a folder its pictures."""
    for name in given:
        if os.path.isdir(name):
            yield from pictures.list_folder(name)
        else:
            yield name


def predict(
    model_dir: PathLike,
    images: Sequence[Image],
    *,
    network: Callable[..., Any] | NetworkSource | None = None,
    trust_code: bool = False,
) -> list[Prediction]:
    """Which digit each picture shows.

    Args:
      model_dir: a run directory (its checkpoint is the one its test figure came from), or an
        export.
      images: paths, open binary files, or grey levels 0 to 255, [h, w].
      network: the run's, if it is one of the user's own.
      trust_code: run the text of it that the run or export keeps, in the place of `network`.

    Returns:
      A Prediction per picture; for grey levels its `file` is "".

    Raises:
      RunError: `model_dir` is neither, or it is damaged.
      DataError: the network takes no pictures, or one of them cannot be used.
    """
    found = network_source.as_source(network)
    source = find_source(model_dir, found, trust_code=trust_code)
    return list(_predict(source, [_read(image, source) for image in images]))


def find_source(
    model_dir: PathLike, network: NetworkSource | None = None, *, trust_code: bool = False
) -> Source:
    """Look at a run directory or an export; RunError, or DataError if it takes no pictures."""
    folder = Path(model_dir)
    with told(RunError, f"cannot read {folder}", "permit it", PermissionError):
        is_export = (folder / saved_model.METADATA).is_file()
        is_run = (folder / "config.json").is_file()
    kept: PathLike = run_directory.NETWORK
    if is_export:
        metadata = saved_model.read_metadata(folder)
        recorded, kept = metadata.network, saved_model.NETWORK
        data: Metadata | DataDescription = metadata
    elif is_run:
        description = config_json.read(folder)
        restore.find_checkpoint(folder, description)
        data, recorded = description.data, description.network
    else:
        raise RunError(
            f"{folder} is neither a run directory nor an export: give a directory of "
            "tf1_dnn.train --run-dir or of tf1_dnn.export."
        )
    shape, scale = data.image_shape, data.scale
    if len(shape) != 2:
        raise DataError(f"{folder} takes inputs of the shape {shape}, not pictures [h, w].")
    if scale is None:
        raise DataError(f"{folder} takes images with values below 0, which no picture has.")
    if data.classes is not None and len(data.classes) != data.n_outputs:
        raise RunError(f"{folder} is damaged, as it does not name every class: take another run.")
    network = restore.find_network(folder, recorded, network, trust_code=trust_code, kept=kept)
    return Source(folder, is_export, shape, scale, data.classes, data.plain, network)


def _read(image: Image, source: Source) -> Picture:
    """A picture in the form of the data; DataError that names the file."""
    grey, name = image if isinstance(image, np.ndarray) else pictures.read(image), _name(image)
    try:
        if source.plain:
            return Picture(name, pictures.as_it_is(grey, source.image_shape), ())
        several = pictures.n_side_by_side(grey) > 1
        form = pictures.to_data_form(grey, source.image_shape)
        return Picture(name, form, (SEVERAL,) * several)
    except DataError as error:
        raise DataError(f"{name}: {error}" if name else str(error)) from error


def _stdin() -> IO[bytes]:
    if sys.stdin is None:
        raise DataError("standard input is closed: name a file")
    with told(DataError, "cannot read standard input", "name a file", OSError):
        file = io.BytesIO(sys.stdin.buffer.read())
    file.name = "standard input"
    return file


def _name(image: Image) -> str:
    if isinstance(image, np.ndarray):
        return ""
    return str(getattr(image, "name", "")) if hasattr(image, "read") else os.fsdecode(image)


def _json(prediction: Prediction, source: Source) -> str:
    name = {"class": source.classes[prediction.digit]} if source.classes else {}
    return json.dumps({**prediction._asdict(), **name})


def _line(prediction: Prediction, source: Source) -> str:
    name = source.classes[prediction.digit] if source.classes else prediction.digit
    doubts = f"\tdoubtful: {', '.join(prediction.doubts)}" if prediction.doubts else ""
    return f"{prediction.file}\t{name}\t{prediction.probability:.4f}{doubts}"


def _predict(source: Source, found: list[Picture]) -> Iterator[Prediction]:
    """Classify pictures; no TensorFlow where there is none."""
    if not found:
        return
    with _classifier(source) as classify:
        for start in range(0, len(found), BATCH):
            batch = found[start : start + BATCH]
            inputs = np.stack([picture.image for picture in batch]).astype(np.float32)
            inputs /= source.scale
            for picture, values in zip(batch, classify(inputs.reshape(len(inputs), -1))):
                yield _prediction(picture, values)


def _prediction(picture: Picture, probabilities: np.ndarray) -> Prediction:
    digit = int(probabilities.argmax())
    probability = float(probabilities[digit])
    doubts = picture.doubts + (LOW,) * (probability < SURE)
    return Prediction(picture.name, digit, probability, tuple(probabilities.tolist()), doubts)


@contextlib.contextmanager
def _classifier(source: Source) -> Iterator[Classifier]:
    """The network as a function, for as long as its session is open."""
    if source.is_export:
        restored = saved_model.restored(source.folder, network=source.network)
        with restored as (session, network):
            yield lambda inputs: session.run(network.probabilities, {network.images: inputs})
    else:
        restored_run = restore.restored(source.folder, network=source.network)
        with restored_run as run, run.model.graph.as_default():
            from tf1_dnn.compat import tf

            probabilities = tf.nn.softmax(run.model.tower.network.logits)
            images = run.model.placeholders.inputs
            yield lambda inputs: run.session.run(probabilities, {images: inputs})


if __name__ == "__main__":
    cli.end(main)
