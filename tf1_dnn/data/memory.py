"""How much memory can still be taken, on this machine or in the container that this runs in."""

import contextlib
import os
import re
from pathlib import Path

_MACHINE = Path("/proc/meminfo")
_CONTAINER = (  # its limit by cgroup v2 and v1
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def available() -> int:
    """Bytes that are free or can be freed; where nothing tells, what the machine has."""
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with contextlib.suppress(OSError):
        sizes += [int(kb) << 10 for kb in re.findall(r"MemAvailable:\s*(\d+)", _text(_MACHINE))]
    for path in _CONTAINER:
        with contextlib.suppress(OSError, ValueError):  # "max": there is no limit
            sizes.append(int(_text(path)))
    return min(sizes)


def _text(path: Path) -> str:
    return path.read_text("ascii", "replace")
