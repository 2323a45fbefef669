"""Screens drawn as 1-bit pictures, the same for a real OLED and a simulated one.

Rows are stacked by their ink, with equal gaps; a row that is too wide takes its next smaller
sizes, and is cut with an ellipsis when even the smallest is. Nothing leaves the picture and no row
touches another. A QR code has a column of its own. What stands for hours is drawn closer together
and walks about in the room that is left (`burn_in.py`).
"""

import functools
import math
from dataclasses import dataclass

from PIL import Image, ImageDraw

from device.ui import burn_in as wear
from device.ui.fonts import font, let_go
from device.ui.qr import SIDE_MAX, modules
from device.ui.screens import Piece, Screen, ScreenRow

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
REST_GAP_PX = 3
"""Between the rows of what walks about."""
MODULE_PX = 2
"""A module of a QR code; of one pixel they flow together in a phone's camera."""
QUIET_PX = 3
"""Lit around a QR code; the glass around the picture is dark."""
CODE_MAX_PX = MODULE_PX * SIDE_MAX + 2 * QUIET_PX
"""The largest code with its quiet zone: the height of a display that can show every one."""


@dataclass(frozen=True, slots=True)
class PlacedText:
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

    row: ScreenRow
    step: int
    pieces: list[Piece]
    width: int
    above: int
    below: int

    @property
    def height(self) -> int:
        return self.above + self.below + 2 * BAND_PX * self.row.band


def draw(screen: Screen, size: tuple[int, int] = (128, 64), step: int | None = None) -> Image.Image:
    """The picture of `screen`, mode "1", lit = 1; a scene seen lately is not drawn again.

    With a `step`, it stands where `wear.place` has it at that step.
    """
    return _drawn(screen, size, step).copy()


@functools.lru_cache(maxsize=64)
def _drawn(screen: Screen, size: tuple[int, int], step: int | None) -> Image.Image:
    image = Image.new("1", size, 0)
    code = _code(screen.qr) if screen.qr is not None else None
    text, beside = _text(screen, size, step), 0
    if code is not None:
        at = 0 if screen.turned else size[0] - code.width
        image.paste(code, (at, _place(step, (0, size[1] - code.height))[1]))
        beside = code.width if screen.turned else 0
    box = text.getbbox()
    if step is not None and box is not None:
        text = text.crop(box)
        apart = GAP_PX if code is not None else 0
        free = (max(0, _beside(screen, size) - text.width - apart), size[1] - text.height)
        across, down = _place(step, free)
        image.paste(text, (beside + across + apart * screen.turned, down))
    else:
        image.paste(text, (beside, 0))
    let_go()
    return image


def _place(step: int | None, free: tuple[int, int]) -> tuple[int, int]:
    return wear.place(step, free) if step is not None else (free[0] // 2, free[1] // 2)


def _text(screen: Screen, size: tuple[int, int], step: int | None) -> Image.Image:
    """The rows of the screen, on a picture of all the room that they have."""
    wide = _beside(screen, size)
    image = Image.new("1", (wide, size[1]), 0)
    pen = ImageDraw.Draw(image)
    pen.fontmode = "1"
    if screen.framed:
        pen.rectangle((0, 0, wide - 1, size[1] - 1), outline=1)
    for piece in layout(screen, size, step):
        band = screen.rows[piece.row].band and not screen.turned
        if band:
            top, bottom = piece.box[1] - BAND_PX, piece.box[3] + BAND_PX
            pen.rectangle((0, top, wide - 1, bottom - 1), fill=1)
        face = font(piece.language, piece.size)
        pen.text((piece.x, piece.y), piece.text, font=face, fill=0 if band else 1, anchor="ls")
    return image.point(lambda lit: not lit) if screen.inverted else image


def _code(text: str) -> Image.Image:
    """The QR code, dark on lit as phones expect it, in its quiet zone."""
    rows = modules(text)
    side = MODULE_PX * len(rows) + 2 * QUIET_PX
    image = Image.new("1", (side, side), 1)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                left, top = QUIET_PX + MODULE_PX * x, QUIET_PX + MODULE_PX * y
                image.paste(0, (left, top, left + MODULE_PX, top + MODULE_PX))
    return image


def _beside(screen: Screen, size: tuple[int, int]) -> int:
    """The width that the code leaves to the rows."""
    if screen.qr is None:
        return size[0]
    return size[0] - MODULE_PX * len(modules(screen.qr)) - 2 * QUIET_PX


def layout(screen: Screen, size: tuple[int, int], step: int | None = None) -> list[PlacedText]:
    """Where every piece of `screen` stands. With a `step`, rows are near together and short ones
    lean as they do at that step; the whole of it has yet to be put in its place.
    """
    close = step is not None
    lean = 0.5 if step is None else wear.leaning(step)
    wide = _beside(screen, size)
    edge = FRAME_PX if screen.framed else MARGIN_PX
    room, tall = wide - 2 * edge, size[1] - 2 * screen.framed
    rows = [_fitted(row, room, 0) for row in screen.rows if row.pieces]
    least = REST_GAP_PX if close else GAP_PX
    while len(rows) > 1 and sum(one.height + least for one in rows) > tall:
        tallest = max(
            range(len(rows)), key=lambda place: (_smaller(rows[place]), rows[place].height)
        )
        if not _smaller(rows[tallest]):
            if sum(one.height + GAP_PX for one in rows) <= tall:
                break
            rows.pop()
            continue
        rows[tallest] = _fitted(rows[tallest].row, room, rows[tallest].step + 1)
    inked = sum(one.height for one in rows)
    gap = (tall - inked) / (len(rows) + 1)
    top = float(screen.framed)
    if close and gap > least:
        top, gap = top + (tall - inked - least * (len(rows) + 1)) / 2, least
    placed: list[PlacedText] = []
    for place, one in enumerate(rows):
        top += gap
        base = round(top) + BAND_PX * one.row.band + one.above
        placed += _across(one, place, base, (edge, wide - edge), lean, apart=not close)
        top += one.height
    return placed


def holds(screen: Screen, size: tuple[int, int], text: str) -> bool:
    """Whether `text` stands on the screen, whole; also when its rows are close together."""
    return all(
        text in [one.text for one in layout(screen, size, step)] for step in (None, *wear.WAYS)
    )


def ink(picture: bytes, size: tuple[int, int] = (128, 64)) -> bytes:
    """What is lit, wherever it stands: the same for every step of what walks about, and for
    nothing else. `picture` are the bytes of a 1-bit image.
    """
    image = Image.frombytes("1", size, picture)
    box = image.getbbox() or (0, 0, 0, 0)
    return b"%d:" % (box[2] - box[0]) + image.crop(box).tobytes()


def _smaller(one: _Set) -> bool:
    return any(one.step + 1 < len(piece.sizes) for piece in one.row.pieces)


def _fitted(row: ScreenRow, room: int, step: int) -> _Set:
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
        one = _sized(ScreenRow(row.language, tuple(pieces), row.right, row.band), step)
    return one


def _sized(row: ScreenRow, step: int) -> _Set:
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


def _across(
    one: _Set, place: int, base: int, room: tuple[int, int], lean: float, *, apart: bool
) -> list[PlacedText]:
    """The pieces of a row from left to right; `apart`: one may be pushed to the right edge."""
    placed = []
    first, last = room
    apart = apart and one.row.right is not None
    at = first if apart else first + math.floor((last - first - one.width) * lean)
    for number, piece in enumerate(one.pieces):
        left, top, right, bottom = _ink(piece, one.row.language)
        if one.row.right and number == len(one.pieces) - 1:
            at = last - (right - left) if apart else at + APART_PX - _space(one.pieces)
        box = (at, base + top, at + right - left, base + bottom)
        if piece.text:
            placed.append(
                PlacedText(
                    piece.text, piece.sizes[0], one.row.language, at - left, base, box, place
                )
            )
        at += right - left + _space(one.pieces)
    return placed
