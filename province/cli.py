"""`ratingpad-province`: receive, verify, ratings, codes of phones. The commands are in
`province/commands/`.
"""

import sys
from collections.abc import Sequence

from province.commands import (
    phone_key_command,
    ratings_command,
    receive_command,
    status_command,
    token_command,
    verify_command,
)
from province.errors import ProvinceError
from province.errors_zh import in_chinese
from sync import terminal
from sync.arguments import CommandParser, command_parser
from sync.printing import complain, error_words, print_json

COMMANDS = (
    receive_command.COMMAND,
    verify_command.COMMAND,
    status_command.COMMAND,
    ratings_command.COMMAND,
    phone_key_command.COMMAND,
    token_command.COMMAND,
)


def parser() -> CommandParser:
    """The parser of the whole command line."""
    return command_parser(
        "ratingpad-province", "the province's end: receive, verify, ratings", COMMANDS
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when verify found something wrong, 2 for a mistake, 3
    when a person must look at what verify found.
    """
    given = parser().parse_args(arguments)
    try:
        code: int = given.run(given)
    except ProvinceError as error:
        if getattr(given, "json", False):
            from sync.error_report import error_report

            print_json(error_report(error))
        else:
            complain(error_words(error, in_chinese))
        return 2
    return code


def command() -> int:
    """What the installed program calls: `main`, with an output that suits the terminal."""
    return terminal.run_command(main, extra="province")


if __name__ == "__main__":
    sys.exit(command())
