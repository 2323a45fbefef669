"""A screen's density is what it says of itself, or it is asked for."""

import pytest

from device.setup.screen_size import HEADER, ScreenSize, read_edid


def edid(width_px: int, height_px: int, width_mm: int, height_mm: int) -> bytes:
    """The first block of a screen's EDID with this size; the rest of it is zero."""
    block = bytearray(128)
    block[:8] = HEADER
    timing = bytearray(18)
    timing[0:2] = (6500).to_bytes(2, "little")  # the pixel clock: this is a timing
    timing[2], timing[4] = width_px & 0xFF, width_px >> 8 << 4
    timing[5], timing[7] = height_px & 0xFF, height_px >> 8 << 4
    timing[12], timing[13] = width_mm & 0xFF, height_mm & 0xFF
    timing[14] = width_mm >> 8 << 4 | height_mm >> 8
    block[54:72] = timing
    block[127] = -sum(block) % 256
    return bytes(block)


@pytest.mark.parametrize(
    "size",
    [(1024, 600, 223, 125), (1024, 600, 154, 86), (1280, 800, 217, 136), (1920, 1080, 477, 268)],
)
def test_the_size_is_that_of_the_screens_own_pixels(size):
    found = read_edid(edid(*size) + bytes(128))
    assert found == ScreenSize(*size)
    assert found.px_per_mm == round(size[0] / size[2], 2)


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"\0" * 128,
        edid(1024, 600, 0, 0),  # a projector
        edid(1024, 600, 160, 90),
        edid(1024, 600, 223, 131)[:-1] + b"\x01",
        edid(1024, 600, 223, 131)[:127],
        edid(16, 9, 160, 90),
    ],
)
def test_a_size_that_cannot_be_is_none(spoilt):
    assert read_edid(spoilt) is None
    assert read_edid(edid(1024, 600, 223, 131)) is not None  # control


def test_a_text_in_the_place_of_the_timing_is_no_size():
    block = bytearray(edid(1024, 600, 223, 131))
    block[54:56] = b"\0\0"
    block[127] = 0
    block[127] = -sum(block) % 256
    assert read_edid(bytes(block)) is None
