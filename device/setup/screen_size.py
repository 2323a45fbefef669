"""The size of a screen, from what it says of itself: EDID 1.4 (VESA E-EDID A2). Pure."""

from typing import NamedTuple

HEADER = b"\x00\xff\xff\xff\xff\xff\xff\x00"
BLOCK_BYTES = 128
ASPECTS = ((16, 9), (16, 10), (160, 90), (160, 100))
"""What converters write in the place of millimetres, whatever screen is behind them."""
DETAILED = 54
"""Where the first detailed timing is: that of the screen's own pixels (3.10.2)."""


class ScreenSize(NamedTuple):
    """The picture of a screen: its own pixels, and their millimetres."""

    width_px: int
    height_px: int
    width_mm: int
    height_mm: int

    @property
    def px_per_mm(self) -> float:
        """Its density, across."""
        return round(self.width_px / self.width_mm, 2)


def read_edid(edid: bytes) -> ScreenSize | None:
    """The size; None when the screen does not say it, or says what cannot be: projectors give no
    size, and cheap converters give that of another screen's form.
    """
    if len(edid) < BLOCK_BYTES or edid[:8] != HEADER or sum(edid[:BLOCK_BYTES]) % 256:
        return None
    timing = edid[DETAILED : DETAILED + 18]
    if not any(timing[:2]):
        return None  # a text, no timing
    size = ScreenSize(
        width_px=timing[2] | (timing[4] & 0xF0) << 4,
        height_px=timing[5] | (timing[7] & 0xF0) << 4,
        width_mm=timing[12] | (timing[14] & 0xF0) << 4,
        height_mm=timing[13] | (timing[14] & 0x0F) << 8,
    )
    return size if _can_be(size) else None


def _can_be(size: ScreenSize) -> bool:
    """Whether pixels are about square and of a size that people read. The pixels of a common screen
    of 7 inches (1024x600 on 154.1x85.9 mm) are 5 % wider than high.
    """
    if not all(size) or (size.width_mm, size.height_mm) in ASPECTS:
        return False
    across, down = size.width_px / size.width_mm, size.height_px / size.height_mm
    return abs(across / down - 1) < 0.06 and 1 <= across <= 30
