"""The run directory: its names, and who may write to it."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import Collection, Iterator

from tf1_dnn.errors import RunError, first_sentence
from tf1_dnn.runs import config_json, durable, typed_json
from tf1_dnn.runs.checkpoint_folder import CheckpointFolder
from tf1_dnn.runs.config_json import Description
from tf1_dnn.runs.durable import PARTIAL
from tf1_dnn.spec import PathLike

CHECKPOINTS, EVENTS = "checkpoints", ("train", "valid")
NETWORK = "network.py"  # the text of a network of the user's own
METRICS, TIMES, CURVES = "metrics.jsonl", "times.jsonl", "curves.png"
_CONTENTS = ("config.json", NETWORK, METRICS, TIMES, CURVES, CHECKPOINTS, *EVENTS)
MOST_METRICS = 1 << 26  # bytes of a file that grows with the epochs
_LOCK = ".lock"


@contextlib.contextmanager
def open_run(
    path: PathLike,
    description: Description,
    *,
    network_text: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Iterator[Path]:
    """Claim a run directory for this process, new or as a run to resume; yields its path.

    Args:
      path: made if it is not there.
      description: from `describe`; a run to resume must agree in all that decides its digits.
      network_text: of a network of the user's own, to be kept.
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
            durable.write_whole(folder / "config.json", typed_json.dumps(description))
            if network_text is not None:
                durable.write_whole(folder / NETWORK, network_text)
            (folder / CHECKPOINTS).mkdir(exist_ok=True)
            yield folder


@contextlib.contextmanager
def _system_errors_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # of stdout: no fault of the directory
        raise
    except OSError as error:
        raise RunError(
            f"cannot write the run directory {folder} ({first_sentence(error)}): make room, permit "
            "it, or name another one."
        ) from error


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / _LOCK, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    with open(descriptor, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(
                f"another process is using the run directory {folder}: wait for it, or name "
                "another one."
            ) from None
        yield


def check_run(path: PathLike, description: Description, *, resume: bool, overwrite: bool) -> None:
    """Raise RunError where `open_run` would refuse what the directory holds; changes nothing."""
    folder = Path(path)
    require_utf8(folder)
    with _system_errors_told(folder):
        if folder.exists() and not folder.is_dir():
            raise RunError(f"{folder} is a file: name a directory for the run.")
        names = {each.name for each in folder.iterdir()} if folder.exists() else set()
        _require_no_links(folder, names)
    names -= {_LOCK, "config.json" + PARTIAL}
    if names and "config.json" not in names:
        raise RunError(f"{folder} holds files that are not a run's: name another directory.")
    if names and resume:
        config_json.require_same(folder, config_json.read(folder), description)
        _require_not_passed(folder, description.config.n_epochs)
    elif names and not overwrite:
        raise RunError(
            f"{folder} holds a run already: --resume goes on with it, --overwrite deletes it."
        )


def holds_run(path: PathLike) -> bool:
    """Whether the directory holds a run, begun or finished."""
    return Path(path, "config.json").exists()


def n_epochs_kept(path: PathLike) -> int:
    """After how many epochs the newest checkpoint of a run was taken; 0 if it has none."""
    return max(CheckpointFolder(Path(path, CHECKPOINTS)).all(), default=0)


def _require_not_passed(folder: Path, n_epochs: int) -> None:
    trained = n_epochs_kept(folder)
    if trained > n_epochs:
        raise RunError(
            f"the run in {folder} has {trained} epochs already: give --n-epochs {trained} or more."
        )


def require_utf8(path: PathLike) -> None:
    """Raise RunError for a path that TensorFlow cannot write to, though the system could."""
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        raise RunError(f"TensorFlow writes to names in UTF-8 only, not {path}: name another one")


def _require_no_links(folder: Path, names: Collection[str]) -> None:
    """What is written here must land here, whoever made the directory."""
    for name in sorted(names):
        is_ours = name.removesuffix(PARTIAL) in (*_CONTENTS, _LOCK)
        if is_ours and ((folder / name).is_symlink() or (folder / name).is_fifo()):
            raise RunError(f"{folder / name} is no file or folder of a run's own: remove it.")


def _clear(folder: Path) -> None:
    for path in sorted(folder.iterdir(), key=lambda path: path.name == "config.json"):
        if path.name.removesuffix(PARTIAL) in _CONTENTS:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
