"""tensorflow.contrib.stateless, which became tf.random.stateless_*."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    renamed={
        "stateless_multinomial": "tensorflow.random.stateless_multinomial",
        "stateless_random_normal": "tensorflow.random.stateless_normal",
        "stateless_random_uniform": "tensorflow.random.stateless_uniform",
        "stateless_truncated_normal": "tensorflow.random.stateless_truncated_normal",
    },
)
