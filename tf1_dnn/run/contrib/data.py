"""tensorflow.contrib.data, most of which became tf.data.experimental."""

from typing import Any, Callable

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    "tensorflow.data.experimental",
    renamed={
        "CheckpointInputPipelineHook": "tensorflow.data.experimental.CheckpointInputPipelineHook",
        "Dataset": "tensorflow.data.Dataset",
        "FixedLengthRecordDataset": "tensorflow.data.FixedLengthRecordDataset",
        "Iterator": "tensorflow.data.Iterator",
        "TextLineDataset": "tensorflow.data.TextLineDataset",
        "TFRecordDataset": "tensorflow.data.TFRecordDataset",
        "make_batched_features_dataset": (
            "tensorflow.data.experimental.make_batched_features_dataset"
        ),
    },
)

Transformation = Callable[[Any], Any]  # for Dataset.apply


def batch_and_drop_remainder(batch_size: Any) -> Transformation:
    """Batches of one size: what is left at the end is dropped."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(
    batch_size: Any, padded_shapes: Any, padding_values: Any = None
) -> Transformation:
    """Padded batches of one size: what is left at the end is dropped."""
    return lambda dataset: dataset.padded_batch(
        batch_size, padded_shapes, padding_values=padding_values, drop_remainder=True
    )


def sloppy_interleave(
    map_func: Callable[..., Any], cycle_length: int, block_length: int = 1
) -> Transformation:
    """Datasets read in parallel, in whatever order they come."""
    return tf.data.experimental.parallel_interleave(
        map_func, cycle_length, block_length, sloppy=True
    )


def sliding_window_batch(
    window_size: int,
    stride: int | None = None,
    window_shift: int | None = None,
    window_stride: int = 1,
) -> Transformation:
    """Batches of neighbours: windows of one size, each shifted against the one before."""
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = stride or window_shift or 1

    def apply(dataset: Any) -> Any:
        windows = dataset.window(window_size, shift, window_stride, drop_remainder=True)
        return windows.flat_map(lambda *parts: _batched(parts, window_size))

    return apply


def _batched(parts: Any, size: int) -> Any:
    datasets = tf.nest.map_structure(lambda part: part.batch(size), parts)
    return datasets[0] if len(datasets) == 1 else tf.data.Dataset.zip(datasets)


def read_batch_features(
    file_pattern: Any,
    batch_size: int,
    features: Any,
    reader: Any,
    reader_args: Any = None,
    randomize_input: bool = True,
    num_epochs: int | None = None,
    capacity: int = 10000,
) -> Any:
    """The next batch of features of tf.train.Example files."""
    dataset = tf.data.experimental.make_batched_features_dataset(
        file_pattern,
        batch_size,
        features,
        reader=reader,
        reader_args=reader_args,
        shuffle=randomize_input,
        num_epochs=num_epochs,
        shuffle_buffer_size=capacity,
    )
    return tf.data.make_one_shot_iterator(dataset).get_next()
