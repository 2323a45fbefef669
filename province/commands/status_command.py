"""`ratingpad-province status`: what the store holds, in numbers."""

import argparse

from province.commands.store_reading import add_store, reading
from sync.arguments import Subcommand
from sync.columns import padded
from sync.json_text import json_text
from sync.language import tr


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which store, in which form."""
    parser.add_argument("--json", action="store_true", help="for a program: one JSON document")
    add_store(parser)


def run(given: argparse.Namespace) -> int:
    """Print a line for each number; the exit code."""
    with reading(given.store) as store:
        numbers: dict[str, int] = store.summary()._asdict()
    if given.json:
        print(json_text(numbers))
        return 0
    names = max(map(len, numbers))
    digits = max(len(str(number)) for number in numbers.values())
    words = _words()
    for name, number in numbers.items():
        print(f"{padded(name, names)}  {number:{digits}}  {words[name]}")
    return 0


def _words() -> dict[str, str]:
    """What each number counts."""
    return {
        "pads": tr("pads that have ever sent something"),
        "ledgers": tr("ledgers, of which a pad has one at a time"),
        "entries": tr("entries stored"),
        "invitations": tr("invitations, the four below together"),
        "rated": tr("rated"),
        "unrated": tr("ended without a rating"),
        "withdrawn": tr("withdrawn by the clerk's side"),
        "open": tr("open, or their end has not arrived yet"),
        "undated": tr("of the invitations, those whose date is not known"),
        "strays": tr("presses without an open invitation: kept, never counted"),
        "faults": tr("faults that pads have reported"),
        "unread": tr("entries that this version cannot read; verify names them"),
        "salvaged": tr("entries that came out of damaged ledgers"),
        "lost": tr("entries that pads once had and that never arrived; verify names them"),
        "doubled": tr("entries stored twice: always 0"),
        "refusals": tr("kinds of messages refused; verify names them"),
        "incidents": tr("incidents that a person must look at; verify names them"),
    }


COMMAND = Subcommand("status", "what the store holds, in numbers", add_arguments, run)
