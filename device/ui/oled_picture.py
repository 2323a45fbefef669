"""Screens drawn as 1-bit pictures, the same for a real OLED and a simulated one.

Rows are stacked by their ink (the box of the lit pixels), with equal gaps. A row that is too wide
takes its next smaller sizes; if the smallest is too wide as well, its text is cut off with an
ellipsis. Everything stays inside the picture, and no row touches another. A QR code has a column of
its own. The standby screen is drawn closer together and moved in the room that is left
(`burn_in.py`).
"""

import functools
import math
from dataclasses import dataclass

from PIL import Image, ImageDraw

from device.ui import burn_in
from device.ui.fonts import font, release
from device.ui.qr import SIDE_MAX, modules
from device.ui.screens import Piece, Screen, ScreenRow

MARGIN_PX = 1
"""Free at both sides; five level names need the rest."""
FRAME_PX = 4
"""Free at both sides inside a frame."""
GAP_PX = 2
"""The least gap between two rows, as long as a row can take a smaller size."""
APART_PX = 8
"""Between the left part and the right part of a row."""
BAND_PX = 2
"""How far a band reaches above and below its text."""
ELLIPSIS = "…"
REST_GAP_PX = 3
"""Between the rows of a screen that is moved."""
MODULE_PX = 2
"""The side of a QR code's module; single pixels merge in a phone's camera."""
QUIET_PX = 3
"""The lit border of a QR code; the display's frame around the picture is dark."""
CODE_MAX_PX = MODULE_PX * SIDE_MAX + 2 * QUIET_PX
"""The side of the largest code with its border: a display of this height can show any code."""


@dataclass(frozen=True, slots=True)
class PlacedText:
    """One piece with its position: the left end of its baseline, and the box of its ink."""

    text: str
    size: int
    language: str
    x: int
    y: int
    box: tuple[int, int, int, int]
    row: int


@dataclass(slots=True)
class _SizedRow:
    """A row with a size for each piece; `above` and `below`: the ink's height from the baseline."""

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
    """The picture of `screen`, mode "1", lit = 1. The last 64 pictures are cached.

    With a `step` of burn-in protection, the content stands where `burn_in.place` puts it.
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
    release()
    return image


def _place(step: int | None, free: tuple[int, int]) -> tuple[int, int]:
    return burn_in.place(step, free) if step is not None else (free[0] // 2, free[1] // 2)


def _text(screen: Screen, size: tuple[int, int], step: int | None) -> Image.Image:
    """The rows of the screen, drawn on the part of the display that a QR code leaves."""
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
    """The QR code, dark on lit as phones expect it, with its border."""
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
    """The width that a QR code leaves to the rows."""
    if screen.qr is None:
        return size[0]
    return size[0] - MODULE_PX * len(modules(screen.qr)) - 2 * QUIET_PX


def layout(screen: Screen, size: tuple[int, int], step: int | None = None) -> list[PlacedText]:
    """Where every piece of `screen` stands. With a `step`, the rows are close together and short
    ones aligned as at that step; the caller still moves the whole block.
    """
    close = step is not None
    lean = 0.5 if step is None else burn_in.leaning(step)
    wide = _beside(screen, size)
    edge = FRAME_PX if screen.framed else MARGIN_PX
    room, tall = wide - 2 * edge, size[1] - 2 * screen.framed
    rows = [_fitted(row, room, 0) for row in screen.rows if row.pieces]
    least = REST_GAP_PX if close else GAP_PX
    while len(rows) > 1 and sum(row.height + least for row in rows) > tall:
        tallest = max(
            range(len(rows)), key=lambda place: (_smaller(rows[place]), rows[place].height)
        )
        if not _smaller(rows[tallest]):
            if sum(row.height + GAP_PX for row in rows) <= tall:
                break
            rows.pop()  # no size is left to reduce: the last row is left out
            continue
        rows[tallest] = _fitted(rows[tallest].row, room, rows[tallest].step + 1)
    inked = sum(row.height for row in rows)
    gap = (tall - inked) / (len(rows) + 1)
    top = float(screen.framed)
    if close and gap > least:
        top, gap = top + (tall - inked - least * (len(rows) + 1)) / 2, least
    placed: list[PlacedText] = []
    for place, sized in enumerate(rows):
        top += gap
        base = round(top) + BAND_PX * sized.row.band + sized.above
        placed += _across(sized, place, base, (edge, wide - edge), lean, apart=not close)
        top += sized.height
    return placed


def holds(screen: Screen, size: tuple[int, int], text: str) -> bool:
    """Whether `text` is shown whole, in every arrangement of burn-in protection, too."""
    return all(
        text in [piece.text for piece in layout(screen, size, step)]
        for step in (None, *burn_in.ARRANGEMENTS)
    )


def ink(picture: bytes, size: tuple[int, int] = (128, 64)) -> bytes:
    """The lit part of a picture, without its position: equal for all steps of one arrangement, and
    different for different content. `picture`: the bytes of a 1-bit image.
    """
    image = Image.frombytes("1", size, picture)
    box = image.getbbox() or (0, 0, 0, 0)
    return b"%d:" % (box[2] - box[0]) + image.crop(box).tobytes()


def _smaller(sized: _SizedRow) -> bool:
    """Whether a smaller size is left for a piece of the row."""
    return any(sized.step + 1 < len(piece.sizes) for piece in sized.row.pieces)


def _fitted(row: ScreenRow, room: int, step: int) -> _SizedRow:
    """The row at the first step of sizes from `step` on at which it is not too wide."""
    last = max(len(piece.sizes) for piece in row.pieces) - 1
    while True:
        sized = _sized(row, step)
        if sized.width <= room or step >= last:
            break
        step += 1
    while sized.width > room:
        texts = [piece.text for piece in sized.row.pieces]
        longest = max(range(len(texts)), key=lambda at: len(texts[at]))
        pieces = list(sized.row.pieces)
        text = pieces[longest].text.removesuffix(ELLIPSIS)
        if not text:
            break
        pieces[longest] = Piece(text[:-1].rstrip() + ELLIPSIS, pieces[longest].sizes)
        sized = _sized(ScreenRow(row.language, tuple(pieces), row.right, row.band), step)
    return sized


def _sized(row: ScreenRow, step: int) -> _SizedRow:
    all_pieces = [*row.pieces, *([row.right] if row.right else [])]
    pieces = [
        Piece(piece.text, (piece.sizes[min(step, len(piece.sizes) - 1)],)) for piece in all_pieces
    ]
    boxes = [_ink(piece, row.language) for piece in pieces]
    width = sum(box[2] - box[0] for box in boxes) + _space(pieces) * (len(row.pieces) - 1)
    return _SizedRow(
        row,
        step,
        pieces,
        width + (APART_PX if row.right else 0),
        max(-box[1] for box in boxes),
        max(*(box[3] for box in boxes), 0),
    )


def _space(pieces: list[Piece]) -> int:
    """The space between two pieces of a row: an eighth of the largest size."""
    return max(piece.sizes[0] for piece in pieces) // 8


def _ink(piece: Piece, language: str) -> tuple[int, int, int, int]:
    """The box of a piece's ink, relative to the start of its baseline."""
    if not piece.text:
        return 0, 0, 0, 0
    left, top, right, bottom = font(language, piece.sizes[0]).getbbox(piece.text, "1", anchor="ls")
    return int(left), int(top), int(right), int(bottom)


def _across(
    sized: _SizedRow, place: int, base: int, room: tuple[int, int], lean: float, *, apart: bool
) -> list[PlacedText]:
    """Place the pieces of a row from left to right; `apart`: its `right` goes to the right edge."""
    placed = []
    first, last = room
    apart = apart and sized.row.right is not None
    at = first if apart else first + math.floor((last - first - sized.width) * lean)
    for number, piece in enumerate(sized.pieces):
        left, top, right, bottom = _ink(piece, sized.row.language)
        if sized.row.right and number == len(sized.pieces) - 1:
            at = last - (right - left) if apart else at + APART_PX - _space(sized.pieces)
        box = (at, base + top, at + right - left, base + bottom)
        if piece.text:
            placed.append(
                PlacedText(
                    piece.text, piece.sizes[0], sized.row.language, at - left, base, box, place
                )
            )
        at += right - left + _space(sized.pieces)
    return placed
