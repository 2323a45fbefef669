"""Pages drawn as 1-bit pictures, the same for a real OLED and a simulated one.

Rows are stacked by their ink (the box of the lit pixels). The controller stores 8 rows of pixels in
a byte and a changed pixel costs the whole byte, so a row stands where it touches as few of these
eights as possible, as long as there is room for that. No row touches another. A QR code has a
column of its own. A scene at rest is drawn closer together and moved in the room that is left
(`burn_in.py`).
"""

import functools
import itertools
import math
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image, ImageDraw

from device.board.glass import Glass
from device.ui import burn_in
from device.ui.fonts import font, release
from device.ui.oled_pages import (
    FRAME_PX,
    GAP_PX,
    MARGIN_PX,
    MODULE_PX,
    QUIET_PX,
    beside,
    pages,
)
from device.ui.oled_rows import APART_PX, BAND_PX, SizedRow, ink, sized, space
from device.ui.qr import SIDE_MAX, modules
from device.ui.screens import Screen

BAND_SIDE_PX = 4
"""How far a band reaches beyond its text at both sides."""
REST_GAP_PX = 4
"""Between the rows of a screen that is moved."""
EIGHT = 8
"""The rows of pixels in a byte of the controller."""
CODE_MAX_PX = MODULE_PX * SIDE_MAX + 2 * QUIET_PX
"""The side of the largest code with its border: a display of this height can show any code."""

Size = tuple[int, int]


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


class Shape(NamedTuple):
    """The ink of a row: its height, and top, bottom and width of each piece inside of it."""

    height: int
    pieces: tuple[tuple[int, int, int], ...]

    def eights(self, top: int) -> int:
        """How many bytes of the controller the row touches where its ink begins at `top`."""
        return sum(
            wide * ((top + last - 1) // EIGHT - (top + first) // EIGHT + 1)
            for first, last, wide in self.pieces
        )


class Stack(NamedTuple):
    """Where the rows' ink begins, and the height of all of them."""

    tops: tuple[int, ...]
    height: int


def pictures(
    screens: tuple[Screen, ...], glass: Glass, step: int | None = None
) -> list[Image.Image]:
    """The picture of every page of these screens, in the order in which they are shown."""
    size = glass.width, glass.height
    return [draw(page, size, step) for one in screens for page in pages(one, glass)]


def draw(page: Screen, size: Size, step: int | None = None) -> Image.Image:
    """The picture of a page, mode "1", lit = 1. The last 64 pictures are cached.

    With a `step` of burn-in protection, the content stands where `burn_in.py` puts it.
    """
    return _drawn(page, size, step).copy()


@functools.lru_cache(maxsize=64)
def _drawn(page: Screen, size: Size, step: int | None) -> Image.Image:
    image = Image.new("1", size, 0)
    code = _code(page.qr) if page.qr is not None else None
    text, left = _text(page, size, step), 0
    if code is not None:
        free = (0, size[1] - code.height)
        down = burn_in.place(step, free)[1] if step is not None else free[1] // 2
        image.paste(code, (0 if page.turned else size[0] - code.width, down))
        left = code.width if page.turned else 0
    box = text.getbbox()
    if step is not None and box is not None:
        stack = _stack(_shapes(page), size[1], close=True)
        text = text.crop((box[0], 0, box[2], stack.height))
        apart = GAP_PX if code is not None else 0
        free = (max(0, beside(page, size[0]) - text.width - apart), size[1] - stack.height)
        across, down = burn_in.place(step, free)
        image.paste(text, (left + across + apart * page.turned, down))
    else:
        image.paste(text, (left, 0))
    release()
    return image


def _text(page: Screen, size: Size, step: int | None) -> Image.Image:
    """The rows of the page, drawn on the part of the display that a QR code leaves."""
    wide = beside(page, size[0])
    image = Image.new("1", (wide, size[1]), 0)
    pen = ImageDraw.Draw(image)
    pen.fontmode = "1"
    if page.framed:
        pen.rectangle((0, 0, wide - 1, size[1] - 1), outline=1)
    for piece in layout(page, size, step):
        band = page.rows[piece.row].band and not page.turned
        if band:
            left, top, right, bottom = piece.box
            reach = (left - BAND_SIDE_PX, top - BAND_PX, right + BAND_SIDE_PX - 1)
            pen.rectangle((*reach, bottom + BAND_PX - 1), fill=1)
        face = font(piece.language, piece.size)
        pen.text((piece.x, piece.y), piece.text, font=face, fill=0 if band else 1, anchor="ls")
    return image.point(lambda lit: not lit) if page.inverted else image


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


def layout(page: Screen, size: Size, step: int | None = None) -> list[PlacedText]:
    """Where every piece of a page stands. With a `step`, the rows are close together at the upper
    edge, and short ones aligned as at that step; the caller still moves the whole block.
    """
    lean = 0.5 if step is None else burn_in.leaning(step)
    wide = beside(page, size[0])
    edge = FRAME_PX if page.framed else MARGIN_PX
    rows = [sized(row, 0) for row in page.rows]
    close = step is not None
    if page.framed:
        inside = _stack(_shapes(page), size[1] - 2, close=close, whole_eights=False)
        tops = [top + 1 for top in inside.tops]
    else:
        tops = list(_stack(_shapes(page), size[1], close=close).tops)
    placed: list[PlacedText] = []
    for place, (one, top) in enumerate(zip(rows, tops, strict=True)):
        base = top + BAND_PX * one.row.band + one.above
        placed += _across(one, place, base, (edge, wide - edge), lean, apart=not close)
    return placed


def _shapes(page: Screen) -> tuple[Shape, ...]:
    return tuple(_shape(sized(row, 0)) for row in page.rows)


def _shape(one: SizedRow) -> Shape:
    if one.row.band:
        return Shape(one.height, ((0, one.height, one.width + 2 * BAND_SIDE_PX),))
    pieces = [*one.row.pieces, *([one.row.right] if one.row.right is not None else [])]
    boxes = [ink(piece, one.row.language) for piece in pieces]
    return Shape(
        one.height,
        tuple(
            (one.above + top, one.above + bottom, right - left)
            for left, top, right, bottom in boxes
        ),
    )


@functools.lru_cache(maxsize=64)
def _stack(
    shapes: tuple[Shape, ...], tall: int, *, close: bool, whole_eights: bool = True
) -> Stack:
    """Rows of these shapes below each other: in whole eights if there is room, otherwise with
    equal gaps. `close`: close together, beginning at the upper edge.
    """
    if not shapes:
        return Stack((), 0)
    if whole_eights and not close and (found := _in_eights(shapes, tall)) is not None:
        return found
    heights = [one.height for one in shapes]
    inked, count = sum(heights), len(heights)
    gap = (tall - inked) / (count + 1)
    if close:
        gap = min(gap, REST_GAP_PX)
    tops, top = [], 0.0 if close else gap
    for height in heights:
        tops.append(round(top))
        top += height + gap
    return Stack(tuple(tops), tops[-1] + heights[-1] if close else tall)


def _in_eights(shapes: tuple[Shape, ...], tall: int) -> Stack | None:
    """The same where each row has whole eights of its own; None where there is no room."""
    heights = [one.height for one in shapes]
    slots = [math.ceil(height / EIGHT) * EIGHT for height in heights]
    free = (tall - sum(slots)) // EIGHT
    if free < 0:
        return None
    gaps = [0] * (len(slots) + 1)
    inner = list(range(1, len(slots)))
    for place in itertools.islice(itertools.cycle([*inner, 0, len(slots)]), free):
        gaps[place] += 1
    tops, top = [], 0
    for one, slot, gap in zip(shapes, slots, gaps, strict=False):
        top += gap * EIGHT
        middle = (slot - one.height) // 2
        tops.append(
            top
            + min(range(slot - one.height + 1), key=lambda at: (one.eights(at), abs(at - middle)))
        )
        top += slot
    ends = zip(tops[1:], tops, heights, strict=False)
    if any(below - (above + height) < GAP_PX for below, above, height in ends):
        return None
    return Stack(tuple(tops), tall)


def light(picture: bytes, size: Size = (128, 64)) -> bytes:
    """The lit part of a picture, without its position: equal for all steps of one arrangement, and
    different for different content. `picture`: the bytes of a 1-bit image.
    """
    image = Image.frombytes("1", size, picture)
    box = image.getbbox() or (0, 0, 0, 0)
    return b"%d:" % (box[2] - box[0]) + image.crop(box).tobytes()


def _across(
    one: SizedRow, place: int, base: int, room: tuple[int, int], lean: float, *, apart: bool
) -> list[PlacedText]:
    """Place the pieces of a row from left to right; `apart`: its `right` goes to the right edge."""
    placed = []
    first, last = room
    row = one.row
    apart = apart and row.right is not None and bool(row.pieces)
    at = first if apart else first + math.floor((last - first - one.width) * lean)
    between = space(row.pieces)
    for piece in row.pieces:
        left, top, right, bottom = ink(piece, row.language)
        box = (at, base + top, at + right - left, base + bottom)
        placed.append(
            PlacedText(piece.text, piece.sizes[0], row.language, at - left, base, box, place)
        )
        at += right - left + between
    if row.right is not None:
        left, top, right, bottom = ink(row.right, row.language)
        if row.pieces:
            at = last - (right - left) if apart else at - between + APART_PX
        box = (at, base + top, at + right - left, base + bottom)
        placed.append(
            PlacedText(
                row.right.text, row.right.sizes[0], row.language, at - left, base, box, place
            )
        )
    return placed
