"""What the ports `Lights`, `Beeper` and `Voice` promise, asked of every driver there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import DriverError, PadCode
from device.ports import FaultReport
from tests.rigs.signals.signal_drivers import (
    BEEPER_RIGS,
    KEYS,
    LIGHTS_RIGS,
    VOICE_RIGS,
    BeeperRig,
    LightsRig,
    VoiceRig,
)
from tests.rigs.time.wait import until

PATIENCE_S = 20.0

# --- lights --------------------------------------------------------------------------------------


@pytest.fixture(params=LIGHTS_RIGS)
def lamp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LightsRig]:
    with LIGHTS_RIGS[request.param](tmp_path) as rig:
        yield rig
        rig.lights.stop()


def test_exactly_the_named_keys_are_lit(lamp: LightsRig) -> None:
    assert lamp.lit() == set()
    for names in (KEYS, KEYS[:1], (), KEYS[1:3], KEYS[4:], KEYS):
        lamp.lights.show(frozenset(names))
        assert lamp.lit() == set(names)


def test_lights_that_are_gone_say_so_each_time_and_are_taken_up_again(lamp: LightsRig) -> None:
    lamp.lights.show(frozenset(KEYS))
    lamp.plug(False)
    for _ in range(3):
        with pytest.raises(DriverError) as caught:
            lamp.lights.show(frozenset(KEYS))
        assert caught.value.code is PadCode.SIGNAL_GONE
        assert caught.value.detail
    assert lamp.lit() == set()
    lamp.plug(True)
    lamp.lights.show(frozenset(KEYS[:2]))
    assert lamp.lit() == set(KEYS[:2])


@pytest.mark.parametrize("plugged", [True, False])
def test_stopping_leaves_every_key_dark_and_may_be_done_twice(
    lamp: LightsRig, plugged: bool
) -> None:
    lamp.lights.show(frozenset(KEYS))
    lamp.plug(plugged)
    lamp.lights.stop()
    lamp.lights.stop()
    assert lamp.lit() == set()


def test_lights_that_never_shone_can_be_stopped(lamp: LightsRig) -> None:
    lamp.lights.stop()
    assert lamp.lit() == set()


# --- beeper --------------------------------------------------------------------------------------


@pytest.fixture(params=BEEPER_RIGS)
def horn(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BeeperRig]:
    with BEEPER_RIGS[request.param](tmp_path) as rig:
        yield rig
        rig.beeper.stop()


def test_a_beep_has_as_many_tones_as_it_was_given_and_ends_by_itself(horn: BeeperRig) -> None:
    horn.beeper.beep((20, 10, 20, 10, 30))
    until(lambda: horn.begun() == 3 and not horn.sounds(), PATIENCE_S, "three tones")
    horn.beeper.beep((20,))
    until(lambda: horn.begun() == 4 and not horn.sounds(), PATIENCE_S, "one more")


def test_a_beep_returns_at_once_and_is_cut_off_by_the_next(horn: BeeperRig) -> None:
    for _ in range(5):
        horn.beeper.beep((60_000, 60_000, 60_000))
    horn.beeper.beep((20,))
    until(lambda: not horn.sounds(), PATIENCE_S, "silence")


def test_no_times_are_silence(horn: BeeperRig) -> None:
    horn.beeper.beep((60_000,))
    horn.beeper.beep(())
    until(lambda: not horn.sounds(), PATIENCE_S, "silence")


def test_a_beeper_that_is_gone_says_so_each_time_and_is_taken_up_again(horn: BeeperRig) -> None:
    horn.beeper.beep((10,))
    until(lambda: not horn.sounds(), PATIENCE_S, "silence")
    horn.plug(False)
    for _ in range(3):
        with pytest.raises(DriverError) as caught:
            horn.beeper.beep((10,))
        assert caught.value.code is PadCode.SIGNAL_GONE
        assert caught.value.detail
    horn.plug(True)
    before = horn.begun()
    horn.beeper.beep((10,))
    until(lambda: horn.begun() == before + 1 and not horn.sounds(), PATIENCE_S, "a tone")


@pytest.mark.parametrize("plugged", [True, False])
def test_stopping_is_silence_and_may_be_done_twice(horn: BeeperRig, plugged: bool) -> None:
    horn.beeper.beep((60_000,))
    horn.plug(plugged)
    horn.beeper.stop()
    horn.beeper.stop()
    assert not horn.sounds()


def test_a_beeper_that_never_beeped_can_be_stopped(horn: BeeperRig) -> None:
    horn.beeper.stop()
    assert horn.begun() == 0


# --- voice ---------------------------------------------------------------------------------------


class Listener:
    """A voice that was started, and the faults that it reported."""

    def __init__(self, rig: VoiceRig) -> None:
        self.rig = rig
        self.voice = rig.voice
        self.faults: list[FaultReport] = []
        self.voice.start(self.faults.append)

    def wait_for(self, *names: str) -> None:
        until(lambda: self.rig.heard() == list(names), PATIENCE_S, f"{names} are played")
        until(self.rig.at_rest, PATIENCE_S, "silence")
        assert self.rig.heard() == list(names)


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.alsa] if name == "alsa" else [])
        for name in VOICE_RIGS
    ]
)
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    with VOICE_RIGS[request.param](tmp_path) as rig:
        yield Listener(rig)
        rig.voice.stop()


def test_a_prompt_is_spoken_in_each_language_in_turn(listener: Listener) -> None:
    listener.voice.say("invitation", ("ko", "zh", "en"))
    listener.wait_for("ko/invitation", "zh/invitation", "en/invitation")
    listener.voice.say("thanks", ("en",))
    listener.wait_for("ko/invitation", "zh/invitation", "en/invitation", "en/thanks")
    assert listener.faults == []


def test_hushing_silence_and_hushing_twice_are_fine(listener: Listener) -> None:
    listener.voice.hush()
    listener.voice.say("thanks", ("zh",))
    listener.wait_for("zh/thanks")
    listener.voice.hush()
    listener.voice.hush()
    assert listener.faults == []


def test_a_broken_sound_card_is_reported_once_and_once_that_it_works_again(
    listener: Listener,
) -> None:
    listener.rig.plug(False)
    for _ in range(3):
        listener.voice.say("invitation", ("zh",))
        until(lambda: listener.faults and listener.rig.at_rest(), PATIENCE_S, "the fault")
    (fault,) = listener.faults
    assert (fault.code, fault.broken) == (PadCode.SIGNAL_GONE, True)
    assert fault.detail
    listener.rig.plug(True)
    listener.voice.say("thanks", ("zh",))
    listener.wait_for("zh/thanks")
    until(lambda: len(listener.faults) == 2, PATIENCE_S, "mended")
    assert listener.faults[1].broken is False


def test_stopping_a_voice_is_silence_and_may_be_done_twice(listener: Listener) -> None:
    listener.voice.say("invitation", ("zh", "ko", "en"))
    listener.voice.stop()
    listener.voice.stop()


@pytest.mark.parametrize("name", VOICE_RIGS)
def test_a_voice_that_never_started_can_be_stopped(name: str, tmp_path: Path) -> None:
    with VOICE_RIGS[name](tmp_path) as rig:
        rig.voice.stop()
