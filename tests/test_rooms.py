"""The rooms of the package: who may know whom, and what of a room is its own."""

import configparser
import importlib
import pathlib
import shutil
import subprocess
import sys

import grimp
import pytest

ROOT = pathlib.Path(__file__).parents[1]
ROOMS = ("check", "cluster", "data", "devices", "diff", "graph", "run", "runs", "training")


def foreign_modules(graph):
    """(importer, module) for every import of a room's module from outside the room."""
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            room = imported.split(".")[1:2]
            if room and room[0] in ROOMS and importer.split(".")[1:2] != room:
                yield importer, imported


def test_nobody_uses_what_a_room_does_not_export():
    faces = {room: importlib.import_module(f"tf1_dnn.{room}").__all__ for room in ROOMS}
    imports = list(foreign_modules(grimp.build_graph("tf1_dnn", cache_dir=None)))
    for importer, imported in imports:
        _, room, *module = imported.split(".")
        assert not module or module[0] in faces[room], f"{importer} imports {imported}"
    used = {imported for _, imported in imports}
    assert "tf1_dnn.runs.recorder" in used  # the control: there is something to hold


def lint(package_parent):
    """What import-linter says of the package in this folder, by the project's contracts."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    command += [str(ROOT / "setup.cfg"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=package_parent, capture_output=True, text=True)


@pytest.mark.parametrize(
    "module, line, contract",
    [
        ("graph/layers.py", "from tf1_dnn.training import trainer", "Every room knows only"),
        ("runs/plots.py", "from tf1_dnn import evaluate", "Every room knows only"),
        ("predict.py", "from tf1_dnn.cluster import chief", "Every room knows only"),
        ("graph/build.py", "from tf1_dnn import cli", "Who has read graph/"),
        ("check/report.py", "from tf1_dnn import data", "check reads graphs as data"),
        ("diff/matching.py", "from tf1_dnn.graph import layers", "diff knows check"),
        ("run/program.py", "from tf1_dnn.runs import directory", "run knows check, data"),
        ("check/graph/nodes.py", "from tf1_dnn.check.facts import steps", "Rules stand on facts"),
    ],
)
def test_a_forbidden_import_fails_the_lint(module, line, contract, tmp_path):
    shutil.copytree(ROOT / "tf1_dnn", tmp_path / "tf1_dnn")
    with open(tmp_path / "tf1_dnn" / module, "a") as file:
        file.write(f"\n{line}\n")
    done = lint(tmp_path)
    assert done.returncode == 1
    assert any(f"{contract}" in row and "BROKEN" in row for row in done.stdout.splitlines())


def test_the_package_keeps_the_contracts():
    done = lint(ROOT)
    assert (done.returncode, "BROKEN" in done.stdout) == (0, False)
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    assert len([each for each in config.sections() if each.startswith("importlinter:")]) >= 3
