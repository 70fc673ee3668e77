"""tf1_dnn: its trainer as it is, whole epochs in the graph or (--step) one step at a time."""

import common

from tf1_dnn import cli, data
from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, Execution
from tf1_dnn.training import trainer


def main(argv=None):
    args = common.parse_args(step="the post's loop, one session.run a mini-batch")
    config = PRESETS[args.preset].replace(n_epochs=args.epochs)
    execution = Execution(loop="step" if args.step else "epoch")
    history = trainer.train(config, data.load(path=args.data), execution=execution)
    results = dict(
        epoch_seconds=[epoch.seconds for epoch in history.epochs],
        valid_accuracies=[epoch.valid_accuracy for epoch in history.epochs],
        test_accuracy=history.test.test_accuracy,
    )
    common.report(results, tensorflow=tf.__version__)
    return 0


if __name__ == "__main__":
    cli.end(main)  # as the commands do
