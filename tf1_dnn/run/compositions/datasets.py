"""tf.data's iterators over graphs, as TensorFlow 1 built them."""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace
from tf1_dnn.run.compositions.counting import uncounted

OPTIMIZATIONS = ["map_and_batch_fusion", "noop_elimination", "shuffle_and_repeat_fusion"]


def restore() -> None:
    """Let iterators put an optimizer and a performance model between them and their dataset."""
    from tensorflow.python.data.experimental.ops import shuffle_ops
    from tensorflow.python.data.ops import dataset_ops

    dataset_ops.apply_rewrite = lambda dataset, rewrite: dataset  # for distribution only
    replace.method(dataset_ops._OptionsDataset, "__init__", uncounted)
    replace.method(dataset_ops.DatasetV2, "_apply_debug_options", _optimized)
    for name in ("_make_one_shot_iterator", "_make_initializable_iterator"):
        replace.method(dataset_ops.DatasetV1, name, _for_iterator)
    fused = _shuffle_and_repeat(shuffle_ops.shuffle_and_repeat)
    replace.everywhere(shuffle_ops, "shuffle_and_repeat", fused)


_making_iterator = False


def _for_iterator(todays: Callable[..., Any]) -> Callable[..., Any]:
    def make_iterator(self: Any, *args: Any, **kwargs: Any) -> Any:
        global _making_iterator
        _making_iterator = True
        try:
            return todays(self, *args, **kwargs)
        finally:
            _making_iterator = False

    return make_iterator


def _optimized(todays: Callable[..., Any]) -> Callable[..., Any]:
    def apply_options(self: Any) -> Any:
        import tensorflow.compat.v1 as tf
        from tensorflow.python.data.ops import dataset_ops

        dataset = todays(self)
        if tf.executing_eagerly() or not _making_iterator:
            return dataset
        shapes = dataset._flat_structure
        variant = tf.raw_ops.OptimizeDataset(
            input_dataset=dataset._variant_tensor, optimizations=OPTIMIZATIONS, **shapes
        )
        variant = tf.raw_ops.ModelDataset(input_dataset=variant, **shapes)
        return dataset_ops._VariantDataset(variant, dataset.element_spec)

    return apply_options


@replace.in_graphs
def _shuffle_and_repeat(_: Callable[..., Any]) -> Callable[..., Any]:
    def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: int | None = None) -> Any:
        """Shuffle, then repeat: `shuffling` puts the two in the old order."""
        import tensorflow.compat.v1 as tf

        def apply(dataset: Any) -> Any:
            size = tf.convert_to_tensor(buffer_size, tf.int64, name="buffer_size")
            times = tf.convert_to_tensor(-1 if count is None else count, tf.int64, name="count")
            shuffled = dataset.shuffle(size, seed)
            return uncounted(shuffled.repeat)(times)  # TensorFlow 1 built one op of both

        return apply

    return shuffle_and_repeat
