"""The command-line options that make a Config, an Execution or a TrainSpec."""

import argparse
import dataclasses
import functools
from typing import Any, Mapping

from tf1_dnn import config as cfg
from tf1_dnn import network_source
from tf1_dnn.config import PRESETS, Config, Execution, Keeping
from tf1_dnn.errors import ConfigError
from tf1_dnn.network_source import NetworkSource
from tf1_dnn.spec import Task, TrainSpec

_OF_LAYERS = (  # the fields of Config that describe a network's layers
    *("conv_filters", "kernel_size", "hidden_units", "activation", "kernel_initializer"),
    *("batch_norm", "batch_norm_momentum", "fused_batch_norm", "dropout_rate"),
)


def add_preset(parser: argparse.ArgumentParser) -> None:
    """The positional argument that names a preset."""
    parser.add_argument(
        "preset",
        nargs="?",
        choices=PRESETS,
        default=None,
        help="the post's cells, batch_norm (default) and gradient_clipping, or a convolution",
    )


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """What data.load takes."""
    parser.add_argument(
        "--dataset",
        choices=cfg.DATASETS,
        help="auto: --data, else MNIST where it can be had, else the built-in synthetic digits "
        "(default); mnist: MNIST's own bytes or an error",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="folder of IDX files or of mnist.npz, an npz file, a CSV file, or a folder with a "
        "folder of pictures for each class (default: $TF1_DNN_DATA)",
    )


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """One option per field of Config."""
    network = parser.add_argument_group("network")
    add_network(network)
    add = functools.partial(_add_config_option, network)
    add("--conv-filters", type=int, nargs="+", metavar="N", help="of convolutions, pooled by 2")
    add("--kernel-size", type=int, metavar="N", help="of a convolution")
    add("--hidden-units", type=int, nargs="+", metavar="N")
    add("--activation", choices=cfg.ACTIVATIONS)
    add("--batch-norm", action=argparse.BooleanOptionalAction)
    add("--batch-norm-momentum", type=float, metavar="ALPHA")
    switch = argparse.BooleanOptionalAction
    add("--fused-batch-norm", action=switch, help="after a convolution")
    add("--dropout-rate", type=float, metavar="RATE")
    initializers = f"{', '.join(cfg.KERNEL_INITIALIZERS)} or normal:STDDEV"
    add("--kernel-initializer", metavar="NAME", help=initializers)
    training = parser.add_argument_group("training")
    add = functools.partial(_add_config_option, training)
    add("--loss-reduction", choices=cfg.LOSS_REDUCTIONS, help="over the mini-batch")
    add("--optimizer", choices=cfg.OPTIMIZERS)
    add("--learning-rate", type=float, metavar="RATE")
    _add_decay_options(parser)
    add("--n-epochs", type=int, metavar="N")
    add("--batch-size", type=int, metavar="N")
    add("--seed", type=int, metavar="N", help="of initial weights, shuffling and dropout")
    add("--shuffle-offset", type=int, metavar="N", help="permutations drawn before epoch 0")
    clipping = parser.add_argument_group("gradient clipping").add_mutually_exclusive_group()
    add = functools.partial(_add_config_option, clipping)
    add("--clip-value", type=float, metavar="T", help="each entry into [-T, T]")
    add("--clip-norm", type=float, metavar="T", help="each gradient to an L2 norm of T")
    add("--clip-global-norm", type=float, metavar="T", help="all gradients together")
    clipping.add_argument("--no-clip", action="store_true", help="none, whatever the preset")


def _add_decay_options(parser: argparse.ArgumentParser) -> None:
    """Of the learning rate, as tf.train's functions of these names decay it."""
    group = parser.add_argument_group("learning-rate decay (steps are updates, not epochs)")
    add = functools.partial(_add_config_option, group)
    add("--lr-decay", choices=tuple(cfg.LR_DECAYS))
    add("--lr-decay-steps", type=int, metavar="N", help="of exponential and polynomial")
    words = "of exponential: times RATE every N steps"
    add("--lr-decay-rate", type=float, metavar="RATE", help=words)
    switch = argparse.BooleanOptionalAction
    add("--staircase", action=switch, help="of exponential: at every N-th step only")
    words = "of polynomial: the rate after N steps"
    add("--end-learning-rate", type=float, metavar="RATE", help=words)
    add("--power", type=float, metavar="P", help="of polynomial")
    add("--cycle", action=switch, help="of polynomial: anew, with 2N, 3N, ... steps")
    words = "of piecewise_constant: the last step of each piece but the last"
    add("--lr-boundaries", type=int, nargs="+", metavar="STEP", help=words)
    words = "of piecewise_constant: the rate of each piece"
    add("--lr-values", type=float, nargs="+", metavar="RATE", help=words)


def add_network(parser: Any) -> None:
    """The option that names a network of the user's own."""
    parser.add_argument(
        "--network",
        metavar="FILE.py:FUNCTION",
        help="a network of your own, or module:function; this runs the file",
    )


def add_network_of_run(parser: Any) -> None:
    """What commands take that build the network of a run anew."""
    network = parser.add_argument_group("a network of your own").add_mutually_exclusive_group()
    add_network(network)
    add_trust(network)


def add_trust(parser: Any) -> None:
    """The option that lets the text run that a run directory keeps."""
    parser.add_argument(
        "--trust-code",
        action="store_true",
        default=False,
        help="take the network's text that the run keeps; this runs it as a program",
    )


def add_execution_options(parser: argparse.ArgumentParser) -> None:
    """One option per field of Execution."""
    execution = parser.add_argument_group("execution (the digits stay the same)")
    execution.add_argument(
        "--loop",
        choices=cfg.LOOPS,
        help="epoch: whole epochs compiled in the graph (default); step: the post's, one "
        "session.run a mini-batch",
    )
    execution.add_argument(
        "--no-xla", dest="xla", action="store_false", help="run the epoch loop uncompiled"
    )
    execution.add_argument(
        "--max-resident-bytes",
        type=int,
        metavar="N",
        help=f"stream a larger training set [{Execution.max_resident_bytes}]",
    )
    add_device_options(execution)


def add_device_options(parser: Any) -> None:
    """Where to compute: Execution's device and tf32."""
    parser.add_argument(
        "--device",
        metavar="|".join((*cfg.DEVICES, "gpu:N")),
        help="auto: a GPU where TensorFlow can use one (default); gpu: that or an error; gpu:N: "
        "the one of this number",
    )
    parser.add_argument(
        "--tf32",
        action="store_true",
        help="let a GPU multiply in TF32: faster, with 10 bits of mantissa, other digits",
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Where a run is kept, and what it starts from."""
    run = parser.add_argument_group("what is kept")
    number: dict[str, Any] = dict(type=int, metavar="N")
    flag: dict[str, Any] = dict(action="store_true", default=False)
    add = run.add_argument
    add("--run-dir", default=None, metavar="DIR", help="keep the run in DIR")
    known = run.add_mutually_exclusive_group()
    words = "go on with the run in DIR, as it was trained; with --n-epochs N, to N epochs"
    known.add_argument("--resume", **flag, help=words)
    known.add_argument("--overwrite", **flag, help="delete the run in DIR first")
    add_trust(run)
    add("--checkpoint-every", **number, help="epochs [1]")
    add("--keep", **number, help="newest checkpoints beside the best [3]")
    add("--patience", **number, help="stop after N epochs without a new best")
    add("--histograms", **number, help="for TensorBoard every N epochs")
    words = "start from a run, or a TensorFlow checkpoint with the post's variable names"
    add("--from-checkpoint", metavar="DIR|PREFIX", help=words)


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """How the replicas of a cluster work together."""
    cluster = parser.add_argument_group("cluster (where TF_CONFIG names one)")
    pace = cluster.add_mutually_exclusive_group()
    pace.add_argument(
        "--sync",
        action="store_true",
        help="one update from the gradients of all workers' mini-batches (default)",
    )
    pace.add_argument(
        "--async",
        dest="sync",
        action="store_false",
        help="every worker updates the variables as soon as it has a gradient",
    )


def _add_config_option(group: Any, option: str, *, help: str = "", **settings: Any) -> None:
    """Add the option with the presets' values in its help."""
    name = option.strip("-").replace("-", "_")
    values = [_spelled(getattr(preset, name)) for preset in PRESETS.values()]
    presets = values[0] if len(set(values)) == 1 else " | ".join(values)
    group.add_argument(option, help=f"{help} [{presets}]".strip(), **settings)


def _spelled(value: Any) -> str:
    return " ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def make_config(given: Mapping[str, Any], base: Config = PRESETS["batch_norm"]) -> Config:
    """The Config of the preset that is given, or else `base`, with the given options over it."""
    base = PRESETS[given["preset"]] if given.get("preset") else base
    if "learning_rate" in given and "lr_values" in given:
        raise ConfigError("--lr-values are the learning rates: drop --learning-rate.")
    if given.get("no_clip"):
        base = base.replace(**dict.fromkeys(cfg.CLIP_KINDS))
    return base.replace(**_fields_of(Config, given))


def make_execution(given: Mapping[str, Any], base: Execution = Execution()) -> Execution:
    """The Execution of the given options, over `base`."""
    return dataclasses.replace(base, **_fields_of(Execution, given))


def make_train_spec(
    given: Mapping[str, Any],
    task: Task | None = None,
    base: TrainSpec = TrainSpec(PRESETS["batch_norm"]),
) -> TrainSpec:
    """The TrainSpec of the given options over `base`, for this machine or a cluster's task.

    Raises ConfigError for an option without a use there.
    """
    execution, kept = make_execution(given, base.execution), _fields_of(Keeping, given)
    _require_used(given, given.get("network", base.network))
    if given["run_dir"] is None and (kept or given["resume"] or given["overwrite"]):
        raise ConfigError(
            "--resume, --overwrite, --checkpoint-every, --keep, --patience and --histograms need "
            "--run-dir."
        )
    if given["trust_code"] and not given["resume"]:
        raise ConfigError("--trust-code is for the network of a run: it needs --resume.")
    if task is None and "sync" in given:
        raise ConfigError(
            "--sync and --async need a cluster: use python -m tf1_dnn.cluster, or set TF_CONFIG."
        )
    if task is not None:
        if not execution.xla or execution.max_resident_bytes != Execution.max_resident_bytes:
            raise ConfigError(
                "in a cluster every step is a session.run: drop --no-xla and --max-resident-bytes."
            )
        execution = dataclasses.replace(execution, loop="step")
    names = ("network", "dataset", "data", "run_dir", "resume", "overwrite", "from_checkpoint")
    chosen = {name: given[name] for name in (*names, "sync") if name in given}
    config, keeping = make_config(given, base.config), dataclasses.replace(base.keeping, **kept)
    return dataclasses.replace(
        base, config=config, execution=execution, keeping=keeping, task=task, **chosen
    )


def find_network(spelled: str | None) -> NetworkSource | None:
    """The network that --network names; None without."""
    return None if spelled is None else network_source.find(spelled)


def _require_used(given: Mapping[str, Any], network: NetworkSource | None) -> None:
    """Raise ConfigError for an option that describes layers which the user's network has not."""
    if network is None:
        return
    parameters = network.parameters()
    for name in _OF_LAYERS:
        if name in given and parameters is not None and name not in parameters:
            raise ConfigError(
                f"the network {network.name} has no parameter {name}: give it one, or drop "
                f"--{name.replace('_', '-')}."
            )


def _fields_of(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given options that are fields of a dataclass."""
    names = [field.name for field in dataclasses.fields(kind)]
    return {name: given[name] for name in names if name in given}
