"""The page's state, its numbers, and what its reports mean. Called on the agent's loop only.

A report is taken for the question that stands now and for no other: whatever was meant for another
is a stray, so that a finger on its way when the invitation lapsed never rates for the next citizen.
"""

import asyncio
from collections.abc import Callable

from device.events import RESTING, Detail, Event, Press, Scene
from device.ui.touch.page_state import PadView, PageState, View
from device.ui.touch.page_view import PageConstants, asks_what, page_state
from device.ui.touch.reports import Do, Pick, PointerDown, PointerUp, Report, Shown
from device.ui.touch.touches import Tap, Touches
from sync.entries import Level

SOURCE = "touch"
"""What presses name as their source."""

OLDEST_MS = 1_000
"""A finger is at most so much older than its report: a page that has hung for longer does not know
what it says."""

UNREAD_MS = 300
"""A face that has not been on the screen for so long was touched by whoever meant what stood there
before; nobody reads and answers so fast."""

LOOKED_AT_S = 60.0
"""So long after the last touch at rest the page looks as it did before."""

AT_REST = (*RESTING, Scene.LAPSED)

LEVELS = {level.value: level for level in Level}


class PageController:
    """One pad's touch page. `now` reads what stands, nothing while
    the pad has yet to show something; `happen` lets an event happen at the pad;
    `mono_ms` is the boot clock; `speak` says the scene's prompt once more; `shown` hears that a
    browser has the page on a screen.
    """

    def __init__(
        self,
        fixed: PageConstants,
        *,
        now: Callable[[], PadView | None],
        happen: Callable[[Event], object],
        mono_ms: Callable[[], int],
        speak: Callable[[], None] = lambda: None,
        shown: Callable[[], None] = lambda: None,
    ) -> None:
        self._fixed = fixed
        self._now = now
        self._happen = happen
        self._mono_ms = mono_ms
        self._speak = speak
        self.shown = shown
        self._view = View()
        self._asked: tuple[object, ...] | None = None
        self._number = 0
        self._looking: asyncio.Handle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._watchers: list[Callable[[PageState], None]] = []
        self.state: PageState | None = None
        self.look()

    def watch(self, tell: Callable[[PageState], None]) -> Callable[[], None]:
        """Tell `tell` of every state from now on; the answer ends it."""
        self._watchers.append(tell)
        return lambda: self._watchers.remove(tell)

    def changed(self) -> None:
        """Something may have changed at the pad; looked at once its event is over."""
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_soon(self.look)

    def look(self) -> PageState | None:
        """The state now; whoever watches is told if it is another."""
        self._looking = None
        now = self._now()
        if now is None:
            return None
        asked = asks_what(now, self._view)
        if asked != self._asked:
            before, self._asked = self._asked, asked
            self._number += 1
            if before is not None:
                self._forget(now, before)
        state = page_state(self._fixed, now, self._view, self._number)
        if state != self.state:
            self.state = state
            if now.scene is Scene.INVITATION and not now.asks:
                return state  # on its way to the card: the page is told what comes of it
            for tell in list(self._watchers):
                tell(state)
        return state

    def _forget(self, now: PadView, before: tuple[object, ...]) -> None:
        """What a citizen wished and chose ends with the session."""
        if now.scene is not Scene.DETAILS:
            self._view = self._view._replace(picked=frozenset(), turned=False)
        if now.scene is not Scene.SELFTEST:
            self._view = self._view._replace(tested=frozenset())
        if now.scene in AT_REST and before[0] not in AT_REST:
            self._view = View()

    # --- what the page reports --------------------------------------------------------------

    def press(self, tap: Tap) -> bool:
        """Fingers did something together; whether it counted for the question that stands now."""
        state = self.look()
        level = LEVELS.get(tap.keys[0]) if len(tap.keys) == 1 and tap.whole else None
        if state is None or tap.number != state.number or tap.seen_ms < UNREAD_MS or not state.live:
            level = None
        elif level is not None and state.scene == Scene.SELFTEST.value:
            self._view = self._view._replace(tested=self._view.tested | {level.value})
        self._happen(Press("+".join(tap.keys), level, SOURCE, tap.at_ms))
        self.look()
        return level is not None

    def do(self, said: Do) -> None:
        """A button was touched; for a question that has gone it does nothing."""
        state = self.look()
        if state is None or said.number != state.number:
            return
        if said.do not in {button.do for button in (*state.buttons, *state.answers)}:
            return
        view = self._view
        match said.do:
            case "english":
                self._view = view._replace(english=not view.english)
            case "large":
                self._view = view._replace(large=not view.large)
            case "contrast":
                self._view = view._replace(contrast=not view.contrast)
            case "more" | "back":
                self._view = view._replace(turned=not view.turned)
            case "speak":
                self._speak()
            case "done":
                self._happen(Detail(options=tuple(sorted(view.picked))))
            case "skip":
                self._happen(Detail())
        self.look()
        self._rest_later()

    def pick(self, said: Pick) -> None:
        """A reason was chosen, or is no more."""
        state = self.look()
        if state is None or said.number != state.number:
            return
        if said.code in {reason.code for reason in state.reasons}:
            self._view = self._view._replace(picked=self._view.picked ^ {said.code})
            self.look()

    def moment(self, age_ms: float) -> int:
        """The boot clock's time of something that is `age_ms` old, as far as that is believed."""
        return self._mono_ms() - int(min(max(age_ms, 0), OLDEST_MS))

    def _rest_later(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
        loop = asyncio.get_running_loop()
        self._resting = loop.call_later(LOOKED_AT_S, self._rest)

    def _rest(self) -> None:
        self._resting = None
        now = self._now()
        if now is None or now.scene in AT_REST:
            self._view = View()
            self.look()

    def stop(self) -> None:
        """No timer is left behind; safe to call twice."""
        for timer in (self._resting, self._looking):
            if timer is not None:
                timer.cancel()
        self._resting = self._looking = None


class Hand:
    """The fingers on one browser's screen, and what they touch.

    `heard` is called for every report, and once more when what fingers began has ended: True when
    nothing is under way any more.
    """

    def __init__(self, page: PageController, heard: Callable[[bool], None]) -> None:
        self._page = page
        self._heard = heard
        self._fingers = Touches()
        self._due: asyncio.TimerHandle | None = None

    def say(self, said: Report) -> None:
        """Take a report."""
        match said:
            case PointerDown():
                if said.key in LEVELS:
                    at_ms = self._page.moment(said.age_ms)
                    self._fingers.down(said.pointer, said.key, said.number, at_ms, said.seen_ms)
            case PointerUp():
                self._fingers.up(said.pointer, there=said.there)
            case Do():
                self._page.do(said)
            case Pick():
                self._page.pick(said)
            case Shown():
                self._page.shown()
                return  # it waits for no answer
        self._settle()

    def gone(self) -> None:
        """The page has gone, with its fingers."""
        self._fingers.gone()
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _settle(self) -> None:
        """Let what has ended happen, and come back for what has not."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        now_ms = self._page.moment(0)
        tap = self._fingers.tap(now_ms)
        if tap is not None:
            self._page.press(tap)
        due_ms = self._fingers.due_ms
        self._heard(due_ms is None)
        if due_ms is not None:
            loop = asyncio.get_running_loop()
            self._due = loop.call_later(max(due_ms - now_ms, 1) / 1000, self._settle)
