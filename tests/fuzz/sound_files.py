"""A sound file for every reader, and how the reader is called."""

import gzip
import hashlib
import io
import json
import pathlib
import struct
import zipfile
import zlib
from typing import Any, Callable, NamedTuple

import numpy as np
from conftest import small_splits
from google.protobuf import text_format
from PIL import Image
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tf1_dnn import check, compare, data
from tf1_dnn.check.read.messages import Event, MetaGraphDef, SavedModel
from tf1_dnn.config import Config
from tf1_dnn.data import formats, pictures
from tf1_dnn.runs import config_json, saved_model, typed_json
from tf1_dnn.runs.checkpoint_folder import CheckpointFolder
from tf1_dnn.runs.config_json import Description
from tf1_dnn.runs.history import EpochMetrics
from tf1_dnn.spec import TrainSpec

TESTS = pathlib.Path(__file__).parents[1]


class Case(NamedTuple):
    """A reader with a sound file."""

    name: str
    file: str  # where it is kept, below a folder
    sound: bytes
    read: Callable[[pathlib.Path], Any]  # called with that folder
    kind: type  # of what is read
    pack: Callable[[bytes], bytes] = bytes  # around the damage: what checksums would tell of it
    beside: dict[str, bytes] = {}  # other files that the reader needs


# Data


def _idx():
    array = np.arange(24, dtype=">i4").reshape(2, 3, 4)
    return struct.pack(">HBB3I", 0, 12, 3, *array.shape) + array.tobytes()


def _npz():
    splits, file = small_splits(30, 10, 12, n_inputs=6), io.BytesIO()
    arrays = dict(x_train=splits.train.images, y_train=splits.train.labels)
    np.savez(file, x_test=splits.test.images, y_test=splits.test.labels, **arrays)
    return file.getvalue()


def _npz_with_labels(member):
    """The npz file with this y_train.npy, and a checksum that fits it."""
    with (
        zipfile.ZipFile(io.BytesIO(_npz())) as old,
        zipfile.ZipFile(out := io.BytesIO(), "w") as new,
    ):
        for name in old.namelist():
            new.writestr(name, member if name == "y_train.npy" else old.read(name))
    return out.getvalue()


def _member():
    with zipfile.ZipFile(io.BytesIO(_npz())) as archive:
        return archive.read("y_train.npy")


def _picture(format, mode="L"):
    grey = np.full((40, 30), 255, np.uint8)
    grey[10:30, 12:16] = 0
    Image.fromarray(grey).convert(mode).save(file := io.BytesIO(), format)
    return file.getvalue()


def _png_of_header(header):
    """A PNG with this IHDR, rows of a digit, and lengths and checksums that fit."""
    rows = np.zeros((40, 31), np.uint8)  # each after the number of its filter
    rows[10:30, 12:16] = 255
    png = b"\x89PNG\r\n\x1a\n"
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    for name, content in chunks:
        png += struct.pack(">I", len(content)) + name + content
        png += struct.pack(">I", zlib.crc32(name + content))
    return png


def _read_picture(folder):
    return pictures.to_mnist(pictures.read(folder / "digit"))


DATA = [
    Case("idx", "a", _idx(), lambda folder: formats.read_idx(folder / "a"), np.ndarray),
    Case(
        *("idx in gzip", "a", _idx(), lambda folder: formats.read_idx(folder / "a"), np.ndarray),
        gzip.compress,
    ),
    Case(
        *("gzip", "a", gzip.compress(_idx(), mtime=0)),
        *(lambda folder: formats.read_idx(folder / "a"), np.ndarray),
    ),
    Case("npz", "a", _npz(), lambda folder: data.load(path=folder / "a"), data.Splits),
    Case(
        *("npy in npz", "a", _member(), lambda folder: data.load(path=folder / "a")),
        *(data.Splits, _npz_with_labels),
    ),
]
PICTURES = [
    Case(f"{format} {mode}", "digit", _picture(format, mode), _read_picture, np.ndarray)
    for format, mode in [
        *[("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "L"), ("GIF", "P"), ("BMP", "RGB")],
        *[("TIFF", "L"), ("WEBP", "RGB"), ("PPM", "L")],
    ]
] + [
    Case(
        *("PNG with checksums", "digit", struct.pack(">IIBBBBB", 30, 40, 8, 0, 0, 0, 0)),
        *(_read_picture, np.ndarray, _png_of_header),
    )
]

# Graphs


def _meta():
    path = TESTS / "check" / "graphs" / "BN004_wrong.meta.gz"
    return MetaGraphDef.FromString(gzip.decompress(path.read_bytes()))


def _with_checksums(event):
    def checksum(data):
        return struct.pack("<I", masked_crc32c(data))

    length = struct.pack("<Q", len(event))
    return length + checksum(length) + event + checksum(event)


def _index_with_checksums(entries):
    """A checkpoint's index with one block of these entries."""

    def block(content):
        content += struct.pack("<II", 0, 1)
        return content + b"\0" + struct.pack("<I", masked_crc32c(content + b"\0"))

    first = block(entries)
    handle = _varint(0) + _varint(len(first) - 5)
    index = block(b"\0\1" + _varint(len(handle)) + b"z" + handle)
    footer = b"\0\0" + _varint(len(first)) + _varint(len(index) - 5)
    return first + index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def _varint(number):
    low, high = number & 127, number >> 7
    return bytes([low | 128]) + _varint(high) if high else bytes([low])


META = _meta()
NODES = text_format.MessageToString(META.graph_def)[:20_000].rpartition("node {")[0]
GRAPH_CASES = [
    ("meta", "a.meta", META.SerializeToString(), "a.meta"),
    ("GraphDef", "a.pb", META.graph_def.SerializeToString(), "a.pb"),
    ("SavedModel", "saved_model.pb", SavedModel(meta_graphs=[META]).SerializeToString(), ""),
    ("pbtxt", "a.pbtxt", NODES.encode(), "a.pbtxt"),
]


def _graph_case(name, file, sound, path, **more):
    return Case(name, file, sound, lambda folder: check.check(folder / path), list, **more)


_EVENT = Event(meta_graph_def=META.SerializeToString()).SerializeToString()
_BESIDE = {"a.meta": META.SerializeToString()}
GRAPHS = [_graph_case(*case) for case in GRAPH_CASES] + [
    _graph_case("events", "events.tfevents", _with_checksums(_EVENT), ""),
    _graph_case("events with checksums", "x.tfevents", _EVENT, "", pack=_with_checksums),
    _graph_case(
        *("index", "a.index", (TESTS / "golden/checkpoint/batch_norm.index").read_bytes(), "a"),
        beside=_BESIDE,
    ),
    _graph_case(
        *("index with checksums", "a.index", b"\0\4\3nameabc" + b"\4\2\0/b" + b"\0\1\1zq", "a"),
        pack=_index_with_checksums,
        beside=_BESIDE,
    ),
]

# Run directories and exports

EPOCHS = [EpochMetrics(i, 0.5 + i / 8, 1.25 - i / 4, 0.75) for i in range(2)]
CONFIG_JSON = typed_json.dumps(
    config_json.describe(TrainSpec(Config(hidden_units=(8,), n_epochs=2)), small_splits())
).encode()


def _lines(*names):
    rows = [{name: getattr(epoch, name) for name in names} for epoch in EPOCHS]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


METRICS = _lines("epoch", "valid_accuracy", "valid_loss")
TIMES = _lines("epoch", "seconds")
EXPORT = {"image_shape": [28, 28], "n_outputs": 10, "scale": 255.0, "folded": True}
EXPORT["config"] = json.loads(CONFIG_JSON)["config"]


def _read_run(folder):
    run = compare.read_run(str(folder))
    assert compare.table([run]) and json.dumps(compare.as_json([run]))
    return run


def _epochs(folder):
    return CheckpointFolder(folder).epochs(2)


STATE = "epoch-0002/state.json"
VARIABLES = {"epoch-0002/variables.index": b"an index", "epoch-0002/variables.data": b"values"}
FILES = {
    name.split("/")[1]: (len(content), hashlib.sha256(content).hexdigest())
    for name, content in VARIABLES.items()
}


def _with_its_hash(state):
    """state.json with the SHA-256 of what it says, so that damage is not told by that alone."""
    try:
        told = json.loads(state)
        said = json.dumps({name: told[name] for name in ("epochs", "files")})
        return json.dumps({**told, "sha256": hashlib.sha256(said.encode()).hexdigest()}).encode()
    except (ValueError, LookupError, TypeError, RecursionError):
        return state


RUNS = [
    Case("config.json", "config.json", CONFIG_JSON, config_json.read, Description),
    Case("old state.json", STATE, json.dumps({"epochs": EPOCHS}).encode(), _epochs, list),
    Case(
        *("state.json", STATE, json.dumps({"epochs": EPOCHS, "files": FILES}).encode()),
        *(_epochs, list),
        pack=_with_its_hash,
        beside=VARIABLES,
    ),
    Case(
        *(
            "metrics.jsonl",
            "metrics.jsonl",
            METRICS + b'{"test_accuracy": 0.5, "test_loss": 1.0}\n',
        ),
        *(_read_run, compare.Run),
        beside={"config.json": CONFIG_JSON, "times.jsonl": TIMES},
    ),
    Case(
        *("times.jsonl", "times.jsonl", TIMES, _read_run, compare.Run),
        beside={"config.json": CONFIG_JSON, "metrics.jsonl": METRICS},
    ),
    Case(
        *("export", "assets.extra/tf1_dnn.json", json.dumps(EXPORT).encode()),
        *(saved_model.read_metadata, saved_model.Metadata),
    ),
]
