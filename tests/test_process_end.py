"""cli.end: what the end of a process owes is done, and nothing is taken apart."""

import subprocess
import sys

import pytest

COMMAND = """
import atexit, sys, threading, time
from tf1_dnn import cli
from tf1_dnn.errors import RunError

class Large:
    def __del__(self):
        print("taken apart")

large = Large()
large.itself = large

def work():
    time.sleep(0.3)
    print("the thread is done")

def main(argv):
    threading.Thread(target=work).start()
    atexit.register(print, "the exit function is done")
    sys.stdout.write("written\\n")
    {result}

{end}
"""
DONE = "written\nthe thread is done\nthe exit function is done\n"


def end(result, how="cli.end(main)"):
    text = COMMAND.format(result=result, end=how)
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)


@pytest.mark.parametrize("code", [0, 1, 130])
def test_all_that_is_owed_is_done_and_the_exit_code_is_mains(code):
    done = end(f"return {code}")
    assert (done.returncode, done.stdout, done.stderr) == (code, DONE, "")


def test_pythons_own_end_takes_everything_apart():
    """The control: what `end` leaves to the system."""
    done = end("return 3", "sys.exit(cli.run(main))")
    assert (done.returncode, done.stdout) == (3, DONE + "taken apart\n")


def test_errors_are_sentences_as_ever():
    done = end("raise RunError('it is broken: mend it')")
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        DONE,
        "error: it is broken: mend it.\n",
    )
    assert "Traceback" in end("raise KeyError").stderr  # of ours: not for users to mend
