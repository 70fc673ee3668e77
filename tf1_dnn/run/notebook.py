"""A notebook, executed unedited by a kernel of this Python, and set beside what is stored in it.

Its cells run in its own folder, as Jupyter runs them, and all of them: where one fails, the next
is tried. A cell has run if it raised nothing, or an error of the kind that is stored with it. The
executed notebook is a copy; the notebook itself is only read.

Every code cell's stored output lines are looked for in its new output: `output_lines` says what is
compared, and how.
"""

import importlib.util
import os
import tempfile
import textwrap
import warnings
from typing import Any, NamedTuple, Sequence

from tf1_dnn import cli
from tf1_dnn.errors import Error, first_sentence, told
from tf1_dnn.run import output_lines
from tf1_dnn.run.source import is_python2


class Outcome(NamedTuple):
    """What came of a notebook's code cells and of its stored output lines."""

    n_cells: int
    n_run: int
    first_error: str | None
    n_lines: int
    n_lines_again: int
    first_difference: str | None

    def exit_code(self, *, strict: bool) -> int:
        """1 if a cell failed, or if `strict` and a stored line did not come out again."""
        return int(self.n_run < self.n_cells or (strict and self.n_lines_again < self.n_lines))

    def __str__(self) -> str:
        rows = [
            ("code cells run", f"{self.n_run} of {self.n_cells}"),
            ("first error", self.first_error),
            ("stored output lines again", f"{self.n_lines_again} of {self.n_lines}"),
            ("first that is not", self.first_difference),
        ]
        table = cli.table([(name, value) for name, value in rows if value], left=2)
        return "\n".join(map(str.rstrip, table.split("\n")))


def run(
    path: str,
    *,
    out: str | None = None,
    digits: int | None = None,
    cell_timeout: int | None = None,
    **activation: Any,
) -> Outcome:
    """Execute the notebook in TensorFlow 1's behaviour; the executed copy goes to `out`, if given.

    A cell that takes longer than `cell_timeout` seconds is interrupted. `digits` is to how many
    digits numbers have to agree with the stored ones; by default to all. Further arguments are
    those of `activate`.

    Raises:
      Error: Jupyter's parts are missing, `path` is not a notebook in Python 3, or `out` cannot be
        written.
    """
    _require_jupyter()
    from tf1_dnn.run import kernel

    notebook = read(path)
    if out is not None:
        _require_writable(out, path)
    cells = _code_cells(notebook)
    stored = [cell.outputs for cell in cells]
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    kernel.execute(
        notebook,
        folder=os.path.dirname(os.path.abspath(path)),
        cell_timeout=cell_timeout,
        activation=activation,
    )
    if out is not None:
        _write(notebook, out)
    return outcome(cells, stored, digits=digits)


def _require_jupyter() -> None:
    for module in ("nbclient", "ipykernel"):
        if importlib.util.find_spec(module) is None:
            raise Error(
                f"{module}, which executes notebooks, is not installed: "
                "run `pip install 'tf1_dnn[notebooks]'`"
            )


def read(path: str) -> Any:
    """The notebook at `path`, in nbformat 4. Raises Error if it is none, or not in Python 3."""
    import nbformat

    remedy = "name a notebook that Jupyter can open"
    faults = (OSError, ValueError, TypeError, KeyError, AttributeError, nbformat.ValidationError)
    with warnings.catch_warnings(), told(Error, f"{path} is not a notebook", remedy, *faults):
        warnings.simplefilter("ignore")  # what older Jupyters left out, nbformat adds
        with open(path, encoding="utf-8") as file:
            notebook = nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
    language = notebook.metadata.get("kernelspec", {}).get("language", "python")
    if language.lower() != "python":
        raise Error(f"{path} is a notebook in {language}: {remedy} in Python")
    _require_python3(notebook, path)
    return notebook


def _require_python3(notebook: Any, path: str) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    for number, cell in enumerate(_code_cells(notebook), 1):
        try:
            compile(TransformerManager().transform_cell(cell.source), path, "exec")
        except SyntaxError as error:
            if is_python2(error):
                raise Error(
                    f"{path}, code cell {number}, is Python 2 ({error.msg}): save it as a script, "
                    "convert that with 2to3, and run the script"
                ) from error
        except ValueError:  # null bytes: for the kernel to tell
            pass


def _code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def _require_writable(out: str, path: str) -> None:
    folder = os.path.dirname(os.path.abspath(out))
    if os.path.exists(out) and os.path.samefile(out, path):
        raise Error(f"--out {out} is the notebook itself, which is never written to: name another")
    if os.path.isdir(out):
        raise Error(f"--out {out} is a folder: name a file in it")
    if not os.access(folder, os.W_OK):
        raise Error(f"--out {out} cannot be written: name a file in a folder that you can write to")


def _write(notebook: Any, out: str) -> None:
    """Write the file whole or not at all."""
    import nbformat

    with told(Error, f"--out {out} cannot be written", "name another file", OSError):
        folder = os.path.dirname(os.path.abspath(out))
        with tempfile.TemporaryDirectory(dir=folder, prefix=".executed-") as temporary:
            partial = os.path.join(temporary, "notebook.ipynb")
            nbformat.write(notebook, partial)
            os.replace(partial, out)


def outcome(
    cells: Sequence[Any], stored: Sequence[Sequence[Any]], *, digits: int | None = None
) -> Outcome:
    """Set executed code cells beside the outputs that were stored with them."""
    errors = [_error(cell, outputs) for cell, outputs in zip(cells, stored)]
    compared = [
        output_lines.compare(outputs, cell.outputs, digits=digits)
        for cell, outputs in zip(cells, stored)
    ]
    differences = [agreement.difference for agreement in compared]
    return Outcome(
        n_cells=len(cells),
        n_run=errors.count(None),
        first_error=_first(errors),
        n_lines=sum(agreement.n_stored for agreement in compared),
        n_lines_again=sum(agreement.n_again for agreement in compared),
        first_difference=_first(differences),
    )


def _error(cell: Any, stored: Sequence[Any]) -> str | None:
    """What kept the cell from running, None if nothing did."""
    expected = {output.ename for output in stored if output.output_type == "error"}
    for output in cell.outputs:
        if output.output_type == "error" and output.ename not in expected:
            words = first_sentence(Exception(output.evalue)) if output.evalue else ""
            return textwrap.shorten(
                f"{output.ename}: {words}".rstrip(": "), 300, placeholder=" ..."
            )
    return None if cell.execution_count else "not executed"


def _first(told: Sequence[str | None]) -> str | None:
    """The first cell of which something is told, numbered as in the executed notebook's In [1]."""
    return next((f"code cell {n}: {words}" for n, words in enumerate(told, 1) if words), None)
