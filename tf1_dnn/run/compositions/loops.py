"""TensorArrays, which loops, map_fn, scan and dynamic_rnn keep their steps in."""

from typing import Any

from tf1_dnn.run.compositions import replace
from tf1_dnn.run.compositions.counting import uncounted


def restore() -> None:
    """Restore what TensorArrays build in a graph."""
    from tensorflow.python.ops import tensor_array_grad, tensor_array_ops

    array_class = tensor_array_ops._GraphTensorArray
    todays = array_class.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        todays(self, *args, **kwargs)
        self._size = None  # what is known of it in advance was no use in TensorFlow 1

    array_class.__init__ = init
    # Gradients wait for the last write by two identities more, which mend a race.
    replace.as_seen_by(tensor_array_grad, "array_ops", "identity", uncounted)
