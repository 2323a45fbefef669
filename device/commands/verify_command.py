"""`ratingpad verify`: is the chain of a ledger whole?"""

import argparse
import sys
from pathlib import Path

from sync.arguments import Exit, Subcommand


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The ledger's file."""
    parser.add_argument("ledger", type=Path, help="the ledger file; it is only read")


def run(chosen: argparse.Namespace) -> int:
    """Check it and print what was found; the exit code, which may be 3 (a person must look)."""
    from device.ledger_report import UNREADABLE, report

    code, lines = report(chosen.ledger)
    print(*lines, sep="\n", file=sys.stderr if code == UNREADABLE else sys.stdout)
    return code


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
