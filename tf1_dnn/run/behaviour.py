"""One switch for the whole process: TensorFlow 1's behaviour, seeds, modules and names."""

import sys
import warnings

from tf1_dnn.errors import CompatError

_active = False


def activate(*, verbose: bool = False) -> None:
    """Give this process TensorFlow 1's behaviour, whoever imports TensorFlow from here on.

    A second call changes nothing. `verbose` lets through what TensorFlow says of deprecated names.

    Raises:
      CompatError: TensorFlow was imported before, and may have run eagerly.
    """
    global _active
    if _active:
        return
    if "tensorflow" in sys.modules:
        raise CompatError(
            "TensorFlow was imported before, with TensorFlow 2's behaviour: restart Python, and "
            "activate tf1_dnn.run before the first `import tensorflow`"
        )
    from tf1_dnn import compat
    from tf1_dnn.run import compositions, keras_mnist, modules, numpy_names, op_seeds

    tensorflow = sys.modules["tensorflow"]
    if not verbose:
        _silence_deprecations()
    compat.tf.disable_v2_behavior()
    op_seeds.restore()
    compositions.restore()
    numpy_names.restore()
    keras_mnist.restore()
    modules.install(tensorflow, compat.tf)
    _active = True


def _silence_deprecations() -> None:
    """Keep from the terminal what TensorFlow and tf_keras say of TensorFlow 1's names."""
    from tensorflow.python.util import deprecation

    deprecation._PRINT_DEPRECATION_WARNINGS = False
    warnings.filterwarnings("ignore", r"`[\w.]+` (is deprecated|will be removed)", UserWarning)
