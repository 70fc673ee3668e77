"""The post's deep network with batch normalization and gradient clipping, on tf.compat.v1.

Importing the package does not import TensorFlow; `tf1_dnn.compat` does. In Jupyter,
`%load_ext tf1_dnn` lets the cells below it run in TensorFlow 1's behaviour.
"""

import signal
import sys
from typing import Any

__version__ = "0.1.0"

# `python -m tf1_dnn.COMMAND` imports for a while before the command can say a word: until then,
# Ctrl-C ends it without a traceback.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def load_ipython_extension(ipython: Any) -> None:
    """Called by `%load_ext tf1_dnn`: give the kernel TensorFlow 1's behaviour."""
    from IPython.core.error import UsageError

    from tf1_dnn.errors import Error
    from tf1_dnn.run import activate

    try:
        activate()
    except Error as error:
        raise UsageError(str(error)) from error  # shown as one line, without a traceback
