"""Checkpoints whose index was forged and given sound checksums, from a seed."""

import contextlib
import pathlib
import random
import struct

from google.protobuf.message import DecodeError
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tf1_dnn import checkpoint_index
from tf1_dnn.checkpoint_index import BundleEntry, BundleHeader

NUMBERS = (-(2**63), -1, 0, 1, 2, 3, 4, 7, 20, 24, 255, 2**31, 2**32, 2**40, 2**62, 2**63 - 1)
JUNK = (b"", b"\0", b"\1", b"\x7f", b"\xff", b"\x80\0", b"\x80" * 5 + b"\0", b"\xff" * 9 + b"\1")
JUNK += (b"\xff" * 12, b"\xff" * 7 + b"\x7f", b"\xff\xff\xff\xff\x0f")
DATA = struct.pack("<6f", *range(6)) + struct.pack("<q", 7) + struct.pack("<2d", 0.5, 1.5)
SOUND = {"global_step": (9, [], 24, 8), "kernel": (1, [2, 3], 0, 24), "wide": (2, [2], 32, 16)}


def write(prefix, records, data=DATA, change=bytes):
    """A checkpoint of these keys and values, in the order given."""
    pathlib.Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    pathlib.Path(f"{prefix}.index").write_bytes(table(records, change))


def table(records, change=bytes):
    """An index in TensorFlow's format, of one block, with the checksums that it must have.

    `change` is done to the block, to the index of blocks and to the footer, before the checksums.
    """
    first, handle = _block(change(_entries(records))), _varint(0)
    handle += _varint(len(first) - 5)
    index = _block(change(_entries([(b"\xff", handle)])))
    footer = change(b"\0\0" + _varint(len(first)) + _varint(len(index) - 5))[:40]
    return first + index + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def misshape(path):
    """Give a variable of an index the shape over which TensorFlow's reader aborts; its name."""
    records = list(checkpoint_index._entries(path).items())
    for number, (key, value) in enumerate(records):
        entry = BundleEntry.FromString(value)
        if key and entry.shape.dim:
            entry.shape.dim[0].size = -5
            records[number] = (key, entry.SerializeToString())
            path.write_bytes(table(records))
            return key.decode()
    raise ValueError(f"{path} holds no variable with a shape")


def sound():
    """The records of a checkpoint that TensorFlow reads."""
    header = BundleHeader(num_shards=1)
    header.version.producer = 1
    records = [(b"", header.SerializeToString())]
    for name, (dtype, shape, offset, size) in SOUND.items():
        checksum = masked_crc32c(DATA[offset : offset + size])
        entry = BundleEntry(dtype=dtype, offset=offset, size=size, crc32c=checksum)
        for dim in shape:
            entry.shape.dim.add(size=dim)
        entry.shape.SetInParent()
        records.append((name.encode(), entry.SerializeToString()))
    return records


def forged(seed):
    """The sound records with a few things of them changed."""
    chance = random.Random(seed)
    records = sound()
    for _ in range(chance.randint(1, 3)):
        index = chance.randrange(len(records))
        key, value = records[index]
        deed = chance.choice([_header if index == 0 else _entry] * 6 + [_bytes, _key, _moved])
        with contextlib.suppress(DecodeError):  # what was changed before is no message any more
            records = deed(chance, records, index, key, value)
    return records


def damage(seed):
    """A change of the table's parts, of a few bytes each."""
    chance = random.Random(seed)

    def change(part):
        at, n = chance.randrange(len(part)), chance.randrange(3)
        return chance.choice([part, part[:at] + chance.choice(JUNK) + part[at + n :]])

    return change


def _entry(chance, records, index, key, value):
    entry = BundleEntry.FromString(value)
    field = chance.choice(["dtype", "dim", "dims", "offset", "size", "shard_id", "rank", "slices"])
    number = chance.choice(NUMBERS)
    if field == "dim" and entry.shape.dim:
        chance.choice(entry.shape.dim).size = number
    elif field in ("dim", "dims"):
        for _ in range(chance.choice([1, 2, 300])):
            entry.shape.dim.add(size=chance.choice([0, 1, 2, number]))
    elif field == "rank":
        entry.shape.unknown_rank = True
    elif field == "slices":
        entry.slices.append(chance.choice([b"", b"\x0a\x02\x10\x01", b"\x0a\x04\x08\x01\x10\x01"]))
    elif field in ("offset", "size"):
        setattr(entry, field, number)
    else:
        setattr(entry, field, chance.choice([-1, 0, 1, 2, 5, 7, 20, 21, 99, 101, 2**31 - 1]))
    return _replaced(records, index, key, entry.SerializeToString())


def _header(chance, records, index, key, value):
    header = BundleHeader.FromString(value)
    number = chance.choice([-1, 0, 1, 2, 5, 10_000, 2**31 - 1])
    field = chance.choice(["num_shards", "endianness", "producer", "min_consumer", "bad"])
    if field in ("num_shards", "endianness"):
        setattr(header, field, number)
    elif field == "bad":
        header.version.bad_consumers.append(number)
    else:
        setattr(header.version, field, number)
    return _replaced(records, index, key, header.SerializeToString())


def _bytes(chance, records, index, key, value):
    changed = bytearray(value or b"\0")
    changed[chance.randrange(len(changed))] = chance.randrange(256)
    return _replaced(records, index, key, bytes(changed[: chance.choice([None, None, 1, -1])]))


def _key(chance, records, index, key, value):
    return _replaced(records, index, chance.choice([b"", b"\0a", b"a" * 200, b"\xfe", b"k"]), value)


def _moved(chance, records, index, key, value):
    rest = records[:index] + records[index + 1 :]
    return rest if chance.random() < 0.5 else [*rest, (key, value)]


def _replaced(records, index, key, value):
    return [*records[:index], (key, value), *records[index + 1 :]]


def _entries(records):
    return b"".join(b"\0" + _varint(len(k)) + _varint(len(v)) + k + v for k, v in records)


def _block(content):
    content += struct.pack("<II", 0, 1)
    return content + b"\0" + struct.pack("<I", masked_crc32c(content + b"\0"))


def _varint(number):
    low, high = number & 127, number >> 7
    return bytes([low | 128]) + _varint(high) if high else bytes([low])
