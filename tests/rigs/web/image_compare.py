"""Golden pictures of pages: for the eye, and for a difference that an eye would see.

They are compared as small grey pictures, for letters are drawn a little differently by every
version of a browser: what moved, vanished or changed its colour is noticed, and the edge of a
letter is not. Written anew with RATINGPAD_GOLDENS=write; look at them before they are committed.
"""

import io
import os
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

CELL_PX = 8
CHANGED = 40
"""Of 255: a cell of 8 by 8 pixels that looks_different by so much is a letter that has gone."""


def looks_different(one: Image.Image, other: Image.Image) -> bool:
    """Whether an eye would see a difference; see above."""
    if one.size != other.size:
        return True
    small = (one.width // CELL_PX, one.height // CELL_PX)
    cells = [picture.convert("L").resize(small, Image.Resampling.BOX) for picture in (one, other)]
    difference = ImageChops.difference(*cells)
    _, highest = difference.getextrema()
    assert isinstance(highest, int | float)  # of one band
    return highest > CHANGED or ImageStat.Stat(difference).mean[0] > 2


def matches_golden(screenshot: bytes, golden: Path) -> bool:
    """Whether a page still looks as in its golden picture, which is written if that is wished."""
    taken = Image.open(io.BytesIO(screenshot)).convert("RGB")
    if os.environ.get("RATINGPAD_GOLDENS") == "write":
        golden.parent.mkdir(exist_ok=True)
        taken.quantize(32).save(golden, optimize=True)
    with Image.open(golden) as kept:
        return not looks_different(taken, kept.convert("RGB"))
