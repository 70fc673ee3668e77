"""A notebook runs in a kernel of TensorFlow 1's behaviour, and its stored lines are looked for."""

import hashlib
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tf1_dnn import cli
from tf1_dnn.run import __main__, notebook, output_lines


def printed(text):
    return new_output("stream", name="stdout", text=text)


def result(text, **data):
    return new_output("execute_result", data={"text/plain": text, **data})


def error(name):
    return new_output("error", ename=name, evalue="", traceback=[])


def cell(source, *outputs):
    return new_code_cell(source, outputs=list(outputs))


def write(path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


def command(*arguments, cwd):
    """`python -m tf1_dnn.run` in a process of its own."""
    line = [sys.executable, "-m", "tf1_dnn.run", *map(str, arguments)]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, check=False)


def refusal(capsys, *arguments):
    """What the command says of arguments that it exits on with code 2."""
    try:
        code = cli.run(__main__.main, [str(argument) for argument in arguments])
    except SystemExit as exit_:
        code = exit_.code
    assert code == 2
    return capsys.readouterr().err


# --- A notebook of everything -------------------------------------------------------------------

# TensorFlow 1.15.5 printed these numbers for these two cells.
SEEDED = """\
tf.reset_default_graph()
tf.set_random_seed(42)
X = tf.placeholder(tf.float32, [None, 3])
hidden = tf.layers.dense(X, 2, name="hidden")
cells = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicRNNCell(2)])  # deprecated, unsaid
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run("hidden/kernel:0"))
"""
SEEDED_LINES = """\
[[-1.0766529  1.0312805]
 [-0.6662282 -0.8880076]
 [-0.7174437 -0.811391 ]]
"""

CELLS = [
    new_markdown_cell("Markdown is not code."),
    cell("%matplotlib inline\nimport os\nimport numpy as np\nimport tensorflow as tf"),
    cell(SEEDED, printed(SEEDED_LINES)),
    cell(""),
    cell("open('beside.txt').read()", result("'here'")),
    cell("print('before'); raise ValueError('mine')", printed("before\nafter\n")),
    cell("1 / 0", error("ZeroDivisionError")),
    cell("[np.float32(0.5), np.int(3)]", result("[0.5, 3]")),
    cell("print('accuracy: 0.91234')", printed("accuracy: 0.91233\n")),
    cell("%%time\nprint('timed')", printed("timed\nCPU times: user 2 s\nWall time: 3 s\n")),
    cell("[name for name in ('sys', 'tf1_dnn') if name in globals()]", result("[]")),
    cell("!echo shell", printed("shell\n")),
]


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """One run of all of that: the process, the executed copy, and the notebook before and after."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "beside.txt").write_text("here")
    path = write(folder / "old.ipynb", *CELLS)
    before = path.read_bytes()
    (folder / "elsewhere").mkdir()
    arguments = ["--strict", "../old.ipynb", "--out", "new.ipynb"]
    process = command(*arguments, cwd=folder / "elsewhere")
    copy = nbformat.read(folder / "elsewhere" / "new.ipynb", as_version=4)
    return SimpleNamespace(process=process, copy=copy, folder=folder, before=before, path=path)


def code_cells(executed_notebook):
    return [c for c in executed_notebook.cells if c.cell_type == "code" and c.source.strip()]


def test_the_report(executed):
    assert executed.process.stderr == ""
    assert executed.process.stdout.splitlines() == [
        "code cells run             9 of 10",
        "first error                code cell 4: ValueError: mine",
        "stored output lines again  9 of 11",
        "first that is not          code cell 4: 'after' did not come",
    ]
    assert executed.process.returncode == 1


def test_a_cell_prints_what_tensorflow_1_printed(executed):
    assert code_cells(executed.copy)[1].outputs == [printed(SEEDED_LINES)]


def test_the_notebook_itself_is_only_read(executed):
    assert executed.path.read_bytes() == executed.before
    assert {p.name for p in executed.folder.iterdir()} == {"beside.txt", "old.ipynb", "elsewhere"}
    assert [p.name for p in (executed.folder / "elsewhere").iterdir()] == ["new.ipynb"]


def test_the_copy_holds_the_same_cells_executed_once(executed):
    assert [c.source for c in executed.copy.cells] == [c.source for c in CELLS]
    assert [c.execution_count for c in code_cells(executed.copy)] == list(range(1, 11))


@pytest.mark.parametrize(("digits", "n_again"), [(None, 9), (5, 9), (4, 10)])
def test_numbers_need_agree_only_to_the_digits_asked_for(executed, digits, n_again):
    stored = [c.outputs for c in CELLS if c.cell_type == "code" and c.source]
    outcome = notebook.outcome(code_cells(executed.copy), stored, digits=digits)
    assert (outcome.n_lines_again, outcome.n_lines) == (n_again, 11)


def test_only_strict_minds_a_line_that_differs():
    outcome = notebook.Outcome(
        n_cells=1, n_run=1, first_error=None, n_lines=2, n_lines_again=1, first_difference="x"
    )
    assert outcome.exit_code(strict=False) == 0
    assert outcome.exit_code(strict=True) == 1
    assert outcome._replace(n_lines_again=2).exit_code(strict=True) == 0
    assert outcome._replace(n_run=0).exit_code(strict=False) == 1


def test_an_error_of_tensorflow_is_told_by_its_first_sentence():
    said = "Graph execution error:\n\nDetected at node 'b' defined at (most recent call last):\n"
    said += "  File 'x'\nNode: 'b'\nNan in summary histogram for: b\n\t [[{{node b}}]]\n"
    failed = cell("", new_output("error", ename="InvalidArgumentError", evalue=said))
    outcome = notebook.outcome([failed], [[]])
    assert outcome.first_error == (
        "code cell 1: InvalidArgumentError: Nan in summary histogram for: b"
    )


# --- Kernels that end badly, old notebooks, Jupyter itself ---------------------------------------


def test_a_cell_that_takes_too_long_and_one_that_ends_the_kernel(tmp_path):
    path = write(
        tmp_path / "bad.ipynb",
        cell("import time; time.sleep(100)"),
        cell("print('goes on')", printed("goes on\n")),
        cell("import os; os._exit(1)"),
        cell("print('never')", printed("never\n")),
    )
    process = command(path, "--cell-timeout", 3, "--out", tmp_path / "out.ipynb", cwd=tmp_path)
    assert process.returncode == 1 and process.stderr == ""
    assert process.stdout.splitlines() == [
        "code cells run             1 of 4",
        "first error                code cell 1: KeyboardInterrupt",
        "stored output lines again  1 of 2",
        "first that is not          code cell 4: 'never' did not come",
    ]
    third, fourth = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[2:]
    assert third.outputs[0].ename == "DeadKernelError"
    assert fourth.outputs == [] and fourth.execution_count is None


def test_a_notebook_of_version_3_that_comes_out_again(tmp_path):
    code = {
        "cell_type": "code",
        "language": "python",
        "input": "import tensorflow as tf\nprint(tf.placeholder(tf.float32, name='x'))\n2 + 3",
        "outputs": [
            {"output_type": "stream", "stream": "stdout", "text": 'Tensor("x:0", dtype=float32)\n'},
            {"output_type": "pyout", "prompt_number": 1, "text": ["5"], "metadata": {}},
        ],
    }
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [code]}]}
    (tmp_path / "old.ipynb").write_text(json.dumps(old))
    process = command("old.ipynb", "--strict", "--check", cwd=tmp_path)
    assert process.returncode == 0
    assert process.stderr.startswith("\n--check: no session of this program trained a variable")
    assert process.stdout.splitlines() == [
        "code cells run             1 of 1",
        "stored output lines again  2 of 2",
    ]


def ipython(code):
    line = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_the_extension_of_jupyter():
    process = ipython("%load_ext tf1_dnn\nimport tensorflow as tf\nprint(tf.placeholder.__name__)")
    assert process.stdout == "placeholder\n"


def test_the_extension_after_tensorflow_says_one_sentence():
    process = ipython("import sys; sys.modules['tensorflow'] = sys\n%load_ext tf1_dnn")
    said = (process.stdout + process.stderr).splitlines()
    assert len(said) == 1
    assert said[0].startswith("UsageError: TensorFlow was imported before")


# --- Which lines are compared, and when they are the same ----------------------------------------


def again(stored, new, digits=None):
    """How many of the stored lines came again, of how many."""
    stored, new = (
        [o if hasattr(o, "output_type") else printed(o) for o in s] for s in (stored, new)
    )
    agreement = output_lines.compare(stored, new, digits=digits)
    return agreement.n_again, agreement.n_stored


@pytest.mark.parametrize(
    ("stored", "new", "expected"),
    [
        (["a\nb\n"], ["a\nb\n"], (2, 2)),
        (["a\nb\n"], ["b\n"], (1, 2)),
        (["a\nb\n"], ["b\na\n"], (1, 2)),  # in the stored order only
        (["a\nb\n"], ["new\na\nnew\nb\n"], (2, 2)),
        (["a\na\n"], ["a\n"], (1, 2)),  # a new line stands for one stored line
        (["[ 1.  2.5]\n"], ["[1. 2.50]\n"], (1, 1)),
        (["[ 1.  2.5]\n"], ["[1. 2.51]\n"], (0, 1)),
        (["1e-05 ok\n"], ["0.00001 ok\n"], (1, 1)),
        (["-1 ok\n"], ["1 ok\n"], (0, 1)),
        (["hidden1 5\n"], ["hidden2 5\n"], (0, 1)),  # the number is part of the word
        (["1 2\n"], ["1 2 3\n"], (0, 1)),
        (["nan\n"], ["nan\n"], (1, 1)),
        (["\n\n"], [], (0, 0)),
        (["1%\r50%\r100%\n"], ["2%\r100%\n"], (1, 1)),
        (["\x1b[31mred\x1b[0m\n"], ["red\n"], (1, 1)),
        (["<object at 0x7f8b2c0d4e10>\n"], [], (0, 0)),
        (["Wall time: 3 s\n10 loops, best of 3: 2 ms per loop\n"], [], (0, 0)),
        ([result("5", **{"text/html": "<b>5</b>"})], [result("5", **{"text/html": "<i>"})], (1, 1)),
        (
            [new_output("display_data", data={"text/plain": "<Figure>", "image/png": ""})],
            [],
            (0, 0),
        ),
        ([new_output("stream", name="stderr", text="warning\n")], [], (0, 0)),
    ],
)
def test_lines_that_came_again(stored, new, expected):
    assert again(stored, new) == expected


@pytest.mark.parametrize(
    ("stored", "new", "digits", "expected"),
    [
        ("0.91233", "0.91234", 4, 1),
        ("0.91233", "0.91246", 4, 0),
        ("0.91233", "0.91246", 3, 1),
        ("0.0150667", "0.015066943", 5, 1),  # 0.015067, both of them
        ("0.0150667", "0.015066943", 6, 0),
        ("31250.5", "31250", 5, 1),
        ("31251", "31250", 5, 0),
        ("0.5", "-0.5", 1, 0),
        ("0", "0", 3, 1),
        ("0", "1e-9", 3, 0),
        ("1e999", "1e999", 3, 1),
        ("1e999", "1", 3, 0),
    ],
)
def test_digits(stored, new, digits, expected):
    assert again([stored], [new], digits) == (expected, 1)


def test_a_hundred_thousand_lines_are_compared_at_once():
    text = "".join(f"epoch {i}: 0.5\n" for i in range(100_000))
    assert again([text], [text]) == (100_000, 100_000)


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "is not a notebook (No such file or directory): name a notebook"),
        ("", "is not a notebook (Notebook does not appear to be JSON"),
        ("{}", "is not a notebook ("),
        ("[1]", "is not a notebook ("),
        ('{"nbformat": 4, "cells": []', "is not a notebook (Notebook does not appear to be JSON"),
        ('{"nbformat": 9}', "is not a notebook (Unsupported nbformat version 9"),
        (b"\xff\xfe", "is not a notebook ('utf-8' codec can't decode"),
    ],
)
def test_what_is_not_a_notebook(tmp_path, capsys, text, sentence):
    path = tmp_path / "some.ipynb"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    said = refusal(capsys, path)
    assert said.startswith(f"error: {path} {sentence}") and said.count("\n") == 1


def test_a_folder_of_that_name(tmp_path, capsys):
    assert "is not a notebook (Is a directory)" in refusal(capsys, make_folder(tmp_path))


def make_folder(tmp_path):
    folder = tmp_path / "folder.ipynb"
    folder.mkdir()
    return folder


def test_another_language(tmp_path, capsys):
    kernelspec = {"name": "ir", "display_name": "R", "language": "R"}
    path = tmp_path / "r.ipynb"
    nbformat.write(new_notebook(metadata={"kernelspec": kernelspec}), path)
    assert f"{path} is a notebook in R: " in refusal(capsys, path)


def test_python_2(tmp_path, capsys):
    path = write(tmp_path / "two.ipynb", cell("%matplotlib inline"), cell("print 'x'"))
    said = refusal(capsys, path)
    assert f"{path}, code cell 2, is Python 2 (Missing parentheses" in said and "2to3" in said


def test_out_is_never_the_notebook(tmp_path, capsys):
    path = write(tmp_path / "a.ipynb", cell("1"))
    before = hashlib.sha256(path.read_bytes()).digest()
    (tmp_path / "link.ipynb").symlink_to(path)
    os.link(path, tmp_path / "hard.ipynb")
    for out in ("a.ipynb", "link.ipynb", "hard.ipynb"):
        assert "is the notebook itself" in refusal(capsys, path, "--out", tmp_path / out)
    assert hashlib.sha256(path.read_bytes()).digest() == before


def test_out_that_cannot_be_written(tmp_path, capsys):
    path = write(tmp_path / "a.ipynb", cell("1"))
    assert "is a folder" in refusal(capsys, path, "--out", make_folder(tmp_path))
    assert "cannot be written" in refusal(capsys, path, "--out", tmp_path / "no" / "b.ipynb")


def test_options_out_of_place(tmp_path, capsys):
    path = write(tmp_path / "a.ipynb", cell("1"))
    assert "takes options, but no arguments" in refusal(capsys, path, "more")
    assert "takes options, but no arguments" in refusal(capsys, path, "--strict", "-m", "this")
    assert "--digits must be at least 1" in refusal(capsys, path, "--digits", 0)
    assert "--cell-timeout must be at least 1" in refusal(capsys, "--cell-timeout", -1, path)
    assert "--strict is for notebooks" in refusal(capsys, "--strict", "script.py")
    assert "--out is for notebooks" in refusal(capsys, "--out", "x", "-m", "this")


@pytest.mark.parametrize("missing", ["nbclient", "ipykernel"])
def test_jupyter_is_not_installed(tmp_path, capsys, monkeypatch, missing):
    find_spec = notebook.importlib.util.find_spec
    monkeypatch.setattr(
        notebook.importlib.util,
        "find_spec",
        lambda name: None if name == missing else find_spec(name),
    )
    said = refusal(capsys, write(tmp_path / "a.ipynb", cell("1")))
    assert said.startswith(f"error: {missing}, which executes notebooks, is not installed")
    assert "pip install 'tf1_dnn[notebooks]'" in said
