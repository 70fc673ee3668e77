"""python -m tf1_dnn.export: a run's network as a SavedModel, for TensorFlow Serving and others."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from tf1_dnn import __version__, cli, restore
from tf1_dnn.errors import Error, RunError, first_sentence
from tf1_dnn.formats import Path as PathLike
from tf1_dnn.restore import SCALE

if TYPE_CHECKING:
    from tf1_dnn.inference import Inference, Values

METADATA = Path("assets.extra", "tf1_dnn.json")  # SavedModel's place for what is not the graph's


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
        help="fold batch norm into kernels and biases: same outputs (to 1e-5), less to compute",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    export(**vars(make_parser().parse_args(argv)))
    return 0


def export(
    run_dir: PathLike,
    directory: PathLike,
    *,
    checkpoint: str | None = None,
    fold: bool = False,
) -> None:
    """Write the network of a run as a SavedModel, whole or not at all.

    Args:
      run_dir: the run's directory.
      directory: where to write; must not exist, its parents are made.
      checkpoint: as in `restore.find_checkpoint`.
      fold: fold batch norm into the dense kernels and biases; no effect on a run without.

    Raises:
      RunError: `run_dir` is not a run, or the checkpoint cannot be restored.
      Error: `directory` exists or cannot be written.
    """
    directory, description = Path(directory), restore.read_run(run_dir)
    restore.find_checkpoint(run_dir, description, checkpoint)
    if os.path.lexists(directory):
        raise Error(f"{directory} exists already: name a directory that does not.")
    with restore.restored(run_dir, checkpoint) as run:
        variables = run.model.graph.get_collection("variables")
        values = run.session.run({variable.op.name: variable for variable in variables})
    from tf1_dnn.inference import build_inference, fold_batch_norm

    inference = build_inference(run.model.config, description["data"], fold=fold)
    if fold and run.model.config.batch_norm:
        values = fold_batch_norm(values)
    data = {name: description["data"][name] for name in ("image_shape", "n_outputs")}
    data["scale"] = description["data"].get("scale", SCALE)
    origin = {"config": description["config"], "folded": fold, "tf1_dnn": __version__}
    _write(directory, inference, values, {**data, **origin})


def read_metadata(directory: Path) -> dict[str, Any]:
    """What an export says of its data: image_shape, n_outputs, scale; RunError if damaged."""
    path = directory / METADATA
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
        math.prod(int(size) for size in metadata["image_shape"])
        scale = metadata["scale"]
        return {**metadata, "scale": scale if scale is None else float(scale)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = first_sentence(error)
        raise RunError(f"{path} is damaged ({reason}): export the run again.") from error


def _write(
    directory: Path, inference: Inference, values: Values, metadata: Mapping[str, Any]
) -> None:
    """Write into a folder beside `directory`, and rename; Error if the disk does not allow it."""
    from tf1_dnn.compat import tf
    from tf1_dnn.inference import save

    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".export-") as folder:
            partial = Path(folder, directory.name)
            save(partial, inference, values)
            (partial / METADATA).parent.mkdir()
            (partial / METADATA).write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")
            os.rename(partial, directory)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "message", None) or getattr(error, "strerror", None) or str(error)
        raise Error(
            f"cannot write the export {directory} ({first_sentence(Exception(reason))}): make "
            "room, permit it, or name another directory."
        ) from error


if __name__ == "__main__":
    sys.exit(cli.run(main))
