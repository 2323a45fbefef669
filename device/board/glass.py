"""The size of a display's pixels, and the least height of a letter that can be read there. Pure."""

import math
from typing import NamedTuple

READING_MM = 600
"""From the screen to the eye of somebody who stands at the window."""

LETTER_MIN = 16
"""The least height of a letter as the eye sees it, in minutes of arc (ISO 9241-303)."""

LETTER_MM = READING_MM * math.tan(math.radians(LETTER_MIN / 60))
"""The same on the glass: 2.8 mm."""

WIDTH_MM = {"ssd1306": 21.74, "sh1106": 29.42}
"""The width of the lit area of most displays with this controller: 0.96 inch (21.74 × 10.86 mm) and
1.3 inch (29.42 × 14.7 mm), by the modules' datasheets."""

LEAST_WIDTH_MM = min(WIDTH_MM.values())
"""Taken where nothing is known, so that the text is rather too large."""


class Glass(NamedTuple):
    """A display: its pixels across and down, and the width of its lit area. Pixels are square."""

    width: int
    height: int
    width_mm: float

    @property
    def letter_px(self) -> int:
        """The least height of a letter, in pixels."""
        return math.ceil(LETTER_MM * self.width / self.width_mm)

    def minutes(self, height_px: float) -> float:
        """How large the eye sees so many pixels, in minutes of arc."""
        return math.degrees(math.atan(height_px * self.width_mm / self.width / READING_MM)) * 60
