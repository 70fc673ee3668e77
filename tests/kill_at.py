"""Processes that kill themselves (SIGKILL) at a named moment: what Python is about to do next.

A moment is an audit event and a part of each of its first arguments, such as ["import",
"tensorflow"] or ["os.rename", ".partial", "epoch-"]. As a program: python kill_at.py MOMENTS ARGV
is `python -m tf1_dnn.train ARGV`, killed at the last of the moments.
"""

import json
import os
import runpy
import signal
import sys


def kill_at(moments):
    """Kill this process at the last of the moments, once the others have come; never if none."""
    to_come = [*moments]

    def see(event, arguments):
        name, *parts = to_come[0]
        if event == name and all(part in str(whole) for part, whole in zip(parts, arguments)):
            if len(to_come) == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            del to_come[0]

    if moments:
        sys.addaudithook(see)


if __name__ == "__main__":
    sys.path.pop(0)  # as `python -m` has it, but for the current folder
    kill_at(json.loads(sys.argv.pop(1)))
    runpy.run_module("tf1_dnn.train", run_name="__main__", alter_sys=True)
