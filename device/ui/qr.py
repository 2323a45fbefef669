"""QR codes as squares of modules. The only module that imports segno.

At most version 3 with the lowest error correction (ISO/IEC 18004): 29 modules of 2 pixels and a
border are as high as an OLED. A display is not torn or stained as paper is, so little error
correction is needed; modules of one pixel would be harder to read.
"""

from functools import lru_cache

import segno

VERSION_MAX = 3
SIDE_MAX = 17 + 4 * VERSION_MAX
"""Modules along the side of the largest code."""

BYTES_MAX, CAPITALS_MAX = 53, 77
"""Characters in the largest code (table 7): of any kind, and of capitals, digits and $%*+-./:"""

MASK = 2
"""The standard allows any of the eight masks; comparing all of them takes five times as long."""


@lru_cache(maxsize=4)
def modules(text: str) -> tuple[bytes, ...]:
    """The code of `text`, row by row, a byte for each module: 1 is dark.

    Raises ValueError for a text that is too long.
    """
    code = segno.make_qr(text, error="L", boost_error=False, mask=MASK)
    if not isinstance(code.version, int) or code.version > VERSION_MAX:
        raise ValueError(f"{len(text)} characters are too many for a QR code of {SIDE_MAX} modules")
    return tuple(bytes(row) for row in code.matrix)


def fits(text: str) -> bool:
    """Whether the code of `text` is small enough for a display."""
    try:
        modules(text)
    except ValueError:
        return False
    return True
