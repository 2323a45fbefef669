"""The touch page and its server, real, without a pad: the test gives the pad's state.

It runs on the loop of its own thread, as Playwright's calls block. `stand` sets the state; the
events that the page sent to the pad are in `happened`.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from device.config.touch_config import CardConfig, TouchConfig
from device.events import Event, Scene
from device.ui.qr import modules
from device.ui.touch.controller import PageController
from device.ui.touch.page_start import OpenPage, open_page
from device.ui.touch.page_state import PadView, PageChoices
from device.ui.touch.page_view import PageConstants
from device.ui.touch.page_words import read_wording
from device.ui.touch.reports import PageShown
from sync.codes import topics
from sync.entries import Level
from tests.rigs.time.wait import until

HALL = "延边州政务服务大厅"
NOTICES = ("请带好身份证件", "周六上午照常办理业务", "办理身份证请到二楼")
LINK = "HTTPS://R.EXAMPLE.GOV.CN/R/" + "ABCDEFGH234567" * 3
SINCE = "01J00000000000000000000001"

AT_STANDBY = PadView(Scene.STANDBY, window="3", minute="09:41")
ASKED = PadView(Scene.INVITATION, asks=True, invitation=SINCE, window="3", link=LINK)
STATES: dict[str, PadView] = {
    "standby": AT_STANDBY,
    "invitation": ASKED,
    "saving": PadView(Scene.SAVING, invitation=SINCE, window="3"),
    "thanks": PadView(
        Scene.THANKS,
        asks=True,
        invitation=SINCE,
        window="3",
        chosen=Level.SATISFIED,
        left_ms=8_000,
    ),
    "corrected": PadView(
        Scene.THANKS, invitation=SINCE, window="3", chosen=Level.BASICALLY_SATISFIED
    ),
    "thanked": PadView(Scene.THANKS, invitation=SINCE, window="3"),
    "details": PadView(
        Scene.DETAILS,
        invitation=SINCE,
        window="3",
        link=LINK,
    ),
    "lapsed": PadView(Scene.LAPSED, window="3", link=LINK),
    "paused": PadView(Scene.PAUSED, window="3"),
    "checking": PadView(Scene.CHECKING, percent=42),
    "unbound": PadView(Scene.UNBOUND),
    "identify": PadView(Scene.IDENTIFY, window="3"),
    "selftest": PadView(Scene.SELFTEST, window="3"),
}
"""Every state that needs no fault's code; `fault` is in the tests, with one."""


class TouchPage:
    """One page. `happened`: its events, in order."""

    def __init__(
        self,
        folder: Path,
        languages: tuple[str, ...] = ("zh", "ko"),
        *,
        mm: float = 5.19,
        photo: Path | None = None,
        speaks: bool = True,
        hall: str = HALL,
        notices: tuple[str, ...] = NOTICES,
        clerk: str = "李娜",
        window: str = "3",
        pad: str = "jl-2224-017",
        coloured: bool = False,
    ) -> None:
        self.happened: list[Event] = []
        self.spoken = 0
        self.seen = 0
        """How often a browser has reported that the page is on a screen."""
        self.shown: PageShown | None = None
        """The last of those reports."""
        self.now: PadView | None = AT_STANDBY
        self.answer: Callable[[Event], object] = lambda _: None
        self.entry = folder / "entry.html"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        card = CardConfig(name=clerk, number="0071", photo=photo)
        settings = TouchConfig(entry_file=self.entry, port=0, card=card)
        fixed = PageConstants(
            wording=read_wording(languages),
            mm=mm,
            topics=tuple(topics()),
            modules=modules,
            pad=pad,
            hall=hall,
            window=window,
            notices=notices,
            card=(card.name, card.number, photo is not None),
            speaks=speaks,
            coloured=coloured,
        )
        self._open: OpenPage
        self.page: PageController
        self.on_loop(lambda: self._start(settings, fixed))

    async def _start(self, settings: TouchConfig, fixed: PageConstants) -> None:
        self.page = PageController(
            fixed,
            now=lambda: self.now,
            apply_event=self._apply_event,
            mono_ms=mono_ms,
            speak=self._speak,
            shown=self._shown,
        )
        self._open = await open_page(settings, fixed, self.page)

    def _shown(self, page: PageShown) -> None:
        self.seen += 1
        self.shown = page

    @property
    def port(self) -> int:
        """The page's port."""
        return self._open.port

    def on_loop(self, make: Callable[[], Any]) -> Any:
        """The result of a call on the page's loop; a coroutine is awaited."""

        async def call() -> Any:
            made = make()
            return await made if asyncio.iscoroutine(made) else made

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(20)

    def stand(self, now: PadView, choices: PageChoices | None = None) -> int:
        """Set the pad's state, and the citizen's `choices`; the number of the state."""

        def stand() -> int:
            self.now = now
            self.page.refresh()
            if choices is not None:
                self.page._choices, self.page._question = choices, None
                self.page.refresh()
            assert self.page.state is not None
            return self.page.state.number

        number: int = self.on_loop(stand)
        return number

    def wait_for(self, count: int) -> None:
        """Wait until so many events have come."""
        until(lambda: len(self.happened) >= count, 5, f"{count} events")

    def stop(self) -> None:
        """Stop server, page and loop."""
        self.on_loop(self._open.stop)
        self.on_loop(self.page.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _apply_event(self, event: Event) -> None:
        self.happened.append(event)
        self.answer(event)

    def _speak(self) -> None:
        self.spoken += 1


def mono_ms() -> int:
    """The boot clock."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
