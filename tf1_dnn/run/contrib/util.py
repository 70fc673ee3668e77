"""tensorflow.contrib.util: tensors as protos, and what a graph is made of."""

from tf1_dnn.run.contrib._names import names_from

_META = "tensorflow.python.framework.meta_graph"

__getattr__, __dir__ = names_from(
    __name__,
    renamed={
        "constant_value": "tensorflow.get_static_value",
        "make_tensor_proto": "tensorflow.make_tensor_proto",
        "make_ndarray": "tensorflow.make_ndarray",
        "ops_used_by_graph_def": f"{_META}.ops_used_by_graph_def",
        "stripped_op_list_for_graph": f"{_META}.stripped_op_list_for_graph",
    },
)
