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
from device.output.signal_output import DARK, SIGNALS, Signal, SignalOutput
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


class Place:
    """Signals over parts that remember."""

    def __init__(self, config: Config) -> None:
        self.parts = FakeSignals()
        self.faults: list[FaultReport] = []
        self.signals = SignalOutput(config, cast("Board", self.parts))
        self.signals.start(self.faults.append)
        self.rest()
        self.at_start, self.parts.done = self.parts.done, []

    def rest(self) -> None:
        """Wait until every wish has been carried out."""
        for outlet in (self.signals._lights, self.signals._beeper, self.signals._voice):
            assert outlet is not None
            until(lambda one=outlet: one.at_rest, PATIENCE_S, "every wish was carried out")

    def did(self, part: str, *what: Any) -> None:
        """Wait until a part has done exactly this and nothing else."""
        until(lambda: len(self.parts.of(part)) >= len(what), PATIENCE_S, f"{part} did {what}")
        assert self.parts.of(part) == list(what)

    def settled(self) -> list[tuple[str, Any]]:
        """What the parts did once all wishes were carried out, part by part."""
        self.rest()
        self.signals.stop()
        return sorted(self.parts.done, key=lambda one: one[0])


@pytest.fixture
def place(config: Config) -> Iterator[Place]:
    one = Place(config)
    yield one
    one.parts.slow.set()
    one.signals.stop()
    one.signals.stop()
    assert one.parts.stops >= 3


# --- the table ---------------------------------------------------------------------------------


def test_every_scene_has_its_row_and_only_an_invitation_and_a_search_light_the_keys() -> None:
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


def test_every_part_begins_dark_and_silent_whatever_a_killed_agent_left(place: Place) -> None:
    assert sorted(place.at_start) == [("beeper", ()), ("lights", set())]


def test_an_invitation_lights_all_level_keys_beeps_and_is_said_in_the_pads_languages(
    place: Place,
) -> None:
    place.signals.say(Scene.INVITATION)
    place.did("lights", ALL)
    place.did("beeper", SIGNALS[Scene.INVITATION].beep)
    place.did("voice", ("invitation", "zh", "ko"))


def test_a_scene_that_is_only_shown_has_its_lights_and_makes_no_sound(place: Place) -> None:
    place.signals.show(Scene.INVITATION)
    place.did("lights", ALL)
    assert place.settled() == [("lights", ALL)]


def test_an_accepted_press_ends_lights_and_prompt_at_once_and_adds_no_sound(place: Place) -> None:
    place.signals.say(Scene.INVITATION)
    place.did("voice", ("invitation", "zh", "ko"))
    place.did("lights", ALL)
    place.signals.say(Scene.SAVING)
    place.did("lights", ALL, set())
    place.did("voice", ("invitation", "zh", "ko"), None)
    assert len(place.parts.of("beeper")) == 1


def test_a_prompt_is_said_again_for_whoever_asks_and_without_a_beep(place: Place) -> None:
    place.signals.say(Scene.INVITATION)
    place.did("voice", ("invitation", "zh", "ko"))
    place.signals.say_again(Scene.INVITATION)
    place.did("voice", ("invitation", "zh", "ko"), ("invitation", "zh", "ko"))
    place.signals.say_again(Scene.STANDBY)
    place.signals.show(Scene.STANDBY)
    place.did("voice", *[("invitation", "zh", "ko")] * 2, None)
    assert len(place.parts.of("beeper")) == 1


def test_thanks_is_heard_to_its_end_and_an_invitation_is_not(place: Place) -> None:
    place.signals.say(Scene.THANKS)
    place.did("voice", ("thanks", "zh", "ko"))
    place.signals.show(Scene.STANDBY)
    place.signals.show(Scene.PAUSED)
    place.signals.say(Scene.INVITATION)
    place.did("voice", ("thanks", "zh", "ko"), ("invitation", "zh", "ko"))
    place.signals.show(Scene.STANDBY)  # the clerk took it back
    place.did("voice", ("thanks", "zh", "ko"), ("invitation", "zh", "ko"), None)


def test_a_light_at_a_key_without_a_level_stays_dark(config: Config) -> None:
    profile = config.profile
    call = Key(name="call", line=40)
    keys = msgspec.structs.replace(profile.keys, key=(*profile.keys.key, call))
    lights = msgspec.structs.replace(LIGHTS, light=(*LIGHTS.light, Light(name="call", line=41)))
    profile = msgspec.structs.replace(profile, keys=keys, lights=lights)
    place = Place(msgspec.structs.replace(config, profile=profile))
    place.signals.show(Scene.INVITATION)
    place.did("lights", ALL)
    place.signals.stop()


def test_a_board_without_any_of_them_signals_nothing_and_lacks_nothing(config: Config) -> None:
    class Bare:
        lights = beeper = voice = None

    signals = SignalOutput(config, cast("Board", Bare()))
    signals.start(lambda _: None)
    for scene in Scene:
        signals.show(scene)
        signals.say(scene)
    signals.stop()


# --- law 7: the clerk sees and hears -------------------------------------------------------------


def story(config: Config, level: Level) -> list[tuple[str, Any]]:
    """What lights, beeper and voice did from an invitation to the end of thanks, with one key."""
    place = Place(config)

    async def rating() -> None:
        bench = VirtualPad()
        pad = bench.pad
        pad._show = lambda scene, _: step(place.signals.show, scene)
        pad._say = lambda scene: step(place.signals.say, scene)
        pad.start()
        await pad.invite(Service(case="c-1"), "c7", "http")
        bench.press(level)
        await bench.settle()
        await pass_s(20)

    def step(signal: Any, scene: Scene) -> None:
        """One at a time, so that the threads of the parts leave nothing to chance."""
        signal(scene)
        place.rest()

    run(rating())
    return place.settled()


def test_what_is_seen_and_heard_is_the_same_for_all_five_levels(config: Config) -> None:
    stories = [story(config, level) for level in Level]
    assert all(one == stories[0] for one in stories)
    assert [what for part, what in stories[0] if part == "lights" and what] == [ALL]
    assert ("voice", ("thanks", "zh", "ko")) in stories[0]


def test_a_light_that_gave_a_level_away_would_be_noticed(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a pad that lights what was pressed tells five different stories."""

    press, show, pressed = VirtualPad.press, FakeSignals.show, list[str]()

    def noted(bench: VirtualPad, level: Level = Level.SATISFIED) -> None:
        pressed.append(level.value)
        press(bench, level)

    def telling(parts: FakeSignals, lit: frozenset[str]) -> None:
        show(parts, frozenset(pressed) or lit)

    monkeypatch.setattr(VirtualPad, "press", noted)
    monkeypatch.setattr(FakeSignals, "show", telling)
    stories = []
    for level in Level:
        pressed.clear()
        stories.append(story(config, level))
    assert all(one != stories[0] for one in stories[1:])


# --- law 2: nothing means "stored" before it is --------------------------------------------------


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
        assert Scene.THANKS not in bench.said  # by now a fault stands there, and is not talked over

    run(story())


def test_each_durable_rating_is_thanked_for_by_ear_too() -> None:
    async def story() -> None:
        bench = VirtualPad()
        bench.pad.start()
        await bench.pad.invite(Service(case="c-1"), "c7", "http")
        for level in (Level.SATISFIED, Level.DISSATISFIED):
            bench.press(level)
            await bench.settle()
        bench.press()  # a stray: the second correction is none
        await pass_s(20)
        once = [Scene.SAVING, Scene.THANKS]
        assert bench.said == [Scene.INVITATION, *once, *once]
        bench.pad.identify()
        assert bench.said[-1] is Scene.IDENTIFY

    run(story())


# --- faults --------------------------------------------------------------------------------------


def test_lights_that_fail_are_told_once_and_lit_as_they_should_be_when_they_work_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlet = place.signals._lights
    assert outlet is not None
    outlet._retry_s = 0.02
    place.parts.broken = {"lights"}
    place.signals.show(Scene.INVITATION)
    until(lambda: place.parts.tries > 3, PATIENCE_S, "it is tried again")
    place.signals.show(Scene.SAVING)
    place.signals.show(Scene.INVITATION)
    place.parts.broken = set()
    until(lambda: len(place.faults) == 2, PATIENCE_S, "mended")
    told = FaultReport(PadCode.SIGNAL_GONE, True, "lights: no answer")
    assert place.faults == [told, told._replace(standing=False)]
    assert place.parts.of("lights")[-1] == ALL


def test_a_beep_that_failed_is_not_made_up_for_later(place: Place) -> None:
    place.parts.broken = {"beeper"}
    place.signals.say(Scene.INVITATION)
    until(lambda: place.faults, PATIENCE_S, "the fault")
    place.parts.broken = set()
    place.signals.say(Scene.THANKS)
    place.did("beeper", SIGNALS[Scene.THANKS].beep)
    until(lambda: len(place.faults) == 2, PATIENCE_S, "mended by the next")
    assert place.parts.tries == 1


def test_each_part_stands_for_itself(place: Place) -> None:
    place.parts.card("audio open error", standing=True)
    place.parts.card("another word for it", standing=True)
    place.parts.broken = {"beeper"}
    place.signals.say(Scene.INVITATION)
    until(lambda: len(place.faults) == 2, PATIENCE_S, "both faults")
    place.did("lights", ALL)
    place.parts.card("", standing=False)
    place.parts.card("", standing=False)
    assert [(fault.standing, fault.detail) for fault in place.faults] == [
        (True, "voice: audio open error"),
        (True, "beeper: no answer"),
        (False, "voice: audio open error"),
    ]


def test_a_slow_sound_card_delays_neither_the_caller_nor_the_lights_and_the_newest_prompt_wins(
    place: Place,
) -> None:
    place.parts.slow.clear()
    place.signals.say(Scene.INVITATION)
    outlet = place.signals._voice
    assert outlet is not None
    until(lambda: not outlet._requests, PATIENCE_S, "the card is busy")
    for _ in range(3):
        place.signals.say(Scene.SAVING)
        place.signals.say(Scene.THANKS)
    until(lambda: place.parts.of("lights")[-1] == set(), PATIENCE_S, "the keys went dark")
    until(lambda: place.parts.of("beeper"), PATIENCE_S, "thanks is heard by its beep")
    assert place.parts.of("voice") == []  # control: it is stuck all the while
    place.parts.slow.set()
    place.did("voice", ("invitation", "zh", "ko"), ("thanks", "zh", "ko"))


def test_a_thread_that_ends_is_a_fault_and_no_more(place: Place) -> None:
    def fall(_: object) -> None:
        raise ZeroDivisionError("a part of the agent failed")

    outlet = place.signals._beeper
    assert outlet is not None
    outlet._carry_out = fall
    place.signals.say(Scene.INVITATION)
    until(lambda: place.faults, PATIENCE_S, "the fault")
    assert "a part of the agent failed" in place.faults[0].detail
    place.signals.say(Scene.THANKS)
    place.did("voice", ("invitation", "zh", "ko"), ("thanks", "zh", "ko"))


def test_a_part_that_hangs_is_not_waited_for_at_the_end(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("device.drivers.latest_worker.STOP_S", 0.05)
    place.parts.slow.clear()
    place.signals.say(Scene.INVITATION)
    outlet = place.signals._voice
    assert outlet is not None
    until(lambda: not outlet._requests, PATIENCE_S, "the card is busy")
    place.signals.stop()
    assert "the voice did not answer" in caplog.text
