"""What TensorFlow 1 had and nothing has today: one sentence each, at the point of use."""

from typing import NamedTuple

LIST = "docs/contrib.md lists what is restored"


class Gone(NamedTuple):
    """A part of TensorFlow 1 that lives nowhere."""

    what: str
    since: str  # the first TensorFlow without it
    instead: str


_ESTIMATORS = Gone(
    "the Estimator API", "2.16", "a tf.Session loop over the model function's ops, or tf.keras"
)
_COLUMNS = Gone("contrib's feature columns", "2.0", "tf.feature_column")
_TPU = Gone(
    "training on TPUs by TPUEstimator", "2.0", "tf.distribute.TPUStrategy with TensorFlow 2"
)
_CUDNN = Gone(
    "the cuDNN recurrent layers",
    "2.0",
    "tf.contrib.rnn.LSTMBlockFusedCell, or tf.keras.layers.LSTM",
)
_FORESTS = Gone(
    "decision forests", "2.0", "the package tensorflow_decision_forests, or scikit-learn"
)
_BAYES = Gone("stochastic graphs", "2.0", "the package tensorflow_probability")
_CLOUD = Gone("a connector to a data service", "2.0", "the package tensorflow_io")

# Old name, of a package or of one thing: it is gone with all that is below it.
GONE = {
    "tensorflow.estimator": _ESTIMATORS,
    "tensorflow.python.estimator": _ESTIMATORS,
    "tensorflow.contrib.estimator": _ESTIMATORS,
    "tensorflow.contrib.predictor": _ESTIMATORS,
    "tensorflow.contrib.timeseries": Gone(
        "time series estimators", "2.0", "the package tensorflow_probability (sts)"
    ),
    "tensorflow.contrib.kernel_methods": _ESTIMATORS,
    "tensorflow.contrib.linear_optimizer": _ESTIMATORS,
    "tensorflow.contrib.boosted_trees": _FORESTS,
    "tensorflow.contrib.tensor_forest": _FORESTS,
    "tensorflow.contrib.decision_trees": _FORESTS,
    "tensorflow.contrib.factorization": Gone(
        "k-means, Gaussian mixtures and matrix factorization", "2.0", "scikit-learn"
    ),
    "tensorflow.contrib.tpu": _TPU,
    "tensorflow.contrib.cudnn_rnn": _CUDNN,
    "tensorflow.contrib.gan": Gone("TF-GAN", "2.0", "the package tensorflow_gan"),
    "tensorflow.contrib.kfac": Gone("the K-FAC optimizer", "1.13", "the package kfac"),
    "tensorflow.contrib.lite": Gone("TensorFlow Lite's old place", "1.13", "tf.lite"),
    "tensorflow.contrib.tensorrt": Gone(
        "TensorRT's old place", "2.0", "tensorflow.python.compiler.tensorrt"
    ),
    "tensorflow.contrib.bayesflow": _BAYES,
    "tensorflow.contrib.bigtable": _CLOUD,
    "tensorflow.contrib.cloud": _CLOUD,
    "tensorflow.contrib.kafka": _CLOUD,
    "tensorflow.contrib.kinesis": _CLOUD,
    "tensorflow.contrib.ignite": _CLOUD,
    "tensorflow.contrib.hadoop": _CLOUD,
    "tensorflow.contrib.ffmpeg": Gone(
        "audio and video by ffmpeg", "2.0", "tf.audio, or the package tensorflow_io"
    ),
    "tensorflow.contrib.nccl": Gone("NCCL's reductions", "2.0", "tf.distribute.NcclAllReduce"),
    "tensorflow.contrib.all_reduce": Gone("all-reduce algorithms", "2.0", "tf.distribute"),
    "tensorflow.contrib.model_pruning": Gone(
        "weight pruning", "2.0", "the package tensorflow_model_optimization"
    ),
    "tensorflow.contrib.quantize": Gone(
        "rewriting for quantized training", "2.0", "the package tensorflow_model_optimization"
    ),
    "tensorflow.contrib.tensorboard.plugins.trace": Gone(
        "TensorBoard's trace plugin", "2.0", "tf.profiler"
    ),
    "tensorflow.contrib.labeled_tensor": Gone(
        "tensors with named axes", "2.0", "plain tensors, or xarray"
    ),
    "tensorflow.contrib.tfprof": Gone("tfprof's old place", "2.0", "tf.profiler"),
    "tensorflow.contrib.rpc": Gone("ops that call remote procedures", "2.0", "grpc in Python"),
    "tensorflow.contrib.optimizer_v2": Gone(
        "optimizers for DistributionStrategy", "2.0", "tf.train"
    ),
    "tensorflow.contrib.session_bundle": Gone("SessionBundle exports", "2.0", "tf.saved_model"),
    "tensorflow.contrib.learn": Gone(
        "tf.contrib.learn's estimators and input readers",
        "2.0",
        "tf.Session and tf.data, or tf.keras",
    ),
    "tensorflow.models": Gone(
        "the tutorials' recurrent networks", "1.0", "tf.contrib.rnn and tf.nn"
    ),
}

# Names older than TensorFlow 1.0, which 1.15 had no more: the name of 1.0.
RENAMED_IN_1_0 = {
    "mul": "multiply", "sub": "subtract", "neg": "negative", "inv": "reciprocal",
    "pack": "stack", "unpack": "unstack", "select": "where", "concat_v2": "concat",
    "listdiff": "setdiff1d", "batch_matmul": "matmul", "batch_svd": "svd",
    "complex_abs": "abs", "scalar_summary": "summary.scalar",
    "histogram_summary": "summary.histogram", "image_summary": "summary.image",
    "audio_summary": "summary.audio", "merge_summary": "summary.merge",
    "merge_all_summaries": "summary.merge_all", "train.SummaryWriter": "summary.FileWriter",
    "nn.rnn": "nn.static_rnn", "nn.bidirectional_rnn": "nn.static_bidirectional_rnn",
    "nn.deconv2d": "nn.conv2d_transpose", "nn.seq2seq": "contrib.legacy_seq2seq",
}  # fmt: skip


def attribute_error(name: str) -> AttributeError:
    """The error for a name that TensorFlow 1's API lacks, with what is known of it."""
    package, _, attribute = name.rpartition(".")
    lacks = f"module '{package}' has no attribute '{attribute}'"
    known = sentence(name)
    return AttributeError(f"{lacks}: {known}" if known else lacks)


def module_error(name: str) -> ModuleNotFoundError:
    """The error for an import of what TensorFlow 1's API lacks, with what is known of it."""
    known = sentence(name)
    lacks = f"No module named '{name}'"
    return ModuleNotFoundError(f"{lacks}: {known}" if known else lacks)


def source_error(name: str, package: str, error: Exception) -> AttributeError:
    """The error for a restored name whose package cannot be imported."""
    return AttributeError(
        f"{name} comes from {package}, which cannot be imported here "
        f"({type(error).__name__}: {error}): install a {package} that knows this TensorFlow"
    )


def is_known(name: str) -> bool:
    """Whether there is something to say of a name that is not there."""
    return sentence(name) is not None


def sentence(name: str) -> str | None:
    """What is known of a name that is not there; None if nothing is."""
    place = name
    while "." in place:
        if place in GONE:
            gone = GONE[place]
            return (
                f"{_short(place)}, {gone.what}, is gone since TensorFlow {gone.since}: "
                f"use {gone.instead}"
            )
        place = place.rpartition(".")[0]
    bare = name.partition(".")[2]
    if bare in RENAMED_IN_1_0:
        return f"TensorFlow 1.0 renamed it: use tf.{RENAMED_IN_1_0[bare]}"
    if name.startswith("tensorflow.contrib."):
        return f"tf.contrib was removed in TensorFlow 2.0, and this name is not restored: {LIST}"
    return None


def _short(name: str) -> str:
    return f"tf.{name.partition('.')[2]}"
