"""The notebooks run from a clean kernel, and what they have stored is what the code gives today.

A cell tagged `checked` must print what is stored, one tagged `checked-mnist` where MNIST is found;
numbers may differ by the cell's metadata `tolerance`. Displayed source is always compared, and so
are the kinds of every cell's outputs. After a change: python notebooks/execute.py.
"""

import copy
import re
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import find_mnist
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(FOLDER))
import execute as execute_module  # noqa: E402
from execute import execute  # noqa: E402

NAMES = sorted(path.name for path in FOLDER.glob("*.ipynb"))
NUMBER = re.compile(r"[+−-]?\d[\d,]*\.?\d*")
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|tmp|usr|opt|work|mnt|var|Users)/|[A-Z]:\\")


def read(name):
    return nbformat.read(FOLDER / name, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def kinds(cell):
    """What sort of outputs a cell has, in order, such as ["stdout", "image/png"]."""
    return [
        output.get("name") or "/".join(sorted(output.get("data", {}))) or output.output_type
        for output in cell.outputs
    ]


def source(cell):
    """The source of the package that a cell displays."""
    return "".join(output.get("data", {}).get("text/markdown", "") for output in cell.outputs)


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def agree(stored, fresh, tolerance):
    """The same text, but for numbers that differ by no more than the tolerance."""
    numbers = [
        [float(number.replace(",", "").replace("−", "-")) for number in NUMBER.findall(text)]
        for text in (stored, fresh)
    ]
    same_words = NUMBER.sub("0", stored) == NUMBER.sub("0", fresh)
    return same_words and all(abs(a - b) <= tolerance + 1e-9 for a, b in zip(*numbers))


def is_checked(cell, is_mnist):
    tags = cell.metadata.get("tags", [])
    return "checked" in tags or ("checked-mnist" in tags and is_mnist)


def disagreements(stored, fresh, is_mnist):
    """The ids of the cells whose stored outputs are not what a fresh run gave."""
    return [
        before.id
        for before, after in zip(code_cells(stored), code_cells(fresh), strict=True)
        if kinds(before) != kinds(after)
        or source(before) != source(after)
        or is_checked(before, is_mnist)
        and not agree(printed(before), printed(after), before.metadata.get("tolerance", 0))
    ]


@pytest.fixture
def is_mnist(monkeypatch):
    """Whether MNIST was found; sets what the notebooks' kernel reads."""
    monkeypatch.setenv("TF1_DNN_NOTEBOOK_QUICK", "1")
    try:
        find_mnist()
        return True
    except pytest.skip.Exception:
        monkeypatch.setenv("TF1_DNN_NOTEBOOK_DATASET", "synthetic")
        return False


def with_another_digit(cell):
    """The cell with the first digit that it printed, or letter of its source, replaced."""
    for output in cell.outputs:
        if output.get("name") == "stdout":
            output.text = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), output.text, 1)
        elif "text/markdown" in output.get("data", {}):
            output.data["text/markdown"] = output.data["text/markdown"].replace("def", "fed", 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_run_agrees_with_what_is_stored(name, is_mnist):
    stored = read(name)
    fresh = execute(copy.deepcopy(stored))
    assert disagreements(stored, fresh, is_mnist) == [], "run python notebooks/execute.py"
    # Negative controls, on the same run: a changed digit or letter, and a missing output.
    for index, cell in enumerate(code_cells(stored)):
        if is_checked(cell, is_mnist) and NUMBER.search(printed(cell)) or "def" in source(cell):
            tampered = copy.deepcopy(stored)
            with_another_digit(code_cells(tampered)[index])
            assert disagreements(tampered, fresh, is_mnist) == [cell.id]
        if cell.outputs:
            tampered = copy.deepcopy(stored)
            code_cells(tampered)[index].outputs.pop()
            assert disagreements(tampered, fresh, is_mnist) == [cell.id]


@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_stored_as_executed_on_mnist(name):
    notebook, cells = read(name), code_cells(read(name))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert "MNIST: 55,000 training" in printed(cells[0])
    assert any(is_checked(cell, is_mnist=False) for cell in cells)
    assert any("image/png" in kind for cell in cells for kind in kinds(cell))
    assert {kind for cell in cells for kind in kinds(cell)}.isdisjoint({"stderr", "error"})
    assert not MACHINE_PATH.search("".join(printed(cell) + source(cell) for cell in cells))
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    assert (FOLDER / name).stat().st_size < 1_000_000


def test_there_are_four_notebooks():
    assert [name[:2] for name in NAMES] == ["01", "02", "03", "04"]


def notebook_of(code, outputs=()):
    cell = nbformat.v4.new_code_cell(code, outputs=list(outputs), id="only")
    return nbformat.v4.new_notebook(cells=[cell])


def test_a_cell_that_fails_is_an_error():
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(notebook_of("1 / 0"))


@pytest.mark.parametrize("quick", [{}, {"QUICK": "1"}, {"DATASET": "synthetic"}])
def test_only_a_full_run_is_stored(quick, tmp_path, monkeypatch, capsys):
    for name in execute_module.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in quick.items():
        monkeypatch.setenv(f"TF1_DNN_NOTEBOOK_{name}", value)
    path = tmp_path / "small.ipynb"
    nbformat.write(notebook_of("print(1)"), path)
    before = path.read_bytes()
    assert execute_module.main([str(path)]) == 0
    assert (path.read_bytes() == before) is bool(quick)
    assert ("keeps its stored outputs" in capsys.readouterr().err) is bool(quick)


def test_a_notebook_that_is_not_there(tmp_path, capsys):
    assert execute_module.main([str(tmp_path / "none.ipynb")]) == 2
    assert "there is no notebook" in capsys.readouterr().err


@pytest.mark.parametrize(
    "stored, fresh, tolerance, expected",
    [
        ("epoch: 000, valid. Acc: 0.9582", "epoch: 000, valid. Acc: 0.9582", 0, True),
        ("epoch: 000, valid. Acc: 0.9582", "epoch: 000, valid. Acc: 0.9584", 0, False),
        ("epoch: 000, valid. Acc: 0.9582", "epoch: 000, valid. Acc: 0.9584", 0.001, True),
        ("epoch: 000, valid. Acc: 0.9582", "epoch: 000, valid. Acc: 0.9602", 0.001, False),
        ("epoch: 000, valid. Acc: 0.9582", "epoch: 000, test. Acc: 0.9582", 0.001, False),
        ("0.1 0.2", "0.1", 0.001, False),
    ],
)
def test_agreement_of_words_and_numbers(stored, fresh, tolerance, expected):
    assert agree(stored, fresh, tolerance) == expected
