"""What a person types to say which ratings are meant: levels by name or number, days, texts."""

import argparse
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from sync.arguments import whole_number
from sync.beijing_time import first_ms, last_ms
from sync.codes import Numbering, UnknownNumberError, level_name, level_of
from sync.entries import Level
from sync.identity_text import comparable
from sync.language import tr
from sync.sentence import Sentence

if TYPE_CHECKING:
    from province.store.rating_query import RatingFilter

LIMIT_MAX = 10_000_000
LIMIT = 100

NEGATIVE = frozenset({Level.DISSATISFIED, Level.VERY_DISSATISFIED})
STANDINGS = ("open", "rated", "unrated", "withdrawn")


def add_filters(parser: argparse.ArgumentParser) -> None:
    """The options that choose ratings; `read_filter` reads them."""
    parser.set_defaults(refuse=parser.error)
    parser.add_argument("--pad", help="of one pad")
    parser.add_argument("--window", help="of one window")
    parser.add_argument("--clerk", help="of one clerk")
    parser.add_argument("--case", help="of one case")
    parser.add_argument(
        "--level",
        type=read_levels,
        action="append",
        help=(
            "of this level: very-satisfied or 非常满意, a number with its numbering such as"
            " gbt-39046:1, or negative (差评) for both; may be given again"
        ),
    )
    parser.add_argument(
        "--standing",
        choices=STANDINGS,
        action="append",
        help="what became of the invitation; may be given again",
    )
    parser.add_argument(
        "--from",
        type=_moment(first_ms),
        dest="first_ms",
        metavar="DATE",
        help="from this day on (Beijing time): 2026-11-30, or with a time, '2026-11-30 14:30'",
    )
    parser.add_argument(
        "--to",
        type=_moment(last_ms),
        dest="last_ms",
        metavar="DATE",
        help="up to the end of this day or minute (Beijing time)",
    )
    parser.add_argument(
        "--limit",
        type=whole_number(1, LIMIT_MAX),
        default=LIMIT,
        metavar="N",
        help="the newest N (100 by default)",
    )


def read_filter(given: argparse.Namespace) -> "RatingFilter":
    """Which ratings are wanted. Ends the program, as for any wrong option, where none can be."""
    from province.store.rating_query import RatingFilter  # loads SQLAlchemy

    first, last = given.first_ms, given.last_ms
    if first is not None and last is not None and first > last:
        given.refuse(tr("--from is after --to"))
    levels = frozenset[Level]().union(*given.level) if given.level else None
    return RatingFilter(
        pads=None if given.pad is None else {given.pad},
        windows=_spellings(given.window),
        clerks=_spellings(given.clerk),
        cases=_spellings(given.case),
        levels=None if levels is None else {level.value for level in levels},
        standings=given.standing,
        first_ms=first,
        last_ms=last,
    )


def read_levels(text: str) -> frozenset[Level]:
    """The levels that a word or a number means. Raises ArgumentTypeError: a number alone says
    nothing where the official numberings differ.
    """
    word = unicodedata.normalize("NFKC", text).strip().lower().replace("-", "_").replace(" ", "_")
    if word in {"negative", "差评"}:
        return NEGATIVE
    for level in Level:
        if word in {level.value, level_name(level)}:
            return frozenset({level})
    before, _, number = word.rpartition(":")
    numberings = [one for one in Numbering if before in {"", one.value.replace("-", "_")}]
    try:
        found = {level_of(one, int(number)) for one in numberings}
    except (UnknownNumberError, ValueError):
        found = set()
    if len(found) == 1:
        return frozenset(found)
    if found:
        meanings = ", ".join(
            f"{one.value}:{number} {level_name(level_of(one, int(number)))}" for one in numberings
        )
        sentence = Sentence(
            "{number} means another level in each numbering: {meanings}",
            number=number,
            meanings=meanings,
        )
    else:
        names = ", ".join(f"{each.value.replace('_', '-')} {level_name(each)}" for each in Level)
        sentence = Sentence("{text!r} is no level; there are {names}", text=text, names=names)
    raise argparse.ArgumentTypeError(tr(sentence))


def _spellings(text: str | None) -> set[str] | None:
    """How the store may have a text that a person typed, or copied from a spreadsheet, where an
    apostrophe keeps it a text (`csv_lines.py`).
    """
    if text is None:
        return None
    return {text, comparable(text), comparable(text.removeprefix("'"))}


def _moment(read: Callable[[str], int]) -> Callable[[str], int]:
    """An argument's type: a day or moment of Beijing time, in milliseconds since 1970."""

    def read_argument(text: str) -> int:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read_argument
