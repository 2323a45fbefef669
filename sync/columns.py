"""Text in a terminal's columns, where a Chinese character takes two. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence

NOT_FIRST = "，。；：、？！）】》”’…"
NOT_LAST = "（《【“‘"
"""What may not begin, and what may not end a line (GB/T 15834)."""


JOINED_JAMO = frozenset(map(chr, range(0x1160, 0x1200)))
"""Vowels and finals of Korean, which stand in the column of the consonant before them."""


def columns(text: str) -> int:
    """How many columns a text takes."""
    return len(text) if text.isascii() else sum(_columns_of(character) for character in text)


def padded(text: str, width: int) -> str:
    """The text with spaces behind it, so that it takes `width` columns."""
    return text + " " * (width - columns(text))


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns. A line ends at a space, or behind a character
    that takes two columns; a longer word is left whole. No line begins with closing punctuation.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and columns((line + piece).rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def aligned(rows: Iterable[Sequence[str]], gap: str = "  ") -> list[str]:
    """Rows of cells as lines, each column as wide as its longest cell."""
    table = [list(row) for row in rows]
    widths = [max(map(columns, cells)) for cells in zip(*table, strict=True)]
    return [
        gap.join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def _pieces(text: str) -> list[str]:
    """The parts between which a line may end."""
    pieces: list[str] = []
    for character in " ".join(text.split()):
        before = pieces[-1][-1] if pieces else " "
        joins = before != " " and (
            character == " "
            or character in NOT_FIRST
            or before in NOT_LAST
            or (_columns_of(character) == 1 and _columns_of(before) == 1)
        )
        if pieces and joins:
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"} or character in JOINED_JAMO:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
