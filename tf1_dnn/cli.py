"""What every command shares: one-sentence errors with exit code 2, and messages on stderr."""

import argparse
import os
import sys
from typing import Callable, NoReturn, Sequence

from tf1_dnn.errors import Error, Interrupted


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one sentence, without the usage block."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see --help)\n")


def say(message: str) -> None:
    """Tell the user something beside the results: to stderr, which leaves stdout to them."""
    print(message, file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[str]], *, left: int = 0) -> str:
    """Rows of words as aligned columns, the first `left` of them to the left."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    aligned = [
        [
            word.ljust(n) if i < left else word.rjust(n)
            for i, (word, n) in enumerate(zip(row, widths))
        ]
        for row in rows
    ]
    return "\n".join("  ".join(words) for words in aligned)


def run(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Call a command's main; what the user can mend becomes one line on stderr and exit code 2."""
    try:
        return main(argv)
    except Error as error:
        say(f"error: {error}")
        return 2
    except Interrupted as interrupted:
        say(str(interrupted))
        return interrupted.exit_code
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except BrokenPipeError:  # `| head` closed our stdout: leave quietly, as other tools do
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
