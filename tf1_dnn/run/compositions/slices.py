"""x[a:b] with tensors for a and b: what is left out is a number, packed with the others."""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace


def restore() -> None:
    """Restore the slices that have tensors in them, of tensors and of variables."""
    from tensorflow.python.framework import tensor
    from tensorflow.python.ops import tensor_getitem_override

    replace.method(tensor.Tensor, "__getitem__", _sliced)
    tensor_getitem_override._slice_helper = tensor.Tensor.__getitem__


def _sliced(todays: Callable[..., Any]) -> Callable[..., Any]:
    def getitem(tensor: Any, slice_spec: Any, var: Any = None) -> Any:
        import tensorflow.compat.v1 as tf

        items = slice_spec if isinstance(slice_spec, (list, tuple)) else [slice_spec]
        if tf.executing_eagerly() or not any(map(_has_tensors, items)):
            return todays(tensor, slice_spec, var)
        bounds, masks = _bounds(items)
        with tf.name_scope(None, "strided_slice", [tensor, *sum(bounds, [])]) as name:
            packed = [tf.stack(numbers) for numbers in bounds]
            if any(t.dtype == tf.int64 for t in packed):
                packed = [t if t.dtype == tf.int64 else tf.cast(t, tf.int64) for t in packed]
            return tf.strided_slice(tensor, *packed, **masks, var=var, name=name)

    return getitem


def _has_tensors(item: Any) -> bool:
    import tensorflow.compat.v1 as tf

    if not isinstance(item, slice):
        return False
    return any(isinstance(number, tf.Tensor) for number in (item.start, item.stop, item.step))


def _bounds(items: Any) -> tuple[list[list[Any]], dict[str, int]]:
    """Begins, ends and strides of each axis, and which of them say what they do not."""
    bounds: list[list[Any]] = [[], [], []]
    kinds = ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    masks = {f"{kind}_mask": 0 for kind in kinds}
    for i, item in enumerate(items):
        numbers: tuple[Any, Any, Any] = (0, 0, 1)
        if isinstance(item, slice):
            numbers = tuple(
                default if number is None else number
                for number, default in zip((item.start, item.stop, item.step), numbers)
            )
            masks["begin_mask"] |= (item.start is None) << i
            masks["end_mask"] |= (item.stop is None) << i
        elif item is Ellipsis or item is None:
            masks["new_axis_mask" if item is None else "ellipsis_mask"] |= 1 << i
        else:
            numbers = (item, item + 1, 1)
            masks["shrink_axis_mask"] |= 1 << i
        for kept, number in zip(bounds, numbers):
            kept.append(number)
    return bounds, masks
