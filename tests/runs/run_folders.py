"""Run directories without TensorFlow, and all that lies in one."""

from conftest import small_splits

from tf1_dnn.config import Config, Execution
from tf1_dnn.runs import config_json, directory
from tf1_dnn.spec import TrainSpec

CONFIG = Config(hidden_units=(8,), n_epochs=2, batch_size=20)
EXECUTION = Execution(loop="step")


def contents(folder):
    """Every file below `folder` with its bytes, but for the lock; folders as None."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if path.name != ".lock"
    }


def describe(**changes):
    return config_json.describe(TrainSpec(CONFIG.replace(**changes), EXECUTION), small_splits())


def make_run(folder, **changes):
    """A run directory without TensorFlow: its configuration and what a run leaves there."""
    description = describe(**changes)
    with directory.open_run(folder, description):
        (folder / directory.METRICS).write_text("metrics")
        (folder / directory.CHECKPOINTS / "epoch-0001").mkdir()
        (folder / directory.CHECKPOINTS / "epoch-0001" / "state.json").write_text("{}")
    return description
