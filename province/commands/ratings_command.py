"""`ratingpad-province ratings`: the newest ratings that fit, as a table, CSV or JSON."""

import argparse
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from province.commands.rating_arguments import add_filters, read_filter
from province.commands.rating_lists import csv_lines, json_members, table_lines
from province.commands.store_reading import add_store, reading
from province.errors import UnknownFilterError
from province.rows import Rating
from sync.arguments import Exit, Subcommand
from sync.json_text import json_text
from sync.language import tr
from sync.sentence import Sentence

if TYPE_CHECKING:
    from province.store.rating_query import RatingQuery


class Left(NamedTuple):
    """What was not listed. `undated`: ratings that fit but for their date, which is not known."""

    undated: int
    more: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which ratings, of which store, in which form."""
    add_filters(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--csv", action="store_true", help="for a spreadsheet: CSV in UTF-8 with a byte order mark"
    )
    form.add_argument("--json", action="store_true", help="for a program: one JSON document")
    add_store(parser)


def run(given: argparse.Namespace) -> int:
    """List them; the exit code."""
    wanted = read_filter(given)
    write = _write_csv if given.csv else _write_json if given.json else _write_table
    with reading(given.store) as store, store.rating_query(wanted) as query:
        listing = _Listing(query.rows(given.limit + 1), given.limit)
        if listing.is_empty:
            _refuse_unknown(query, given)
        left = write(listing, lambda: query.undated() if wanted.has_dates else 0)
    if listing.is_empty:
        print(tr("no rating fits"), file=sys.stderr)
    if left.undated:
        sentence = Sentence.counted(
            "{count} rating without a date is left out",
            "{count} ratings without a date are left out",
            count=left.undated,
        )
        print(tr(sentence), file=sys.stderr)
    if left.more:
        sentence = Sentence("there are more than these {limit}; see --limit", limit=given.limit)
        print(tr(sentence), file=sys.stderr)
    return 0


class _Listing:
    """The first `limit` of rows that may be one more. `more`: it was; known at the end."""

    def __init__(self, rows: Iterator[Rating], limit: int) -> None:
        first = list(islice(rows, 1))
        self.is_empty = not first
        self.more = False
        self._rows = chain(first, rows)
        self._limit = limit

    def __iter__(self) -> Iterator[Rating]:
        yield from islice(self._rows, self._limit)
        self.more = next(self._rows, None) is not None


def _write_table(listing: _Listing, undated: Callable[[], int]) -> Left:
    for line in table_lines(listing):
        print(line)
    return Left(undated(), listing.more)


def _write_csv(listing: _Listing, undated: Callable[[], int]) -> Left:
    _write_as_utf8(csv_lines(listing))
    return Left(undated(), listing.more)


def _write_json(listing: _Listing, undated: Callable[[], int]) -> Left:
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print('{"ratings": [', end="")
    for member in json_members(listing, ascii_only=not is_utf8):
        print(member, end="")
    left = Left(undated(), listing.more)
    print(f'\n], "undated_left_out": {json_text(left.undated)}, "more": {json_text(left.more)}}}')
    return left


def _write_as_utf8(pieces: Iterable[str]) -> None:
    """Write to the output as it is, whatever the terminal's language: it is meant for a file."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    for piece in pieces:
        sys.stdout.write(piece)


def _refuse_unknown(query: "RatingQuery", given: argparse.Namespace) -> None:
    """Raise UnknownFilterError (P23) for a pad, window, clerk or case that the store does not know:
    most likely a typing error, and no answer to what was meant.
    """
    words = {
        "pads": Sentence("the store knows no pad {text!r}", text=given.pad),
        "windows": Sentence("the store knows no window {text!r}", text=given.window),
        "clerks": Sentence("the store knows no clerk {text!r}", text=given.clerk),
        "cases": Sentence("the store knows no case {text!r}", text=given.case),
    }
    for name in query.unknown():
        raise UnknownFilterError(words[name])


COMMAND = Subcommand(
    "ratings",
    "the newest ratings",
    add_arguments,
    run,
    (
        Exit(0, "done"),
        Exit(
            2, "wrong use, the store cannot be read, or it knows no such pad, window, clerk or case"
        ),
    ),
)
