"""The Python in README and docs runs as it stands, on small data in MNIST's form."""

import gzip
import importlib

import documents
import numpy as np
import pytest
from documents import GUIDES, ROOT
from PIL import Image

from tf1_dnn import cli, compat, data
from tf1_dnn.data import synthetic

pytestmark = pytest.mark.slow
PAGES = {path.name: path for path in (ROOT / "README.md", *GUIDES)}
# experiments.md's block trains for a minute: tests/experiments hold what it calls.
RUN = [
    name
    for name in PAGES
    if documents.blocks(documents.read(PAGES[name]), "python") and name != "experiments.md"
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where a reader stands: data taken for MNIST, a picture, the graphs that pages gunzip."""
    (x_train, y_train), (x_test, y_test) = synthetic.make(0, 600, 60)
    np.savez(tmp_path / "mnist.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    Image.fromarray(255 - x_test[0]).save(tmp_path / "seven.png")
    graph = (ROOT / "tests/check/graphs/BN001_wrong.meta.gz").read_bytes()
    (tmp_path / "wrong.meta").write_bytes(gzip.decompress(graph))
    for name, file in [("1.15.5/base", "old.meta"), ("2.21/no_updates", "new.meta")]:
        graph = (ROOT / f"tests/diff/graphs/{name}.meta.gz").read_bytes()
        (tmp_path / file).write_bytes(gzip.decompress(graph))
    monkeypatch.setenv("TF1_DNN_DATA", str(tmp_path))
    monkeypatch.setattr("tf1_dnn.data.splits.MNIST_SHA256", data.load().sha256())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(page):
    """What the page's blocks leave behind, each run after the other."""
    assert compat.tf  # blocks that stand for a file import TensorFlow themselves
    names = {}
    for block in documents.blocks(documents.read(PAGES[page]), "python"):
        exec(compile(block, page, "exec"), names)
    return names


def test_there_are_blocks_to_run():
    assert RUN == ["README.md", "check.md", "commands.md", "data.md", "diff.md", "networks.md"]


@pytest.mark.parametrize("page", RUN)
def test_a_pages_python_runs(page, folder, capsys):
    names = run(page)
    printed = capsys.readouterr().out.splitlines()
    if page == "README.md":  # the reader's own loop prints what the trainer measures
        epochs = [f"{e.epoch} {np.float32(e.valid_accuracy)!s}" for e in names["history"].epochs]
        assert printed[:5] == epochs
        assert printed[6].isdecimal()
    elif page == "check.md":
        assert any(line.startswith("error BN001 ") for line in printed)
    elif page == "diff.md":
        assert printed[1].startswith("False bn1/moving_mean ")
    elif page == "data.md":
        assert printed == ["417 83 100 4"]
        assert names["image"].shape == (28, 28)
    else:
        assert names["history"].epochs


def test_the_commands_about_networks_run_in_their_order(folder, capsys):
    """With the page's first block as lstm.py, on few pictures."""
    text = documents.read(PAGES["networks.md"])
    (folder / "lstm.py").write_text(documents.blocks(text, "python")[0])
    commands = [each for each in documents.python_commands(text) if each.words]
    assert [each.name for each in commands].count("train") == 4
    for command in commands:
        door = importlib.import_module(f"tf1_dnn.{command.name}")
        assert cli.run(door.main, list(command.words)) == 0, command
    out, err = capsys.readouterr()
    assert out.count("test. Acc: ") == 4 + 2
    assert "wrote exported/lstm" in err
    assert (folder / "exported/lstm/assets.extra/network.py").exists()


def test_a_block_that_is_wrong_fails(folder, tmp_path, monkeypatch):
    page = tmp_path / "wrong.md"
    page.write_text("```python\nfrom tf1_dnn import data\n\ndata.lod()\n```\n")
    monkeypatch.setitem(PAGES, "wrong.md", page)
    with pytest.raises(AttributeError, match="lod"):
        run("wrong.md")
