"""Cells side by side over the machine's cores, each in one thread of a process of its own."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Generator, Iterator, Sequence

from tqdm import tqdm

from tf1_dnn.data import Splits
from tf1_dnn.errors import Error
from tf1_dnn.experiments import cells, stepped
from tf1_dnn.experiments.cells import Cell
from tf1_dnn.experiments.registry import EXPERIMENTS
from tf1_dnn.experiments.stepped import Measured

_brought: list[Splits] = []  # in a worker: the data, once


def measure_all(
    wanted: Sequence[Cell], splits: Splits, folder: Path, *, workers: int
) -> list[Measured]:
    """What each cell gives, in their order; those that `folder` holds are not run again.

    Args:
      wanted: the cells.
      splits: the data, whole.
      folder: where each finished cell is kept at once.
      workers: processes; 0 runs the cells one after the other in this one.

    Raises:
      Error: a worker was killed. What was finished is kept, as it is on Ctrl-C.
    """
    missing = [cell for cell in wanted if cells.read(folder, cell) is None]
    n_found, workers = len(wanted) - len(missing), min(workers, len(missing))
    with tqdm(total=len(wanted), initial=n_found, unit="cell", disable=None) as bar:
        here = (_measure(cell, splits, folder) for cell in missing)
        there = _in_workers(missing, splits, folder, workers)
        with contextlib.closing(there if workers else here) as finished:
            for cell in finished:
                bar.set_postfix_str(cell.experiment, refresh=False)
                bar.update()
    return [_finished(folder, cell) for cell in wanted]


def _measure(cell: Cell, splits: Splits, folder: Path) -> Cell:
    drawn = cells.draw_examples(splits, cell.settings["n_train"], cell.config.seed)
    with stepped.started(cell.config, drawn) as run:
        measured = EXPERIMENTS[cell.experiment].measure(run, cell.settings)
    cells.write(folder, cell, measured)
    return cell


def _finished(folder: Path, cell: Cell) -> Measured:
    measured = cells.read(folder, cell)
    if measured is None:
        raise Error(f"{cell.path(folder)} is gone or was changed: run the command again.")
    return measured


def _in_workers(
    missing: Sequence[Cell], splits: Splits, folder: Path, workers: int
) -> Generator[Cell, None, None]:
    """Run cells in processes of their own, yielding each when it is finished and kept."""
    before = set(multiprocessing.active_children())
    executor = concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker, (splits,)
    )
    try:
        with _interrupts_held():  # in the workers for good: this process decides
            futures = [executor.submit(_measure_in_worker, cell, folder) for cell in missing]
        for future in concurrent.futures.as_completed(futures):
            yield future.result()
        executor.shutdown()
    except BrokenProcessPool:
        raise Error(
            "a worker process was killed, perhaps for want of memory: run the command again, with "
            "fewer --workers; finished cells are kept."
        ) from None
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in set(multiprocessing.active_children()) - before:
            worker.terminate()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until the end; processes and threads started meanwhile never hear of it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(splits: Splits) -> None:
    _brought.append(splits)
    sys.stderr = open(os.devnull, "w")  # no progress bars within the bar; errors are raised
    tqdm.set_lock(threading.RLock())  # one for processes would be called leaked after Ctrl-C
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _measure_in_worker(cell: Cell, folder: Path) -> Cell:
    return _measure(cell, _brought[0], folder)


def _end_with_parent() -> None:
    """End this worker when the command ends, however that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
