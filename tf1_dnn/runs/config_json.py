"""config.json: what a run was trained on and how, and what a run to resume must share with it."""

import dataclasses
import json
import os
import platform
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from tf1_dnn import __version__
from tf1_dnn.config import Config
from tf1_dnn.data import Splits
from tf1_dnn.errors import RunError, first_sentence
from tf1_dnn.spec import PathLike, TrainSpec

# What a resumed run must have in common with the run it goes on from.
_DECIDING = (
    "config",
    "execution.loop",
    "execution.xla",
    "data.sha256",
    "keeping.patience",
    "from_checkpoint",
    "cluster",
)


def describe(spec: TrainSpec, splits: Splits) -> dict[str, Any]:
    """What config.json holds: every option, the data set with its hash, the versions."""
    config, origin = spec.config, spec.from_checkpoint
    return {
        "config": {**dataclasses.asdict(config), "hidden_units": list(config.hidden_units)},
        "data": {
            "name": splits.name,
            "source": splits.source,
            "sha256": splits.sha256(),
            "image_shape": list(splits.image_shape),
            "n_outputs": splits.n_outputs,
            "scale": _scale(splits.train.images),
        },
        "execution": dataclasses.asdict(spec.execution),
        "keeping": dataclasses.asdict(spec.keeping),
        "from_checkpoint": origin and os.path.abspath(origin),
        "cluster": spec.cluster,
        "versions": {
            "tf1_dnn": __version__,
            "tensorflow": _tensorflow_version(),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def _tensorflow_version() -> str:
    """Of whichever distribution brings TensorFlow; found without importing it."""
    from importlib import metadata

    names = metadata.packages_distributions().get("tensorflow")
    return metadata.version(names[0]) if names else "unknown"


def _scale(images: np.ndarray) -> float | None:
    """The level, of 255, of a picture that the network saw as 1; None if pictures have no place."""
    if images.dtype == np.uint8:
        return 255.0
    return 255.0 / float(images.max()) if images.min() >= 0 < images.max() else None


def read(run_dir: PathLike) -> dict[str, Any]:
    """config.json of a run; RunError if the folder is not a run or the file is damaged."""
    path = Path(run_dir, "config.json")
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        make_config(description)
        _require_data(description["data"])
        dict(description["keeping"])
        return description
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{run_dir} is not a run directory: it has no config.json.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(
            f"{path} is damaged ({first_sentence(error)}): take another run, or --overwrite this "
            "one."
        ) from None


def _require_data(data: dict[str, Any]) -> None:
    """Raise ValueError, or KeyError, for a description of no data."""
    texts = [data[name] for name in ("name", "source", "sha256")]
    sizes, scale = [*data["image_shape"], data["n_outputs"]], data.get("scale")
    is_whole = all(isinstance(text, str) for text in texts)
    is_whole &= all(isinstance(size, int) and size > 0 for size in sizes)
    is_whole &= scale is None or (isinstance(scale, (int, float)) and scale > 0)
    if not is_whole:
        raise ValueError("it does not say what data it was")


def make_config(description: dict[str, Any]) -> Config:
    """The Config that a run was trained with."""
    return Config(**description["config"])


def require_same(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Raise RunError that names every difference which would change the digits."""
    old_values, new_values = (dict(_deciding_values(each)) for each in (old, new))
    differences = [
        f"{name} was {old_values.get(name)!r}, not {value!r}"
        for name, value in new_values.items()
        if old_values.get(name) != value
    ]
    if differences:
        raise RunError(
            f"cannot resume the run in {folder}: {'; '.join(differences)}. Give the same options, "
            "or another directory."
        )


def _deciding_values(description: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _DECIDING:
        value: Any = description
        for part in name.split("."):
            value = value.get(part, {}) if isinstance(value, dict) else {}
        if isinstance(value, dict):
            yield from value.items()
        else:
            yield name, value
