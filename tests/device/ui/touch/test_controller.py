"""What a report means: for the present question, and for no other."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from device.events import Detail, Event, Press, ReasonTouched, Scene
from device.ui.touch import controller as page_module
from device.ui.touch.controller import MAX_AGE_MS, MIN_SEEN_MS, PageController, TouchInput
from device.ui.touch.page_state import PadView, PageState
from device.ui.touch.page_view import PageConstants
from device.ui.touch.page_words import read_wording
from device.ui.touch.reports import ButtonTouched, PointerDown, PointerUp, TopicToggled
from device.ui.touch.touches import Tap
from sync.codes import topics
from sync.entries import Level
from tests.rigs.time.virtual_time import now_ms, pass_s, run
from tests.rigs.web.touch_page import AT_STANDBY, STATES

ASKED = STATES["invitation"]._replace(link=None)
READ = 1000.0


class Desk:
    """A pad with a given state. `pressed`: the levels of what was pressed."""

    def __init__(self, now: PadView | None = ASKED) -> None:
        self.now = now
        self.happened: list[Event] = []
        self.told: list[PageState] = []
        self.spoken = 0
        fixed = PageConstants(
            read_wording(["zh"]), 5.0, tuple(topics()), lambda _: [b"\1"], speaks=True
        )
        self.page = PageController(
            fixed,
            now=lambda: self.now,
            apply_event=self.happened.append,
            mono_ms=now_ms,
            speak=self._speak,
        )
        self.page.observe(self.told.append)

    def _speak(self) -> None:
        self.spoken += 1

    @property
    def state(self) -> PageState:
        assert self.page.state is not None
        return self.page.state

    def stand(self, now: PadView) -> None:
        self.now = now
        self.page.refresh()

    def do(self, wish: str) -> None:
        self.page.touch_button(ButtonTouched(self.state.number, wish))

    def tap(self, *keys: str, number: int | None = None, seen_ms: float = READ) -> Press:
        number = self.state.number if number is None else number
        self.page.press(Tap(keys, number, now_ms(), seen_ms, is_valid=True))
        press = self.happened[-1]
        assert isinstance(press, Press)
        return press


def story(tell: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run in virtual time."""
    run(tell())


def test_a_touch_is_a_press_of_that_level() -> None:
    async def tell() -> None:
        press = Desk().tap("dissatisfied")
        assert (press.level, press.source) == (Level.DISSATISFIED, "touch")

    story(tell)


@pytest.mark.parametrize(
    ("keys", "number", "seen_ms"),
    [
        (("satisfied", "dissatisfied"), None, READ),
        (("satisfied",), 0, READ),
        (("satisfied",), 99, READ),
        (("satisfied",), None, MIN_SEEN_MS - 1.0),
    ],
    ids=["two faces", "an older question", "a question that never was", "nobody has read it yet"],
)
def test_what_is_no_answer_to_this_question_has_no_level(
    keys: tuple[str, ...], number: int | None, seen_ms: float
) -> None:
    async def tell() -> None:
        press = Desk().tap(*keys, number=number, seen_ms=seen_ms)
        assert press.level is None
        assert press.key == "+".join(keys)

    story(tell)


def test_a_touch_meant_for_the_citizen_before_never_rates_for_the_next() -> None:
    async def tell() -> None:
        desk = Desk()
        before = desk.state.number
        desk.stand(AT_STANDBY)
        desk.stand(ASKED._replace(invitation="the next"))
        assert desk.tap("satisfied", number=before).level is None
        assert desk.tap("satisfied").level is Level.SATISFIED

    story(tell)


def test_the_question_is_looked_up_at_the_moment_of_the_touch() -> None:
    """The pad has moved on, and the page's own look is still queued."""

    async def tell() -> None:
        desk = Desk()
        number = desk.state.number
        desk.now = AT_STANDBY
        assert desk.tap("satisfied", number=number).level is None

    story(tell)


@pytest.mark.parametrize(("age_ms", "believed_ms"), [(0, 0), (120, 120), (10**9, MAX_AGE_MS)])
def test_the_age_of_a_touch_is_the_pages_within_bounds(age_ms: int, believed_ms: int) -> None:
    async def tell() -> None:
        await pass_s(100)
        assert now_ms() - Desk().page.boot_ms(age_ms) == believed_ms

    story(tell)


def test_several_pointers_of_one_browser_are_one_press() -> None:
    async def tell() -> None:
        desk, heard = Desk(), list[bool]()
        touch_input = TouchInput(desk.page, heard.append)
        number = desk.state.number
        touch_input.receive(PointerDown(number, 1, "satisfied", 0, READ))
        touch_input.receive(PointerDown(number, 2, "dissatisfied", 0, READ))
        touch_input.receive(PointerUp(1, there=True))
        touch_input.receive(PointerUp(2, there=True))
        assert desk.happened == []
        await pass_s(1)
        (press,) = desk.happened
        assert isinstance(press, Press)
        assert (press.key, press.level) == ("satisfied+dissatisfied", None)
        assert heard == [False, False, False, False, True]

    story(tell)


def test_what_was_chosen_is_given_and_skipping_gives_nothing() -> None:
    async def tell() -> None:
        desk = Desk(STATES["details"]._replace(link=None))
        number = desk.state.number
        for topic in ("online", "attitude", "online", "guidance", "weather"):
            desk.page.toggle_topic(TopicToggled(number, topic))
        desk.do("done")
        told = Detail(options=("attitude", "guidance"))
        assert desk.happened == [*[ReasonTouched()] * 4, told]
        desk.do("skip")
        assert desk.happened[-1] == Detail()

    story(tell)


def test_a_button_of_an_earlier_question_does_nothing() -> None:
    async def tell() -> None:
        desk = Desk(STATES["details"]._replace(link=None))
        number = desk.state.number
        desk.stand(AT_STANDBY)
        desk.page.touch_button(ButtonTouched(number, "done"))
        desk.page.toggle_topic(TopicToggled(number, "online"))
        desk.page.touch_button(ButtonTouched(desk.state.number, "done"))
        assert desk.happened == []

    story(tell)


def test_a_citizens_choices_end_with_the_session() -> None:
    async def tell() -> None:
        desk = Desk()
        for wish in ("large", "contrast", "english"):
            desk.do(wish)
        desk.stand(STATES["thanks"])
        assert (desk.state.large, desk.state.contrast) == (True, True)
        assert desk.state.title[0].lang == "en"
        desk.stand(AT_STANDBY)
        assert (desk.state.large, desk.state.contrast) == (False, False)
        assert desk.state.title[0].lang == "zh-CN"

    story(tell)


@pytest.mark.parametrize("name", ["thanks", "details"])
def test_a_citizens_choices_end_when_the_next_is_invited_at_once(name: str) -> None:
    async def tell() -> None:
        desk = Desk()
        desk.do("large")
        desk.stand(STATES[name])
        assert desk.state.large
        desk.stand(ASKED._replace(invitation="the next"))
        assert not desk.state.large

    story(tell)


def test_what_a_citizen_chooses_in_standby_stays_for_the_invitation() -> None:
    async def tell() -> None:
        desk = Desk(AT_STANDBY)
        desk.do("large")
        desk.stand(ASKED)
        assert desk.state.large

    story(tell)


def test_what_was_chosen_is_forgotten_before_the_next_is_asked() -> None:
    async def tell() -> None:
        details = STATES["details"]._replace(link=None)
        desk = Desk(details)
        desk.page.toggle_topic(TopicToggled(desk.state.number, "online"))
        desk.stand(ASKED)
        desk.stand(details._replace(invitation="the next"))
        assert not any(key.picked for key in desk.state.topics)

    story(tell)


def test_a_switch_is_reset_a_minute_after_the_last_touch() -> None:
    async def tell() -> None:
        desk = Desk(AT_STANDBY)
        desk.do("large")
        await pass_s(page_module.RESET_AFTER_S - 1)
        assert desk.state.large
        await pass_s(2)
        assert not desk.state.large

    story(tell)


def test_a_prompt_can_be_played_again() -> None:
    async def tell() -> None:
        desk = Desk()
        desk.do("speak")
        assert desk.spoken == 1

    story(tell)


def test_a_face_that_was_touched_in_a_self_test_says_so() -> None:
    async def tell() -> None:
        desk = Desk(STATES["selftest"])
        desk.tap("satisfied")
        assert [face.key for face in desk.state.faces if face.tested] == ["satisfied"]
        desk.stand(AT_STANDBY)
        desk.stand(STATES["selftest"])
        assert not any(face.tested for face in desk.state.faces)

    story(tell)


def test_nothing_is_sent_while_the_pad_shows_nothing() -> None:
    async def tell() -> None:
        desk = Desk(None)
        assert desk.page.state is None
        desk.stand(AT_STANDBY)
        assert desk.state.scene == Scene.STANDBY.value

    story(tell)


def test_a_state_that_is_the_same_is_not_sent_twice() -> None:
    async def tell() -> None:
        desk = Desk()
        desk.page.refresh()
        desk.page.changed()
        desk.page.changed()
        await pass_s(0.1)
        assert desk.told == []

    story(tell)
