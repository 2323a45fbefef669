"""Screens drawn as 1-bit pictures, the same for a real OLED and a simulated one.

Rows are stacked by their ink, with equal gaps; a row that is too wide takes its next smaller
sizes, and is cut with an ellipsis when even the smallest is. Nothing leaves the picture and no row
touches another.
"""

import functools
from dataclasses import dataclass

from PIL import Image, ImageDraw

from device.ui.fonts import font, let_go
from device.ui.screens import Piece, Row, Screen

MARGIN_PX = 1
"""Kept free at both sides: five level names need the rest."""
FRAME_PX = 4
"""Kept free at both sides inside a frame."""
GAP_PX = 2
"""At least so far apart are two rows, while smaller sizes are left to take."""
APART_PX = 8
"""Between what is pushed left and what is pushed right."""
BAND_PX = 2
"""How far a band reaches above and below its text."""
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Placed:
    """One piece in its place: the left end of its base line, and its ink's box."""

    text: str
    size: int
    language: str
    x: int
    y: int
    box: tuple[int, int, int, int]
    row: int


@dataclass(slots=True)
class _Set:
    """A row with a size for each piece; heights are of ink, above and below the base line."""

    row: Row
    step: int
    pieces: list[Piece]
    width: int
    above: int
    below: int

    @property
    def height(self) -> int:
        return self.above + self.below + 2 * BAND_PX * self.row.band


def draw(screen: Screen, size: tuple[int, int] = (128, 64)) -> Image.Image:
    """The picture of `screen`, mode "1", lit = 1; a scene seen lately is not drawn again."""
    return _drawn(screen, size).copy()


@functools.lru_cache(maxsize=64)
def _drawn(screen: Screen, size: tuple[int, int]) -> Image.Image:
    image = Image.new("1", size, 0)
    pen = ImageDraw.Draw(image)
    pen.fontmode = "1"
    if screen.framed:
        pen.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=1)
    for piece in layout(screen, size):
        band = screen.rows[piece.row].band
        if band:
            top, bottom = piece.box[1] - BAND_PX, piece.box[3] + BAND_PX
            pen.rectangle((0, top, size[0] - 1, bottom - 1), fill=1)
        face = font(piece.language, piece.size)
        pen.text((piece.x, piece.y), piece.text, font=face, fill=0 if band else 1, anchor="ls")
    if screen.inverted:
        image = image.point(lambda lit: not lit)
    let_go()
    return image


def layout(screen: Screen, size: tuple[int, int]) -> list[Placed]:
    """Where every piece of `screen` stands."""
    edge = FRAME_PX if screen.framed else MARGIN_PX
    room, tall = size[0] - 2 * edge, size[1] - 2 * screen.framed
    rows = [_fitted(row, room, 0) for row in screen.rows if row.pieces]
    while len(rows) > 1 and sum(one.height + GAP_PX for one in rows) > tall:
        tallest = max(
            range(len(rows)), key=lambda place: (_smaller(rows[place]), rows[place].height)
        )
        if not _smaller(rows[tallest]):
            rows.pop()
            continue
        rows[tallest] = _fitted(rows[tallest].row, room, rows[tallest].step + 1)
    gap = (tall - sum(one.height for one in rows)) / (len(rows) + 1)
    placed: list[Placed] = []
    top = float(screen.framed)
    for place, one in enumerate(rows):
        top += gap
        base = round(top) + BAND_PX * one.row.band + one.above
        placed += _across(one, place, base, edge, size[0])
        top += one.height
    return placed


def _smaller(one: _Set) -> bool:
    return any(one.step + 1 < len(piece.sizes) for piece in one.row.pieces)


def _fitted(row: Row, room: int, step: int) -> _Set:
    """The row at the first step of sizes from `step` on at which it is not too wide."""
    last = max(len(piece.sizes) for piece in row.pieces) - 1
    while True:
        one = _sized(row, step)
        if one.width <= room or step >= last:
            break
        step += 1
    while one.width > room:
        longest = max(range(len(one.row.pieces)), key=lambda at: len(one.row.pieces[at].text))
        pieces = list(one.row.pieces)
        text = pieces[longest].text.removesuffix(ELLIPSIS)
        if not text:
            break
        pieces[longest] = Piece(text[:-1].rstrip() + ELLIPSIS, pieces[longest].sizes)
        one = _sized(Row(row.language, tuple(pieces), row.right, row.band), step)
    return one


def _sized(row: Row, step: int) -> _Set:
    every = [*row.pieces, *([row.right] if row.right else [])]
    pieces = [Piece(piece.text, (piece.sizes[min(step, len(piece.sizes) - 1)],)) for piece in every]
    boxes = [_ink(piece, row.language) for piece in pieces]
    width = sum(box[2] - box[0] for box in boxes) + _space(pieces) * (len(row.pieces) - 1)
    return _Set(
        row,
        step,
        pieces,
        width + (APART_PX if row.right else 0),
        max(-box[1] for box in boxes),
        max(*(box[3] for box in boxes), 0),
    )


def _space(pieces: list[Piece]) -> int:
    """Between two pieces of a row: an eighth of the largest."""
    return max(piece.sizes[0] for piece in pieces) // 8


def _ink(piece: Piece, language: str) -> tuple[int, int, int, int]:
    """The ink's box around the start of the base line."""
    if not piece.text:
        return 0, 0, 0, 0
    left, top, right, bottom = font(language, piece.sizes[0]).getbbox(piece.text, "1", anchor="ls")
    return int(left), int(top), int(right), int(bottom)


def _across(one: _Set, place: int, base: int, edge: int, wide: int) -> list[Placed]:
    """The pieces of a row from left to right."""
    placed = []
    at = edge if one.row.right else (wide - one.width) // 2
    for number, piece in enumerate(one.pieces):
        left, top, right, bottom = _ink(piece, one.row.language)
        if one.row.right and number == len(one.pieces) - 1:
            at = wide - edge - (right - left)
        box = (at, base + top, at + right - left, base + bottom)
        if piece.text:
            placed.append(
                Placed(piece.text, piece.sizes[0], one.row.language, at - left, base, box, place)
            )
        at += right - left + _space(one.pieces)
    return placed
