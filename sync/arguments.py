"""The parsers of our programs: their commands as data, numbers with bounds, help in the language of
the person, and messages that a terminal can show.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple, NoReturn

from sync import __version__
from sync.columns import wrapped
from sync.language import tr, translate_argparse
from sync.sentence import Sentence
from sync.shown_text import shown

DIGITS_MAX = 18
"""More are no number that any option means."""


class HelpFormatter(argparse.HelpFormatter):
    """Help in the person's language, in lines as wide as the terminal: Chinese takes two columns a
    character. Help of an argument, descriptions and closing words are translated when they are
    shown, so that a command which shows none reads no catalogue.
    """

    def add_text(self, text: str | None) -> None:
        """A description or the closing words."""
        super().add_text(text if text is None or text is argparse.SUPPRESS else tr(text))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return None if action.help is None else tr(action.help)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = []
        for line in text.splitlines():
            before = indent + " " * (len(line) - len(line.lstrip()))
            filled += [before + part for part in wrapped(line, width - len(before))]
        return "\n".join(filled)


class CommandParser(argparse.ArgumentParser):
    """Shows in its messages what was typed as text, never as a terminal's commands. The parsers of
    its subcommands do so, too. `default_command`: the command that is meant where the first
    argument is the name of none.
    """

    default_command: str | None = None
    commands: frozenset[str] = frozenset()

    def parse_known_args(  # type: ignore[override]  # its overloads are for other namespaces
        self, args: Iterable[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse's own; every parsing goes through it, that of a subcommand too."""
        given = list(sys.argv[1:] if args is None else args)
        if self.default_command and given and given[0] not in {*self.commands, "-h", "--help"}:
            given.insert(0, self.default_command)
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message to stderr; exit with 2."""
        super().error(" ".join(shown(line) for line in _translated(message).splitlines()))


class Exit(NamedTuple):
    """An exit code, and what it means."""

    code: int
    means: str


DONE = Exit(0, "done")
WRONG_USE = Exit(2, "wrong use, or it could not be done")


class Subcommand(NamedTuple):
    """A command of a program. `add_arguments` gives the parser its arguments; `run` carries out
    what was chosen and gives the exit code, one of `exits`. `purpose`, the `help` of its arguments
    and `exits` are English here and shown in the person's language (CONTRIBUTING.md, "Two
    languages"). `commands`: those of a `group_of` commands.
    """

    name: str
    purpose: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    exits: tuple[Exit, ...] = (DONE, WRONG_USE)
    commands: tuple["Subcommand", ...] = ()


def group_of(name: str, purpose: str, commands: tuple[Subcommand, ...]) -> Subcommand:
    """A command that has commands of its own; the first of them is meant where none is named."""
    return Subcommand(name, purpose, lambda _: None, lambda _: WRONG_USE.code, commands=commands)


def add_json(parser: argparse._ActionsContainer) -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON document for programs")


def command_parser(program: str, description: str, commands: Iterable[Subcommand]) -> CommandParser:
    """The parser of a program with these commands. What it parses has `run`, of the command."""
    translate_argparse()
    parser = CommandParser(prog=program, description=description, formatter_class=HelpFormatter)
    parser.add_argument(
        "--version",
        action="version",
        version=f"{program} {__version__}",
        help="show the version and exit",
    )
    _add_commands(parser, commands)
    return parser


def _add_commands(
    parser: CommandParser, commands: Iterable[Subcommand], dest: str = "command"
) -> None:
    choices = parser.add_subparsers(
        dest=dest, required=True, metavar="COMMAND", parser_class=CommandParser
    )
    for command in commands:
        chosen = choices.add_parser(
            command.name,
            help=command.purpose,
            description=command.purpose,
            epilog=None if command.commands else _exit_codes(command.exits),
            formatter_class=HelpFormatter,
        )
        command.add_arguments(chosen)
        chosen.set_defaults(run=command.run)
        if command.commands:
            _add_commands(chosen, command.commands, f"{command.name}_command")
            chosen.default_command = command.commands[0].name
            chosen.commands = frozenset(one.name for one in command.commands)


def _exit_codes(exits: Iterable[Exit]) -> Sentence:
    """The closing words of a command's help."""
    rows = [
        Sentence("  {code}  {means}", code=one.code, means=Sentence(one.means)) for one in exits
    ]
    return Sentence.joined("\n", [Sentence("exit codes:"), *rows])


def _translated(message: str) -> str:
    """The words before an argument's own message, which argparse itself translates from Python 3.12
    on.
    """
    found = re.fullmatch(r"argument (\S+): (.*)", message, re.DOTALL)
    if found is None:
        return message
    return tr(Sentence("argument {name}: {message}", name=found[1], message=found[2]))


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """An argument's type: a whole number within these bounds, in ASCII digits."""

    def read(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX):
            raise argparse.ArgumentTypeError(
                tr(Sentence("not a whole number: {text!r}", text=text))
            )
        number = int(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(
                tr(
                    Sentence(
                        "{number} is not {least} to {most}", number=number, least=least, most=most
                    )
                )
            )
        return number

    return read
