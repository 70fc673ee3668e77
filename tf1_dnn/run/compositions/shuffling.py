"""dataset.shuffle(...).repeat(...): the order in which TensorFlow 1 drew the elements.

TensorFlow 1 fused the two: one random generator went on from epoch to epoch. Today's fused op
seeds it anew for each. The old order is computed here, and each epoch's elements are put in it,
where they are in memory anyway: slices of tensors, ranges, and what zips them.
"""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace
from tf1_dnn.run.compositions.counting import uncounted

WHOLE = 2**62  # a batch of all elements


def restore() -> None:
    """Restore the order of slices and ranges, where a seed is given."""
    from tensorflow.python.data.ops import dataset_ops, shuffle_op

    replace.method(dataset_ops.DatasetV2, "repeat", _repeat)
    replace.method(shuffle_op._ShuffleDataset, "__init__", _seeded)


def _seeded(todays: Callable[..., Any]) -> Callable[..., Any]:
    def init(
        self: Any, source: Any, size: Any, seed: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        import tensorflow.compat.v1 as tf
        from tensorflow.python.eager import context

        eager = tf.executing_eagerly()
        of_graph = context.global_seed() if eager else tf.get_default_graph().seed
        self._is_seeded = seed is not None or of_graph is not None
        todays(self, source, size, seed, *args, **kwargs)

    return init


def _repeat(todays: Callable[..., Any]) -> Callable[..., Any]:
    def repeat(self: Any, count: Any = None, name: str | None = None) -> Any:
        from tensorflow.python.framework import ops

        repeated, shuffled = todays(self, count, name), _unwrapped(self)
        if _is_fused(shuffled) and not ops.get_default_graph().building_function:
            in_old_order = uncounted(_in_old_order)(shuffled, repeated._count)
            repeated._variant_tensor_attr = in_old_order
        return repeated

    return repeat


def _unwrapped(dataset: Any) -> Any:
    """The dataset without the methods that TensorFlow 1's names add to it."""
    while hasattr(dataset, "_dataset"):
        dataset = dataset._dataset
    return dataset


def _is_fused(dataset: Any) -> bool:
    """Whether TensorFlow 1 fused this dataset with the repetition that follows it."""
    from tensorflow.python.data.ops import shuffle_op

    if not isinstance(dataset, shuffle_op._ShuffleDataset) or not dataset._is_seeded:
        return False
    return dataset._reshuffle_each_iteration is not False and _in_memory(dataset._input_dataset)


def _in_memory(dataset: Any) -> bool:
    """Whether a batch of all elements costs no more than the dataset itself."""
    from tensorflow.python.data.ops import from_tensor_slices_op, range_op, zip_op

    dataset = _unwrapped(dataset)
    if isinstance(dataset, zip_op._ZipDataset):
        return all(_in_memory(each) for each in dataset._inputs())
    return isinstance(dataset, (from_tensor_slices_op._TensorSliceDataset, range_op._RangeDataset))


def _in_old_order(shuffled: Any, count: Any) -> Any:
    """The variant of a dataset that repeats what `shuffled` shuffles `count` times."""
    import tensorflow.compat.v1 as tf
    from tensorflow.python.data.ops import dataset_ops

    def epoch(number: Any) -> Any:
        return shuffled._input_dataset.batch(WHOLE).flat_map(lambda *all: in_order(number, all))

    def in_order(number: Any, elements: Any) -> Any:
        flat = tf.nest.flatten(elements)
        n = tf.shape(flat[0], out_type=tf.int64)[0]
        seeds = shuffled._seed, shuffled._seed2
        order = tf.numpy_function(
            drawing_order, [*seeds, shuffled._buffer_size, number, n], tf.int64
        )
        order.set_shape([None])
        spec = shuffled.element_spec
        whole = tf.nest.pack_sequence_as(spec, flat)
        return dataset_ops.DatasetV1.from_tensor_slices(order).map(
            lambda i: tf.nest.map_structure(lambda t: tf.gather(t, i), whole)
        )

    forever = tf.constant(2**62, tf.int64)
    epochs = dataset_ops.DatasetV1.range(tf.where(count < 0, forever, count))
    return epochs.flat_map(epoch)._variant_tensor


def drawing_order(seed: int, seed2: int, buffer_size: int, epoch: int, n: int) -> Any:
    """Which of n elements comes when, drawn through a buffer in the given epoch, as int64."""
    import numpy as np

    draws = philox(int(seed), int(seed2), int(epoch) * int(n), int(n))
    buffer = list(range(min(buffer_size, n)))
    first, order = 0, np.empty(n, np.int64)
    size = len(buffer)
    for i, draw in enumerate(draws.tolist()):
        index = (first + draw % (min(size, n - i) or 1)) % size
        order[i] = buffer[index]
        buffer[index] = buffer[first % size]
        first += 1
        if i + size < n:
            buffer[(first - 1) % size] = i + size
    return order


def philox(key: int, stream: int, skip: int, n: int) -> Any:
    """n numbers of Philox4x32-10 as TensorFlow seeds it, after the first `skip`, as uint32."""
    import numpy as np

    low, high = np.uint64(2**32 - 1), np.uint64(32)
    blocks = np.arange(skip // 4, (skip + n + 3) // 4, dtype=np.uint64)
    c = [blocks & low, blocks >> high]
    c += [np.full_like(blocks, stream & 0xFFFFFFFF), np.full_like(blocks, stream >> 32)]
    keys = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        products = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        k = [np.uint64(each) for each in keys]
        c = [
            (products[1] >> high) ^ c[1] ^ k[0],
            products[1] & low,
            (products[0] >> high) ^ c[3] ^ k[1],
            products[0] & low,
        ]
        keys = [(keys[0] + 0x9E3779B9) % 2**32, (keys[1] + 0xBB67AE85) % 2**32]
    numbers = np.stack(c, axis=1).ravel()
    return numbers[skip % 4 : skip % 4 + n]
