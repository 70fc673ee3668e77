"""What a power cut finds on the disk: the order of syncs and renames."""

import hashlib
import os

import pytest
from run_folders import contents

from tf1_dnn.runs import durable


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """What is synced and renamed, in order, by names relative to tmp_path."""
    calls, names = [], {}
    opened, replaced = os.open, os.replace

    def watched_open(path, *args):
        descriptor = opened(path, *args)
        names[descriptor] = os.path.relpath(path, tmp_path)
        return descriptor

    def watched_replace(source, target):
        calls.append(("rename", *(os.path.relpath(each, tmp_path) for each in (source, target))))
        replaced(source, target)

    monkeypatch.setattr(os, "open", watched_open)
    monkeypatch.setattr(os, "replace", watched_replace)
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append(("sync", names[descriptor])))
    return calls


def test_a_file_is_on_the_disk_before_and_after_its_name(calls, tmp_path):
    durable.write_whole(tmp_path / "config.json", "{}\n")
    assert calls == [
        ("sync", "config.json.partial"),
        ("rename", "config.json.partial", "config.json"),
        ("sync", "."),
    ]
    assert contents(tmp_path) == {"config.json": b"{}\n"}


def test_what_can_be_written_anew_is_not_waited_for(calls, tmp_path):
    durable.write_whole(tmp_path / "metrics.jsonl", "{}\n", synced=False)
    assert calls == [("rename", "metrics.jsonl.partial", "metrics.jsonl")]


def test_a_folder_is_on_the_disk_before_and_after_its_name(calls, tmp_path):
    (tmp_path / "new").mkdir()
    for name in "ab":
        (tmp_path / "new" / name).write_text(name)
    durable.move_folder(tmp_path / "new", tmp_path / "moved")
    assert sorted(calls[:2]) == [("sync", "new/a"), ("sync", "new/b")]
    assert calls[2:] == [("sync", "new"), ("rename", "new", "moved"), ("sync", ".")]
    assert contents(tmp_path) == {"moved": None, "moved/a": b"a", "moved/b": b"b"}


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "metrics.jsonl"
    durable.write_whole(path, "old\n")

    def fail(path, text, **kwargs):
        with open(path, "w") as file:
            file.write(text[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.Path, "write_text", fail)
    with pytest.raises(OSError):
        durable.write_whole(path, "new\n")
    assert contents(tmp_path) == {"metrics.jsonl": b"old\n"}


def test_a_fingerprint_is_size_and_sha256(tmp_path):
    (tmp_path / "file").write_bytes(b"abc")
    expected = (3, hashlib.sha256(b"abc").hexdigest())
    assert durable.fingerprint(tmp_path / "file") == expected
    (tmp_path / "file").write_bytes(b"abd")
    assert durable.fingerprint(tmp_path / "file")[0] == 3
    assert durable.fingerprint(tmp_path / "file") != expected
