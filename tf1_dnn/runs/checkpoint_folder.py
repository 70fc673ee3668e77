"""A folder of checkpoints `epoch-NNNN`: their names, the metrics in each, which of them are whole.

Without TensorFlow, which only their variables need.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Iterable, Sequence

from tf1_dnn import cli
from tf1_dnn.errors import RunError, told
from tf1_dnn.runs import durable, typed_json
from tf1_dnn.runs.history import EpochMetrics

STATE, VARIABLES = "state.json", "variables"  # the prefix of TensorFlow's own files
_MOST_STATE = 1 << 26  # bytes


_Files = dict[str, tuple[int, str]]  # size and SHA-256 by name


class CheckpointFolder:
    """The checkpoints of a run, each a folder named by the number of epochs trained.

    Its state.json holds the epochs' metrics, and size and SHA-256 of every other file: a checkpoint
    that a power cut or a failing disk has damaged is recognized by them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[int]:
        """The numbers of epochs of the checkpoints that are there, ascending."""
        paths = [path for path in self.folder.glob("epoch-*") if path.name[6:].isdecimal()]
        numbers = {int(path.name[6:]): path for path in paths}
        return sorted(number for number, path in numbers.items() if path == self.path(number))

    def path(self, n_epochs: int) -> Path:
        """A checkpoint's folder."""
        return self.folder / f"epoch-{n_epochs:04d}"

    def prefix(self, n_epochs: int) -> str:
        """What TensorFlow calls the checkpoint, as tf.train.load_checkpoint takes it."""
        return str(self.path(n_epochs) / VARIABLES)

    def epochs(self, n_epochs: int) -> list[EpochMetrics]:
        """The metrics of its epochs; RunError if any of its files is not as it was written."""
        path = self.path(n_epochs)
        with told(
            RunError, f"the checkpoint {path} is damaged", "take another one", *typed_json.FAULTS
        ):
            state = typed_json.read(path / STATE, dict[str, Any], most_bytes=_MOST_STATE)
            epochs = typed_json.convert(state["epochs"], list[EpochMetrics])
            if len(epochs) != n_epochs:
                raise ValueError(f"{STATE} holds {len(epochs)} epochs, not {n_epochs}")
            if "files" in state:  # checkpoints of before 0.2 do not know their contents
                _require_whole(path, state)
            return epochs

    def newest_whole(self) -> list[EpochMetrics]:
        """The epochs of the newest checkpoint that is whole; RunError if there is none."""
        return self.first_whole(reversed(self.all()))

    def first_whole(self, candidates: Iterable[int]) -> list[EpochMetrics]:
        """The epochs of the first of these checkpoints that is whole: as many as its number says.

        Says which it passed over. Raises RunError if none is whole.
        """
        passed: list[RunError] = []
        for n_epochs in candidates:
            try:
                epochs = self.epochs(n_epochs)
            except RunError as error:
                passed.append(error)
                continue
            for fault in passed:
                cli.say(f"passing over a checkpoint: {fault}")
            return epochs
        raise RunError(f"{self.folder} holds no whole checkpoint: take another run")


def make_state(folder: Path, epochs: Sequence[EpochMetrics]) -> str:
    """The text of state.json for a checkpoint whose other files are in `folder`."""
    files = {path.name: durable.fingerprint(path) for path in sorted(folder.iterdir())}
    state = {"epochs": epochs, "files": files}
    return json.dumps({**state, "sha256": _sha256(state)})


def _require_whole(path: Path, state: dict[str, Any]) -> None:
    content = {name: state[name] for name in ("epochs", "files")}
    if state["sha256"] != _sha256(content):
        raise ValueError(f"{STATE} is not as it was written")
    for name, (size, sha256) in typed_json.convert(state["files"], _Files).items():
        file = path / os.path.basename(name)
        if file.stat().st_size != size or durable.fingerprint(file) != (size, sha256):
            raise ValueError(f"{name} is not as it was written")


def _sha256(state: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()
