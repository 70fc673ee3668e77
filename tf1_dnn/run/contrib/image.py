"""tensorflow.contrib.image: images rotated, translated and projected."""

from typing import Any

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(__name__)


def rotate(
    images: Any, angles: Any, interpolation: str = "NEAREST", name: str | None = None
) -> Any:
    """Images rotated about their centres, counterclockwise, by angles in radians."""
    with tf.name_scope(name, "rotate"):
        given = tf.convert_to_tensor(images)
        batch = _as_batch(given)
        height = tf.cast(tf.shape(batch)[1], tf.float32)[None]
        width = tf.cast(tf.shape(batch)[2], tf.float32)[None]
        transforms = angles_to_projective_transforms(angles, height, width)
        return _as_given(transform(batch, transforms, interpolation), given)


def translate(
    images: Any, translations: Any, interpolation: str = "NEAREST", name: str | None = None
) -> Any:
    """Images moved by (dx, dy)."""
    with tf.name_scope(name, "translate"):
        transforms = translations_to_projective_transforms(translations)
        return transform(images, transforms, interpolation)


def transform(
    images: Any,
    transforms: Any,
    interpolation: str = "NEAREST",
    output_shape: Any = None,
    name: str | None = None,
) -> Any:
    """Images through projections of eight numbers each, from the output's points to the input's.

    `images` are [height, width], [height, width, channels], or a batch of these.
    """
    with tf.name_scope(name, "transform"):
        given = tf.convert_to_tensor(images, name="images")
        transforms = tf.convert_to_tensor(transforms, dtype=tf.float32, name="transforms")
        batch = _as_batch(given)
        if output_shape is None:
            output_shape = tf.shape(batch)[1:3]
            known = tf.get_static_value(output_shape)
            output_shape = output_shape if known is None else known
        shape = tf.convert_to_tensor(output_shape, tf.int32, name="output_shape")
        if not shape.get_shape().is_compatible_with([2]):
            raise ValueError("output_shape must be a 1-D Tensor of 2 elements: height, width")
        output = tf.raw_ops.ImageProjectiveTransformV2(
            images=batch,
            transforms=_with_rank(transforms, 2, "Transforms"),
            output_shape=shape,
            interpolation=interpolation.upper(),
        )
        return _as_given(output, given)


def angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: str | None = None
) -> Any:
    """The projections that rotate about an image's centre."""
    with tf.name_scope(name, "angles_to_projective_transforms"):
        angles = tf.convert_to_tensor(angles, name="angles", dtype=tf.float32)
        angles = _with_rank(angles, 1, "Angles")
        w, h = image_width, image_height  # each use builds ops of its own, as it did
        x = ((w - 1) - (tf.cos(angles) * (w - 1) - tf.sin(angles) * (h - 1))) / 2.0
        y = ((h - 1) - (tf.sin(angles) * (w - 1) + tf.cos(angles) * (h - 1))) / 2.0
        n = tf.shape(angles)[0]
        columns = [tf.cos(angles)[:, None], -tf.sin(angles)[:, None], x[:, None]]
        columns += [tf.sin(angles)[:, None], tf.cos(angles)[:, None], y[:, None]]
        return tf.concat([*columns, tf.zeros((n, 2), tf.float32)], axis=1)


def translations_to_projective_transforms(translations: Any, name: str | None = None) -> Any:
    """The projections that move an image by (dx, dy)."""
    with tf.name_scope(name, "translations_to_projective_transforms"):
        moves = tf.convert_to_tensor(translations, name="translations", dtype=tf.float32)
        moves = _with_rank(moves, 2, "Translations")
        n = tf.shape(moves)[0]
        columns = [tf.ones((n, 1), tf.float32), tf.zeros((n, 1), tf.float32)]
        columns += [-moves[:, 0, None]]
        columns += [tf.zeros((n, 1), tf.float32), tf.ones((n, 1), tf.float32)]
        columns += [-moves[:, 1, None], tf.zeros((n, 2), tf.float32)]
        return tf.concat(columns, axis=1)


def compose_transforms(*transforms: Any) -> Any:
    """One projection for several, the last applied to the output's points first."""
    with tf.name_scope("compose_transforms"):
        composed = flat_transforms_to_matrices(transforms[0])
        for other in transforms[1:]:
            composed = tf.matmul(composed, flat_transforms_to_matrices(other))
        return matrices_to_flat_transforms(composed)


def flat_transforms_to_matrices(transforms: Any) -> Any:
    """Projections of eight numbers as 3×3 matrices."""
    with tf.name_scope("flat_transforms_to_matrices"):
        transforms = tf.convert_to_tensor(transforms, name="transforms")
        flat = tf.reshape(transforms, tf.constant([-1, 8]))
        ones = tf.ones([tf.shape(flat)[0], 1])
        return tf.reshape(tf.concat([flat, ones], axis=1), tf.constant([-1, 3, 3]))


def matrices_to_flat_transforms(transform_matrices: Any) -> Any:
    """3×3 matrices as projections of eight numbers."""
    with tf.name_scope("matrices_to_flat_transforms"):
        matrices = tf.convert_to_tensor(transform_matrices, name="transform_matrices")
        flat = tf.reshape(matrices, tf.constant([-1, 9]))
        flat /= flat[:, 8:9]
        return flat[:, :8]


def _as_batch(images: Any) -> Any:
    ndims = images.get_shape().ndims
    if ndims not in (2, 3, 4):
        raise TypeError("Images should have a known rank between 2 and 4.")
    if ndims == 2:
        return images[None, :, :, None]
    return images[None, :, :, :] if ndims == 3 else images


def _as_given(output: Any, given: Any) -> Any:
    ndims = given.get_shape().ndims
    if ndims == 2:
        return output[0, :, :, 0]
    return output[0, :, :, :] if ndims == 3 else output


def _with_rank(values: Any, rank: int, what: str) -> Any:
    """The values with an axis in front if they are of one rank less."""
    ndims = values.get_shape().ndims
    if ndims not in (rank - 1, rank):
        raise TypeError(f"{what} should have rank {rank - 1} or {rank}.")
    return values[None] if ndims < rank else values
