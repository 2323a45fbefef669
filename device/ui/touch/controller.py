"""The state of the touch page, the numbers of its questions, and what the page's reports mean.

Called on the agent's loop only. A report counts for the question that is on the screen now and for
no other. One that was meant for another question is a stray: a touch that was on its way when the
invitation lapsed never rates for the next citizen.
"""

import asyncio
from collections.abc import Callable

from device.events import RESTING, Detail, Event, Press, ReasonTouched, Scene
from device.ui.touch.page_state import PadView, PageChoices, PageState
from device.ui.touch.page_view import PageConstants, page_state, question_of
from device.ui.touch.reports import (
    ButtonTouched,
    PageShown,
    PointerDown,
    PointerUp,
    Report,
    TopicToggled,
)
from device.ui.touch.touches import Tap, Touches
from sync.entries import Level

SOURCE = "touch"
"""What presses name as their source."""

MAX_AGE_MS = 1_000
"""A touch is taken to be no older than this when its report comes: a page that was hanging for
longer cannot say when the touch was."""

MIN_SEEN_MS = 300
"""A face that has been on the screen for less was touched by somebody who meant what was there
before: nobody reads and answers within this time."""

RESET_AFTER_S = 60.0
"""So long after the last touch in standby the page looks again as the configuration says."""

AT_REST = (*RESTING, Scene.LAPSED)

LEVELS = {level.value: level for level in Level}


class PageController:
    """One pad's touch page.

    `now` gives what the pad shows, or None before it shows anything. `apply_event` gives an event
    to the pad. `mono_ms` reads the boot clock. `speak` plays the scene's prompt once more. `shown`
    is called when a browser reports that the page is on a screen, with how it fits there.
    """

    def __init__(
        self,
        fixed: PageConstants,
        *,
        now: Callable[[], PadView | None],
        apply_event: Callable[[Event], object],
        mono_ms: Callable[[], int],
        speak: Callable[[], None] = lambda: None,
        shown: Callable[[PageShown], None] = lambda _: None,
    ) -> None:
        self._fixed = fixed
        self._now = now
        self._apply_event = apply_event
        self._mono_ms = mono_ms
        self._speak = speak
        self.shown = shown
        self._choices = PageChoices()
        self._question: tuple[object, ...] | None = None
        self._number = 0
        self._refresh: asyncio.Handle | None = None
        self._reset: asyncio.TimerHandle | None = None
        self._observers: list[Callable[[PageState], None]] = []
        self.state: PageState | None = None
        self.refresh()

    def observe(self, on_state: Callable[[PageState], None]) -> Callable[[], None]:
        """Call `on_state` with every new state; call what is returned to end that."""
        self._observers.append(on_state)
        return lambda: self._observers.remove(on_state)

    def changed(self) -> None:
        """Something may have changed at the pad: refresh once its present event is over."""
        if self._refresh is None:
            self._refresh = asyncio.get_running_loop().call_soon(self.refresh)

    def refresh(self) -> PageState | None:
        """Compute the state now. Observers are called when it differs from the last one."""
        self._refresh = None
        now = self._now()
        if now is None:
            return None
        question = question_of(now)
        if question != self._question:
            before, self._question = self._question, question
            self._number += 1
            if before is not None:
                self._reset_choices(now, before)
        state = page_state(self._fixed, now, self._choices, self._number)
        if state != self.state:
            self.state = state
            if now.scene is Scene.INVITATION and not now.asks:
                # A rating is being committed. The next state is thanks, or saving on a slow card.
                return state
            for on_state in list(self._observers):
                on_state(state)
        return state

    def _reset_choices(self, now: PadView, before: tuple[object, ...]) -> None:
        """What a citizen has chosen ends with the session."""
        if now.scene is not Scene.DETAILS:
            self._choices = self._choices._replace(picked=frozenset())
        if now.scene is not Scene.SELFTEST:
            self._choices = self._choices._replace(tested=frozenset())
        ended = now.scene in AT_REST and before[0] not in AT_REST
        if ended or (before[2] is not None and now.invitation not in (None, before[2])):
            self._choices = PageChoices()

    # --- what the page reports --------------------------------------------------------------

    def press(self, tap: Tap) -> bool:
        """Make a press of a tap; returns whether it counts for the present question."""
        state = self.refresh()
        level = LEVELS.get(tap.keys[0]) if len(tap.keys) == 1 and tap.is_valid else None
        if (
            state is None
            or tap.number != state.number
            or tap.seen_ms < MIN_SEEN_MS
            or not state.live
        ):
            level = None
        elif level is not None and state.scene == Scene.SELFTEST.value:
            self._choices = self._choices._replace(tested=self._choices.tested | {level.value})
        self._apply_event(Press("+".join(tap.keys), level, SOURCE, tap.at_ms))
        self.refresh()
        return level is not None

    def touch_button(self, touched: ButtonTouched) -> None:
        """A button was touched. One of an earlier question does nothing."""
        state = self.refresh()
        if state is None or touched.number != state.number:
            return
        if touched.do not in {button.do for button in (*state.buttons, *state.answers)}:
            return
        choices = self._choices
        match touched.do:
            case "english":
                self._choices = choices._replace(english=not choices.english)
            case "large":
                self._choices = choices._replace(large=not choices.large)
            case "contrast":
                self._choices = choices._replace(contrast=not choices.contrast)
            case "speak":
                self._speak()
            case "done":
                picked = (key.topic for key in state.topics if key.topic in choices.picked)
                self._apply_event(Detail(options=tuple(picked)))
            case "skip":
                self._apply_event(Detail())
        self.refresh()
        self._schedule_reset()

    def toggle_topic(self, toggled: TopicToggled) -> None:
        """A topic was chosen, or its choice undone."""
        state = self.refresh()
        if state is None or toggled.number != state.number:
            return
        if toggled.topic in {key.topic for key in state.topics}:
            picked = self._choices.picked ^ {toggled.topic}
            self._choices = self._choices._replace(picked=picked)
            self._apply_event(ReasonTouched())
            self.refresh()

    @property
    def left_ms(self) -> int | None:
        """How long the rating may still be corrected; None when it may not."""
        now = self._now()
        return now.left_ms if now is not None else None

    def boot_ms(self, age_ms: float) -> int:
        """The boot clock's time of something that was `age_ms` ago, at most `MAX_AGE_MS`."""
        return self._mono_ms() - int(min(max(age_ms, 0), MAX_AGE_MS))

    def _schedule_reset(self) -> None:
        if self._reset is not None:
            self._reset.cancel()
        loop = asyncio.get_running_loop()
        self._reset = loop.call_later(RESET_AFTER_S, self._reset_at_rest)

    def _reset_at_rest(self) -> None:
        self._reset = None
        now = self._now()
        if now is None or now.scene in AT_REST:
            self._choices = PageChoices()
            self.refresh()

    def stop(self) -> None:
        """Cancel the timers; safe to call twice."""
        for timer in (self._reset, self._refresh):
            if timer is not None:
                timer.cancel()
        self._reset = self._refresh = None


class TouchInput:
    """The reports of one browser's page, from pointers to presses.

    `on_progress` is called after every report of a touch, and once more when a touch that was under
    way has ended: with True when none is under way any more.
    """

    def __init__(self, page: PageController, on_progress: Callable[[bool], None]) -> None:
        self._page = page
        self._on_progress = on_progress
        self._touches = Touches()
        self._timer: asyncio.TimerHandle | None = None

    def receive(self, report: Report) -> None:
        """Act on a report."""
        match report:
            case PointerDown():
                if report.key in LEVELS:
                    at_ms = self._page.boot_ms(report.age_ms)
                    self._touches.down(
                        report.pointer, report.key, report.number, at_ms, report.seen_ms
                    )
            case PointerUp():
                self._touches.up(report.pointer, on_face=report.there)
            case ButtonTouched():
                self._page.touch_button(report)
            case TopicToggled():
                self._page.toggle_topic(report)
            case PageShown():
                self._page.shown(report)
                return  # the page expects no answer to it
        self._take_tap()

    def close(self) -> None:
        """The page has disconnected: what was under way on it is dropped."""
        self._touches.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_tap(self) -> None:
        """Make a press of a touch that has ended, and set the timer for one that has not."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now_ms = self._page.boot_ms(0)
        tap = self._touches.tap(now_ms)
        if tap is not None:
            self._page.press(tap)
        due_ms = self._touches.due_ms
        self._on_progress(due_ms is None)
        if due_ms is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(due_ms - now_ms, 1) / 1000, self._take_tap)
