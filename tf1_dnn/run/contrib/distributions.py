"""tensorflow.contrib.distributions: tf.distributions, and normals of several variables."""

from tf1_dnn.run.contrib._names import names_from

_PLACE = "tensorflow.python.ops.distributions"

__getattr__, __dir__ = names_from(
    __name__,
    "tensorflow.distributions",
    "tf1_dnn.run.contrib._multivariate_normal",
    unlisted=[f"{_PLACE}.util"],
    renamed={
        "BetaWithSoftplusConcentration": f"{_PLACE}.beta.BetaWithSoftplusConcentration",
        "ExponentialWithSoftplusRate": f"{_PLACE}.exponential.ExponentialWithSoftplusRate",
        "GammaWithSoftplusConcentrationRate": (
            f"{_PLACE}.gamma.GammaWithSoftplusConcentrationRate"
        ),
        "LaplaceWithSoftplusScale": f"{_PLACE}.laplace.LaplaceWithSoftplusScale",
        "NormalWithSoftplusScale": f"{_PLACE}.normal.NormalWithSoftplusScale",
        "TransformedDistribution": (f"{_PLACE}.transformed_distribution.TransformedDistribution"),
        "fill_triangular": f"{_PLACE}.util.fill_triangular",
        "fill_triangular_inverse": f"{_PLACE}.util.fill_triangular_inverse",
        "matrix_diag_transform": f"{_PLACE}.util.matrix_diag_transform",
        "reduce_weighted_logsumexp": f"{_PLACE}.util.reduce_weighted_logsumexp",
        "softplus_inverse": f"{_PLACE}.util.softplus_inverse",
        "tridiag": f"{_PLACE}.util.tridiag",
    },
)
