"""A kernel of this very Python, in TensorFlow 1's behaviour before its first cell."""

import contextlib
import logging
import os
import subprocess
from typing import Any, Iterator, Mapping

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_output
from tqdm import tqdm

from tf1_dnn import cli
from tf1_dnn.errors import Error, told

_PACKAGE_HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# The kernel runs in the notebook's folder, from where the package may not be found.
_ACTIVATE = """
import sys
if {home!r} not in sys.path:
    sys.path.append({home!r})
from tf1_dnn.run import behaviour
behaviour.activate(**{activation!r})
"""
_FINISH = """
from tf1_dnn.run import behaviour
behaviour.finish()
"""


class _ThisPython(AsyncKernelManager):
    """Starts this Python, where Jupyter would start whichever is installed as "python3"."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict())


def execute(
    notebook: Any, *, folder: str, cell_timeout: int | None, activation: Mapping[str, Any]
) -> None:
    """Execute the notebook's code cells in place, in `folder`, up to the one that ends the kernel.

    `activation` is what `behaviour.activate` is called with before the first cell; what
    `behaviour.finish` tells after the last one is printed here.

    Raises:
      Error: the kernel cannot be started, or TensorFlow 1's behaviour cannot be had in it.
    """
    client = NotebookClient(
        notebook,
        kernel_manager_class=_ThisPython,
        timeout_func=lambda cell: None if cell.metadata.get("unseen") else cell_timeout,
        interrupt_on_timeout=True,
        allow_errors=True,
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
    )
    client.log = logging.getLogger("silent")
    client.log.disabled = True  # it would tell of what becomes a cell's error anyway
    # The kernel's own words, such as on an interrupt: what cells print comes in messages.
    words = None if activation.get("verbose") else subprocess.DEVNULL
    with _started(client, cwd=folder, stdout=words, stderr=words):
        _execute_unseen(client, _ACTIVATE.format(home=_PACKAGE_HOME, activation=dict(activation)))
        for index, cell in enumerate(tqdm(notebook.cells, unit="cell", leave=False, disable=None)):
            if not _execute_cell(client, cell, index):
                return
        _execute_unseen(client, _FINISH)


@contextlib.contextmanager
def _started(client: NotebookClient, **options: Any) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        with told(Error, "no kernel starts", "see that Jupyter works here", OSError, RuntimeError):
            stack.enter_context(client.setup_kernel(**options))
        yield


def _execute_cell(client: NotebookClient, cell: Any, index: int) -> bool:
    """Execute one cell; whether the kernel is still alive. Its death is the cell's error."""
    try:
        client.execute_cell(cell, index)
    except DeadKernelError as death:
        cell.outputs.append(new_output("error", ename="DeadKernelError", evalue=str(death)))
        return False
    return True


def _execute_unseen(client: NotebookClient, code: str) -> None:
    """Execute code in a namespace of its own, uncounted; print what it prints."""
    cell, cells = new_code_cell(f"exec({code!r}, {{}})"), client.nb.cells
    cell.metadata["unseen"] = True
    cells.append(cell)  # nbclient executes cells of the notebook only
    try:
        with told(Error, "the kernel ended", "see what it says with --verbose", DeadKernelError):
            client.execute_cell(cell, len(cells) - 1, store_history=False)
    finally:
        cells.pop()
    for output in cell.outputs:
        if output.output_type == "error":
            raise Error(output.evalue)
        if output.output_type == "stream":
            (print if output.name == "stdout" else cli.say)(output.text.rstrip("\n"))
