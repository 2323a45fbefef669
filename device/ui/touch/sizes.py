"""How large text and targets on the touch page must be, in millimetres. Pure.

The page has all its sizes in millimetres and is sent the screen's density, so that it has the same
size on every screen.
"""

import math

from device.board.glass import READING_MM

LETTER_DEG = 0.3
"""The least height of a letter as the eye sees it: 18 minutes of arc. ISO 9241-303 requires 16; at
a counter, people also read without their glasses."""

CAPITAL_EM = 0.73
"""A capital's height in Noto Sans CJK; its Chinese and Korean characters are a fifth higher."""

TEXT_MM = READING_MM * math.tan(math.radians(LETTER_DEG)) / CAPITAL_EM
"""The smallest font size on the page (the em): 4.3 mm."""

TARGET_MM = 20.0
"""The least width and height of everything that is touched."""

SCREEN_MM = (153.0, 90.0)
"""The least screen on which all of it fits, the long side first: one of 7 inches."""
