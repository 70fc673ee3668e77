"""The errors a user can mend: one sentence that says what was wrong and what to do."""


class Error(Exception):
    """Base of every error this package raises on purpose; commands exit with code 2."""


class ConfigError(Error, ValueError):
    """An option out of range, unknown, or contradicting another."""


class DataError(Error, ValueError):
    """A data set that cannot be had, read, or trained on."""


class CompatError(Error, ImportError):
    """TensorFlow 1's API cannot work in this process or installation."""


class NonFiniteLossError(Error, ArithmeticError):
    """The training loss turned NaN or infinite."""


def first_sentence(error: BaseException) -> str:
    """What another library's error says first, on one line, to quote in a sentence of ours."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words.split(". ")[0]
