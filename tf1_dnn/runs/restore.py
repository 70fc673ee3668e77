"""A trained run, ready for use: its graph and the variables of one of its checkpoints.

TensorFlow is imported by `restored` alone, so that commands can check everything else before.
"""

from __future__ import annotations

import contextlib
import glob
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Sequence

from tf1_dnn import cli, data, network_source
from tf1_dnn.config import Config
from tf1_dnn.data import Splits
from tf1_dnn.errors import DataError, RunError, told
from tf1_dnn.kernels import kernels
from tf1_dnn.network_source import NetworkSource
from tf1_dnn.runs import config_json, directory, typed_json
from tf1_dnn.runs.checkpoint_folder import CheckpointFolder
from tf1_dnn.runs.config_json import Description, NetworkDescription
from tf1_dnn.runs.history import EpochMetrics
from tf1_dnn.spec import PathLike, TrainSpec, was_synchronous

if TYPE_CHECKING:
    from tf1_dnn.graph import ModelSpec


class Restored(NamedTuple):
    """A session on a run's graph; what changes in it never reaches the run directory."""

    session: Any
    model: ModelSpec


@contextlib.contextmanager
def restored(
    run_dir: PathLike,
    checkpoint: str | None = None,
    *,
    network: NetworkSource | None = None,
    trust_code: bool = False,
) -> Iterator[Restored]:
    """A session with a run's network and trained variables; closed at the end.

    Args:
      run_dir: made by `trainer.train` or `python -m tf1_dnn.train --run-dir`.
      checkpoint: as in `find_checkpoint`.
      network, trust_code: as in `find_network`.

    Raises:
      RunError: no run, or its configuration or the checkpoint is missing, damaged or of another
        network.
      NetworkError: a network of the user's own raised an exception.
    """
    description = config_json.read(run_dir)
    prefix = find_checkpoint(run_dir, description, checkpoint)
    network = find_network(Path(run_dir), description.network, network, trust_code=trust_code)
    shape, n_outputs = description.data.image_shape, description.data.n_outputs
    if network is None:
        require_fitting(description.config, shape, n_outputs, prefix)
    from tf1_dnn.devices import sessions
    from tf1_dnn.graph import build_graph
    from tf1_dnn.runs import checkpoints

    own = network_source.load(network)
    model = build_graph(description.config, math.prod(shape), n_outputs, image_shape=shape, own=own)
    with sessions.start(model.graph) as session:
        session.run(model.init)
        checkpoints.start_from(session, prefix)
        yield Restored(session, model)


def find_network(
    folder: Path,
    recorded: NetworkDescription | None,
    given: NetworkSource | None = None,
    *,
    trust_code: bool = False,
    kept: PathLike = directory.NETWORK,
) -> NetworkSource | None:
    """The network of the user's own that a run or export is of; None if it is of the config's.

    Args:
      folder: of the run or export.
      recorded: what config.json says of it.
      given: the network, where the user has named it.
      trust_code: take the text that is kept, which building the network will run as a program.
      kept: where in the folder the text is.

    Raises:
      RunError: neither is given, or it is another network than the recorded one.
    """
    if recorded is None:
        if given is not None:
            raise RunError(f"{folder} is not of a network of your own: drop --network.")
        return None
    if given is None and not trust_code:
        raise RunError(
            f"{folder} is of a network of its own, {recorded}: name it with --network "
            f"FILE.py:{recorded.function}, or let the text that is kept there run as a program "
            "with --trust-code."
        )
    path = folder / kept
    if given is None:
        remedy = f"name the network with --network FILE.py:{recorded.function}"
        with told(RunError, f"{path} is damaged", remedy, *typed_json.FAULTS):
            text = typed_json.text(path, most_bytes=network_source.MOST_TEXT)
        given = NetworkSource(recorded.function, str(path), text, label=recorded.file)
    described = config_json.describe_network(given)
    if described is None or described.deciding != recorded.deciding:
        raise RunError(
            f"{folder} is of the network {recorded}, not of {described}: give the one that it was "
            "trained with."
        )
    return given


def require_fitting(
    config: Config, image_shape: Sequence[int], n_outputs: int, prefix: str
) -> None:
    """Raise RunError for a network that a checkpoint cannot hold, before memory is taken for it."""
    folder, name = os.path.split(prefix)
    files = list(Path(folder).glob(f"{glob.escape(name)}.data-*"))
    if not files:
        raise RunError(
            f"{prefix} is not a checkpoint that can be read (it has no .data file): take another."
        )
    n_held = sum(path.stat().st_size for path in files) // 4  # float32
    n_weights = sum(each.n_weights for each in kernels(config, image_shape, n_outputs))
    if n_weights > n_held:
        raise RunError(
            f"the network that is described has {n_weights:,} weights, more than the checkpoint "
            f"{prefix} can hold: take the one that belongs to it."
        )


def load_data(
    description: Description, dataset: str | None = None, path: str | None = None
) -> Splits:
    """The data set of `data.load`'s arguments, by default the one that the run was trained on.

    Raises DataError for files that are missing or damaged.
    """
    return data.load(*find_data(description, dataset, path))


def find_data(
    description: Description, dataset: str | None = None, path: str | None = None
) -> tuple[str, str | None]:
    """The arguments of `data.load` for the data asked for, or else those of the run."""
    name, source = description.data.name, description.data.source
    if dataset is not None or path is not None:
        return dataset or "auto", path
    if source == "tf1_dnn.synthetic":
        return "synthetic", None
    if os.path.exists(source):
        return "auto", source
    if name == "MNIST" or os.environ.get(data.DATA_VARIABLE):
        return "mnist" if name == "MNIST" else "auto", None
    raise DataError(
        f"the run's data, {name} from {source}, are not there: name them with --data PATH."
    )


def recorded_spec(
    run_dir: PathLike,
    dataset: str | None = None,
    path: str | None = None,
    *,
    network: NetworkSource | None = None,
    trust_code: bool = False,
) -> TrainSpec:
    """What a run was trained by, for --resume; the data as `find_data` finds them.

    Raises RunError for a damaged config.json, DataError if the data are no longer there.
    """
    description = config_json.read(run_dir)
    dataset, path = find_data(description, dataset, path)
    return TrainSpec(
        description.config,
        description.execution,
        description.keeping,
        find_network(Path(run_dir), description.network, network, trust_code=trust_code),
        dataset=dataset,
        data=path,
        run_dir=run_dir,
        from_checkpoint=description.from_checkpoint,
        sync=was_synchronous(description.cluster),
    )


def check_data(description: Description, splits: Splits) -> None:
    """Raise DataError for data unlike the run's; say so on stderr if only the content differs."""
    shape, n_outputs = description.data.image_shape, description.data.n_outputs
    if splits.image_shape != shape or splits.n_outputs != n_outputs:
        raise DataError(
            f"the run was trained on images {shape} of {n_outputs} classes, but those from "
            f"{splits.source} are {splits.image_shape} of {splits.n_outputs}: give the run's data."
        )
    if splits.sha256() != description.data.sha256:
        cli.say(f"warning: {splits.name} from {splits.source} is not the data the run was made on")


def prefix_of(path: str) -> str:
    """A checkpoint's prefix: `path` itself, or that of the run directory's own test figure.

    Raises RunError for a directory that is no run, or holds no whole checkpoint.
    """
    is_prefix = os.path.isfile(path + ".index") or not os.path.isdir(path)
    return path if is_prefix else find_checkpoint(path, config_json.read(path))


def _best_first(saved: CheckpointFolder, epochs: Sequence[EpochMetrics]) -> list[int]:
    """The checkpoints, those after the best epochs first."""
    known = [n for n in saved.all() if n <= len(epochs)]
    return sorted(known, key=lambda n: (-epochs[n - 1].valid_accuracy, n))


def find_checkpoint(
    run_dir: PathLike, description: Description, checkpoint: str | None = None
) -> str:
    """The prefix of a checkpoint's files.

    Args:
      run_dir: the run directory.
      description: the run's, from `config_json.read`.
      checkpoint: "last", "best" (the first epoch with the best validation accuracy), any
        checkpoint's prefix, or None for the one that the run's own test figure came from.

    Raises:
      RunError: there is no such checkpoint.
    """
    saved = CheckpointFolder(Path(run_dir, directory.CHECKPOINTS))
    if checkpoint is None:
        checkpoint = "best" if description.keeping.patience else "last"
    if checkpoint in ("last", "best"):
        if not saved.all():
            raise RunError(f"{run_dir} holds no checkpoint yet: let the run finish an epoch.")
        epochs = saved.newest_whole()
        if checkpoint == "best":
            epochs = saved.first_whole(_best_first(saved, epochs))
        checkpoint = saved.prefix(len(epochs))
    if not os.path.isfile(checkpoint + ".index"):
        raise RunError(
            f"there is no checkpoint {checkpoint} (it has no .index file): give last, best, or a "
            f"prefix such as {saved.prefix(1)}."
        )
    return checkpoint
