"""What a display shows at the same time: a screen, or several pages of it in turn.

A screen that fits at a size that can be read is one page. Its rows first take smaller sizes, down
to the least one (`oled_rows.py`); then they are shown on several pages. A row that stays is on each
of them, at the same size. A page is a screen whose rows have one size each, and which fits.
"""

import functools
from dataclasses import replace

from device.board.glass import Glass
from device.ui.oled_rows import SizedRow, lines, readable, smallest
from device.ui.qr import modules
from device.ui.screens import Screen, ScreenRow

PAGE_MS = 4000
"""How long a page is shown, of a scene that has several: 20 characters are read in less."""
MARGIN_PX = 1
"""Free at both sides."""
FRAME_PX = 4
"""Free at both sides inside a frame."""
GAP_PX = 2
"""The least gap between two rows, and above and below them."""
MODULE_PX = 2
"""The side of a QR code's module; single pixels merge in a phone's camera."""
QUIET_PX = 3
"""The lit border of a QR code; the display's frame around the picture is dark."""


@functools.lru_cache(maxsize=64)
def pages(screen: Screen, glass: Glass) -> tuple[Screen, ...]:
    """The pages of a screen on this glass; those of the last 64 screens are cached. None for a
    screen that must be whole and does not fit on one.
    """
    room, tall = room_of(screen, glass.width), glass.height - 2 * screen.framed
    rows = tuple(
        readable(row, glass.letter_px) for row in screen.rows if row.pieces or row.right is not None
    )
    parts = _parts(rows, room, tall)
    if screen.whole and len(parts) > 1:
        return ()
    steps = [0] * len(rows)
    for _ in range(2):  # what stays is as large on each page as on the fullest one
        fitted = [_fitted([rows[at] for at in part], room, tall, steps, part) for part in parts]
        for part, page in zip(parts, fitted, strict=True):
            for at, found in zip(part, page or [], strict=False):
                if rows[at].stays:
                    steps[at] = max(steps[at], found[0].step)
    shown: list[Screen] = []
    for part, page in zip(parts, fitted, strict=True):
        if page is not None:
            shown.append(replace(screen, rows=tuple(one.row for found in page for one in found)))
        else:
            shown += [replace(screen, rows=some) for some in _chunks(rows[part[0]], room, tall)]
    return tuple(shown) or (replace(screen, rows=()),)


def room_of(screen: Screen, width: int) -> int:
    """How wide a row may be: what a QR code, a frame and the margins leave."""
    return beside(screen, width) - 2 * (FRAME_PX if screen.framed else MARGIN_PX)


def beside(screen: Screen, width: int) -> int:
    """The width that a QR code leaves to the rows."""
    if screen.qr is None:
        return width
    return width - MODULE_PX * len(modules(screen.qr)) - 2 * QUIET_PX


def fits(heights: list[int], tall: int) -> bool:
    """Whether rows of these heights have their gaps in `tall` pixels."""
    gaps = GAP_PX * len(heights) if len(heights) > 1 else 0
    return sum(heights) + gaps <= tall


def _parts(rows: tuple[ScreenRow, ...], room: int, tall: int) -> list[list[int]]:
    """Which rows are on which page, by their numbers."""
    every = list(range(len(rows)))
    if _fit(rows, every, room, tall):
        return [every] if rows else []
    stay = [at for at in every if rows[at].stays]
    others = [at for at in every if not rows[at].stays]
    if not others or not all(_fit(rows, sorted([*stay, at]), room, tall) for at in others):
        stay, others = [], every
    found: list[list[int]] = []
    for at in others:
        together = sorted([*found[-1], at]) if found else []
        if found and _fit(rows, together, room, tall):
            found[-1] = together
        else:
            found.append(sorted([*stay, at]))
    return found


def _fit(rows: tuple[ScreenRow, ...], part: list[int], room: int, tall: int) -> bool:
    return _fitted([rows[at] for at in part], room, tall, [0] * len(rows), part) is not None


def _fitted(
    rows: list[ScreenRow], room: int, tall: int, steps: list[int], part: list[int]
) -> list[list[SizedRow]] | None:
    """The lines of each row, as large as they fit below each other; None where they do not."""
    found = [lines(row, room, steps[at]) for row, at in zip(rows, part, strict=True)]
    while not fits([one.height for row in found for one in row], tall):
        smaller = [at for at, row in enumerate(rows) if found[at][0].step < smallest(row)]
        if not smaller:
            return None
        tallest = max(smaller, key=lambda at: max(one.height for one in found[at]))
        found[tallest] = lines(rows[tallest], room, found[tallest][0].step + 1)
    return found


def _chunks(row: ScreenRow, room: int, tall: int) -> list[tuple[ScreenRow, ...]]:
    """The lines of one row that is too long for a page."""
    found: list[list[SizedRow]] = []
    for one in lines(row, room, smallest(row)):
        if found and fits([other.height for other in [*found[-1], one]], tall):
            found[-1].append(one)
        else:
            found.append([one])
    return [tuple(one.row for one in page) for page in found]
