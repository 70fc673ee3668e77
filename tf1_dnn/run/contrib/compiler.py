"""tensorflow.contrib.compiler: XLA for a part of a graph."""

from tf1_dnn.run.contrib._names import names_from

_XLA = "tensorflow.python.compiler.xla"

__getattr__, __dir__ = names_from(__name__, renamed={"jit": f"{_XLA}.jit", "xla": f"{_XLA}.xla"})
