"""Small TensorFlow 1 programs get the op seeds, graph sizes and random numbers of 1.15.5."""

import json
import os
import subprocess
import sys

import pytest
from conftest import GOLDEN

MAKER = GOLDEN / "make_op_seeds.py"
# shuffle_and_repeat has two ops in the place of one, the first with its seeds.
REFERENCE = json.loads(
    (GOLDEN / "op_seeds.json").read_text().replace("ShuffleAndRepeatDataset", "ShuffleDataset")
)
EAGER_REFERENCE = json.loads((GOLDEN / "op_seeds_eager.json").read_text())

# TensorFlow 1's names and behaviour without its rule for seeds.
WITHOUT_THE_RULE = """
import runpy, sys
from tf1_dnn import compat
compat.tf.disable_v2_behavior()
sys.modules["tensorflow"] = compat.tf
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""

# What builds more or fewer ops than in TensorFlow 1.15.5: random ops without a seed of their own,
# built after it, get another one.
_FIT = (
    "m = K.Sequential([Q.Dense(3, input_shape=[4]), Q.Dropout(0.5), Q.Dense(2)]); "
    "m.compile('rmsprop', 'mse'); m.fit(np.ones([4, 4]), np.ones([4, 2]), verbose=0)"
)
_SEQUENCE = (
    "tf.io.parse_single_sequence_example('a', {'x': tf.FixedLenFeature([2], tf.float32)}, "
    "{'y': tf.FixedLenSequenceFeature([], tf.int64)})"
)
_SPARSE = "tf.nn.embedding_lookup_sparse(v(20, 4), tf.SparseTensor([[0, 0]], [1], [2, 4]), None"
_SPARSE_MATMUL = "tf.sparse_tensor_dense_matmul(tf.SparseTensor([[0, 0]], [1.], [2, 4]), W)"
_SHUFFLED = "the elements are the old ones, by other ops than a shuffle with seeds"
KNOWN = {
    "variables: tf.Variable(1.); tf.train.Saver(sharded=True)": "sharded files are named anew",
    "variables: tf.sparse_placeholder(tf.float32, [2, 3])": "a known shape can be fed",
    "maths: tf.einsum('ij,jk->ik', X, tf.ones([4, 2]))": "an op of its own",
    "maths: tf.einsum('ij,ij->i', X, Y)": "an op of its own",
    "maths: tf.linalg.expm(tf.eye(2))": "checks for infinity",
    "maths: tf.signal.stft(p(100), 16, 8)": "known shapes are folded",
    f"maths: {_SEQUENCE}": "keys are tensors",
    "maths: tf.TensorArray(tf.float32, size=0, dynamic_size=True).write(0, X).concat()": "its size",
    "maths: tf.hessians(tf.reduce_sum(X ** 2), X)": "the stack of a loop's gradients",
    "maths: tf.histogram_fixed_width_bins(X, [0., 1.])": "an assertion",
    "maths: tf.nn.weighted_moments(X, [0], 1.)": "divides without nan",
    "maths: tf.nn.sufficient_statistics(X, [0])": "a constant",
    f"nn: {_SPARSE})": "ids are not made unique",
    f"nn: {_SPARSE}, combiner='sum')": "ids are not made unique",
    "gradients: tf.einsum('abc,cd->abd', T, W)": "an op of its own",
    "gradients: tf.reduce_prod(X, 1)": "broadcasts instead of tiling",
    "gradients: tf.gather(S, [0, 1], axis=1)": "other than the first axis",
    "gradients: tf.broadcast_to(V, [3, 4])": "a constant",
    "gradients: tf.unsorted_segment_sum(S, [0, 0, 1], 2)": "a mask of the inputs' shape",
    f"gradients: {_SPARSE_MATMUL}": "by a batch of products",
    "optimizer calls: tf.train.SyncReplicasOptimizer(A, 1).minimize(y, global_step=g)": "a queue",
    "data: D.range(10).shuffle(5, seed=3).repeat().batch(2).make_one_shot_iterator().get_next()": (
        _SHUFFLED
    ),
    (
        "data: D.range(10).shuffle(5).repeat().batch(2).prefetch(1).make_one_shot_iterator()"
        ".get_next()"
    ): _SHUFFLED,
    "image: tf.image.random_jpeg_quality(O, 50, 90)": "clips before it casts",
    "image: tf.image.resize_images(M, [4, 4], preserve_aspect_ratio=True)": "two slices",
    "image: tf.image.central_crop(U, 0.5)": "the fraction is cast",
    "image: tf.image.decode_image('a')": "an op of its own",
    "image: tf.image.decode_image('a', channels=3)": "an op of its own",
    "keras: Q.LayerNormalization()(X)": "by the fused op",
    "keras: Q.Dot(1)([X, X])": "by a batch of products",
    "keras: Q.Attention()([C, C])": "its dropout",
    f"keras: {_FIT}": "its train function",
}


@pytest.fixture
def recorded(activated, tmp_path):
    """What the programs do on today's TensorFlow, in the form of the reference."""

    def record(*arguments):
        _, stderr, code = activated.run(MAKER, "--out", tmp_path / "found.json", *arguments)
        assert code == 0, stderr
        return json.loads((tmp_path / "found.json").read_text())

    return record


def test_sizes_seeds_and_values_are_those_of_1_15_5(recorded):
    found = recorded()
    assert {program for program in REFERENCE if found[program] != REFERENCE[program]} == set(KNOWN)
    for program in KNOWN:  # of which the seeds within, and the values, are equal all the same
        assert found[program][1] == REFERENCE[program][1], program
        assert found[program][3] == REFERENCE[program][3], program


def test_the_reference_holds_what_ran_and_all_that_is_known():
    assert all(isinstance(size, int) for size, *_ in REFERENCE.values())
    assert set(KNOWN) <= set(REFERENCE)


def test_eager_programs_draw_what_they_drew(recorded):
    assert recorded("--only", "eager") == EAGER_REFERENCE


def test_without_the_rule_seeds_are_others(tmp_path):
    argv = [str(MAKER), "--out", str(tmp_path / "found.json"), "--only", "initializers"]
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_THE_RULE, *argv]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found = json.loads((tmp_path / "found.json").read_text())
    seeded = [program for program in found if REFERENCE[program][1] and "seed=" not in program]
    assert len(seeded) > 20
    assert all(found[program][1:] != REFERENCE[program][1:] for program in seeded)
