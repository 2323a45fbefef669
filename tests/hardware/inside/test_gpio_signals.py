"""Lights and a beeper on real GPIO lines (gpio-sim), driven through the real RPi.GPIO API."""

import signal
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from device.board.profile import load_profile
from device.drivers.registry import find_driver
from device.errors import DriverError, PadCode
from tests.rigs.keys.kernel_keys import PATIENCE_S, SimChip, chip
from tests.rigs.time.wait import until

PROFILE = load_profile("rpi-4")
assert PROFILE.lights is not None
assert PROFILE.beeper is not None
LIGHTS = {light.name: light.line for light in PROFILE.lights.light}
BEEPER = PROFILE.beeper.line
POLARITIES = pytest.mark.parametrize("active_low", [False, True])

KILLED = """
import time
from device.drivers import gpio_beeper, gpio_lights
from device.board.profile import load_profile
profile = load_profile("rpi-4")
lights, beeper = gpio_lights.build(profile.lights), gpio_beeper.build(profile.beeper)
lights.show(frozenset(light.name for light in profile.lights.light))
beeper.beep((1_000_000,))
print("on", flush=True)
time.sleep(1000)
"""


def build(part: Any, *, active_low: bool = False) -> Any:
    changed = msgspec.structs.replace(part, active_low=active_low)
    return find_driver("rpi-4", part.driver, PadCode.SIGNAL_GONE)(changed)


@pytest.fixture
def header() -> SimChip:
    """The chip, with every line held low as by a transistor's resistor."""
    one = chip()
    one.low(*LIGHTS.values(), BEEPER)
    return one


def lit(header: SimChip, *, active_low: bool = False) -> set[str]:
    return {name for name, line in LIGHTS.items() if header.level(line) is not active_low}


@POLARITIES
def test_what_is_lit_stands_on_the_lines_and_nothing_else(
    header: SimChip, active_low: bool
) -> None:
    lights = build(PROFILE.lights, active_low=active_low)
    names = list(LIGHTS)
    for wanted in (set(names), set(names[:1]), set(), set(names[2:4]), set(names)):
        lights.show(frozenset(wanted))
        assert lit(header, active_low=active_low) == wanted
    lights.stop()
    lights.stop()


def test_lines_are_driven_until_the_end_and_let_go_then(header: SimChip) -> None:
    lights = build(PROFILE.lights)
    lights.show(frozenset())
    header.high(*LIGHTS.values())
    assert lit(header) == set()  # driven: a pull is no match for it
    lights.stop()
    header.high(*LIGHTS.values())
    assert lit(header) == set(LIGHTS)  # let go: what pulls it has it


@POLARITIES
def test_a_beep_is_tones_and_rests_on_the_line(header: SimChip, active_low: bool) -> None:
    beeper = build(PROFILE.beeper, active_low=active_low)
    heard: list[bool] = []

    def is_over() -> bool:
        sounds = header.level(BEEPER) is not active_low
        if not heard or heard[-1] is not sounds:
            heard.append(sounds)
        return len(heard) == 4

    beeper.beep((500, 500, 500))
    until(is_over, PATIENCE_S, "two tones", every_s=0.002)
    assert heard == [True, False, True, False]
    beeper.stop()


def test_a_long_beep_ends_with_the_next_and_with_the_end(header: SimChip) -> None:
    beeper = build(PROFILE.beeper)
    beeper.beep((1_000_000,))
    assert header.level(BEEPER)
    beeper.beep((20,))
    until(lambda: not header.level(BEEPER), PATIENCE_S, "silence")
    beeper.beep((1_000_000,))
    assert header.level(BEEPER)
    beeper.stop()
    assert not header.level(BEEPER)


def test_what_a_killed_agent_left_driven_is_dark_and_silent_when_the_next_begins(
    header: SimChip,
) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == b"on\n"
        assert lit(header) == set(LIGHTS)
        assert header.level(BEEPER)
        lights, beeper = build(PROFILE.lights), build(PROFILE.beeper)
        with pytest.raises(DriverError, match="GPIO busy"):  # while it lives, they are its own
            lights.show(frozenset())
        agent.send_signal(signal.SIGKILL)
    lights.show(frozenset())
    beeper.beep(())
    assert lit(header) == set()
    assert not header.level(BEEPER)
    lights.stop()
    beeper.stop()
