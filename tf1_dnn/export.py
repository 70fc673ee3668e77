"""python -m tf1_dnn.export: a run's network as a SavedModel, for TensorFlow Serving and others."""

import math
import os
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from tf1_dnn import __version__, cli, network_source, options
from tf1_dnn.errors import Error
from tf1_dnn.network_source import NetworkSource
from tf1_dnn.runs import config_json
from tf1_dnn.runs import directory as run_directory
from tf1_dnn.runs import restore, saved_model
from tf1_dnn.spec import PathLike

_TOLD = ("image_shape", "n_outputs", "scale", "classes", "plain")  # of the data


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.export",
        description="Write the network of a run as a SavedModel. Its signature serving_default "
        "takes images, float32 [batch, n], as the network saw them (0 to 1 where the data are "
        "bytes), and gives probabilities, float32 [batch, n_outputs], and classes, int64 [batch].",
    )
    parser.add_argument("run_dir", metavar="RUN_DIR", help="a directory of tf1_dnn.train --run-dir")
    parser.add_argument(
        "directory",
        metavar="DIR",
        help="a directory that does not exist yet; TensorFlow Serving wants .../NAME/VERSION",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="last|best|PREFIX",
        help="which one, or any TensorFlow checkpoint (default: the one that the run's test "
        "figure came from)",
    )
    parser.add_argument(
        "--fold",
        action="store_true",
        help="fold batch norm into kernels and biases: same outputs (to 1e-5), less to compute; "
        "that of a network of your own stays",
    )
    options.add_network_of_run(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = make_parser().parse_args(argv)
    source = options.find_network(given.network)
    export(**{**vars(given), "network": source})
    cli.say_written(given.directory)
    return 0


def export(
    run_dir: PathLike,
    directory: PathLike,
    *,
    checkpoint: str | None = None,
    fold: bool = False,
    network: Callable[..., Any] | NetworkSource | None = None,
    trust_code: bool = False,
) -> None:
    """Write the network of a run as a SavedModel, whole or not at all.

    Args:
      run_dir: the run's directory.
      directory: where to write; must not exist, its parents are made.
      checkpoint: as in `restore.find_checkpoint`.
      fold: fold batch norm into kernels and biases; no effect on a run without. That of a network
        of the user's own stays, which is said.
      network: the run's, if it is one of the user's own.
      trust_code: run the text of it that the run keeps, in the place of `network`.

    Raises:
      RunError: `run_dir` is not a run, or the checkpoint cannot be restored.
      Error: `directory` exists or cannot be written.
    """
    directory, description = Path(directory), config_json.read(run_dir)
    run_directory.require_utf8(directory)
    restore.find_checkpoint(run_dir, description, checkpoint)
    if os.path.lexists(directory):
        raise Error(f"{directory} exists already: name a directory that does not.")
    source = network_source.as_source(network)
    source = restore.find_network(Path(run_dir), description.network, source, trust_code=trust_code)
    with restore.restored(run_dir, checkpoint, network=source) as run:
        variables = run.model.graph.get_collection("variables")
        values = run.session.run({variable.op.name: variable for variable in variables})
    from tf1_dnn.graph.inference import build_inference, fold_batch_norm

    data, config = description.data, description.config
    inference = build_inference(
        config,
        math.prod(data.image_shape),
        data.n_outputs,
        image_shape=data.image_shape,
        own=network_source.load(source),
        fold=fold,
    )
    if fold and source is not None:
        _say_what_stays(source, values)
    elif fold and config.batch_norm:
        values = fold_batch_norm(values, config)
    metadata = {name: getattr(data, name) for name in _TOLD}
    origin = {"config": config, "folded": fold, "network": description.network}
    origin["tf1_dnn"] = __version__
    text = source.text if source else None
    saved_model.write(directory, inference, values, {**metadata, **origin}, text)


def _say_what_stays(source: NetworkSource, values: Mapping[str, Any]) -> None:
    """Name the batch norms of a network of the user's own, which nothing tells how to fold."""
    scopes = [name.rpartition("/")[0] for name in values if name.endswith("/moving_mean")]
    if scopes:
        cli.say(f"not folded: {', '.join(scopes)}, as {source.name} is a network of your own")


if __name__ == "__main__":
    cli.end(main)
