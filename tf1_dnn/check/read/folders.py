"""The graphs in a folder of many."""

import os
from pathlib import Path
from typing import Iterator

_SUFFIXES = (".meta", ".pb", ".pbtxt")
_SAVED_MODELS = ("saved_model.pb", "saved_model.pbtxt")
_MOST = 10_000  # files that are looked at


def graphs_in(folder: Path) -> list[Path]:
    """What `load_graph` may take in a folder and below it, by name.

    A SavedModel, or a run with TensorBoard events, stands for all that its folder holds. A folder
    that is one of these itself is all there is.
    """
    return sorted(_found(folder))


def _found(folder: Path) -> Iterator[Path]:
    seen = 0
    for place, folders, files in os.walk(folder):
        seen += len(files)
        if seen > _MOST:
            return
        is_model = any(name in files for name in _SAVED_MODELS)
        if is_model or "config.json" in files or any("tfevents" in name for name in files):
            folders.clear()
            yield Path(place)
            continue
        yield from (Path(place, name) for name in files if name.endswith(_SUFFIXES))
