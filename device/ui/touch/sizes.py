"""How large a letter and a target on the touch page must be, in millimetres. Pure.

The page has all its sizes in millimetres and is told the screen's density, so that the same page
is as large on every screen.
"""

import math

READING_MM = 600
"""From the eye of whoever stands at the window to the screen."""

LETTER_DEG = 0.3
"""The least height of a letter to the eye: 18 minutes of arc, above the 16 that ISO 9241-303 asks
for. The letters at a counter are also for people who have left their glasses at home."""

CAPITAL_EM = 0.73
"""A capital's height in Noto Sans CJK; its Chinese and Korean signs are a fifth higher."""

TEXT_MM = READING_MM * math.tan(math.radians(LETTER_DEG)) / CAPITAL_EM
"""The smallest size of text on the page, to the em: 4.3 mm."""

TARGET_MM = 20.0
"""The least width and height of everything that is touched."""
