"""Files of others, opened so that none keeps its reader waiting."""

import os
import stat
from io import BufferedReader


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file to read its bytes; OSError if it is none, is missing or not permitted.

    A pipe that nobody writes to would never open, and a device need never end. A path with a zero
    character raises ValueError.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError("it is a pipe, device or directory, not a file")
    return open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")  # should it be swapped meanwhile
