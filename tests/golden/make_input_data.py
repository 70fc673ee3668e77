"""Record the batches of TensorFlow 1.15.5's input_data: python make_input_data.py OUT.json

The data: 103 training and 20 test images of 2 x 3 pixels, of which every pixel holds the image's
number, labels of 10 classes. Nothing here is shared with tf1_dnn.
"""

import gzip
import json
import os
import struct
import sys
import tempfile

import numpy as np

N_TRAIN, N_TEST = 103, 20
CASES = {
    "graph seed": dict(graph_seed=42),
    "own seed": dict(graph_seed=42, options=dict(seed=7)),
    "own seed alone": dict(options=dict(seed=7)),
    "NumPy's seed": dict(numpy_seed=3),
    "one-hot": dict(graph_seed=1, options=dict(one_hot=True, validation_size=0)),
    "uint8, four dimensions": dict(graph_seed=1, options=dict(dtype="uint8", reshape=False)),
    "not shuffled": dict(graph_seed=1, shuffle=False),
    "batch as large as the set": dict(graph_seed=5, batch_size=83),
}


def write_files(folder):
    """The four files that read_data_sets reads."""
    for name, n in (("train", N_TRAIN), ("t10k", N_TEST)):
        images = np.repeat(np.arange(n, dtype=np.uint8), 6).reshape(n, 2, 3)
        labels = (np.arange(n) * 7 % 10).astype(np.uint8)
        for kind, magic, array in (("images-idx3", 2051, images), ("labels-idx1", 2049, labels)):
            with gzip.open(os.path.join(folder, "%s-%s-ubyte.gz" % (name, kind)), "wb") as file:
                file.write(struct.pack(">%dI" % (1 + array.ndim), magic, *array.shape))
                file.write(array.tobytes())


def batches(tf, input_data, folder, case):
    """What a program sees of three epochs: the images' numbers, labels, and bits of the first."""
    tf.reset_default_graph()
    np.random.seed(case.get("numpy_seed"))
    if "graph_seed" in case:
        tf.set_random_seed(case["graph_seed"])
    options = dict(dict(validation_size=20), **case.get("options", {}))
    sets = input_data.read_data_sets(folder, **options)
    if "numpy_seed" in case:  # without a seed of its own it has just been set by the clock
        np.random.seed(case["numpy_seed"])
    drawn = []
    for _ in range(3 * 83 // 10):
        images, labels = sets.train.next_batch(
            case.get("batch_size", 10), shuffle=case.get("shuffle", True)
        )
        numbers = images.reshape(len(images), -1)[:, 0].astype(np.float64)
        numbers = numbers * 255 if images.dtype == np.float32 else numbers
        drawn.append([np.rint(numbers).astype(int).tolist(), np.asarray(labels).tolist()])
    return {
        "batches": drawn,
        "dtypes": [images.dtype.name, labels.dtype.name],
        "shapes": [list(images.shape), list(labels.shape)],
        "bits": images.tobytes().hex()[:64],
        "n_examples": [each.num_examples for each in sets],
        "epochs_completed": sets.train.epochs_completed,
    }


def main():
    import tensorflow as tf
    from tensorflow.examples.tutorials.mnist import input_data

    with tempfile.TemporaryDirectory() as folder:
        write_files(folder)
        recorded = {name: batches(tf, input_data, folder, case) for name, case in CASES.items()}
    with open(sys.argv[1], "w") as file:
        json.dump(recorded, file)


if __name__ == "__main__":
    main()
