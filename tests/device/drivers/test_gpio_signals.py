"""Lights and a beeper on pins: which way, how long, and what another owner means."""

import importlib
import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from device.board.profile import BeeperProfile, Light, LightsProfile
from device.errors import DriverError, PadCode
from tests.rigs.board.fake_rpi import FakePi, installed
from tests.rigs.time.wait import until

PATIENCE_S = 20.0
LIGHT = (Light(name="satisfied", line=16), Light(name="dissatisfied", line=20))


@pytest.fixture
def pi() -> Iterator[FakePi]:
    with installed() as one:
        yield one


def lights(*, active_low: bool = False) -> Any:
    module = importlib.import_module("device.drivers.gpio_lights")
    return module.build(LightsProfile(light=LIGHT, active_low=active_low))


def beeper(*, active_low: bool = False) -> Any:
    module = importlib.import_module("device.drivers.gpio_beeper")
    return module.build(BeeperProfile(line=24, active_low=active_low))


def test_building_takes_no_pin(pi: FakePi) -> None:
    lights(), beeper()
    assert pi.driven == {}
    assert pi.opened == 0


@pytest.mark.parametrize("active_low", [False, True])
def test_a_lit_key_is_the_level_that_its_profile_says(pi: FakePi, active_low: bool) -> None:
    one = lights(active_low=active_low)
    one.show(frozenset({"satisfied"}))
    assert pi.driven == {16: not active_low, 20: active_low}
    one.show(frozenset({"dissatisfied"}))
    assert pi.driven == {16: active_low, 20: not active_low}
    one.stop()
    assert pi.driven == {}  # released
    assert [(line, high) for _, line, high in pi.written[-2:]] == [
        (16, active_low),
        (20, active_low),
    ]


def test_no_light_flashes_when_the_pins_are_taken(pi: FakePi) -> None:
    one = lights(active_low=True)
    one.show(frozenset())
    assert {high for _, _, high in pi.written} == {True}
    one.stop()


def test_a_light_on_a_pin_that_somebody_else_has_takes_none_and_names_it(pi: FakePi) -> None:
    pi.elsewhere = {20}
    one = lights()
    with pytest.raises(DriverError, match="GPIO 20") as caught:
        one.show(frozenset({"satisfied"}))
    assert caught.value.code is PadCode.SIGNAL_GONE
    assert pi.driven == {}
    pi.elsewhere = set()
    one.show(frozenset({"satisfied"}))
    assert pi.driven == {16: True, 20: False}
    one.stop()


def tones_ms(pi: FakePi, *, active_low: bool) -> list[tuple[bool, float]]:
    """What the beeper did: on or off, and for how long."""
    edges = [(at, high is not active_low) for at, line, high in pi.written if line == 24]
    return [(sounds, after - at) for (at, sounds), (after, _) in pairwise(edges)]


@pytest.mark.parametrize("active_low", [False, True])
def test_a_beep_sounds_and_rests_for_no_less_than_its_times(pi: FakePi, active_low: bool) -> None:
    one = beeper(active_low=active_low)
    one.beep((30, 20, 40))
    until(lambda: pi.driven.get(24) is active_low and len(pi.written) == 4, PATIENCE_S, "its end")
    tones = tones_ms(pi, active_low=active_low)
    assert [sounds for sounds, _ in tones] == [True, False, True]
    # A tone never ends early; how late is the machine's affair.
    for (_, ms), least_ms in zip(tones, (30, 20, 40), strict=True):
        assert ms >= least_ms - 1
    one.stop()
    assert pi.driven == {}


def test_the_next_beep_begins_at_once_and_the_old_one_does_not_continue(pi: FakePi) -> None:
    one = beeper()
    one.beep((60_000, 10, 60_000))
    assert pi.driven[24] is True
    one.beep((20,))
    until(lambda: not pi.driven[24], PATIENCE_S, "silence")
    one.stop()
    assert sum(ms for sounds, ms in tones_ms(pi, active_low=False) if sounds) < 30_000


def test_a_beep_whose_start_is_interrupted_does_not_keep_the_beeper_from_stopping(
    pi: FakePi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: threading.Thread) -> None:
        raise KeyboardInterrupt

    one = beeper()
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        one.beep((30,))
    one.stop()
    assert pi.driven == {}


def test_a_pin_that_fails_in_the_middle_of_a_beep_is_released_and_claimed_anew(
    pi: FakePi, caplog: pytest.LogCaptureFixture
) -> None:
    one = beeper()
    one.beep((20, 60_000))
    pi.dead = {24}
    until(lambda: 24 not in pi.driven, PATIENCE_S, "released, so silent")
    assert "a beep was cut short" in caplog.text
    pi.dead = set()
    one.beep((60_000,))
    assert pi.driven[24] is True
    one.stop()
    assert pi.driven == {}
