"""What tasks share on parameter servers beside the model; no checkpoint keeps it."""

from typing import Any

from tf1_dnn.compat import tf
from tf1_dnn.graph import uncollected_variable


def variable(initial_value: Any, dtype: Any, name: str) -> Any:
    """A variable; the device decides on which server."""
    return uncollected_variable(initial_value, "cluster", dtype=dtype, name=f"cluster/{name}")


def queue(dtype: Any, name: str) -> Any:
    """An endless FIFOQueue of scalars; the device decides on which server."""
    return tf.FIFOQueue(-1, dtype, shapes=(), shared_name=name)


def destroy(handle: Any) -> Any:
    """The op that removes a variable or queue, if it is there; the next use makes a new one."""
    return tf.raw_ops.DestroyResourceOp(resource=handle, ignore_lookup_error=True)
