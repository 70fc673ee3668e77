"""The only module that imports TensorFlow: `tf` is tensorflow.compat.v1, with `tf.layers` alive.

`tf.layers` lives on in tf_keras (Keras 2), and TensorFlow looks there only when
TF_USE_LEGACY_KERAS=1 was set before its first import. Nothing global is switched off: graphs are
built inside `with tf.Graph().as_default()`, and eager code outside goes on as it was.
"""

import contextlib
import gc
import importlib.metadata
import importlib.util
import os
import sys
import warnings
from typing import Any, Iterator

from tf1_dnn.errors import CompatError
from tf1_dnn.frames import in_one_chunk

_TRUE = ("1", "true", "True")  # what TensorFlow itself takes for yes


def require_legacy_keras() -> None:
    """Set TF_USE_LEGACY_KERAS=1, or raise CompatError where it cannot work."""
    value = os.environ.get("TF_USE_LEGACY_KERAS")
    if value is not None and value not in _TRUE:
        raise CompatError(
            f"TF_USE_LEGACY_KERAS is set to {value!r}, which hides tf.layers: "
            "unset it or set it to 1, and start again."
        )
    if value is None and "tensorflow" in sys.modules:
        raise CompatError(
            "TensorFlow was imported before tf1_dnn and without TF_USE_LEGACY_KERAS=1, so "
            "tf.layers is missing: restart Python and import tf1_dnn.compat first, or set the "
            "variable."
        )
    os.environ["TF_USE_LEGACY_KERAS"] = value or "1"


def _require_tf_keras() -> None:
    """Raise CompatError unless TensorFlow and tf_keras of the same minor version are installed."""
    for module in ("tensorflow", "tf_keras"):
        if importlib.util.find_spec(module) is None:
            raise CompatError(
                f"{module} is not installed: run `pip install {module}~=2.21.0` and start again."
            )
    versions = [_minor_version(name) for name in ("tensorflow", "tf_keras")]
    if None not in versions and versions[0] != versions[1]:
        raise CompatError(
            f"tensorflow {versions[0]} needs tf_keras {versions[0]}, but {versions[1]} is "
            f"installed: run `pip install 'tf_keras~={versions[0]}.0'` and start again."
        )


def _minor_version(distribution: str) -> str | None:
    # tensorflow-cpu and vendor builds carry another distribution name: then nothing is known.
    try:
        return ".".join(importlib.metadata.version(distribution).split(".")[:2])
    except importlib.metadata.PackageNotFoundError:
        return None


@contextlib.contextmanager
def _stderr_discarded() -> Iterator[None]:
    """Send file descriptor 2 to /dev/null: absl writes there before Python can stop it."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as devnull:
        os.dup2(devnull.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


@in_one_chunk
def import_tensorflow() -> Any:
    # Level 3 shows no message at all: what matters is raised as a Python exception too.
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    quiet = _stderr_discarded() if level == "3" else contextlib.nullcontext()
    with quiet, _matplotlib_hidden(), _to_stay():
        import tensorflow

        tensorflow.compat.v1.layers  # brings tf_keras
    return tensorflow


@contextlib.contextmanager
def _to_stay() -> Iterator[None]:
    """Spare a quarter of the import, in which Python looks for garbage among what is to stay.

    Nor does it look there later: a million objects take it a sixth of a second each time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def _matplotlib_hidden() -> Iterator[None]:
    """Spare the half second in which TensorFlow's import of Keras 3 imports matplotlib.pyplot.

    Keras 3 wants it for plot_image_gallery alone and does without it where it is missing.
    """
    if "matplotlib" in sys.modules:
        yield
        return
    sys.modules["matplotlib"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["matplotlib"]


@contextlib.contextmanager
def tf1_warnings_silenced() -> Iterator[None]:
    """Silence advice meant for TensorFlow 2 while TensorFlow 1 layers are built.

    tf_keras warns that UPDATE_OPS "should not be used" and that tf.layers is deprecated. Both are
    true of eager code; in a graph, UPDATE_OPS is how moving averages are updated.
    """
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


require_legacy_keras()
_require_tf_keras()
tf: Any = import_tensorflow().compat.v1
if not getattr(tf.layers, "dense").__module__.startswith("tf_keras."):
    raise CompatError(
        "tf.layers does not come from tf_keras, because Keras 3 was loaded first: "
        "restart Python and import tf1_dnn.compat before tensorflow."
    )
