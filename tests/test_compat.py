"""compat.py: what it sets, what it refuses, and that eager TensorFlow goes on beside the graphs."""

import os
import subprocess
import sys

import pytest

from tf1_dnn.config import Config

FAKE_TENSORFLOW = "import sys, types; sys.modules['tensorflow'] = types.ModuleType('tensorflow')\n"
TRY = (
    "try:\n    import tf1_dnn.compat\n"
    "except Exception as error:\n    print(type(error).__name__, error)\n"
)


def import_compat(code="", **environ):
    """What a fresh process prints that runs `code` and then imports compat (no TensorFlow yet)."""
    environ = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"} | environ
    return subprocess.run(
        [sys.executable, "-c", code + TRY], env=environ, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize("value", ["0", "false", "no", ""])
def test_legacy_keras_switched_off_is_refused(value):
    said = import_compat(TF_USE_LEGACY_KERAS=value)
    assert said == (
        f"CompatError TF_USE_LEGACY_KERAS is set to '{value}', which hides tf.layers: "
        "unset it or set it to 1, and start again.\n"
    )


def test_tensorflow_imported_before_is_refused():
    said = import_compat(FAKE_TENSORFLOW)
    assert said.startswith("CompatError TensorFlow was imported before tf1_dnn and without")
    assert "restart Python and import tf1_dnn.compat first" in said


def test_missing_tf_keras_is_refused():
    hide = (
        "import importlib.util as util; find = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if name == 'tf_keras' else find(name, *a)\n"
    )
    assert import_compat(hide) == (
        "CompatError tf_keras is not installed: run `pip install tf_keras~=2.21.0` "
        "and start again.\n"
    )


def test_tf_keras_of_another_minor_version_is_refused():
    other = (
        "import importlib.metadata as m; version = m.version\n"
        "m.version = lambda name: '2.20.1' if name == 'tf_keras' else version(name)\n"
    )
    assert "needs tf_keras 2.21, but 2.20 is installed" in import_compat(other)


@pytest.mark.slow
def test_import_is_silent_and_honours_the_users_setting(tmp_path):
    # One real import of TensorFlow: the user set the variable and imported TensorFlow first.
    code = (
        "import tensorflow\nimport tf1_dnn.compat as c\n"
        "print(c.tf.layers.dense.__module__, c.tf is tensorflow.compat.v1)"
    )
    environ = os.environ | {"TF_USE_LEGACY_KERAS": "True"}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert done.stdout == "tf_keras.src.legacy_tf_layers.core True\n"


@pytest.mark.slow
@pytest.mark.parametrize("before", ["enable", "disable"])
def test_garbage_is_collected_as_before_but_not_sought_in_tensorflow(before):
    code = (
        f"import gc\ngc.{before}()\nimport tf1_dnn.compat\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 300_000, len(gc.get_objects()) < 30_000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == f"{before == 'enable'} True True\n"


def test_package_import_does_not_import_tensorflow():
    code = "import sys, tf1_dnn, tf1_dnn.train, tf1_dnn.data; print('tensorflow' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"


def test_eager_code_still_works_after_training(splits):
    from tf1_dnn.training import trainer  # before TensorFlow, as compat wants it

    import tensorflow  # isort: skip

    trainer.train(Config(hidden_units=(4,), n_epochs=1), splits)
    assert tensorflow.executing_eagerly()
    x = tensorflow.Variable(3.0)
    with tensorflow.GradientTape() as tape:
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0
    assert tensorflow.constant([1, 2]).numpy().tolist() == [1, 2]
    assert not tensorflow.compat.v1.get_default_graph().get_operations()
