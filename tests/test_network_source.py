"""Where a user's network stands: found without running it, loaded as Python would, told if not."""

import hashlib
import sys

import pytest

from tf1_dnn import network_source
from tf1_dnn.errors import ConfigError, NetworkError
from tf1_dnn.network_source import NetworkSource, find, load, of

TEXT = '''"""A network."""
import sys

sys.modules["was_run"] = sys


def network(inputs, n_outputs, *, hidden_units=(3,)):
    return inputs, n_outputs


class Other:
    pass
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a_network.py"
    path.write_text(TEXT)
    yield path
    for name in ("was_run", "a_network"):
        sys.modules.pop(name, None)
    sys.path[:] = [each for each in sys.path if each != str(tmp_path)]


def test_finding_runs_nothing_and_loading_runs_the_text(file):
    source = find(f"{file}:network")
    assert (source.name, source.text) == ("a_network.py:network", TEXT)
    assert source.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()
    assert source.parameters() == ["inputs", "n_outputs", "hidden_units"]
    assert "was_run" not in sys.modules
    assert load(source)(1, 2) == (1, 2)
    assert "was_run" in sys.modules
    assert load(source) is load(source)  # once


def test_what_is_loaded_is_the_text_that_was_found(file):
    source = find(f"{file}:network")
    file.write_text("raise SystemExit")
    assert load(source)(1, 2) == (1, 2)


def test_a_module_is_found_where_python_finds_it(file, monkeypatch):
    monkeypatch.syspath_prepend(file.parent)
    source = find("a_network:network")
    assert (source.module, source.file) == ("a_network", str(file))
    assert load(source) is sys.modules["a_network"].network


def test_a_file_beside_can_be_imported(file):
    file.with_name("a_neighbour.py").write_text("VALUE = 5\n")
    file.write_text("import a_neighbour\n\n\ndef network(inputs):\n    return a_neighbour.VALUE\n")
    assert load(find(f"{file}:network"))(0) == 5


def test_dataclasses_find_their_module(file):
    file.write_text(
        "from __future__ import annotations\nimport dataclasses\n\n\n"
        "@dataclasses.dataclass\nclass Sizes:\n    n: int = 3\n\n\n"
        "def network(inputs):\n    return Sizes().n\n"
    )
    assert load(find(f"{file}:network"))(0) == 3


def test_a_function_that_python_has_brings_the_text_of_its_file(file):
    function = load(find(f"{file}:network"))
    source = of(function)
    assert (source.function, source.file, source.text) == ("network", str(file), TEXT)
    assert load(source) is function
    assert of(eval("lambda inputs: inputs")).text == ""


def test_what_a_decorator_or_an_assignment_makes_is_not_judged_by_its_text(file):
    file.write_text(
        "def deco(f):\n    return f\n\n\n@deco\ndef network(a):\n    pass\n\n\nx = network\n"
    )
    assert find(f"{file}:network").parameters() is None
    assert find(f"{file}:x").parameters() is None
    assert callable(load(find(f"{file}:x")))


@pytest.mark.parametrize(
    "spelled, words",
    [
        ("a_network.py", "names no function: give FILE.py:FUNCTION"),
        ("a_network.py:", "names no function"),
        ("a_network.py:no function", "names no function"),
        ("a_network.py:missing", "has no function missing: it has network"),
        ("nosuch.py:network", "cannot read the network's file .*No such file"),
        (".:network", "there is no module ."),
        ("nosuch:network", "there is no module nosuch"),
        ("os.path:join", "there is no module os.path in Python source|posixpath"),
        ("sys:exit", "there is no module sys in Python source"),
    ],
)
def test_what_is_not_there_is_told(file, spelled, words, monkeypatch):
    monkeypatch.chdir(file.parent)
    with pytest.raises(ConfigError, match=words):
        find(spelled)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"x = = 3\n", "line 1, is not Python"),
        (b"\xff\xfe\n", "cannot read the network's file"),
        (b"network = '\0'\n", "is not Python|cannot read"),
        (b"#" * (network_source.MOST_TEXT + 1), "more than 1,048,576 bytes"),
        (b"network_of = 3\n", "has no function network"),
    ],
)
def test_a_file_that_is_no_network_is_told(file, content, words):
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        load(find(f"{file}:network"))


def test_a_pipe_is_not_waited_for(file):
    import os

    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ConfigError, match="cannot read"):
        find(f"{file}:network")


def test_what_loading_raises_is_the_cause(file):
    file.write_text("def network(inputs):\n    pass\n\n\n1 / 0\n")
    with pytest.raises(NetworkError, match="failed .ZeroDivisionError") as seen:
        load(find(f"{file}:network"))
    assert seen.value.__cause__.__traceback__.tb_next.tb_next.tb_frame.f_code.co_filename == str(
        file
    )


def test_tensorflow_2s_name_is_mended_in_words(file):
    file.write_text("import tensorflow as tf\n\nnetwork = tf.layers\n")
    with pytest.raises(NetworkError, match="write import tensorflow.compat.v1 as tf"):
        load(find(f"{file}:network"))


def test_what_is_no_function_is_told(file):
    file.write_text("network = 3\n")
    with pytest.raises(ConfigError, match="has no function network"):
        load(find(f"{file}:network"))


def test_both_forms_are_a_source():
    source = NetworkSource("f", "f.py", "text")
    assert network_source.as_source(source) is source
    assert network_source.as_source(None) is None
    assert network_source.as_source(find).function == "find"
