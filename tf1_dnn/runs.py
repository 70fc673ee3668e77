"""The run directory: what a run leaves behind, and what it goes on from."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import platform
import shutil
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from tf1_dnn import __version__
from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.data import Splits
from tf1_dnn.errors import RunError, first_sentence

CHECKPOINTS, EVENTS = "checkpoints", ("train", "valid")
METRICS, TIMES, CURVES = "metrics.jsonl", "times.jsonl", "curves.png"
_CONTENTS = ("config.json", METRICS, TIMES, CURVES, CHECKPOINTS, *EVENTS)
_LOCK, _PARTIAL = ".lock", ".partial"
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


def describe(
    config: Config,
    splits: Splits,
    execution: Execution,
    keeping: Keeping,
    from_checkpoint: str | None = None,
    cluster: str | None = None,
) -> dict:
    """What config.json holds: every option, the data set with its hash, the versions."""
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
        "execution": dataclasses.asdict(execution),
        "keeping": dataclasses.asdict(keeping),
        "from_checkpoint": from_checkpoint and os.path.abspath(from_checkpoint),
        "cluster": cluster,
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


@contextlib.contextmanager
def open_run(
    path: str | os.PathLike[str],
    description: dict[str, Any],
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[Path]:
    """Claim a run directory for this process, new or as a run to resume; yields its path.

    Args:
      path: made if it is not there.
      description: from `describe`; a run to resume must agree in all that decides its digits.
      resume: go on with the run that the directory holds, if it holds one.
      overwrite: delete that run first.

    Raises:
      RunError: the directory holds another run or other files, is in use, or cannot be written.
    """
    folder = Path(path)
    with _system_errors_told(folder):
        check_run(folder, description, resume=resume, overwrite=overwrite)
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            check_run(folder, description, resume=resume, overwrite=overwrite)
            if overwrite:
                _clear(folder)
            # config.json comes first and goes last: without it nothing here would be a run's.
            write_whole(folder / "config.json", json.dumps(description, indent=1) + "\n")
            (folder / CHECKPOINTS).mkdir(exist_ok=True)
            yield folder


def read_description(folder: Path) -> dict[str, Any]:
    """config.json of a run; RunError if the folder is not a run or the file is damaged."""
    try:
        description = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        make_config(description)
        return description
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{folder} is not a run directory: it has no config.json.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(
            f"{folder}/config.json is damaged ({first_sentence(error)}): take another run, or "
            "--overwrite this one."
        ) from None


def make_config(description: dict[str, Any]) -> Config:
    """The Config that a run was trained with."""
    return Config(**description["config"])


def write_whole(path: Path, text: str) -> None:
    """Replace a file, or leave it as it was."""
    partial = path.with_name(path.name + _PARTIAL)
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _system_errors_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # of stdout: no fault of the directory
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(
            f"cannot write the run directory {folder} ({reason}): make room, permit it, or name "
            "another one."
        ) from error


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with open(folder / _LOCK, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"another process is using the run directory {folder}: wait for it, or name "
                "another one."
            ) from None
        yield


def check_run(
    path: str | os.PathLike[str], description: dict[str, Any], *, resume: bool, overwrite: bool
) -> None:
    """Raise RunError where `open_run` would refuse what the directory holds; changes nothing."""
    folder = Path(path)
    with _system_errors_told(folder):
        if folder.exists() and not folder.is_dir():
            raise RunError(f"{folder} is a file: name a directory for the run.")
        names = {each.name for each in folder.iterdir()} if folder.exists() else set()
    names -= {_LOCK, "config.json" + _PARTIAL}
    if names and "config.json" not in names:
        raise RunError(f"{folder} holds files that are not a run's: name another directory.")
    if names and resume:
        _require_same(folder, read_description(folder), description)
    elif names and not overwrite:
        raise RunError(
            f"{folder} holds a run already: --resume goes on with it, --overwrite deletes it."
        )


def _clear(folder: Path) -> None:
    for path in sorted(folder.iterdir(), key=lambda path: path.name == "config.json"):
        if path.name.removesuffix(_PARTIAL) in _CONTENTS:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _require_same(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
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
