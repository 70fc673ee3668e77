"""tensorflow.contrib.rnn: TensorFlow's cells, and the wrappers, cells and stacks around them."""

from typing import Any, Sequence

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

_HERE = "tf1_dnn.run.contrib"
_IN_RNN = "tensorflow.python.ops.rnn"
_LEGACY = "tf_keras.src.layers.rnn.legacy_cell_wrappers"

__getattr__, __dir__ = names_from(
    __name__,
    "tf_keras.api._v1.keras.__internal__.legacy.rnn_cell",  # what tf.nn.rnn_cell is
    f"{_HERE}._rnn_cells",
    f"{_HERE}._rnn_fused",
    f"{_HERE}._rnn_wrappers",
    unlisted=["tf_keras.src.layers.rnn.legacy_cells", _IN_RNN],
    renamed={
        "assert_like_rnncell": f"{_LEGACY}.assert_like_rnncell",
        "static_rnn": "tensorflow.nn.static_rnn",
        "static_state_saving_rnn": "tensorflow.nn.static_state_saving_rnn",
        "static_bidirectional_rnn": "tensorflow.nn.static_bidirectional_rnn",
        "best_effort_input_batch_size": f"{_IN_RNN}._best_effort_input_batch_size",
        "transpose_batch_time": f"{_IN_RNN}._transpose_batch_time",
    },
)


def stack_bidirectional_rnn(
    cells_fw: list[Any],
    cells_bw: list[Any],
    inputs: Sequence[Any],
    initial_states_fw: list[Any] | None = None,
    initial_states_bw: list[Any] | None = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Bidirectional layers over a list of inputs, each fed with both directions of the one below.

    Returns the last layer's outputs and, for each direction, the final states of all layers.
    """
    layers = _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states = []
    with tf.variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (cell_fw, cell_bw, state_fw, state_bw) in enumerate(layers):
            with tf.variable_scope(f"cell_{i}") as cell_scope:
                inputs, *final = tf.nn.static_bidirectional_rnn(
                    cell_fw,
                    cell_bw,
                    inputs,
                    initial_state_fw=state_fw,
                    initial_state_bw=state_bw,
                    sequence_length=sequence_length,
                    dtype=dtype,
                    scope=cell_scope,
                )
            states.append(final)
    final_fw, final_bw = zip(*states)
    return inputs, final_fw, final_bw


def stack_bidirectional_dynamic_rnn(
    cells_fw: list[Any],
    cells_bw: list[Any],
    inputs: Any,
    initial_states_fw: list[Any] | None = None,
    initial_states_bw: list[Any] | None = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    time_major: bool = False,
    scope: Any = None,
    swap_memory: bool = False,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Bidirectional layers over a tensor, each fed with both directions of the one below.

    Returns the last layer's outputs, forward beside backward, and, for each direction, the final
    states of all layers.
    """
    layers = _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states = []
    with tf.variable_scope(scope or "stack_bidirectional_rnn"):
        for i, (cell_fw, cell_bw, state_fw, state_bw) in enumerate(layers):
            with tf.variable_scope(f"cell_{i}"):
                outputs, final = tf.nn.bidirectional_dynamic_rnn(
                    cell_fw,
                    cell_bw,
                    inputs,
                    initial_state_fw=state_fw,
                    initial_state_bw=state_bw,
                    sequence_length=sequence_length,
                    parallel_iterations=parallel_iterations,
                    dtype=dtype,
                    swap_memory=swap_memory,
                    time_major=time_major,
                )
                inputs = tf.concat(outputs, 2)
            states.append(final)
    final_fw, final_bw = zip(*states)
    return inputs, final_fw, final_bw


def _layers(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> list[Any]:
    """One (forward cell, backward cell, and the states that they start from) for each layer."""
    for name, cells in (("cells_fw", cells_fw), ("cells_bw", cells_bw)):
        if not cells:
            raise ValueError(f"Must specify at least one {name[-2:]} cell for BidirectionalRNN.")
        if not isinstance(cells, list):
            raise ValueError(f"{name} must be a list of RNNCells (one per layer).")
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for name, states in (("initial_states_fw", states_fw), ("initial_states_bw", states_bw)):
        if states is not None and (not isinstance(states, list) or len(states) != len(cells_fw)):
            raise ValueError(f"{name} must be a list of state tensors (one per layer).")
    none = [None] * len(cells_fw)
    return list(zip(cells_fw, cells_bw, states_fw or none, states_bw or none))
