"""python -m tf1_dnn: the list of commands, and each of them by its name."""

import os
import pathlib
import subprocess
import sys

import pytest

from tf1_dnn import __main__, cli

PACKAGE = pathlib.Path(__main__.__file__).parent


def start(*argv, **options):
    command = [sys.executable, "-m", "tf1_dnn", *argv]
    return subprocess.run(command, capture_output=True, text=True, **options)


def test_every_command_of_the_package_is_listed():
    modules = [path for path in PACKAGE.glob("*.py") if "cli.end(main)" in path.read_text()]
    rooms = [path.parent for path in PACKAGE.glob("*/__main__.py")]
    assert set(__main__.COMMANDS) == {path.stem for path in modules + rooms} - {"__main__"}


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"]])
def test_the_list_has_a_line_for_each(argv, capsys, monkeypatch):
    assert cli.run(__main__.main, argv) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split()[0] for line in lines if line.startswith("  ")]
    assert rows == list(__main__.COMMANDS)
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    "name, hint",
    [("trian", "did you mean train?"), ("--version", "see --help"), ("", "see --help")],
)
def test_an_unknown_command_is_told(name, hint, capsys):
    assert cli.run(__main__.main, [name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"python -m tf1_dnn: error: there is no command {name!r} ({hint})\n"


def test_a_command_is_the_module_of_its_name(tmp_path):
    """Its output, its exit codes, and what a program under `run` sees of itself."""
    program = tmp_path / "program.py"
    text = "import sys\nprint(__name__, sys.argv, sys.modules['__main__'].__dict__ is globals())\n"
    program.write_text(text + "sys.exit('the program ends')\n")
    for argv in [["run", str(program), "--flag"], ["compare", str(tmp_path)], ["train", "--help"]]:
        plain = subprocess.run(
            [sys.executable, "-m", f"tf1_dnn.{argv[0]}", *argv[1:]], capture_output=True, text=True
        )
        named = start(*argv)
        assert (named.returncode, named.stdout, named.stderr) == (
            plain.returncode,
            plain.stdout,
            plain.stderr,
        )
    assert start("compare", str(tmp_path)).returncode == 2


def test_the_console_script_is_installed():
    script = pathlib.Path(sys.executable).parent / "tf1-dnn"
    if not script.exists():
        pytest.skip("the package is not installed here")
    done = subprocess.run([script, "compare", os.devnull], capture_output=True, text=True)
    assert done.returncode == 2 and "is not a run directory" in done.stderr
    listed = subprocess.run([script], capture_output=True, text=True)
    assert listed.stdout == __main__.usage() + "\n"
