"""frames.in_one_chunk: no call waits for the memory of its frame, wherever it is made."""

import resource
import subprocess
import sys

import pytest

from tf1_dnn.frames import in_one_chunk

N_CALLS = 500


def leaf():
    pass


def page_faults_of_calls():
    """How often the system had to give memory while leaf was called N_CALLS times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(N_CALLS):
        leaf()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def worst(depth=400):
    """The most of page_faults_of_calls at any of so many depths."""
    below = worst(depth - 1) if depth else 0
    return max(page_faults_of_calls(), below)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 keeps frames singly")
def test_without_it_calls_at_some_depth_ask_for_memory_every_time():
    assert worst() >= N_CALLS


def test_in_one_chunk_calls_at_no_depth_ask_for_memory():
    assert in_one_chunk(worst)() < N_CALLS / 5


def test_it_is_the_same_function():
    def divided(a, *, by):
        return a / by

    assert in_one_chunk(divided)(6, by=3) == 2.0
    with pytest.raises(ZeroDivisionError):
        in_one_chunk(divided)(6, by=0)


def test_a_recursion_without_end_ends_as_ever():
    command = "from tf1_dnn.frames import in_one_chunk\ndef f(): f()\nin_one_chunk(f)()"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("RecursionError: maximum recursion depth")
