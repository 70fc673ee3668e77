"""Read a graph from wherever TensorFlow 1 leaves it; TensorFlow itself is not needed."""

import itertools
import os
import struct
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple

from google.protobuf.message import DecodeError
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tf1_dnn import checkpoint_index
from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.read.messages import (
    Event,
    GraphDef,
    MetaGraphDef,
    SavedModel,
    as_meta,
    is_graph,
    meta_of_graph,
    parse,
)
from tf1_dnn.errors import first_sentence, told
from tf1_dnn.files import open_regular

MAX_BYTES = (1 << 31) - 1  # protobuf's own limit
MAX_TEXT_BYTES = 1 << 28
_MOST_RECORDS = 1000  # of an events file; the graph is among its first
_FOLDERS_ABOVE = 3  # a checkpoint's epoch, all checkpoints, the run
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_TEXT = (".pbtxt", ".prototxt", ".pbtext")


class Loaded(NamedTuple):
    """A graph as it was found."""

    meta: Any  # MetaGraphDef; of a bare GraphDef, one that holds it
    source: str  # where it was found, to show
    saved_names: frozenset[str] | None = None  # what the checkpoint holds, where one was given


def load_graph(graph: Any) -> Loaded:
    """The graph of a path, a tf.Graph, or a MetaGraphDef, GraphDef or SavedModel message.

    A path is a MetaGraph (.meta), a checkpoint's prefix, a GraphDef (.pb, .pbtxt), a SavedModel's
    folder, or a run directory with TensorBoard events. GraphError says what cannot be read.
    """
    if isinstance(graph, (str, os.PathLike)):
        return _load_path(Path(graph))
    if hasattr(graph, "as_graph_def"):
        name = "tf.Graph"
        try:
            meta = meta_of_graph(graph)
        except ValueError as error:  # more than protobuf's 2 GB
            raise GraphError(f"cannot write the tf.Graph down: {first_sentence(error)}.") from error
    elif hasattr(graph, "SerializeToString"):
        name = graph.DESCRIPTOR.name
        kinds = {kind.DESCRIPTOR.name: kind for kind in (MetaGraphDef, GraphDef, SavedModel)}
        if name not in kinds:
            raise GraphError(f"a {name} is no graph: give a MetaGraphDef or a GraphDef.")
        meta = as_meta(kinds[name].FromString(graph.SerializeToString()))
    else:
        raise GraphError(f"a {type(graph).__name__} is no graph: give a path or a tf.Graph.")
    if not is_graph(meta):
        raise GraphError(f"the {name} holds no graph.")
    return Loaded(meta, name)


def _load_path(path: Path) -> Loaded:
    remedy = "give a .meta, .pb or .pbtxt file, or a folder"
    with told(GraphError, f"cannot read {path}", remedy, OSError, ValueError):
        if path.is_dir():
            return _load_directory(path)
        prefixed = Path(f"{path}.meta")
        if not path.name.endswith(".meta") and prefixed.exists():
            return _load_file(prefixed)._replace(saved_names=_saved_names(path))
        if not path.exists() and Path(f"{path}.index").exists():
            return _load_of_checkpoint(path)
        return _load_file(path)


def _load_directory(path: Path) -> Loaded:
    for name in ("saved_model.pb", "saved_model.pbtxt"):
        if (path / name).exists():
            return _load_file(path / name)
    loaded = _load_events(_newest(path.rglob("*tfevents*")))
    if loaded is not None:
        return loaded
    for found in _newest(path.rglob("*.meta")):
        return _load_file(found)
    raise GraphError(
        f"{path} holds no graph: give a SavedModel, a run directory with TensorBoard events, or "
        "a file."
    )


def _load_of_checkpoint(prefix: Path) -> Loaded:
    """The graph of a checkpoint without a .meta, from events beside it or of the run around it."""
    above = prefix.absolute().parents[:_FOLDERS_ABOVE]
    runs = [folder.glob("*/*tfevents*") for folder in above if (folder / "config.json").exists()]
    loaded = _load_events(_newest(itertools.chain(above[0].glob("*tfevents*"), *runs)))
    if loaded is not None:
        return loaded._replace(saved_names=_saved_names(prefix))
    raise GraphError(
        f"the checkpoint {prefix} has no .meta beside it, and no run with TensorBoard events "
        "around it: give the .meta file or the run directory."
    )


def _load_events(paths: Iterable[Path]) -> Loaded | None:
    """The graph of the first of these events files that has one."""
    for events in paths:
        meta = _last_graph(events)
        if meta is not None:
            return Loaded(meta, str(events))
    return None


def _newest(paths: Iterable[Path]) -> list[Path]:
    found = [each for each in paths if each.is_file()]
    return sorted(found, key=lambda each: (each.stat().st_mtime, each.name), reverse=True)


def _last_graph(path: Path) -> Any:
    """The last graph in an events file, with collections if there is such a one; or None."""
    bare = full = b""
    for record in _records(path):
        try:
            event = Event.FromString(record)
        except DecodeError:
            break
        full = event.meta_graph_def or full
        bare = event.graph_def or bare
    return parse(full, [MetaGraphDef]) or parse(bare, [GraphDef])


def _records(path: Path) -> Iterator[bytes]:
    """The records of a TFRecord file: length, its checksum, data, the data's checksum."""
    with open_regular(path) as file:
        size = min(os.fstat(file.fileno()).st_size, MAX_BYTES)
        for _ in range(_MOST_RECORDS):
            header = file.read(12)
            if len(header) < 12:
                return
            length, checksum = struct.unpack("<QI", header)
            if checksum != masked_crc32c(header[:8]) or length > size:
                return  # damaged: what came before stands
            yield file.read(length)
            file.read(4)


def _load_file(path: Path) -> Loaded:
    if not path.exists():
        raise GraphError(f"{path} does not exist: give a .meta, .pb or .pbtxt file, or a folder.")
    kinds = [MetaGraphDef] if path.suffix == ".meta" else [GraphDef, SavedModel, MetaGraphDef]
    if path.name.startswith("saved_model."):
        kinds = [SavedModel]
    is_text = path.suffix in _TEXT
    limit = MAX_TEXT_BYTES if is_text else MAX_BYTES
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise GraphError(f"{path} is larger than {limit} bytes: check a part of the graph.")
        data = file.read(limit)
    if data.startswith(_LFS_POINTER):
        raise GraphError(f"{path} is a Git LFS pointer, not the graph: run `git lfs pull`.")
    meta = parse(data, kinds, is_text)
    if meta is None:
        names = " or ".join(kind.DESCRIPTOR.name for kind in kinds)
        raise GraphError(f"{path} is damaged or holds no {names}: get a fresh copy.")
    return Loaded(meta, str(path))


def _saved_names(prefix: Path) -> frozenset[str] | None:
    """The names in a checkpoint; None where it has no index, but is V1 or only its .meta."""
    index = Path(f"{prefix}.index")
    if not index.exists():
        return None
    fault = f"cannot read the checkpoint {prefix}"
    with told(GraphError, fault, "get a fresh copy", OSError, ValueError):
        return checkpoint_index.names(index)
