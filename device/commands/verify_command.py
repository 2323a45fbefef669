"""`ratingpad verify`: is the chain of a ledger whole?"""

import argparse
from pathlib import Path

from device.commands.command_errors import MISUSED, refuse, say_error
from sync.arguments import Exit, Subcommand, add_json
from sync.printing import print_json, say
from sync.progress import Progress
from sync.sentence import Sentence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The ledger's file."""
    parser.add_argument("ledger", type=Path, help="the ledger file; it is only read")
    add_json(parser)


def run(chosen: argparse.Namespace) -> int:
    """Check it and print what was found; the exit code, which may be 3 (a person must look)."""
    from device.errors import LedgerError
    from device.ledger_report import NoLedgerError, examine_ledger

    try:
        with Progress(Sentence("checking {file}", file=chosen.ledger.name)) as progress:
            found = examine_ledger(chosen.ledger, progress=progress)
    except NoLedgerError as error:
        return refuse(error.says, as_json=chosen.json)
    except LedgerError as error:
        say_error(error, as_json=chosen.json)
        return MISUSED
    if chosen.json:
        print_json(found.document())
        return found.exit_code
    for line, tone in found.lines():
        say(line, tone)
    return found.exit_code


COMMAND = Subcommand(
    "verify",
    "walk a ledger's chain; name the first bad entry",
    add_arguments,
    run,
    (
        Exit(0, "the ledger is whole"),
        Exit(1, "it is damaged, or entries are gone from its end"),
        Exit(2, "no ledger, or it cannot be read, or wrong use"),
        Exit(3, "whole, but a person must look at something"),
    ),
)
