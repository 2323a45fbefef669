"""From a scene to lights, beeps and prompts: what is signalled, and what never is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from device.board.profile import Key, Light, LightsProfile
from device.config.config import Config, load
from device.errors import PadCode
from device.events import Scene
from device.output.signal_output import DARK, PROMPTS, SIGNALS, Signal, SignalOutput
from device.ports import Board, FaultReport
from sync.entries import Level, Service
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.signals.fake_signals import FakeSignals
from tests.rigs.time.virtual_time import pass_s, run
from tests.rigs.time.wait import until

ALL = {level.value for level in Level}
LIGHTS = LightsProfile(
    driver=None,
    light=tuple(Light(name=level.value, line=line) for line, level in enumerate(Level)),
)
PATIENCE_S = 10.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    file = tmp_path / "pad.toml"
    file.write_text(
        '[pad]\nid = "pad-1"\nwindow = "3"\nlanguages = ["zh", "ko"]\n[ledger]\npath = "l.db"\n'
    )
    found = load(file)
    profile = msgspec.structs.replace(found.profile, lights=LIGHTS)
    return msgspec.structs.replace(found, profile=profile)


class SignalBench:
    """A signal output with fake parts that record what they did."""

    def __init__(self, config: Config) -> None:
        self.parts = FakeSignals()
        self.faults: list[FaultReport] = []
        self.signals = SignalOutput(config, cast("Board", self.parts))
        self.signals.start(self.faults.append)
        self.rest()
        self.at_start, self.parts.done = self.parts.done, []

    def rest(self) -> None:
        """Wait until every request has been carried out."""
        for worker in (self.signals._lights, self.signals._beeper, self.signals._voice):
            assert worker is not None
            until(lambda worker=worker: worker.at_rest, PATIENCE_S, "every request is carried out")

    def did(self, part: str, *expected: Any) -> None:
        """Wait until a part has done exactly this and nothing else."""
        until(
            lambda: len(self.parts.of(part)) >= len(expected), PATIENCE_S, f"{part} did {expected}"
        )
        assert self.parts.of(part) == list(expected)

    def settled(self) -> list[tuple[str, Any]]:
        """What the parts did, part by part, when all requests are carried out."""
        self.rest()
        self.signals.stop()
        return sorted(self.parts.done, key=lambda done: done[0])


@pytest.fixture
def bench(config: Config) -> Iterator[SignalBench]:
    made = SignalBench(config)
    yield made
    made.parts.slow.set()
    made.signals.stop()
    made.signals.stop()
    assert made.parts.stops >= 3


# --- the table ---------------------------------------------------------------------------------


def test_every_scene_has_its_row_and_only_invitation_and_identify_light_the_keys() -> None:
    assert set(SIGNALS) == set(Scene)
    assert {scene for scene, row in SIGNALS.items() if row.lit} == {
        Scene.INVITATION,
        Scene.IDENTIFY,
    }


@pytest.mark.parametrize("scene", [Scene.PAUSED, Scene.FAULT, Scene.UNBOUND, Scene.STANDBY])
def test_a_window_that_takes_no_rating_is_dark_and_silent(scene: Scene) -> None:
    assert SIGNALS[scene] == DARK


def test_a_press_that_waits_for_its_commit_is_dark_and_silent() -> None:
    """Law 2: nothing between the press and the commit can be taken for thanks."""
    assert SIGNALS[Scene.SAVING] == DARK
    thanks = SIGNALS[Scene.THANKS]
    others = [row for scene, row in SIGNALS.items() if scene is not Scene.THANKS]
    assert thanks.beep not in {row.beep for row in others}
    assert thanks.prompt not in {row.prompt for row in others}


def test_no_prompt_of_a_scene_is_a_levels_name() -> None:
    assert not {row.prompt for row in SIGNALS.values()} & ALL


def test_a_row_cannot_name_a_key_nor_a_level() -> None:
    """Law 7 by construction: one answer for all keys."""
    assert Signal.__annotations__["lit"] is bool


# --- from scenes to parts ------------------------------------------------------------------------


def test_every_part_begins_dark_and_silent_whatever_a_killed_agent_left(bench: SignalBench) -> None:
    assert sorted(bench.at_start) == [("beeper", ()), ("lights", set())]


def test_an_invitation_lights_all_level_keys_beeps_and_is_spoken_in_the_pads_languages(
    bench: SignalBench,
) -> None:
    bench.signals.say(Scene.INVITATION)
    bench.did("lights", ALL)
    bench.did("beeper", SIGNALS[Scene.INVITATION].beep)
    bench.did("voice", ("invitation", "zh", "ko"))


def test_a_scene_that_is_only_shown_has_its_lights_and_makes_no_sound(bench: SignalBench) -> None:
    bench.signals.show(Scene.INVITATION)
    bench.did("lights", ALL)
    assert bench.settled() == [("lights", ALL)]


def test_an_accepted_press_ends_lights_and_prompt_and_makes_no_sound(
    bench: SignalBench,
) -> None:
    bench.signals.say(Scene.INVITATION)
    bench.did("voice", ("invitation", "zh", "ko"))
    bench.did("lights", ALL)
    bench.signals.say(Scene.SAVING)
    bench.did("lights", ALL, set())
    bench.did("voice", ("invitation", "zh", "ko"), None)
    assert len(bench.parts.of("beeper")) == 1


def test_a_prompt_is_repeated_on_request_and_without_a_beep(bench: SignalBench) -> None:
    bench.signals.say(Scene.INVITATION)
    bench.did("voice", ("invitation", "zh", "ko"))
    bench.signals.say_again(Scene.INVITATION)
    bench.did("voice", ("invitation", "zh", "ko"), ("invitation", "zh", "ko"))
    bench.signals.say_again(Scene.STANDBY)
    bench.signals.show(Scene.STANDBY)
    bench.did("voice", *[("invitation", "zh", "ko")] * 2, None)
    assert len(bench.parts.of("beeper")) == 1


def test_the_prompt_of_thanks_is_not_cut_off_by_standby_but_that_of_an_invitation_is(
    bench: SignalBench,
) -> None:
    bench.signals.say(Scene.THANKS)
    bench.did("voice", ("thanks", "zh", "ko"))
    bench.signals.show(Scene.STANDBY)
    bench.signals.show(Scene.PAUSED)
    bench.signals.say(Scene.INVITATION)
    bench.did("voice", ("thanks", "zh", "ko"), ("invitation", "zh", "ko"))
    bench.signals.show(Scene.STANDBY)  # the clerk has withdrawn it
    bench.did("voice", ("thanks", "zh", "ko"), ("invitation", "zh", "ko"), None)


def test_a_light_at_a_key_without_a_level_stays_dark(config: Config) -> None:
    profile = config.profile
    call = Key(name="call", line=40)
    keys = msgspec.structs.replace(profile.keys, key=(*profile.keys.key, call))
    lights = msgspec.structs.replace(LIGHTS, light=(*LIGHTS.light, Light(name="call", line=41)))
    profile = msgspec.structs.replace(profile, keys=keys, lights=lights)
    bench = SignalBench(msgspec.structs.replace(config, profile=profile))
    bench.signals.show(Scene.INVITATION)
    bench.did("lights", ALL)
    bench.signals.stop()


def test_a_board_without_lights_beeper_and_voice_signals_nothing(config: Config) -> None:
    class Bare:
        lights = beeper = voice = None

    signals = SignalOutput(config, cast("Board", Bare()))
    signals.start(lambda _: None)
    for scene in Scene:
        signals.show(scene)
        signals.say(scene)
    signals.stop()


# --- law 7: what the clerk can see and hear ------------------------------------------------------


def signals_of_a_rating(config: Config, level: Level) -> list[tuple[str, Any]]:
    """What lights, beeper and voice did from an invitation to the end of thanks, with one key."""
    outputs = SignalBench(config)

    async def rating() -> None:
        bench = VirtualPad()
        pad = bench.pad
        pad._show = lambda scene, _: step(outputs.signals.show, scene)
        pad._say = lambda scene: step(outputs.signals.say, scene)
        pad.start()
        await pad.invite(Service(case="c-1"), "c7", "http")
        bench.press(level)
        await bench.settle()
        await pass_s(20)

    def step(signal: Any, scene: Scene) -> None:
        """One at a time, so that the order does not depend on the parts' threads."""
        signal(scene)
        outputs.rest()

    run(rating())
    return outputs.settled()


def test_what_is_seen_and_heard_is_the_same_for_all_five_levels(config: Config) -> None:
    signals = [signals_of_a_rating(config, level) for level in Level]
    assert all(done == signals[0] for done in signals)
    assert [lit for part, lit in signals[0] if part == "lights" and lit] == [ALL]
    assert ("voice", ("thanks", "zh", "ko")) in signals[0]


def test_control_a_light_that_reveals_the_level_is_noticed(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a pad that lights the pressed key gives five different sequences."""

    press, show, pressed = VirtualPad.press, FakeSignals.show, list[str]()

    def press_and_note(bench: VirtualPad, level: Level = Level.SATISFIED) -> None:
        pressed.append(level.value)
        press(bench, level)

    def light_the_pressed_key(parts: FakeSignals, lit: frozenset[str]) -> None:
        show(parts, frozenset(pressed) or lit)

    monkeypatch.setattr(VirtualPad, "press", press_and_note)
    monkeypatch.setattr(FakeSignals, "show", light_the_pressed_key)
    signals = []
    for level in Level:
        pressed.clear()
        signals.append(signals_of_a_rating(config, level))
    assert all(done != signals[0] for done in signals[1:])


# --- law 2: no thanks before the commit ----------------------------------------------------------


def test_a_card_that_hangs_is_dark_and_silent_until_the_rating_is_durable() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        await bench.pad.invite(Service(case="c-1"), "c7", "http")
        bench.card.hangs = True
        bench.press()
        await pass_s(20)
        assert bench.said == [Scene.INVITATION, Scene.SAVING]
        bench.card.let_go()
        await bench.settle()
        await pass_s(1)
        assert Scene.THANKS not in bench.said  # a fault is shown by then, without a prompt

    run(story())


def test_each_durable_rating_has_its_spoken_thanks() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        await bench.pad.invite(Service(case="c-1"), "c7", "http")
        for level in (Level.SATISFIED, Level.DISSATISFIED):
            bench.press(level)
            await bench.settle()
        bench.press()  # a stray: there is only one correction
        await pass_s(20)
        once = [Scene.SAVING, Scene.THANKS]
        assert bench.said == [Scene.INVITATION, *once, *once]
        bench.pad.identify()
        assert bench.said[-1] is Scene.IDENTIFY

    run(story())


# --- faults --------------------------------------------------------------------------------------


def test_lights_that_fail_are_reported_once_and_lit_correctly_when_they_work_again(
    bench: SignalBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = bench.signals._lights
    assert worker is not None
    worker._retry_s = 0.02
    bench.parts.broken = {"lights"}
    bench.signals.show(Scene.INVITATION)
    until(lambda: bench.parts.tries > 3, PATIENCE_S, "it is tried again")
    bench.signals.show(Scene.SAVING)
    bench.signals.show(Scene.INVITATION)
    bench.parts.broken = set()
    until(lambda: len(bench.faults) == 2, PATIENCE_S, "the fault is over")
    failed = FaultReport(PadCode.SIGNAL_GONE, True, "lights: no answer")
    assert bench.faults == [failed, failed._replace(broken=False)]
    assert bench.parts.of("lights")[-1] == ALL


def test_a_beep_that_failed_is_not_repeated_later(bench: SignalBench) -> None:
    bench.parts.broken = {"beeper"}
    bench.signals.say(Scene.INVITATION)
    until(lambda: bench.faults, PATIENCE_S, "the fault")
    bench.parts.broken = set()
    bench.signals.say(Scene.THANKS)
    bench.did("beeper", SIGNALS[Scene.THANKS].beep)
    until(lambda: len(bench.faults) == 2, PATIENCE_S, "the fault is over at the next beep")
    assert bench.parts.tries == 1


def test_each_part_has_its_own_fault(bench: SignalBench) -> None:
    bench.parts.card("audio open error", broken=True)
    bench.parts.card("another word for it", broken=True)
    bench.parts.broken = {"beeper"}
    bench.signals.say(Scene.INVITATION)
    until(lambda: len(bench.faults) == 2, PATIENCE_S, "both faults")
    bench.did("lights", ALL)
    bench.parts.card("", broken=False)
    bench.parts.card("", broken=False)
    assert [(fault.broken, fault.detail) for fault in bench.faults] == [
        (True, "voice: audio open error"),
        (True, "beeper: no answer"),
        (False, "voice: audio open error"),
    ]


def test_a_slow_sound_card_delays_neither_the_caller_nor_the_lights_and_the_newest_prompt_wins(
    bench: SignalBench,
) -> None:
    bench.parts.slow.clear()
    bench.signals.say(Scene.INVITATION)
    worker = bench.signals._voice
    assert worker is not None
    until(lambda: not worker._requests, PATIENCE_S, "the card is busy")
    for _ in range(3):
        bench.signals.say(Scene.SAVING)
        bench.signals.say(Scene.THANKS)
    until(lambda: bench.parts.of("lights")[-1] == set(), PATIENCE_S, "the keys went dark")
    until(lambda: bench.parts.of("beeper"), PATIENCE_S, "the beep of thanks")
    assert bench.parts.of("voice") == []  # control: the voice is still blocked
    bench.parts.slow.set()
    bench.did("voice", ("invitation", "zh", "ko"), ("thanks", "zh", "ko"))


def test_a_thread_that_ends_is_a_fault_and_the_other_parts_go_on(bench: SignalBench) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("a part of the agent failed")

    worker = bench.signals._beeper
    assert worker is not None
    worker._carry_out = fail
    bench.signals.say(Scene.INVITATION)
    until(lambda: bench.faults, PATIENCE_S, "the fault")
    assert "a part of the agent failed" in bench.faults[0].detail
    bench.signals.say(Scene.THANKS)
    bench.did("voice", ("invitation", "zh", "ko"), ("thanks", "zh", "ko"))


def test_a_part_that_hangs_is_not_waited_for_at_the_end(
    bench: SignalBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("device.drivers.latest_worker.STOP_S", 0.05)
    bench.parts.slow.clear()
    bench.signals.say(Scene.INVITATION)
    worker = bench.signals._voice
    assert worker is not None
    until(lambda: not worker._requests, PATIENCE_S, "the card is busy")
    bench.signals.stop()
    assert "the voice did not answer" in caplog.text


# --- the table -----------------------------------------------------------------------------------


def test_the_invitation_and_thanks_are_heard_and_nothing_else_of_a_visit_is() -> None:
    """As docs/hardware.md tells a technician: one short tone, two tones, two long ones."""
    assert (
        dict.fromkeys(Scene, DARK)
        | {
            Scene.INVITATION: Signal(lit=True, beep=(60,), prompt="invitation"),
            Scene.THANKS: Signal(beep=(60, 80, 120), prompt="thanks", finishes=True),
            Scene.IDENTIFY: Signal(lit=True, beep=(400, 200, 400)),
        }
        == SIGNALS
    )
    assert Signal(lit=False, beep=(), prompt=None, finishes=False) == DARK
    assert PROMPTS == ("invitation", "thanks", "selftest")
