"""How high a letter must be on a display, in pixels, and what is known about the display's size."""

import pytest

from device.board.driver_options import OledOptions
from device.board.glass import WIDTH_MM, Glass
from device.board.profile import (
    DisplayProfile,
    PartOptions,
    Profile,
    board_names,
    glass_of,
    load_profile,
    read_options,
)
from device.errors import ConfigError


@pytest.mark.parametrize(
    ("chip", "pitch_mm", "letter_px", "minutes", "below"),
    [("ssd1306", 0.17, 17, 16.5, 15.6), ("sh1106", 0.23, 13, 17.1, 15.8)],
)
def test_a_letter_has_so_many_pixels_that_the_eye_sees_16_minutes_of_arc_at_60_cm(
    chip: str, pitch_mm: float, letter_px: int, minutes: float, below: float
) -> None:
    glass = Glass(128, 64, WIDTH_MM[chip])
    assert glass.width_mm / glass.width == pytest.approx(pitch_mm, abs=0.001)
    assert glass.letter_px == letter_px
    assert glass.minutes(letter_px) == pytest.approx(minutes, abs=0.1)
    assert glass.minutes(letter_px - 1) == pytest.approx(below, abs=0.1)


def test_the_width_is_the_boards_else_the_pads_own_else_that_of_most_with_its_chip() -> None:
    board = load_profile("rpi-4")
    assert glass_of(board, PartOptions(display=OledOptions())) == Glass(128, 64, 21.74)
    assert glass_of(board, PartOptions(display=OledOptions(chip="sh1106"))) == Glass(128, 64, 29.42)
    own = PartOptions(display=OledOptions(chip="sh1106", width_mm=35.05))
    assert glass_of(board, own) == Glass(128, 64, 35.05)
    fixed = Profile(name="b", title="b", driver="linux", display=DisplayProfile(width_mm=55.01))
    assert glass_of(fixed, own) == Glass(128, 64, 55.01)


def test_where_nothing_is_known_the_display_is_the_smallest_one() -> None:
    unknown = Profile(name="b", title="b", driver="linux", display=DisplayProfile())
    assert glass_of(unknown) == Glass(128, 64, 21.74)
    assert glass_of(Profile(name="b", title="b", driver="linux")) is None


def test_a_width_that_the_board_fixes_may_not_be_given() -> None:
    board = load_profile("rpi-4")
    assert read_options(board, {"display": {"width_mm": 29.42}}) is not None
    fixed = Profile(
        name="b", title="b", driver="linux", display=DisplayProfile(driver="oled", width_mm=29.42)
    )
    with pytest.raises(ConfigError, match=r"this board's display is 29\.42 mm wide"):
        read_options(fixed, {"display": {"width_mm": 21.74}})


@pytest.mark.parametrize("width_mm", [9.9, 300.1])
def test_a_width_that_no_display_has_is_refused(width_mm: float) -> None:
    with pytest.raises(ConfigError, match="width_mm"):
        read_options(load_profile("rpi-4"), {"display": {"width_mm": width_mm}})


def test_every_board_with_a_display_has_glass() -> None:
    profiles = [load_profile(name) for name in board_names()]
    assert [one.name for one in profiles if (glass_of(one) is None) != (one.display is None)] == []
