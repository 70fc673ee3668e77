"""The errors a user can mend: one sentence that says what was wrong and what to do."""

import contextlib
from typing import Iterator


class Error(Exception):
    """Base of every error this package raises on purpose; commands exit with code 2."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence if sentence.endswith(".") else f"{sentence}.")


class ConfigError(Error, ValueError):
    """An option out of range, unknown, or contradicting another."""


class DataError(Error, ValueError):
    """A data set that cannot be had, read, or trained on."""


class CompatError(Error, ImportError):
    """TensorFlow 1's API cannot work in this process or installation."""


class DeviceError(Error):
    """A GPU was asked for, and TensorFlow cannot use one."""


class NetworkError(Error):
    """A user's own network could not be loaded or built; its exception is the cause."""


class NonFiniteLossError(Error, ArithmeticError):
    """The training loss turned NaN or infinite."""


class RunError(Error):
    """A run directory that cannot be used, written, or resumed."""


class ClusterError(Error):
    """A cluster that TF_CONFIG describes wrongly, or that this task cannot join."""


class OutputError(Error):
    """Standard output that cannot be written to."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"cannot write to standard output ({fault}): make room, or send it to another place"
        )


class Interrupted(Exception):
    """The run was asked to stop, has saved its state, and ends with `exit_code`."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"stopped by signal {signal_number}; --resume goes on from here")
        self.exit_code = 128 + signal_number


def first_sentence(error: BaseException) -> str:
    """What a system's or another library's error says first, to quote in a sentence of ours.

    TensorFlow sets its own words between two tracebacks, or before the op's name or a hint.
    """
    words = getattr(error, "strerror", None) or getattr(error, "message", None) or str(error)
    words = words.partition("\nNode: ")[2].partition("\n")[2] or words
    for aside in ("\n\t [[", "\nHint: ", "\nStack trace for op definition"):
        words = words.partition(aside)[0]
    return (" ".join(words.split()) or type(error).__name__).split(". ")[0].rstrip(".")


@contextlib.contextmanager
def told(
    kind: type[Error], fault: str, remedy: str, *errors: type[BaseException]
) -> Iterator[None]:
    """Raise other libraries' errors as one of ours: "FAULT (what they say): REMEDY."

    Our own errors pass as they are.
    """
    try:
        yield
    except Error:
        raise
    except errors as error:
        raise kind(f"{fault} ({first_sentence(error)}): {remedy}") from error


def failed(what: str, error: Exception) -> NetworkError:
    """The error of a user's code that raised one."""
    fault = f"{type(error).__name__}: {first_sentence(error)}"
    is_v2 = isinstance(error, AttributeError) and "module 'tensorflow' has no" in str(error)
    remedy = "write import tensorflow.compat.v1 as tf" if is_v2 else "mend it"
    return NetworkError(f"{what} failed ({fault}): {remedy}")
