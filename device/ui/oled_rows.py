"""A row of text at a size: how wide and high its ink is, and how it is broken into lines.

No text is smaller than can be read on the glass (`device/board/glass.py`). What is judged is the
height of a capital letter or a digit, or, in a text that has neither, of a Chinese or Korean
character. A row that is too wide at its smallest size is broken into lines; nothing is cut off.
"""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from device.ui.fonts import font
from device.ui.screens import Piece, ScreenRow

APART_PX = 8
"""Between the left part and the right part of a row."""
BAND_PX = 2
"""How far a band reaches above and below its text."""
CAPITAL, HANGUL, HAN = "H", "한", "国"
"""Characters of full height."""


@dataclass(frozen=True, slots=True)
class SizedRow:
    """A row with one size for each piece; `above` and `below`: the ink's height from the baseline.

    `step`: which of the wanted sizes it is, from 0.
    """

    row: ScreenRow
    step: int
    width: int
    above: int
    below: int

    @property
    def height(self) -> int:
        """The height of the ink, with the band if there is one."""
        return self.above + self.below + 2 * BAND_PX * self.row.band


def letter(text: str) -> str:
    """The character by whose height `text` is judged: the lowest of those that it has."""
    if any(char.isascii() and char.isalnum() for char in text):
        return CAPITAL
    return HANGUL if any("가" <= char <= "힣" for char in text) else HAN


@functools.cache
def _least(character: str, language: str, letter_px: int) -> int:
    for size in itertools.count(letter_px):
        if height(character, language, size) >= letter_px:
            return size
    raise AssertionError


def height(character: str, language: str, size: int) -> int:
    """The height of a character's ink, in pixels."""
    _, top, _, bottom = ink(Piece(character, (size,)), language)
    return bottom - top


def readable(row: ScreenRow, letter_px: int) -> ScreenRow:
    """The row with those of its sizes that can be read, and the least one that can."""

    def enlarged(piece: Piece) -> Piece:
        least = _least(letter(piece.text), row.language, letter_px)
        return Piece(piece.text, (*(size for size in piece.sizes if size > least), least))

    return replace(
        row,
        pieces=tuple(map(enlarged, row.pieces)),
        right=enlarged(row.right) if row.right is not None else None,
    )


def smallest(row: ScreenRow) -> int:
    """The step at which all pieces of the row have their smallest size."""
    return max(len(piece.sizes) for piece in _all(row)) - 1


def sized(row: ScreenRow, step: int) -> SizedRow:
    """The row at a step of its sizes."""

    def at(piece: Piece) -> Piece:
        return Piece(piece.text, (piece.sizes[min(step, len(piece.sizes) - 1)],))

    one = replace(
        row,
        pieces=tuple(map(at, row.pieces)),
        right=at(row.right) if row.right is not None else None,
    )
    boxes = [ink(piece, row.language) for piece in _all(one)]
    width = sum(box[2] - box[0] for box in boxes) + space(one.pieces) * (len(one.pieces) - 1)
    return SizedRow(
        one,
        step,
        width + (APART_PX if one.right is not None and one.pieces else 0),
        max(-box[1] for box in boxes),
        max(*(box[3] for box in boxes), 0),
    )


def lines(row: ScreenRow, room: int, step: int) -> list[SizedRow]:
    """The row at the first step from `step` on at which it is not wider than `room`; at its
    smallest size, and in several lines, where there is none.
    """
    last = smallest(row)
    for number in range(step, last + 1):
        one = sized(row, number)
        if one.width <= room:
            return [one]
    return [replace(sized(part, last), step=last) for part in _broken(row, room)]


def _broken(row: ScreenRow, room: int) -> list[ScreenRow]:
    """The parts of a row that is too wide, each of which fits."""
    if row.right is not None:
        left = [replace(row, right=None)] if row.pieces else []
        return _each([*left, replace(row, pieces=(row.right,), right=None)], room)
    if len(row.pieces) > 1:
        return _each([replace(row, pieces=(piece,)) for piece in row.pieces], room)
    (piece,) = row.pieces
    size = piece.sizes[-1:]

    def fits(text: str) -> bool:
        left, _, right, _ = ink(Piece(text, size), row.language)
        return right - left <= room

    return [replace(row, pieces=(Piece(text, size),)) for text in broken(piece.text.strip(), fits)]


def _each(rows: list[ScreenRow], room: int) -> list[ScreenRow]:
    return [one.row for row in rows for one in lines(row, room, smallest(row))]


def broken(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The text in as few lines as fit, at its spaces if it has any; a word that does not fit, and
    a text without spaces, between two characters. The lines are about equally long, the last ones
    longer. A character that is too wide has a line of its own.
    """
    words: list[str] = []
    for word in text.split():
        words += [word] if fits(word) else _balanced(list(word), "", fits)
    return _balanced(words, " ", fits) if len(words) > 1 else words


def _balanced(parts: list[str], between: str, fits: Callable[[str], bool]) -> list[str]:
    best = _filled(parts, between, fits)
    for most in range(max(map(len, best)), 0, -1):
        shorter = _filled(parts, between, functools.partial(_within, most, fits))
        if len(shorter) > len(best):
            break
        best = shorter
    return best


def _within(most: int, fits: Callable[[str], bool], text: str) -> bool:
    return len(text) <= most and fits(text)


def _filled(parts: list[str], between: str, fits: Callable[[str], bool]) -> list[str]:
    """Lines filled from the last one."""
    found: list[str] = []
    for part in reversed(parts):
        longer = f"{part}{between}{found[0]}" if found else part
        if found and fits(longer):
            found[0] = longer
        else:
            found.insert(0, part)
    return found


def space(pieces: tuple[Piece, ...]) -> int:
    """The space between two pieces of a row: an eighth of the largest size."""
    return max((piece.sizes[0] for piece in pieces), default=0) // 8


def ink(piece: Piece, language: str) -> tuple[int, int, int, int]:
    """The box of a piece's ink, relative to the start of its baseline."""
    if not piece.text:
        return 0, 0, 0, 0
    left, top, right, bottom = font(language, piece.sizes[0]).getbbox(piece.text, "1", anchor="ls")
    return int(left), int(top), int(right), int(bottom)


def _all(row: ScreenRow) -> list[Piece]:
    return [*row.pieces, *([row.right] if row.right is not None else [])]
