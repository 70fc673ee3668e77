"""How good a network is on a data set, by the moving averages; changes no variable."""

from typing import Any, NamedTuple

import numpy as np

from tf1_dnn.data import Dataset
from tf1_dnn.graph import ModelSpec

BATCH = 1_000  # examples fed at once, to save memory; the post feeds all 5,000


class Scores(NamedTuple):
    accuracy: float
    loss: float  # mean over the examples


def evaluate(session: Any, model: ModelSpec, dataset: Dataset) -> Scores:
    """Accuracy and mean loss over a data set."""
    return classify(session, model, dataset)[0]


def classify(session: Any, model: ModelSpec, dataset: Dataset) -> tuple[Scores, np.ndarray]:
    """`evaluate`, and the class of each example's largest logit, int `[n]`.

    Of several largest logits it is the label's, as `correct` has it.
    """
    fetches = [model.correct, model.tower.losses.loss, model.tower.network.logits]
    n_correct, total_loss, classes = 0, 0.0, []
    for start in range(0, dataset.n_examples, BATCH):
        inputs, labels = dataset.examples(slice(start, start + BATCH))
        feed_dict = model.placeholders.feed_dict((inputs, labels))
        correct, loss, logits = session.run(fetches, feed_dict)
        n_correct += int(correct.sum())
        total_loss += float(loss) * len(correct)
        classes.append(np.where(correct, labels, logits.argmax(axis=1)))
    n = dataset.n_examples
    return Scores(n_correct / n, total_loss / n), np.concatenate(classes)
