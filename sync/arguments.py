"""The parsers of our programs: their commands as data, numbers with bounds, and messages that a
terminal can show.
"""

import argparse
from collections.abc import Callable, Iterable
from typing import NamedTuple, NoReturn

from sync import __version__
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


class Subcommand(NamedTuple):
    """A command of a program. `add_arguments` gives the parser its arguments; `run` carries out
    what was chosen and gives the exit code.
    """

    name: str
    purpose: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def command_parser(program: str, description: str, commands: Iterable[Subcommand]) -> CommandParser:
    """The parser of a program with these commands. What it parses has `run`, of the command."""
    parser = CommandParser(prog=program, description=description)
    parser.add_argument("--version", action="version", version=f"{program} {__version__}")
    choices = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in commands:
        chosen = choices.add_parser(command.name, help=command.purpose)
        command.add_arguments(chosen)
        chosen.set_defaults(run=command.run)
    return parser


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
