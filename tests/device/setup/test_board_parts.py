"""What a board needs of a system, compared with what its drivers import."""

import pytest

from device.board.driver_names import DRIVERS
from device.board.profile import PARTS, board_names, load_profile
from device.setup import board_parts
from device.setup.board_parts import debian_packages, extras, read_parts
from sync.missing_extra import EXTRAS

BOARDS = board_names()
BY_DEBIAN = {"evdev": "python3-evdev", "spidev": "python3-spidev"}


def libraries(board: str) -> set[str]:
    """What the drivers of a board and its touch page import."""
    profile = load_profile(board)
    drivers = [getattr(getattr(profile, part), "driver", None) for part in PARTS]
    found = {one.partition(".")[0] for name in drivers if name for one in DRIVERS[name].libraries}
    if profile.display is not None and (profile.display.bus or "").startswith("spi"):
        found.add("spidev")
    return found | ({"fontTools"} if profile.touchscreen is not None else set())


def test_every_board_is_offered():
    assert board_parts.board_names() == BOARDS


@pytest.mark.parametrize("board", BOARDS)
def test_every_library_of_a_board_is_installed(board):
    parts = read_parts(board)
    chosen = extras(parts, "6.12.25+rpt-rpi-v8", is_pi_5=False)
    packages = debian_packages(parts, chosen, is_pi_os=True, kiosk=None, voice=False)
    for library in libraries(board):
        wanted = set(EXTRAS[library].split(","))
        assert wanted <= set(chosen) or BY_DEBIAN.get(library) in packages, library
    assert parts.title == load_profile(board).title


@pytest.mark.parametrize("board", BOARDS)
def test_no_board_gets_a_library_that_it_does_not_need(board):
    brought = {"touch": "fontTools", "oled": "luma", "serial": "serial", "lgpio": "RPi"}
    for extra in extras(read_parts(board), "6.12", is_pi_5=False):
        assert extra == "pad" or brought[extra] in libraries(board)


@pytest.mark.parametrize(
    ("kernel", "is_pi_5", "expected"),
    [
        ("6.1.0-rpi7", False, "gpio"),
        ("6.5.9", False, "gpio"),
        ("6.6.0", False, "lgpio"),
        ("6.12.25+rpt", False, "lgpio"),
        ("7.0", False, "lgpio"),
        ("6.1.0", True, "lgpio"),
        ("", False, "gpio"),
    ],
)
def test_the_kernel_decides_which_library_reads_the_pins(kernel, is_pi_5, expected):
    chosen = extras(read_parts("rpi-4"), kernel, is_pi_5=is_pi_5)
    assert {"gpio", "lgpio"} & set(chosen) == {expected}
    compiles = "gcc" in debian_packages(
        read_parts("rpi-4"), chosen, is_pi_os=False, kiosk=None, voice=False
    )
    assert compiles == (expected == "gpio")


def test_a_kiosk_brings_its_browser_and_what_it_stands_on():
    parts = read_parts("touch-7")
    packages = debian_packages(parts, ("pad", "touch"), is_pi_os=True, kiosk="cog", voice=True)
    assert {"cage", "xwayland", "seatd", "cog", "fonts-dejavu-core", "espeak-ng"} <= set(packages)
    assert "chromium" not in packages


def test_a_computer_with_little_memory_gets_the_small_browser():
    assert board_parts.kiosk_browser(427) == "cog"
    assert board_parts.kiosk_browser(906) == "chromium"


@pytest.mark.parametrize(("is_pi_os", "by_debian"), [(True, True), (False, False)])
def test_the_library_of_the_pins_is_the_systems_where_it_has_one(is_pi_os, by_debian):
    parts = read_parts("rpi-4")
    chosen = ("pad", "oled", "lgpio")
    found = debian_packages(parts, chosen, is_pi_os=is_pi_os, kiosk=None, voice=False)
    assert ("python3-lgpio" in found) == by_debian
