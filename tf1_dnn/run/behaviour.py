"""One switch for the whole process: TensorFlow 1's behaviour, seeds, modules and names."""

import logging
import re
import sys
import warnings
from typing import Any

from tf1_dnn.errors import CompatError

_active = False
_ending: Any = None  # what `finish` is to tell


def activate(
    *,
    verbose: bool = False,
    check: bool = False,
    like: str | None = None,
    save_graph: str | None = None,
) -> None:
    """Give this process TensorFlow 1's behaviour, whoever imports TensorFlow from here on.

    A second call changes nothing.

    Args:
      verbose: let through what TensorFlow says of deprecated names.
      check: watch the sessions, for `finish` to tell what is wrong with the graphs they train.
      like: a graph that was saved, for `finish` to tell whether the one built here is the same.
      save_graph: a file, for `finish` to write the MetaGraph to that was built here.

    Raises:
      CompatError: TensorFlow was imported before, and may have run eagerly.
      GraphError: `like` cannot be read.
    """
    global _active, _ending
    if _active:
        return
    if "tensorflow" in sys.modules:
        raise CompatError(
            "TensorFlow was imported before, with TensorFlow 2's behaviour: restart Python, and "
            "activate tf1_dnn.run before the first `import tensorflow`"
        )
    if like is not None:
        from tf1_dnn.run import likeness

    saved = None if like is None else likeness.read(like)
    from tf1_dnn import compat
    from tf1_dnn.run import app_flags, compositions, keras_mnist, modules, numpy_names, op_seeds

    tensorflow = sys.modules["tensorflow"]
    if not verbose:
        _silence_deprecations()
    compat.tf.disable_v2_behavior()
    op_seeds.restore()
    compositions.restore()
    numpy_names.restore()
    app_flags.restore()
    keras_mnist.restore()
    modules.install(tensorflow, compat.tf)
    if check or saved is not None or save_graph is not None:
        from tf1_dnn.run.ending import Ending

        _ending = Ending(check=check, saved=saved, graph_file=save_graph)
    _active = True


def finish() -> None:
    """Tell on stderr what `activate` was asked to find out; nothing without, or a second time."""
    global _ending
    ending, _ending = _ending, None
    if ending is not None:
        ending.tell()


def _silence_deprecations() -> None:
    """Keep from the terminal what TensorFlow and tf_keras say of TensorFlow 1's names."""
    from tensorflow.python.util import deprecation

    deprecation._PRINT_DEPRECATION_WARNINGS = False
    chatter = r"(The )?`[\w.]+`( argument)? (is deprecated|will be removed)"
    warnings.filterwarnings("ignore", chatter, UserWarning)
    logging.getLogger("tensorflow").addFilter(lambda said: not re.match(chatter, said.getMessage()))
