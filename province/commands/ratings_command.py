"""`ratingpad-province ratings`: the newest ratings."""

import argparse
import sys

from province.commands.store_reading import add_store, reading
from province.rows import Rating
from sync.arguments import Subcommand, whole_number
from sync.shown_text import shown, shown_utc

LIMIT_MAX = 10_000_000
"""Rows that `ratings` lists at most; each takes a line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which ratings, of which store."""
    parser.add_argument("--pad", help="of one pad only")
    parser.add_argument(
        "--limit", type=whole_number(1, LIMIT_MAX), default=100, help="how many (default 100)"
    )
    add_store(parser)


def run(given: argparse.Namespace) -> int:
    """Print a line for each rating; the exit code."""
    return _ratings(given.store, given.pad, given.limit)


def _ratings(store_url: str, pad: str | None, limit: int) -> int:
    with reading(store_url) as store:
        found = store.ratings(limit, pad)
        is_known = bool(found) or pad is None or any(seen.pad == pad for seen in store.pads())
    for rating in found:
        print(_line(rating))
    if not is_known:
        print(shown(f"the store knows no pad {pad!r}"), file=sys.stderr)
    return 0


def _line(rating: Rating) -> str:
    columns = [
        shown_utc(rating.utc_ms) if rating.utc_ms is not None else "(date unknown)",
        shown(rating.dated_by),
        shown(rating.pad),
        shown(rating.window_id or "-"),
        shown(rating.case_number or "-"),
        rating.standing,
        rating.level or "-",
        rating.channel or "-",
    ]
    return "\t".join([*columns, "hasty"] if rating.is_hasty else columns)


COMMAND = Subcommand("ratings", "the newest ratings", add_arguments, run)
