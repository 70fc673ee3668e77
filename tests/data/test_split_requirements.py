"""Which arrays can be trained on; a sentence for each that cannot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from small_pairs import changed, pair, split

from tf1_dnn.errors import DataError

IMAGES, LABELS = pair(60)
FLOATS = IMAGES.astype(np.float64)


@pytest.mark.parametrize(
    "images, labels, words",
    [
        (IMAGES.astype(np.int64), LABELS, "training images are int64: "),
        (IMAGES.astype(bool), LABELS, "training images are bool: "),
        (IMAGES.astype(complex), LABELS, "training images are complex128: "),
        (IMAGES.astype(object), LABELS, "training images are object: "),
        (IMAGES.astype(str), LABELS, "training images are <U3: "),
        (changed(FLOATS, (3, 0, 0), np.nan), LABELS, "training images are not all finite: "),
        (changed(FLOATS, (3, 0, 0), -np.inf), LABELS, "training images are not all finite: "),
        (changed(FLOATS, (3, 0, 0), 1e39), LABELS, "training images are not all finite: "),
        (IMAGES[:, 0, 0], LABELS, "training images are (60,): "),
        (IMAGES[0, 0, 0], LABELS, "training images are (): "),
        (IMAGES[:0], LABELS[:0], "training images are (0, 3, 2): "),
        (IMAGES[:, :, :0], LABELS, "training images are (60, 3, 0): "),
        (IMAGES, LABELS[1:], "training images are 60, the labels 59: "),
        (IMAGES, LABELS.astype(float), "training labels are float64 (60,): "),
        (IMAGES, LABELS.astype(bool), "training labels are bool (60,): "),
        (IMAGES, LABELS.astype(np.float16), "training labels are float16 (60,): "),
        (IMAGES, LABELS.astype("m8[s]"), "training labels are timedelta64[s] (60,): "),
        (IMAGES, LABELS.astype("M8[D]"), "training labels are datetime64[D] (60,): "),
        (IMAGES, LABELS.astype(complex), "training labels are complex128 (60,): "),
        (IMAGES, LABELS.astype(bytes), "training labels are |S3 (60,): "),
        (IMAGES, LABELS.astype([("a", "u1")]), "training labels are [('a', 'u1')] (60,): "),
        (IMAGES.astype("m8[s]"), LABELS, "training images are timedelta64[s]: "),
        (IMAGES.astype([("a", "u1")]), LABELS, "training images are [('a', 'u1')]: "),
        (IMAGES, LABELS[:, None], "training labels are uint8 (60, 1): "),
        (IMAGES, np.eye(4, dtype=int)[LABELS], "training labels are int64 (60, 4): "),
        (IMAGES, LABELS.astype(int) - 1, "training labels include -1: "),
        (IMAGES, changed(LABELS, -1, 255), "reach 255, but only 5 of the numbers 0 to 255 occur: "),
        (IMAGES, LABELS.astype(np.uint64) + 2**63, "reach 9223372036854775811, but only 4 of"),
        (IMAGES, LABELS + 5, "reach 8, but only 4 of the numbers 0 to 8 occur: "),
        (IMAGES, LABELS % 3, "the label 3 is held out for validation or test, but training labels"),
        (IMAGES, changed(LABELS, 9, 5), "the label 5 is held out for validation or test, but"),
        (IMAGES[:1], LABELS[:1], "one training image: "),
        (IMAGES[:, :2], LABELS, "images are (2, 2), but (3, 2) for test: "),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_trained_on_is_refused(images, labels, words):
    with pytest.raises(DataError) as caught:
        split((images, labels))
    sentence = str(caught.value)
    assert sentence.startswith("in /data/small.npz ") and words in sentence
    assert "\n" not in sentence
    split((IMAGES, LABELS))  # the negative control


def test_test_sets_are_checked_too():
    for images, labels, words in [
        (IMAGES.astype(int), LABELS, "the test images are int64"),
        (IMAGES[:0], LABELS[:0], "the test images are (0, 3, 2)"),
        (IMAGES, LABELS.astype(int) - 9, "the test labels include -9"),
    ]:
        with pytest.raises(DataError, match="in /data/small.npz") as caught:
            split(test=(images, labels))
        assert words in str(caught.value)


SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9)
ARRAYS = hnp.arrays(st.one_of(hnp.scalar_dtypes(), hnp.integer_dtypes()), SHAPES)


@settings(max_examples=100, deadline=None)
@given(ARRAYS, ARRAYS)
def test_fuzzed_arrays_are_split_or_refused(images, labels):
    for train, test in [((images, labels),) * 2, ((IMAGES, labels), pair(20))]:
        try:
            splits = split(train, test)
        except DataError as error:
            assert "\n" not in str(error)
        else:
            assert 2 <= splits.n_outputs <= 2 * len(train[1])
            assert np.isfinite(splits.train.inputs()).all()
