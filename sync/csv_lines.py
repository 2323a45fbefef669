"""A table for a spreadsheet: RFC 4180, with what Excel needs and without what it would run. Pure.

Excel takes a file for UTF-8 only where it begins with a byte order mark; without it Chinese is
garbled. A cell that begins with `=`, `+`, `-` or `@` is a formula to Excel, LibreOffice and WPS,
and a formula may start programs or send what is on the sheet somewhere. A stored text may begin so
because somebody made it so, thus it is given an apostrophe in front, which makes it a text
(https://owasp.org/www-community/attacks/CSV_Injection).

A text of digits is a number to them, or a date: a case number of 20 digits loses its last five, the
window `007` becomes 7, and `3-1` the first of March. So such a text gets an apostrophe, too, unless
it is a whole number or a complete date, which stay what they are. Numbers stay numbers.
"""

import re
from collections.abc import Iterable

from sync.shown_text import shown

BYTE_ORDER_MARK = "\ufeff"
"""Before the first line of a file."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "|")

_CHANGED = re.compile(r"[.\d][\d.,:/%Ee年月日时分秒\s-]*")
"""What a spreadsheet may take for a number, a date or a time."""
_KEPT = re.compile(r"0|[1-9]\d{0,10}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
"""From 12 digits on Excel shows a number in powers of ten. A date that is complete stays one."""

Cell = str | int | float | bool | None
"""None is an empty cell, a bool is `true` or `false`."""


def csv_line(cells: Iterable[Cell]) -> str:
    """One line with its end. What cannot be seen, line breaks too, is escaped as in `shown`."""
    return ",".join(map(_written, cells)) + "\r\n"


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if not isinstance(cell, str):
        return str(cell)
    text = shown(f"'{cell}" if _is_no_text(cell) else cell)
    if not any(mark in text for mark in '",;'):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _is_no_text(cell: str) -> bool:
    """Whether a spreadsheet would take this text for something else."""
    text = cell.strip()
    if cell.lstrip().startswith(_FORMULA) or cell.startswith(_FORMULA):
        return True
    return _CHANGED.fullmatch(text) is not None and _KEPT.fullmatch(cell) is None
