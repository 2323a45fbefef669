"""Lights, beeps and prompts of a rating: the same for every level."""

import signal

import pytest

from device.drivers.sim.client import SimClient
from device.drivers.sim.sim_signals import Part
from device.errors import PadCode
from device.events import Scene
from device.output.signal_output import SIGNALS
from sync.entries import Cleared, Fault, Level
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.signals.signal_watcher import SignalWatcher, by_part
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
ALL = tuple(sorted(level.value for level in Level))
INVITATION, THANKS = SIGNALS[Scene.INVITATION], SIGNALS[Scene.THANKS]
ONE_RATING = {
    "lights": [ALL, ()],
    "beeper": [INVITATION.beep, THANKS.beep],
    "voice": [("invitation", "zh"), ("thanks", "zh")],
}


def rated(pad: PadProcess, level: str) -> dict[str, list[object]]:
    """Rate once; the signals of lights, beeper and voice."""
    with SimClient(pad.control) as board:
        before = len(board.signals())
        pad.rate(f"case-{level}", level)

        def seen() -> dict[str, list[object]]:
            return by_part(board.signals()[before:])

        until(lambda: all(len(did) >= 2 for did in seen().values()), 10, "all was signalled")
        pad.free()
        return seen()


def test_lights_beeps_and_prompts_are_the_same_whichever_key_was_pressed(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    pad = deployment.pad()
    signals = SignalWatcher(pad.control)
    signals_of = {level.value: rated(pad, level.value) for level in Level}
    assert signals_of == dict.fromkeys(signals_of, ONE_RATING)
    deployment.prove(pad)
    levels = {row.level for row in deployment.store_reader.ratings().values()}
    assert levels == set(signals_of)  # control: the ratings themselves differ
    invitation = pad.invite("and the lights go out")
    with SimClient(pad.control) as board:
        until(lambda: board.lit() == set(ALL), 10, "the keys are lit")
    assert pad.standing(invitation) == "open"
    assert pad.end(signal.SIGTERM) == 0
    signals.finish()
    assert [moment.lit for moment in signals.happened if moment.lit is not None][-1] == ()
    assert signals.happened[-1].said is None
    assert any(moment.hushed for moment in signals.happened[-2:])


def test_a_window_that_is_paused_or_withdrawn_is_dark_and_silent(deployment: Deployment) -> None:
    pad = deployment.pad(timings="invitation_s = 4\ngrace_s = 0\nthanks_s = 1")
    with SimClient(pad.control) as board:
        pad.invite("no press")
        pad.display.until(Scene.LAPSED)
        until(lambda: board.lit() == set(), 10, "dark after the lapse")
        pad.display.until_now(lambda seen: seen.scene is Scene.STANDBY, "standby")
        pad.invite("paused")
        until(lambda: board.lit() == set(ALL), 10, "lit again")
        assert pad.desk.post("/v1/window/pause").status_code == 200
        until(lambda: board.lit() == set(), 10, "dark while paused")

        def hushed() -> dict[str, list[object]] | None:
            signalled = by_part(board.signals())
            return signalled if signalled["voice"][-1] == "hushed" else None

        seen = until(hushed, 10, "hush")
    assert seen["lights"][-4:] == [ALL, (), ALL, ()]
    assert seen["beeper"] == [INVITATION.beep] * 2
    assert seen["voice"] == [("invitation", "zh"), ("invitation", "zh"), "hushed"]


def test_lights_beeper_and_sound_card_that_fail_are_faults_and_ratings_go_on(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    pad = deployment.pad()
    code = PadCode.SIGNAL_GONE.code

    def faults(kind: type[Fault | Cleared]) -> set[str]:
        return {
            body.detail for body in pad.bodies() if isinstance(body, kind) and body.code == code
        }

    with SimClient(pad.control) as board:
        for part in ("lights", "beeper", "voice"):
            board.damage(part, True)
        pad.rate("case-1", "dissatisfied")
        pad.free()
        assert pad.window()["fault"] is None
        assert board.lit() == set()
        until(lambda: len(faults(Fault)) == 3, 10, "three faults are recorded")
        assert {detail.partition(":")[0] for detail in faults(Fault)} == {
            "lights",
            "beeper",
            "voice",
        }
        parts: tuple[Part, ...] = ("lights", "beeper", "voice")
        for part in parts:
            board.damage(part, False)
        pad.rate("case-2", "satisfied")
        until(lambda: faults(Cleared) == faults(Fault), 10, "all faults are over")
    deployment.prove(pad)
