"""tensorflow.contrib.lookup: tables from keys to values."""

from typing import Any

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

_OPS = "tensorflow.python.ops.lookup_ops"

__getattr__, __dir__ = names_from(
    __name__,
    renamed={
        name: f"{_OPS}.{name}"
        for name in (
            "FastHashSpec HasherSpec IdTableWithHashBuckets InitializableLookupTableBase "
            "KeyValueTensorInitializer LookupInterface MutableHashTable StrongHashSpec "
            "TableInitializerBase TextFileIdTableInitializer TextFileIndex TextFileInitializer "
            "TextFileStringTableInitializer index_table_from_file index_to_string_table_from_file"
        ).split()
    }
    | {
        "HashTable": f"{_OPS}.StaticHashTableV1",
        "MutableDenseHashTable": f"{_OPS}.DenseHashTable",
        "string_to_index_table_from_file": f"{_OPS}.index_table_from_file",
    },
)


def index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """A table from each entry of `mapping` to its index."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    from tensorflow.python.ops import lookup_ops

    return lookup_ops.index_table_from_tensor(
        vocabulary_list=mapping,
        num_oov_buckets=num_oov_buckets,
        default_value=default_value,
        hasher_spec=hasher_spec or lookup_ops.FastHashSpec,
        dtype=dtype or tf.string,
        name=name,
    )


def string_to_index_table_from_tensor(
    mapping: Any,
    num_oov_buckets: int = 0,
    default_value: int = -1,
    hasher_spec: Any = None,
    name: str | None = None,
) -> Any:
    """The name of index_table_from_tensor before TensorFlow 1.2."""
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec, name=name)


def index_to_string_table_from_tensor(
    mapping: Any, default_value: str = "UNK", name: str | None = None
) -> Any:
    """A table from an index to that entry of `mapping`."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    from tensorflow.python.ops import lookup_ops

    return lookup_ops.index_to_string_table_from_tensor(
        vocabulary_list=mapping, default_value=default_value, name=name
    )


def string_to_index(
    tensor: Any, mapping: Any, default_value: int = -1, name: str | None = None
) -> Any:
    """The index of each string in `mapping`."""
    table = index_table_from_tensor(mapping, default_value=default_value, name=name)
    return table.lookup(tensor)


def index_to_string(
    tensor: Any, mapping: Any, default_value: str = "UNK", name: str | None = None
) -> Any:
    """The string of `mapping` at each index."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)
