"""tf.image: the checks and crops that TensorFlow 1 built."""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace


def restore() -> None:
    """Restore the checks of an image's shape, and crops to a box."""
    from tensorflow.python.ops import image_ops_impl

    image_ops_impl._CheckAtLeast3DImage = _checked(image_ops_impl._CheckAtLeast3DImage)
    todays = image_ops_impl.crop_to_bounding_box
    replace.everywhere(image_ops_impl, "crop_to_bounding_box", _cropped(todays))
    todays = image_ops_impl.per_image_standardization
    replace.everywhere(image_ops_impl, "per_image_standardization", _standardized(todays))


def _checked(todays: Callable[..., Any]) -> Callable[..., Any]:
    def check(image: Any, require_static: bool = True) -> list[Any]:
        """Assertions on all sizes of an image or a batch, where one is not known."""
        import tensorflow.compat.v1 as tf

        shape = image.shape
        if require_static or tf.executing_eagerly() or (shape.rank or 0) < 3:
            return todays(image, require_static)
        if shape.is_fully_defined() or 0 in shape.as_list():
            return todays(image, require_static)
        return [
            tf.assert_positive(tf.shape(image), ["all dims of 'image.shape' must be > 0."]),
            tf.assert_greater_equal(
                tf.rank(image), 3, message="'image' must be at least three-dimensional."
            ),
        ]

    return check


def _cropped(todays: Callable[..., Any]) -> Callable[..., Any]:
    def crop_to_bounding_box(
        image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
    ) -> Any:
        """As tf.image.crop_to_bounding_box."""
        import tensorflow.compat.v1 as tf
        from tensorflow.python.ops import image_ops_impl as impl

        offset, target = (offset_height, offset_width), (target_height, target_width)
        if tf.executing_eagerly() or tf.convert_to_tensor(image).shape.rank not in (3, 4):
            return todays(image, *offset, *target)
        with tf.name_scope(None, "crop_to_bounding_box", [image]):
            image = tf.convert_to_tensor(image, name="image")
            single = image.shape.rank == 3
            image = tf.expand_dims(image, 0) if single else image
            checks = impl._CheckAtLeast3DImage(image, require_static=False)
            sizes = impl._ImageDimensions(image, rank=4)
            checks += _inside(offset, target, sizes[1:3])
            image = impl.control_flow_ops.with_dependencies(checks, image)
            begin, size = tf.stack([0, *offset, 0]), tf.stack([-1, *target, -1])
            cropped = tf.slice(image, begin, size)
            shape = (sizes[0], *target, sizes[3])
            cropped.set_shape([None if isinstance(n, tf.Tensor) else n for n in shape])
            return tf.squeeze(cropped, axis=[0]) if single else cropped

    return crop_to_bounding_box


def _inside(offset: Any, target: Any, sizes: Any) -> list[Any]:
    """Assertions that a box lies within an image."""
    from tensorflow.python.ops import image_ops_impl as impl

    axes = ("height", "width")
    checks = []
    for i in (1, 0):
        checks += impl._assert(offset[i] >= 0, ValueError, f"offset_{axes[i]} must be >= 0.")
    for i in (1, 0):
        checks += impl._assert(target[i] > 0, ValueError, f"target_{axes[i]} must be > 0.")
    for i in (1, 0):
        fits = sizes[i] >= target[i] + offset[i]
        checks += impl._assert(fits, ValueError, f"{axes[i]} must be >= target + offset.")
    return checks


@replace.in_graphs
def _standardized(todays: Callable[..., Any]) -> Callable[..., Any]:
    def per_image_standardization(image: Any) -> Any:
        """As tf.image.per_image_standardization, which ended in a conversion of types."""
        import tensorflow.compat.v1 as tf

        dtype = tf.convert_to_tensor(image).dtype
        return tf.image.convert_image_dtype(todays(image), dtype, saturate=True)

    return per_image_standardization
