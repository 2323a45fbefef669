"""The parsers of our commands: numbers with bounds, and messages that a terminal can show."""

import argparse
from collections.abc import Callable
from typing import NoReturn

from sync.shown_text import shown

DIGITS_MAX = 18
"""More are no number that any option means."""


class CommandParser(argparse.ArgumentParser):
    """Shows in its messages what was typed as text, never as a terminal's commands. The parsers of
    its subcommands do so, too.
    """

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message to stderr; exit with 2."""
        super().error(" ".join(shown(line) for line in message.splitlines()))


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """An argument's type: a whole number within these bounds, in ASCII digits."""

    def read(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX):
            raise argparse.ArgumentTypeError(f"invalid int value: {text!r}")
        number = int(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{number} is not {least} to {most}")
        return number

    return read
