"""A table for a spreadsheet: RFC 4180, with what Excel needs and without what it would run. Pure.

Excel takes a file for UTF-8 only where it begins with a byte order mark; without it Chinese is
garbled. A cell that begins with `=`, `+`, `-` or `@` is a formula to Excel, LibreOffice and WPS,
and a formula may start programs or send what is on the sheet somewhere. A stored text may begin so
because somebody made it so, thus it is given an apostrophe in front, which makes it a text
(https://owasp.org/www-community/attacks/CSV_Injection). Numbers stay numbers.
"""

from collections.abc import Iterable

from sync.shown_text import shown

BYTE_ORDER_MARK = "\ufeff"
"""Before the first line of a file."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "|")

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
    text = shown(f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell)
    if not any(mark in text for mark in '",;'):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
