"""python notebooks/execute.py [NOTEBOOK...]: run notebooks from a clean kernel, store the outputs.

Without arguments all of them. What a quick run or other digits give, by the variables of lab.py, is
executed and not stored. What changes from run to run (times of execution, the kernel's
version) is left out, so that a notebook's difference is that of its text, code and results.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Sequence

import nbformat
from nbclient import NotebookClient

VARIABLES = ("TF1_DNN_NOTEBOOK_QUICK", "TF1_DNN_NOTEBOOK_DATASET")  # of lab.py
FOLDER = Path(__file__).resolve().parent


def execute(notebook: Any, *, timeout: int = 600) -> Any:
    """The notebook after a run from a clean kernel, in the notebooks' folder, on this Python.

    Raises nbclient.exceptions.CellExecutionError at the first cell that fails.
    """
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this Python's kernel, not another of that name
    notebook = nbformat.from_dict(notebook)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        record_timing=False,
        coalesce_streams=True,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],  # of the kernel's own messages
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def main(argv: Sequence[str]) -> int:
    """Execute and store the notebooks named, or all of them; returns the exit code."""
    paths = [Path(name) for name in argv] or sorted(FOLDER.glob("*.ipynb"))
    missing = [path for path in paths if not path.is_file()]
    if missing:
        print(f"error: there is no notebook {missing[0]}: give its path.", file=sys.stderr)
        return 2
    is_full = not set(VARIABLES) & set(os.environ)
    for path in paths:
        print(path.name, file=sys.stderr, flush=True)
        notebook = execute(nbformat.read(path, as_version=4))
        if is_full:
            nbformat.write(notebook, path)
        else:
            print(f"{path.name} ran, and keeps its stored outputs", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
