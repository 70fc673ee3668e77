"""Config: everything that decides a run's digits, and the presets."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any, Mapping, NamedTuple, Sequence

from tf1_dnn.errors import ConfigError

ACTIVATIONS = ("elu", "relu", "selu", "leaky_relu", "tanh", "sigmoid")
KERNEL_INITIALIZERS = ("glorot_uniform", "glorot_normal", "he_uniform", "he_normal")
LOSS_REDUCTIONS = ("sum", "mean")
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
LR_DECAYS = {  # what each needs, and may have besides
    "exponential": (("lr_decay_steps", "lr_decay_rate"), ("staircase",)),
    "piecewise_constant": (("lr_boundaries", "lr_values"), ()),
    "polynomial": (("lr_decay_steps",), ("end_learning_rate", "power", "cycle")),
}
CLIP_KINDS = ("clip_value", "clip_norm", "clip_global_norm")
LOOPS = ("epoch", "step")
DEVICES = ("auto", "cpu", "gpu")  # or "gpu:N"
DATASETS = ("auto", "mnist", "synthetic")


class Clipping(NamedTuple):
    """How gradients are clipped."""

    kind: str  # one of CLIP_KINDS
    threshold: float


@dataclasses.dataclass(frozen=True)
class Config:
    """The options of a run; the defaults are the post's batch-norm cell (section 1.4).

    Raises ConfigError, with one sentence, for a value out of range or two kinds of clipping.
    """

    conv_filters: tuple[int, ...] = ()  # of convolutions before the dense layers, pooled by 2
    kernel_size: int = 3  # of a convolution, in pixels
    hidden_units: tuple[int, ...] = (300, 100)
    activation: str = "elu"
    batch_norm: bool = True
    batch_norm_momentum: float = 0.9
    fused_batch_norm: bool = True  # after a convolution: one kernel, variance over n − 1
    dropout_rate: float = 0.0
    kernel_initializer: str = "glorot_uniform"  # or "normal:STDDEV"
    loss_reduction: str = "sum"  # over the mini-batch; the post minimizes the vector `xentropy`
    optimizer: str = "sgd"
    learning_rate: float = 0.01
    lr_decay: str | None = None  # by the global step; of LR_DECAYS, with tf.train's arguments:
    lr_decay_steps: int | None = None
    lr_decay_rate: float | None = None
    staircase: bool = False
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False
    lr_boundaries: tuple[int, ...] | None = None
    lr_values: tuple[float, ...] | None = None  # in the place of learning_rate
    clip_value: float | None = None  # each entry into [-clip_value, clip_value]
    clip_norm: float | None = None  # each gradient to at most this L2 norm
    clip_global_norm: float | None = None  # all gradients together to at most this L2 norm
    n_epochs: int = 5
    batch_size: int = 50
    seed: int = 42
    shuffle_offset: int = 5  # permutations drawn before the first epoch

    def __post_init__(self) -> None:
        for name in ("conv_filters", "hidden_units", "lr_boundaries", "lr_values"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("conv_filters", "hidden_units"):
            sizes = getattr(self, name)
            are_sizes = all(_is_whole(n) and n > 0 for n in sizes)
            _require(are_sizes, f"{name} must be positive whole numbers, not {list(sizes)}")
        stddev = self.normal_stddev
        if stddev is None:
            names = (*KERNEL_INITIALIZERS, "normal:STDDEV")
            require_choice("kernel_initializer", self.kernel_initializer, names)
        else:
            _require_positive("the STDDEV of normal:STDDEV", stddev)
        given = [kind for kind in CLIP_KINDS if getattr(self, kind) is not None]
        _require(len(given) < 2, f"choose one kind of clipping, not {' and '.join(given)}")
        _require(
            _is_whole(self.seed) and 0 <= self.seed < 2**31,
            f"seed must be a whole number from 0 to {2**31 - 1}, not {self.seed}",
        )
        _check_fields(self)
        _check_decay(self)

    @property
    def normal_stddev(self) -> float | None:
        """STDDEV of `kernel_initializer="normal:STDDEV"`, None for the named initializers."""
        kind, _, stddev = self.kernel_initializer.partition(":")
        try:
            return float(stddev) if kind == "normal" else None
        except ValueError:
            return math.nan

    @property
    def clipping(self) -> Clipping | None:
        """The one kind of clipping that is given, None without."""
        given = [Clipping(kind, getattr(self, kind)) for kind in CLIP_KINDS]
        return next((each for each in given if each.threshold is not None), None)

    def replace(self, **changes: Any) -> Config:
        """A copy with `changes`; giving one kind of clipping drops the others."""
        if any(changes.get(kind) is not None for kind in CLIP_KINDS):
            changes = dict.fromkeys(CLIP_KINDS) | changes
        return dataclasses.replace(self, **changes)


@dataclasses.dataclass(frozen=True)
class Execution:
    """How a run is carried out; none of it changes what is computed, but for rounding.

    Raises ConfigError for an unknown loop or device, and for options without a use.
    """

    loop: str = "epoch"  # whole epochs inside the graph, or "step": one session.run a mini-batch
    xla: bool = True  # compile the epoch loop
    max_resident_bytes: int = 1 << 30  # a larger training set streams through the epoch loop
    device: str = "auto"  # the GPU where TensorFlow can use one, "cpu", "gpu" and no other, "gpu:N"
    tf32: bool = False  # let a GPU round the inputs of matrix products to 10 bits of mantissa

    def __post_init__(self) -> None:
        _check_fields(self)
        is_known = self.device in DEVICES or gpu_number(self.device) is not None
        choices = ", ".join((*DEVICES, "gpu:0, gpu:1, ..."))
        _require(is_known, f"unknown device {self.device!r}: choose from {choices}")
        _require(self.device != "cpu" or not self.tf32, "a CPU has no TF32: drop --tf32")
        _require(self.loop == "epoch" or self.xla, "the step loop is never compiled: drop --no-xla")


def gpu_number(device: str) -> int | None:
    """N of the device "gpu:N"; None of the others."""
    found = re.fullmatch("gpu:([0-9]{1,4})", device)
    return int(found[1]) if found else None


@dataclasses.dataclass(frozen=True)
class Keeping:
    """What a run directory keeps, and when a run stops early.

    Raises ConfigError for values out of range.
    """

    checkpoint_every: int = 1  # epochs; the last epoch and every best one are kept as well
    keep: int = 3  # how many of the newest checkpoints stay, beside the best
    patience: int | None = None  # stop after so many epochs without a better validation accuracy
    histograms: int = 0  # epochs between two sets of histograms for TensorBoard; 0 for none

    def __post_init__(self) -> None:
        _check_fields(self)


_CHOICES = {
    "activation": ACTIVATIONS,
    "loss_reduction": LOSS_REDUCTIONS,
    "lr_decay": tuple(LR_DECAYS),
    "optimizer": OPTIMIZERS,
    "loop": LOOPS,
}
_LEAST = {  # of whole numbers
    **dict(
        kernel_size=1,
        lr_decay_steps=1,
        n_epochs=1,
        batch_size=1,
        shuffle_offset=0,
        max_resident_bytes=1,
    ),
    **dict(checkpoint_every=1, keep=1, patience=1, histograms=0),
}
_POSITIVE = ("learning_rate", "lr_decay_rate", "power", *CLIP_KINDS)
_SHARES = ("batch_norm_momentum", "dropout_rate")


def _check_fields(options: Any) -> None:
    """Raise ConfigError for the first field that the tables above do not allow."""
    for field in dataclasses.fields(options):
        name, value = field.name, getattr(options, field.name)
        if value is None and field.default is None:
            continue
        if name in _CHOICES:
            require_choice(name, value, _CHOICES[name])
        elif name in _LEAST:
            _require_whole(name, value, _LEAST[name])
        elif name in _POSITIVE:
            _require_positive(name, value)
        elif name in _SHARES:
            _require(0 <= value < 1, f"{name} must be at least 0 and below 1, not {value}")


def _check_decay(config: Config) -> None:
    """Raise ConfigError for what the kind of decay lacks, or has no use for."""
    kind = config.lr_decay
    arguments = {each: needed + optional for each, (needed, optional) in LR_DECAYS.items()}
    needed = LR_DECAYS[kind][0] if kind else ()
    for name in dict.fromkeys(sum(arguments.values(), ())):
        is_given = getattr(config, name) != Config.__dataclass_fields__[name].default
        _require(is_given or name not in needed, f"lr_decay {kind} needs {name}")
        uses = [each for each in LR_DECAYS if name in arguments[each]]
        _require(not is_given or kind in uses, f"{name} is for lr_decay {' or '.join(uses)} only")
    end = config.end_learning_rate
    _require(0 <= end < math.inf, f"end_learning_rate must be at least 0 and finite, not {end}")
    if config.lr_boundaries is not None:
        _check_pieces(config.lr_boundaries, config.lr_values or ())


def _check_pieces(boundaries: Sequence[int], values: Sequence[float]) -> None:
    for boundary in boundaries:
        _require_whole("each of lr_boundaries", boundary, 0)
    ascend = all(a < b for a, b in zip(boundaries, boundaries[1:]))
    _require(bool(boundaries) and ascend, f"lr_boundaries must ascend, not be {list(boundaries)}")
    n = len(boundaries) + 1
    _require(len(values) == n, f"lr_values must be one more than lr_boundaries: give {n} numbers")
    for value in values:
        _require_positive("each of lr_values", value)


def _require_whole(name: str, value: object, least: int) -> None:
    fits = _is_whole(value) and value >= least  # type: ignore[operator]
    _require(fits, f"{name} must be a whole number of at least {least}, not {value}")
    most = 2**63 - 1
    _require(value <= most, f"{name} must be at most {most}")  # type: ignore[operator]


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise ConfigError(sentence)


def require_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ConfigError for a value that is none of the choices."""
    _require(value in choices, f"unknown {name} {value!r}: choose from {', '.join(choices)}")


def _require_positive(name: str, value: float) -> None:
    fits = 0 < value < math.inf
    _require(fits, f"{name} must be greater than 0 and finite, not {value}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


PRESETS: Mapping[str, Config] = {
    "batch_norm": Config(),
    "gradient_clipping": Config(
        activation="relu",
        batch_norm=False,
        loss_reduction="mean",
        clip_value=1.0,
        shuffle_offset=1,
    ),
    "convolution": Config(
        conv_filters=(16, 32),
        hidden_units=(100,),
        lr_decay="exponential",
        lr_decay_steps=1100,  # an epoch of MNIST
        lr_decay_rate=0.4,
        staircase=True,
    ),
}

# Validation accuracy after each epoch, as the post prints it (sections 1.4 and 2.1).
PUBLISHED_CURVES: Mapping[str, tuple[float, ...]] = {
    "batch_norm": (0.9582, 0.9728, 0.9740, 0.9790, 0.9798),
    "gradient_clipping": (0.9026, 0.9244, 0.9362, 0.9410, 0.9460),
}
