"""Calls whose frames lie together in memory, however deep Python is when they begin.

CPython from 3.11 on keeps the frames of calls in chunks of 16 KB. A loop that calls where a chunk
ends asks the system for another one at every call, and gives it back when the call returns. Whether
a loop stands there is chance: by that alone, TensorFlow's import takes 1.2 or 1.6 seconds.
"""

import functools
from typing import Callable, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Python doubles a chunk until a frame fits. One of a little over 1 MiB leaves as much for others,
# which is more than Python's limit of 1,000 calls takes; what nobody touches costs no memory.
_N_SLOTS = 2**20 // 8


def in_one_chunk(function: Callable[P, R]) -> Callable[P, R]:
    """The same function, with all frames of what it calls in one chunk."""

    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    call.__code__ = call.__code__.replace(co_stacksize=_N_SLOTS)
    return functools.update_wrapper(call, function)
