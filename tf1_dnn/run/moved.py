"""What programs import from TensorFlow's implementation (`tensorflow.python...`), and what moved.

Names are put back where they were, and modules give way to today's, in this process only.
"""

import importlib
import sys

# Keras's parts that programs import from here; TensorFlow itself uses those that are not listed.
_KERAS = """applications callbacks datasets layers losses metrics models optimizers preprocessing
preprocessing.image preprocessing.sequence preprocessing.text""".split()

# Old module: what has its names today.
MODULES = {
    "tensorflow.python.layers.base": "tf_keras.src.legacy_tf_layers.base",
    "tensorflow.python.layers.core": "tf_keras.src.legacy_tf_layers.core",
    "tensorflow.python.layers.convolutional": "tf_keras.src.legacy_tf_layers.convolutional",
    "tensorflow.python.layers.normalization": "tf_keras.src.legacy_tf_layers.normalization",
    "tensorflow.python.layers.pooling": "tf_keras.src.legacy_tf_layers.pooling",
    "tensorflow.python.ops.rnn_cell": "tf1_dnn.run.contrib.rnn",
    "tensorflow.python.ops.rnn_cell_impl": "tf1_dnn.run.contrib.rnn",
    "tensorflow.python.ops.seq2seq": "tf1_dnn.run.contrib.legacy_seq2seq",
    "tensorflow.python.training.training_ops": "tensorflow.python.ops.gen_training_ops",
    "tensorflow.python.training.tracking.base": "tensorflow.python.trackable.base",
    **{f"tensorflow.python.keras.{name}": f"tensorflow.keras.{name}" for name in _KERAS},
}

# Old name: where it is today. Both lie below tensorflow.python.
_NAMES = {
    "framework.graph_util.convert_variables_to_constants": (
        "framework.convert_to_constants.convert_variables_to_constants"
    ),
    "framework.ops.IndexedSlices": "framework.indexed_slices.IndexedSlices",
    "framework.ops.Tensor": "framework.tensor.Tensor",
    "ops.array_ops.stack": "ops.array_ops_stack.stack",
    "ops.array_ops.unstack": "ops.array_ops_stack.unstack",
    "ops.control_flow_ops.Assert": "ops.control_flow_assert.Assert",
    "ops.control_flow_ops.case": "ops.control_flow_case.case",
    "ops.control_flow_ops.cond": "ops.cond.cond",
    "ops.control_flow_ops.while_loop": "ops.while_loop.while_loop",
    "ops.nn.bidirectional_dynamic_rnn": "ops.rnn.bidirectional_dynamic_rnn",
    "ops.nn.dynamic_rnn": "ops.rnn.dynamic_rnn",
    "ops.nn.raw_rnn": "ops.rnn.raw_rnn",
    "ops.nn.static_rnn": "ops.rnn.static_rnn",
    "ops.random_ops.random_crop": "ops.random_crop_ops.random_crop",
    "ops.variable_scope.variable": "ops.variable_v1.VariableV1",
    "ops.variables.RefVariable": "ops.ref_variable.RefVariable",
    "ops.variables.VariableV1": "ops.variable_v1.VariableV1",
    "pywrap_tensorflow.NewCheckpointReader": "training.py_checkpoint_reader.NewCheckpointReader",
    "util.nest.is_sequence": "util.nest.is_nested",
}


def restore() -> None:
    """Put the names back, and let the old modules be looked for anew."""
    for old, new in _NAMES.items():
        (package, name), (place, today) = old.rsplit(".", 1), new.rsplit(".", 1)
        module = importlib.import_module(f"tensorflow.python.{package}")
        if not hasattr(module, name):
            value = getattr(importlib.import_module(f"tensorflow.python.{place}"), today)
            setattr(module, name, value)
    for old in MODULES:
        sys.modules.pop(old, None)
        package, _, name = old.rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).pop(name, None)
