"""A program under `run` sees, prints and returns what it does under Python itself."""

import subprocess
import sys

import pytest

# What `python -m tf1_dnn.run` does, less the two seconds of TensorFlow's import.
RUN = """
import sys
from tf1_dnn import cli
from tf1_dnn.run import __main__, behaviour
behaviour.activate = lambda **_: None
sys.exit(cli.run(__main__.main))
"""

SEES = """
import os, sys
print(__name__, __file__, __spec__, __doc__, type(__loader__), sys.argv, sys.path[0])
print(sys.modules["__main__"].__dict__ is globals(), sorted(set(globals()) - {"os", "sys"}))
import beside
print(beside.WHO, os.path.abspath("."))
"""
FAILS = """
def inner(x):
    return 1 / x

def outer():
    try:
        inner(0)
    except ZeroDivisionError as error:
        raise ValueError("no digit") from error

outer()
"""
PROGRAMS = {
    "sees": SEES,
    "fails": FAILS,
    "exit_code": "import sys; sys.exit(7)",
    "exit_sentence": "import sys; sys.exit('that is all')",
    "exit_none": "raise SystemExit",
    "at_exit": "import atexit; atexit.register(print, 'last'); print('first'); 1 / 0",
    "own_hook": "import sys; sys.excepthook = lambda *a: print('mine', a[0]); {}['x']",
    "main_function": "def main():\n    print('main')\n\nif __name__ == '__main__':\n    main()",
    "latin1": "# -*- coding: latin-1 -*-\nprint(ascii('\xe9'))",
    "future": "from __future__ import annotations\ndef f(x: y): pass\nprint(f.__annotations__)",
    "pickles": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)",
}
ENCODINGS = {"latin1": "latin-1"}


def python(*command, cwd, stdin=""):
    """stdout, stderr and exit code of this Python with these arguments."""
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, input=stdin, capture_output=True, text=True
    )
    return done.stdout, done.stderr, done.returncode


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    (folder / "lies here").mkdir()
    for name, source in PROGRAMS.items():
        encoding = ENCODINGS.get(name, "utf-8")
        (folder / "lies here" / f"{name}.py").write_text(source, encoding=encoding)
    (folder / "lies here" / "beside.py").write_text("WHO = __name__")
    package = folder / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("from . import part\nprint(part.WHO, __package__)")
    (package / "part.py").write_text("import sys\nWHO = __name__, __package__, sys.argv[1:]")
    return folder


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_script_does_what_it_does_under_python(name, folder):
    arguments = [f"lies here/{name}.py", "-x", "--verbose", "-m", "a b"]
    expected = python(*arguments, cwd=folder)
    assert python("-c", RUN, *arguments, cwd=folder) == expected
    assert any(expected) or name == "exit_none"


def test_the_command_itself_is_python_with_tensorflow_1(folder):
    """The whole command, once: what TensorFlow's import costs is spared the tests above."""
    arguments = ["lies here/fails.py"]
    expected = python(*arguments, cwd=folder)
    assert python("-m", "tf1_dnn.run", *arguments, cwd=folder) == expected


@pytest.mark.parametrize("name", ["package", "package.part"])
def test_a_module_does_what_it_does_under_python(name, folder):
    expected = python("-m", name, "-x", "y", cwd=folder)
    assert expected[2] == 0
    assert python("-c", RUN, "-m", name, "-x", "y", cwd=folder) == expected


def test_standard_input_is_a_program(folder):
    source = "import sys\nprint(sys.argv, repr(sys.path[0]), __name__)\n1 / 0\n"
    expected = python("-", cwd=folder, stdin=source)
    stdout, stderr, code = python("-c", RUN, "-", cwd=folder, stdin=source)
    assert (stdout, code) == (expected[0], expected[2]) and "ZeroDivisionError" in stderr
    assert stderr.splitlines()[:2] == expected[1].splitlines()[:2]


def test_code_pasted_from_a_web_page_is_understood(folder):
    source = "def f():\n\xa0\xa0\xa0return\u200b 'a\u200bb'\n\nprint(f())\n"
    assert "SyntaxError" in python("-", cwd=folder, stdin=source)[1]
    assert python("-c", RUN, "-", cwd=folder, stdin=source) == ("ab\n", "", 0)


def test_spaces_of_a_page_stay_in_strings_where_the_code_is_sound(folder):
    assert python("-c", RUN, "-", cwd=folder, stdin="print(ascii('a\xa0b'))")[0] == "'a\\xa0b'\n"


def test_an_error_of_ours_shows_the_programs_frames_only(folder, tmp_path):
    script = tmp_path / "reads.py"
    script.write_text(
        "from tf1_dnn.run.keras_mnist import load_data\n\ndef main():\n    load_data()\n\nmain()\n"
    )
    stdout, stderr, code = python("-c", RUN, str(script), cwd=tmp_path)
    assert "During" not in stderr and code in (0, 1)
    frames = [line for line in stderr.splitlines() if line.startswith('  File "')]
    assert frames == [] or all(str(script) in frame for frame in frames)


REFUSED = {
    "print 'a'": "is Python 2 (Missing parentheses in call to 'print'. Did you mean print(...)?)",
    "try:\n  f()\nexcept A, e:\n  pass": "is Python 2 (multiple exception types must be",
    "raise ValueError, 'no'": "is Python 2 (invalid syntax)",
    "if 1 <> 2: pass": "is Python 2 (invalid syntax)",
    "x = 0777": "is Python 2 (leading zeros in decimal integer",
    "exec 'x = 1'": "is Python 2 (Missing parentheses in call to 'exec'",
    "x = ur'a'": "is Python 2 (invalid syntax)",
    "def f(a, (b, c)): pass": "is Python 2 (",
    "이것은 글이다.": "is not Python (invalid syntax)",
    "x = (": "is not Python ('(' was never closed)",
    "# coding: nonsense\nx = 1": "is not Python (unknown encoding: nonsense)",
    "x = 1\0": "is not Python (source code ",
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_is_no_program_is_refused_in_a_sentence(source, tmp_path):
    (tmp_path / "old.py").write_text(source)
    stdout, stderr, code = python("-c", RUN, "old.py", cwd=tmp_path)
    assert (stdout, code) == ("", 2)
    assert stderr.startswith("error: old.py") and REFUSED[source] in stderr
    assert stderr.count("\n") == 1 and ("2to3" in stderr) == ("Python 2" in REFUSED[source])


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["nowhere.py"], "cannot read nowhere.py (No such file or directory): name a Python"),
        (["."], ". is a folder: name a script, a notebook, or a module with -m"),
        (["-m", "nowhere.at_all"], "there is no module nowhere: name one that Python can import"),
        (["-m", "package.nowhere"], "there is no module package.nowhere in Python source"),
        (["-m"], "give a SCRIPT.py, a NOTEBOOK.ipynb, -m MODULE, or -"),
        ([], "give a SCRIPT.py, a NOTEBOOK.ipynb, -m MODULE, or -"),
        (["--nonsense", "x.py"], "unrecognized arguments: --nonsense"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(arguments, sentence, folder):
    stdout, stderr, code = python("-c", RUN, *arguments, cwd=folder)
    assert (stdout, code) == ("", 2)
    assert sentence in stderr and stderr.count("\n") == 1


def test_help_and_refusals_do_not_import_tensorflow(folder):
    probe = "import sys; sys.argv[1:] = {}\n{}"
    watch = RUN.replace("sys.exit(cli.run(__main__.main))", "code = cli.run(__main__.main)")
    for arguments in (["nowhere.py"], ["-m", "nowhere"]):
        source = probe.format(arguments, watch) + "\nprint('tensorflow' in sys.modules)"
        assert python("-c", source, cwd=folder)[0] == "False\n"
