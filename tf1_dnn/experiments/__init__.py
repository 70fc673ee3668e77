"""The post's claims put to the test: what it says of batch norm, clipping and optimizers.

    from tf1_dnn import data, experiments

    result = experiments.run("vanishing", data.load(), seeds=3, quick=True)
    for claim, verdict in zip(result.experiment.claims, result.verdicts):
        print(claim.sentence, claim.rule, verdict.word, verdict.because, sep="\n")
    print(experiments.markdown(result))
    experiments.plot(result, "vanishing.png")

Each experiment is a module with its conditions, what a run of one measures, and its claims, each
with a rule in words and as a function, both written before the figures. `python -m
tf1_dnn.experiments` runs them and writes the report that `read_report` reads.
"""

from tf1_dnn.experiments.document import markdown, plot, read_report, verdicts_markdown
from tf1_dnn.experiments.protocol import Result
from tf1_dnn.experiments.registry import EXPERIMENTS, NAMES
from tf1_dnn.experiments.suite import run, run_all

__all__ = [
    "EXPERIMENTS",
    "NAMES",
    "Result",
    "markdown",
    "plot",
    "read_report",
    "run",
    "run_all",
    "verdicts_markdown",
]
