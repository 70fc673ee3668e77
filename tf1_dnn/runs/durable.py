"""Files that a power cut leaves whole: on the disk before a name points at them."""

import hashlib
import os
from pathlib import Path

from tf1_dnn.files import open_regular

PARTIAL = ".partial"


def write_whole(path: Path, text: str, *, synced: bool = True) -> None:
    """Replace a file, or leave it as it was.

    `synced=False` spares the wait for the disk, for what can be written anew after a power cut.
    """
    partial = path.with_name(path.name + PARTIAL)
    try:
        partial.unlink(missing_ok=True)  # a link there would be followed
        partial.write_text(text, encoding="utf-8")
        if synced:
            sync(partial)
        os.replace(partial, path)
        if synced:
            sync(path.parent)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder of files, all of it on the disk before and the new name after."""
    for path in source.iterdir():
        sync(path)
    sync(source)
    os.replace(source, target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Wait until a file's contents, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fingerprint(path: Path) -> tuple[int, str]:
    """A file's size and the SHA-256 of its bytes, to recognize it by; OSError if it is no file."""
    with open_regular(path) as file:
        content = file.read()
    return len(content), hashlib.sha256(content).hexdigest()
