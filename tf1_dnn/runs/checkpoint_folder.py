"""A folder of checkpoints `epoch-NNNN`: what they are named, and the metrics that each holds.

Without TensorFlow, which only their variables need.
"""

import json
from pathlib import Path

from tf1_dnn.errors import RunError, told
from tf1_dnn.runs.history import EpochMetrics

STATE, VARIABLES = "state.json", "variables"  # the prefix of TensorFlow's own files


class CheckpointFolder:
    """The checkpoints of a run, each a folder named by the number of epochs trained."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> list[int]:
        """The numbers of epochs of the checkpoints that are there, ascending."""
        numbers = (path.name[6:] for path in self.folder.glob("epoch-*"))
        return sorted(int(number) for number in numbers if number.isdecimal())

    def path(self, n_epochs: int) -> Path:
        """A checkpoint's folder."""
        return self.folder / f"epoch-{n_epochs:04d}"

    def prefix(self, n_epochs: int) -> str:
        """What TensorFlow calls the checkpoint, as tf.train.load_checkpoint takes it."""
        return str(self.path(n_epochs) / VARIABLES)

    def epochs(self, n_epochs: int) -> list[EpochMetrics]:
        """The metrics of its epochs; RunError if they are damaged."""
        path = self.path(n_epochs) / STATE
        faults = (OSError, ValueError, KeyError, TypeError, RecursionError)
        with told(RunError, f"the checkpoint's {path} is damaged", "take another one", *faults):
            epochs = [EpochMetrics(*values) for values in json.loads(path.read_text())["epochs"]]
            if len(epochs) != n_epochs:
                raise ValueError(f"it holds {len(epochs)} epochs, not {n_epochs}")
            return epochs
