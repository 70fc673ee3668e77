"""tensorflow.contrib.learn, beyond its estimators: modes, data sets and vocabularies."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    renamed={
        "datasets": "tf1_dnn.run.contrib._learn_datasets",
        "preprocessing": "tf1_dnn.run.contrib._vocabulary",
        "NanLossDuringTrainingError": "tensorflow.train.NanLossDuringTrainingError",
    },
)


class ModeKeys:
    """What a model function is asked for."""

    TRAIN = "train"
    EVAL = "eval"
    INFER = "infer"
