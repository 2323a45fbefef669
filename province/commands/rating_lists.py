"""A list of ratings as a table, as CSV and as JSON: text piece by piece, as the rows come.

Everything is safe to show: whatever a pad sent forges no line of a table or a file, is no command
to a terminal and no formula to a spreadsheet.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from province.rows import Rating
from sync.beijing_time import shown_beijing
from sync.codes import level_name
from sync.columns import columns, padded
from sync.csv_lines import BYTE_ORDER_MARK, Cell, csv_line
from sync.entries import Channel, Level, Trust
from sync.json_text import json_text
from sync.language import CHINESE, language, tr
from sync.sentence import Sentence
from sync.shown_text import shown, shown_utc

MEASURED_ROWS = 500
"""Columns are as wide as the widest cell of so many rows; a later, wider one moves its line."""
GAP = "  "

NAMES = (
    *("time_beijing", "time_utc", "dated_by", "uncertainty_ms"),
    *("pad", "window", "clerk", "case", "matter", "step"),
    *("standing", "level", "level_name", "corrected", "hasty", "elapsed_ms"),
    *("channel", "source", "desk", "reason", "invitation", "ledger", "seq"),
)
"""The columns of CSV and the members of JSON, which has `utc_ms`, too."""


def table_lines(ratings: Iterable[Rating]) -> Iterator[str]:
    """Lines for a person: a header and a line for each rating, columns aligned."""
    header = [
        tr("time (UTC+8)"),
        tr("pad"),
        tr("window"),
        tr("clerk"),
        tr("case"),
        tr("result"),
        tr("remarks"),
    ]
    rows = map(_cells, ratings)
    measured = list(islice(rows, MEASURED_ROWS))
    widths = [max(map(columns, cells)) for cells in zip(header, *measured, strict=True)]
    for row in chain([header], measured, rows):
        cells = (padded(cell, width) for cell, width in zip(row, widths, strict=True))
        yield GAP.join(cells).rstrip()


def csv_lines(ratings: Iterable[Rating]) -> Iterator[str]:
    """The lines of a CSV file with their ends, the byte order mark before the first."""
    yield BYTE_ORDER_MARK + csv_line(NAMES)
    for rating in ratings:
        times: list[Cell] = ["", ""]
        if rating.utc_ms is not None:
            times = [shown_beijing(rating.utc_ms), shown_utc(rating.utc_ms)]
        yield csv_line([*times, *_facts(rating)])


def json_members(ratings: Iterable[Rating], *, ascii_only: bool) -> Iterator[str]:
    """The members of a JSON array, one on each line, with the commas between them."""
    comma = ""
    for rating in ratings:
        times = [_iso(rating.utc_ms, beijing=True), _iso(rating.utc_ms, beijing=False)]
        facts = dict(zip(NAMES, [*times, *_facts(rating)], strict=True))
        facts["utc_ms"] = rating.utc_ms
        yield f"{comma}\n{json_text(facts, ascii_only=ascii_only)}"
        comma = ","


def _facts(rating: Rating) -> list[Cell]:
    """The cells of `NAMES` behind the times."""
    return [
        *(rating.dated_by, rating.uncertainty_ms),
        *(rating.pad, rating.window_id, rating.clerk),
        *(rating.case_number, rating.matter_code, rating.step),
        *(rating.standing, rating.level, _official_name(rating.level)),
        *(rating.again, rating.is_hasty, rating.elapsed_ms),
        *(rating.channel, rating.source, rating.desk, rating.reason),
        *(rating.invitation, rating.ledger, rating.seq),
    ]


def _official_name(level: str | None) -> str | None:
    """The name in Chinese; None for what is no level."""
    try:
        return level_name(Level(level))
    except ValueError:
        return None


def _cells(rating: Rating) -> Sequence[str]:
    """The cells of a table's line."""
    when = shown_beijing(rating.utc_ms) if rating.utc_ms is not None else tr("date unknown")
    texts = (rating.pad, rating.window_id, rating.clerk, rating.case_number)
    return [
        when,
        *(shown(text) if text else "-" for text in texts),
        _result(rating),
        _remarks(rating),
    ]


def _result(rating: Rating) -> str:
    """The level, or what became of the invitation without one."""
    if rating.level is None:
        words = {
            "open": tr("open"),
            "unrated": tr("unrated"),
            "withdrawn": tr("withdrawn"),
        }
        return words.get(rating.standing, shown(rating.standing))
    if language() == CHINESE:
        return _official_name(rating.level) or shown(rating.level)
    return shown(rating.level.replace("_", " "))


def _remarks(rating: Rating) -> str:
    """What is not as usual, most important first."""
    remarks = []
    if rating.is_hasty:
        remarks.append(tr("hasty"))
    if rating.again:
        remarks.append(tr("corrected"))
    if rating.dated_by == "anchor":
        sentence = Sentence("dated later, ±{ms} ms", ms=rating.uncertainty_ms)
        remarks.append(tr(sentence))
    elif rating.utc_ms is not None and rating.dated_by != Trust.NTP.value:
        remarks.append(tr(Sentence("clock {trust}", trust=shown(rating.dated_by))))
    if rating.channel not in {None, Channel.HALL_PAD.value}:
        remarks.append(shown(rating.channel or ""))
    if rating.reason is not None:
        remarks.append(shown(rating.reason))
    return ", ".join(remarks)


def _iso(utc_ms: int | None, *, beijing: bool) -> str | None:
    """ISO 8601 with milliseconds; None without a date, and beyond the years that one can have."""
    if utc_ms is None:
        return None
    second = shown_beijing(utc_ms) if beijing else shown_utc(utc_ms)
    if second.endswith(" ms"):
        return None
    zone = "+08:00" if beijing else "Z"
    return f"{second.removesuffix('Z').replace(' ', 'T')}.{utc_ms % 1000:03}{zone}"
