"""tensorflow.contrib.distribute, of which tf.distribute has the strategies."""

from tf1_dnn.run.contrib._names import names_from

_EXPERIMENTAL = "tensorflow.distribute.experimental"

__getattr__, __dir__ = names_from(
    __name__,
    "tensorflow.distribute",
    renamed={
        "DistributionStrategy": "tensorflow.distribute.Strategy",
        "ParameterServerStrategy": f"{_EXPERIMENTAL}.ParameterServerStrategy",
        "CollectiveAllReduceStrategy": f"{_EXPERIMENTAL}.MultiWorkerMirroredStrategy",
        "get_distribution_strategy": "tensorflow.distribute.get_strategy",
        "has_distribution_strategy": "tensorflow.distribute.has_strategy",
    },
)
