"""Compares pages with their golden pictures, for differences that a person would see.

Every version of a browser draws characters a little differently, so small grey pictures are
compared: what has moved, vanished or changed its colour is noticed, the edge of a character is
not. RATINGPAD_GOLDENS=write writes the golden pictures; look at them before they are committed.
"""

import io
import os
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

CELL_PX = 8
CHANGED = 40
"""Of 255: a cell of 8 by 8 pixels that looks_different by more has lost a character."""


def looks_different(picture: Image.Image, other: Image.Image) -> bool:
    """Whether a person would see a difference; see above."""
    if picture.size != other.size:
        return True
    small = (picture.width // CELL_PX, picture.height // CELL_PX)
    cells = [each.convert("L").resize(small, Image.Resampling.BOX) for each in (picture, other)]
    difference = ImageChops.difference(*cells)
    _, highest = difference.getextrema()
    assert isinstance(highest, int | float)  # of one band
    return highest > CHANGED or ImageStat.Stat(difference).mean[0] > 2


def matches_golden(screenshot: bytes, golden: Path) -> bool:
    """Whether a page looks as in its golden picture (see above for writing that)."""
    taken = Image.open(io.BytesIO(screenshot)).convert("RGB")
    if os.environ.get("RATINGPAD_GOLDENS") == "write":
        golden.parent.mkdir(exist_ok=True)
        taken.quantize(32).save(golden, optimize=True)
    with Image.open(golden) as kept:
        return not looks_different(taken, kept.convert("RGB"))
