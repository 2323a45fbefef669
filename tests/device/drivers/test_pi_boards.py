"""What the drivers of a Raspberry Pi take is what its wiring table shows, pin by pin."""

from typing import Any

import pytest

from device.board.profile import board_names, load_header, load_profile
from device.drivers.registry import build_board
from device.events import Press
from device.ports import FaultReport
from device.wiring.pin_table import wires
from tests.rigs.board.fake_rpi import FakePi, installed
from tests.rigs.time.wait import until

PIS = [name for name in board_names() if name.startswith("rpi-")]


def lines(name: str, part: str) -> set[int]:
    """The lines of a part, as the technician reads them."""
    profile = load_profile(name)
    found = wires(profile, load_header(profile))
    return {wire.pin.line for wire in found if wire.part == part and wire.pin.line is not None}


@pytest.mark.parametrize("name", PIS)
def test_the_pins_that_are_taken_are_those_that_are_wired(name):
    profile = load_profile(name)
    pi = FakePi()
    for line in lines(name, "key"):
        pi.wire(line)
    presses, faults = list[Press](), list[FaultReport]()
    with installed(pi):
        board = build_board(profile, {})
        assert profile.lights is not None
        assert board.lights is not None
        assert board.beeper is not None
        assert board.voice is not None
        assert board.display is not None
        board.keys.start(presses.append, faults.append)
        try:
            keys: Any = board.keys
            until(lambda: keys.armed, 5, "the keys are armed")
            assert set(pi.pulls) == lines(name, "key")
            board.lights.show(frozenset(light.name for light in profile.lights.light))
            assert set(pi.driven) == lines(name, "light")
            assert all(pi.driven.values())
            board.beeper.beep((60_000,))
            assert set(pi.driven) == lines(name, "light") | lines(name, "beeper")
        finally:
            board.beeper.stop()
            board.lights.stop()
            board.keys.stop()
    assert faults == []
    assert not pi.driven
    assert not pi.pulls
