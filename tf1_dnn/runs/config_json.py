"""config.json: what a run was trained on and how, and what a run to resume must share with it."""

import dataclasses
import os
import platform
from pathlib import Path
from typing import Annotated, Any, Iterator, Mapping

import msgspec
import numpy as np

from tf1_dnn import __version__
from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.data import Splits
from tf1_dnn.errors import RunError, first_sentence
from tf1_dnn.network_source import NetworkSource
from tf1_dnn.runs import typed_json
from tf1_dnn.spec import PathLike, TrainSpec

Size = Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
Scale = Annotated[float, msgspec.Meta(gt=0)]


# What a resumed run must have in common with the run it goes on from.
_DECIDING = (
    "config",
    "network",
    "execution.loop",
    "execution.xla",
    "data.sha256",
    "keeping.patience",
    "from_checkpoint",
    "cluster",
)


@dataclasses.dataclass(frozen=True)
class DataDescription:
    """The data set that a run was trained on."""

    name: str
    source: str  # a path, or the module of built-in data
    sha256: str
    image_shape: tuple[Size, ...]
    n_outputs: Size
    scale: Scale | None = 255.0  # the grey level that the network saw as 1; None: no pictures
    classes: tuple[str, ...] | None = None  # names of classes 0, 1, ... where they have names
    plain: bool = False  # whether pictures were taken as they are, not in MNIST's form


@dataclasses.dataclass(frozen=True)
class NetworkDescription:
    """A network of the user's own, whose text lies beside."""

    function: str
    file: str
    sha256: str  # of the text

    @property
    def deciding(self) -> str:
        """What must be the same: a file may have been renamed."""
        return f"{self.function} of SHA-256 {self.sha256}"

    def __str__(self) -> str:
        return f"{self.file}:{self.function} (SHA-256 {self.sha256[:8]}...)"


@dataclasses.dataclass(frozen=True)
class Description:
    """What config.json holds: every option, the data set with its hash, the versions."""

    config: Config
    data: DataDescription
    execution: Execution
    keeping: Keeping
    from_checkpoint: str | None = None
    cluster: str | None = None
    network: NetworkDescription | None = None  # None: the config's
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)


def describe(spec: TrainSpec, splits: Splits) -> Description:
    """The description of a run that is to be trained."""
    origin = spec.from_checkpoint
    return Description(
        spec.config,
        DataDescription(
            splits.name,
            splits.source,
            splits.sha256(),
            splits.image_shape,
            splits.n_outputs,
            _scale(splits.train.images),
            splits.classes,
            splits.plain,
        ),
        spec.execution,
        spec.keeping,
        origin and os.path.abspath(origin),
        spec.cluster,
        describe_network(spec.network),
        {
            "tf1_dnn": __version__,
            "tensorflow": _tensorflow_version(),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )


def describe_network(source: NetworkSource | None) -> NetworkDescription | None:
    """What config.json says of a network of the user's own."""
    if source is None:
        return None
    return NetworkDescription(source.function, source.file_name, source.sha256)


def _tensorflow_version() -> str:
    """Of whichever distribution brings TensorFlow; found without importing it."""
    from importlib import metadata

    names = metadata.packages_distributions().get("tensorflow")
    return metadata.version(names[0]) if names else "unknown"


def _scale(images: np.ndarray) -> float | None:
    """The level, of 255, of a picture that the network saw as 1; None if pictures have no place."""
    if images.dtype == np.uint8:
        return 255.0
    return 255.0 / float(images.max()) if images.min() >= 0 < images.max() else None


def read(run_dir: PathLike) -> Description:
    """config.json of a run; RunError if the folder is not a run or the file is damaged."""
    path = Path(run_dir, "config.json")
    try:
        described = typed_json.read(path, dict[str, Any])
        _require_known(described["config"], Config)
        return typed_json.convert(described, Description)
    except (FileNotFoundError, NotADirectoryError):
        raise RunError(f"{run_dir} is not a run directory: it has no config.json.") from None
    except typed_json.FAULTS as error:
        raise RunError(
            f"{path} is damaged ({first_sentence(error)}): take another run, or --overwrite this "
            "one."
        ) from None


def _require_known(options: Mapping[str, Any], kind: type) -> None:
    """Raise ValueError for an option that this version does not know: it may decide digits."""
    unknown = sorted(set(options) - {field.name for field in dataclasses.fields(kind)})
    if unknown:
        raise ValueError(f"the option {unknown[0]!r} is unknown")


def require_same(folder: Path, old: Description, new: Description) -> None:
    """Raise RunError that names every difference which would change the digits.

    More epochs, or fewer, do not: they are the same ones up to there.
    """
    old_values, new_values = (dict(_deciding_values(each)) for each in (old, new))
    differences = [
        f"{name} was {old_values.get(name)!r}, not {value!r}"
        for name, value in new_values.items()
        if old_values.get(name) != value
    ]
    if differences:
        raise RunError(
            f"cannot resume the run in {folder}: {'; '.join(differences)}. Leave those options "
            "out, or name another directory."
        )


def _deciding_values(description: Description) -> Iterator[tuple[str, Any]]:
    for name in _DECIDING:
        value: Any = dataclasses.asdict(description)
        for part in name.split("."):
            value = value[part]
        if name == "network":
            yield name, description.network and description.network.deciding
        elif isinstance(value, dict):
            yield from ((key, each) for key, each in value.items() if key != "n_epochs")
        else:
            yield name, value
