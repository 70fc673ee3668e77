"""tf.contrib.distributions' normals of several variables, with a diagonal or triangular scale."""

import math
from typing import Any

from tf1_dnn.compat import tf

_Distribution: Any = tf.distributions.Distribution
_REPARAMETERIZED: Any = tf.distributions.FULLY_REPARAMETERIZED


class _MultivariateNormal(_Distribution):
    """loc + scale · standard normal, where a subclass says what scale does."""

    def __init__(
        self, loc: Any, validate_args: bool, allow_nan_stats: bool, name: str, scale: Any
    ) -> None:
        self._loc, self._scale = loc, scale
        super().__init__(
            dtype=scale.dtype.base_dtype,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            reparameterization_type=_REPARAMETERIZED,
            parameters={"loc": loc, "scale": scale},
            graph_parents=[scale],
            name=name,
        )

    @property
    def loc(self) -> Any:
        """The mean, None for zeros."""
        return self._loc

    def _event_size(self) -> Any:
        return tf.shape(self._scale)[-1]

    def _batch_shape_tensor(self) -> Any:
        return tf.shape(self._mean())[:-1]

    def _batch_shape(self) -> Any:
        return self._mean().shape[:-1]

    def _event_shape_tensor(self) -> Any:
        return tf.shape(self._scale)[-1:]

    def _event_shape(self) -> Any:
        return self._scale.shape[-1:]

    def _sample_n(self, n: Any, seed: int | None = None) -> Any:
        shape = tf.concat([[n], tf.shape(self._mean())], 0)
        return self._mean() + self._scaled(tf.random_normal(shape, dtype=self.dtype, seed=seed))

    def _log_prob(self, value: Any) -> Any:
        z = self._unscaled(value - self._mean())
        size = tf.cast(self._event_size(), self.dtype)
        normalization = 0.5 * size * math.log(2 * math.pi) + self._log_det()
        return -0.5 * tf.reduce_sum(tf.square(z), -1) - normalization

    def _prob(self, value: Any) -> Any:
        return tf.exp(self._log_prob(value))

    def _entropy(self) -> Any:
        size = tf.cast(self._event_size(), self.dtype)
        entropy = 0.5 * size * (1 + math.log(2 * math.pi)) + self._log_det()
        return entropy + tf.zeros(self._batch_shape_tensor(), self.dtype)

    def _mode(self) -> Any:
        return self._mean()

    def _stddev(self) -> Any:
        return tf.sqrt(self._variance())

    def _scaled(self, x: Any) -> Any:
        raise NotImplementedError

    def _unscaled(self, x: Any) -> Any:
        raise NotImplementedError

    def _log_det(self) -> Any:
        raise NotImplementedError


class MultivariateNormalDiag(_MultivariateNormal):
    """Independent normals: their scale is `scale_diag` + `scale_identity_multiplier`, or 1."""

    def __init__(
        self,
        loc: Any = None,
        scale_diag: Any = None,
        scale_identity_multiplier: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalDiag",
    ) -> None:
        with tf.name_scope(name, values=[loc, scale_diag, scale_identity_multiplier]) as scope:
            loc = None if loc is None else tf.convert_to_tensor(loc, name="loc")
            if scale_diag is None:
                if loc is None:
                    raise ValueError("Need loc or scale_diag to know the event's size")
                scale = tf.ones_like(loc)
            else:
                scale = tf.convert_to_tensor(scale_diag, name="scale_diag")
            if scale_identity_multiplier is not None:
                factor = tf.convert_to_tensor(scale_identity_multiplier, dtype=scale.dtype)
                scale = (
                    scale + factor[..., None]
                    if scale_diag is not None
                    else (scale * factor[..., None])
                )
            super().__init__(loc, validate_args, allow_nan_stats, scope, scale)

    def _mean(self) -> Any:
        zeros = tf.zeros_like(self._scale)
        return zeros if self._loc is None else self._loc + zeros

    def _variance(self) -> Any:
        return tf.square(self._scale) + tf.zeros_like(self._mean())

    def _covariance(self) -> Any:
        return tf.matrix_diag(self._variance())

    def _scaled(self, x: Any) -> Any:
        return x * self._scale

    def _unscaled(self, x: Any) -> Any:
        return x / self._scale

    def _log_det(self) -> Any:
        return tf.reduce_sum(tf.log(tf.abs(self._scale)), -1)


class MultivariateNormalTriL(_MultivariateNormal):
    """Normals whose scale is a lower triangular matrix, `scale_tril`."""

    def __init__(
        self,
        loc: Any = None,
        scale_tril: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalTriL",
    ) -> None:
        with tf.name_scope(name, values=[loc, scale_tril]) as scope:
            loc = None if loc is None else tf.convert_to_tensor(loc, name="loc")
            if scale_tril is None:
                raise ValueError("scale_tril must be given")
            scale = tf.matrix_band_part(tf.convert_to_tensor(scale_tril, name="scale_tril"), -1, 0)
            super().__init__(loc, validate_args, allow_nan_stats, scope, scale)

    def _mean(self) -> Any:
        zeros = tf.zeros_like(self._scale[..., 0])
        return zeros if self._loc is None else self._loc + zeros

    def _covariance(self) -> Any:
        return tf.matmul(self._scale, self._scale, transpose_b=True)

    def _variance(self) -> Any:
        return tf.reduce_sum(tf.square(self._scale), -1) + tf.zeros_like(self._mean())

    def _scaled(self, x: Any) -> Any:
        return tf.einsum("...ij,...j->...i", self._scale, x)

    def _unscaled(self, x: Any) -> Any:
        scale = self._scale + tf.zeros_like(x)[..., None]
        return tf.matrix_triangular_solve(scale, x[..., None])[..., 0]

    def _log_det(self) -> Any:
        return tf.reduce_sum(tf.log(tf.abs(tf.matrix_diag_part(self._scale))), -1)


class MultivariateNormalFullCovariance(MultivariateNormalTriL):
    """Normals with a covariance matrix."""

    def __init__(
        self,
        loc: Any = None,
        covariance_matrix: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "MultivariateNormalFullCovariance",
    ) -> None:
        scale = tf.cholesky(covariance_matrix)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name)
