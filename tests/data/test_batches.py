"""The post's shuffle: exact values against the post's own lines."""

import numpy as np
import pytest
from small_pairs import split

from tf1_dnn import data
from tf1_dnn.errors import DataError


def posts_shuffle_batch(inputs, labels, batch_size):
    """The post's function, word for word."""
    rnd_idx = np.random.permutation(len(inputs))
    n_batches = len(inputs) // batch_size
    for batch_idx in np.array_split(rnd_idx, n_batches):
        batch_x, batch_y = inputs[batch_idx], labels[batch_idx]
        yield batch_x, batch_y


@pytest.mark.parametrize("offset, batch_size", [(0, 7), (1, 50), (5, 49)])
def test_batches_are_the_posts(offset, batch_size):
    dataset = split().train
    np.random.seed(42)
    for _ in range(offset):
        next(posts_shuffle_batch(dataset.images, dataset.labels, batch_size))
    random_state = data.shuffle_state(42, offset, dataset.n_examples)
    for _ in range(2):
        expected = list(posts_shuffle_batch(dataset.inputs(), dataset.labels, batch_size))
        batches = list(data.shuffle_batch(dataset, batch_size, random_state))
        assert len(batches) == len(expected) == 50 // batch_size
        for (inputs, labels), (batch_x, batch_y) in zip(batches, expected):
            assert inputs.dtype == np.float32 and labels.dtype == np.int32
            np.testing.assert_array_equal(inputs, batch_x)
            np.testing.assert_array_equal(labels, batch_y)


def test_the_remainder_makes_the_first_batches_larger():
    batches = data.batch_indices(55_000, 64, np.random.RandomState(42))
    sizes = [len(batch) for batch in batches]
    assert sizes == [65] * 24 + [64] * 835 and len(sizes) == data.n_batches(55_000, 64) == 859
    assert sorted(np.concatenate(batches)) == list(range(55_000))
    assert batches[0][:5].tolist() == np.random.RandomState(42).permutation(55_000)[:5].tolist()


def test_a_batch_larger_than_the_training_set():
    random_state = np.random.RandomState(0)
    assert len(data.batch_indices(50, 50, random_state)) == 1
    for call in (data.n_batches, lambda *sizes: data.batch_indices(*sizes, random_state)):
        with pytest.raises(DataError, match="mini-batch of 51 .* training set of 50"):
            call(50, 51)
