"""tensorflow.contrib.deprecated: the summaries of TensorFlow 0.x, whose tag is the whole name."""

from typing import Any, Callable

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    renamed={
        "merge_summary": "tensorflow.summary.merge",
        "merge_all_summaries": "tensorflow.summary.merge_all",
    },
)


def _summary(
    op: Callable[..., Any], collections: Any, name: Any, default: str, **inputs: Any
) -> Any:
    values = list(inputs.values())
    with tf.name_scope(name, default, values) as scope:
        value = op(**inputs, name=scope)
        for key in collections or [tf.GraphKeys.SUMMARIES]:
            tf.add_to_collection(key, value)
    return value


def scalar_summary(tags: Any, values: Any, collections: Any = None, name: Any = None) -> Any:
    """A summary of scalars, each with its tag."""
    op = tf.raw_ops.ScalarSummary
    return _summary(op, collections, name, "ScalarSummary", tags=tags, values=values)


def histogram_summary(tag: Any, values: Any, collections: Any = None, name: Any = None) -> Any:
    """A summary of a tensor's values as a histogram."""
    op = tf.raw_ops.HistogramSummary
    return _summary(op, collections, name, "HistogramSummary", tag=tag, values=values)


def image_summary(
    tag: Any, tensor: Any, max_images: int = 3, collections: Any = None, name: Any = None
) -> Any:
    """A summary of the first images of a batch."""

    def op(**inputs: Any) -> Any:
        return tf.raw_ops.ImageSummary(**inputs, max_images=max_images)

    return _summary(op, collections, name, "ImageSummary", tag=tag, tensor=tensor)


def audio_summary(
    tag: Any,
    tensor: Any,
    sample_rate: Any,
    max_outputs: int = 3,
    collections: Any = None,
    name: Any = None,
) -> Any:
    """A summary of the first sounds of a batch."""
    rate = tf.convert_to_tensor(sample_rate, tf.float32, name="sample_rate")

    def op(**inputs: Any) -> Any:
        return tf.raw_ops.AudioSummaryV2(**inputs, sample_rate=rate, max_outputs=max_outputs)

    return _summary(op, collections, name, "AudioSummary", tag=tag, tensor=tensor)
