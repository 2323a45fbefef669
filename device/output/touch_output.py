"""Between the pad and the touch page: the page shows the session, and its touches become events.

The page may read the session, let an event happen, read the boot clock and have a prompt spoken.
Ratings by keys do not need it: without a browser, or with one that hangs, keys and ledger go on.
But a page that is on no screen is a fault, and on a pad without keys it closes the window: nobody
is invited to rate on a dark screen.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from device.board.profile import KeysProfile
from device.config.config import Config
from device.config.touch_config import TouchConfig
from device.errors import ConfigError, PadCode
from device.events import RESTING, Event, Scene
from device.loop_bridge import in_daemon_thread
from device.ports import FaultReport, OnFault
from device.retried_start import RetriedStart
from device.session.session import Session
from device.system.clock import TrustedClock
from device.ui.qr import modules
from device.ui.qr_url import link
from device.ui.touch.kiosk_secret import ask_for_browser
from device.ui.touch.page_liveness import PageLiveness
from sync.codes import topics
from sync.messages import Settings

if TYPE_CHECKING:
    from device.ui.touch.controller import PageController
    from device.ui.touch.page_start import OpenPage
    from device.ui.touch.page_state import PadView
    from device.ui.touch.page_view import PageConstants
    from device.ui.touch.reports import PageShown

log = logging.getLogger(__name__)


class TouchOutput:
    """The touch page of one pad, from `open` to `stop`."""

    def __init__(
        self, config: Config, clock: TrustedClock, speak: Callable[[Scene], None] | None
    ) -> None:
        self._config = config
        self._clock = clock
        self._speak = speak
        self._scene: tuple[Scene, PadCode | None] | None = None
        self._note: PadCode | None = None
        self._percent: int | None = None
        self._session: Session | None = None
        self._apply_event: Callable[[Event], object] = lambda _: None
        self._code: Callable[[], str | None] = lambda: None
        self._page: PageController | None = None
        self._open: OpenPage | None = None
        self._shown_window = ""
        """The window whose characters the page's font has."""
        self._window = ""
        """The window of the settings in force."""
        self._reopening: asyncio.Task[None] | None = None
        keyless = config.profile.keys == KeysProfile()
        self._fault_code = PadCode.SCREEN_GONE if keyless else PadCode.SCREEN_GONE_KEYS_LEFT
        self._liveness: PageLiveness | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._fault: OnFault = lambda _: None
        self._on_fault: OnFault = lambda _: None
        self._opening: RetriedStart | None = None

    async def open(self, window: str, on_fault: OnFault) -> None:
        """Serve the page, so that a ledger that cannot be opened is seen on it. `window`: of the
        settings in force. While it cannot be served `on_fault` has S04, and with no other keys K05,
        and it is tried again.
        """
        from device.ui.touch.controller import PageController

        self._on_fault = on_fault
        self._shown_window = self._window = window
        fixed = self._fixed()
        self._page = PageController(
            fixed,
            now=self._view,
            apply_event=self._forward,
            mono_ms=self._mono_ms,
            speak=self._repeat_prompt,
            shown=self._shown,
        )
        self._opening = RetriedStart(
            "[touch]", PadCode.TOUCH_CLOSED, self._open_page, self._page_fault
        )
        await self._opening.start()

    async def _open_page(self) -> None:
        from device.ui.touch.page_start import open_page

        if self._page is None:
            return
        self._shown_window = self._window
        self._open = await open_page(self._settings(), self._fixed(), self._page)

    def _page_fault(self, fault: FaultReport) -> None:
        """The page cannot be served, or can again. Without it a pad without keys has nothing to
        rate with; that is over when a browser shows the page, or at once where none is watched.
        """
        self._on_fault(fault)
        if self._fault_code is PadCode.SCREEN_GONE:
            watched = self._settings().watch_s > 0
            if fault.broken or not watched:
                self._on_fault(FaultReport(self._fault_code, fault.broken))

    def bind(
        self,
        session: Session,
        apply_event: Callable[[Event], object],
        code: Callable[[], str | None],
        fault: OnFault,
    ) -> None:
        """Show this session from now on, and give its events to `apply_event`. `code`: the text of
        the QR code that belongs to a case (`phone_codes.py`). `fault` is called when the page is on
        no screen, and when it is again.
        """
        self._session, self._apply_event = session, apply_event
        self._code, self._fault = code, fault
        if watch_s := self._settings().watch_s:
            self._liveness = PageLiveness(watch_s * 1000, self._mono_ms())

    def apply_settings(self, settings: Settings) -> None:
        """Show the window of these settings, as soon as the page's font has its characters."""
        self._window = settings.window or ""
        self._update_font()

    def show_progress(self, percent: int) -> None:
        """Show how much of the ledger has been checked."""
        self._percent = percent
        self.show(Scene.CHECKING, None)

    def show(self, scene: Scene, code: PadCode | None) -> None:
        """Show a scene; returns at once."""
        self._scene = (scene, code)
        self.changed()

    def again(self, note: PadCode | None) -> None:
        """Called every second: look whether the page is on a screen, show the minute, try what did
        not work before. `note`: a fault that does not close the window, shown in standby for the
        technician.
        """
        self._note = note
        self._check_liveness()
        self._update_font()
        self.changed()

    def changed(self) -> None:
        """Send the page what has changed; called after every event of the pad."""
        if self._page is not None:
            self._page.changed()

    async def stop(self) -> None:
        """Take it down; safe to call twice."""
        if self._opening is not None:
            await self._opening.stop()
        for task in filter(None, (self._reopening, self._restarting)):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._page is not None:
            self._page.stop()
        if self._open is not None:
            await self._open.stop()
        self._page = self._open = None

    def _shown(self, page: "PageShown") -> None:
        self._fault(FaultReport(PadCode.SCREEN_MISFIT, not page.fits, page.misfit))
        if self._liveness is not None:
            self._liveness.shown(self._mono_ms())
            self._check_liveness()

    def _check_liveness(self) -> None:
        """Report whether a browser has the page on a screen; have it restarted if not."""
        if self._liveness is None:
            return
        seen = self._liveness.check(self._mono_ms())
        self._fault(FaultReport(self._fault_code, seen.lost))
        if seen.restart:
            self._restarting = asyncio.ensure_future(self._ask_for_browser())

    async def _ask_for_browser(self) -> None:
        log.warning("no screen shows the touch page; asking systemd to restart its browser")
        try:
            await in_daemon_thread(
                partial(ask_for_browser, self._settings().entry_file), "browser-request"
            )
        except OSError as error:
            log.error("the browser's restart cannot be asked for: %s", error)

    def _update_font(self) -> None:
        """Where the page's font lacks characters of the window: open it with another font, while
        nobody is being asked.
        """
        if self._session is None or not self._is_at_rest():
            return
        if self._can_write(self._window) or self._reopening is not None:
            return
        self._reopening = asyncio.ensure_future(self._reopen(self._window))

    async def _reopen(self, window: str) -> None:
        """Reopen the page with the window's characters in its font; the browser reconnects
        itself.
        """
        from device.ui.touch.page_start import fonts_for, open_page

        settings, fixed = self._settings(), self._fixed()._replace(window=window)
        try:
            for font in fonts_for(settings, fixed).values():
                await font.font()  # before reopening: the page would show boxes until then
            if self._open is None or self._page is None or not self._is_at_rest():
                return  # `again` tries again, with the fonts made
            closed, self._open = self._open, None
            await closed.stop()
            again = msgspec.structs.replace(settings, port=closed.port)
            try:
                self._open = await open_page(again, fixed, self._page)
            except ConfigError:  # `_opening` tries again, and says so on the screen
                if self._opening is not None:
                    await self._opening.start()
                return
            self._shown_window = window
            self.changed()
        except (ConfigError, OSError) as error:
            log.error("the touch page cannot be reopened: %s", error)
        finally:
            self._reopening = None

    def _is_at_rest(self) -> bool:
        return self._scene is not None and self._scene[0] in RESTING

    def _can_write(self, window: str) -> bool:
        return window.isascii() or set(window) <= set(self._shown_window)

    def _forward(self, event: Event) -> None:
        self._apply_event(event)

    def _mono_ms(self) -> int:
        return self._clock.at().mono

    def _repeat_prompt(self) -> None:
        if self._speak is not None and self._scene is not None:
            self._speak(self._scene[0])

    def _view(self) -> "PadView | None":
        from device.ui.touch.page_state import PadView

        if self._scene is None:
            return None
        scene, code = self._scene
        session = self._session
        if session is None:
            return PadView(scene, code, percent=self._percent)
        invitation = session.invitation
        return PadView(
            scene,
            code or (self._note if scene is Scene.STANDBY else None),
            asks=session.asks,
            invitation=invitation.id if invitation is not None else None,
            chosen=session.chosen,
            left_ms=session.grace_left_ms(self._mono_ms()),
            window=self._window if self._can_write(self._window) else "",
            minute=self._clock.time_of_day(),
            link=self._link(scene),
            late=scene is Scene.STANDBY and self._code() is not None,
        )

    def _link(self, scene: Scene) -> str | None:
        url = self._config.phone.standby_url
        return self._code() or (link(url) if url and scene is Scene.STANDBY else None)

    def _settings(self) -> TouchConfig:
        if self._config.touch is None:
            raise ValueError("no touch page is configured")
        return self._config.touch

    def _fixed(self) -> "PageConstants":
        from device.ui.touch.page_view import PageConstants
        from device.ui.touch.page_words import read_wording

        pad, settings, screen = self._config.pad, self._settings(), self._config.profile
        if screen.touchscreen is None:
            raise ValueError("no touchscreen")
        card = settings.card
        return PageConstants(
            wording=read_wording(pad.languages),
            mm=settings.px_per_mm or screen.touchscreen.px_per_mm or 1.0,
            topics=tuple(topics()),
            modules=modules,
            pad=pad.id,
            hall=pad.hall,
            window=self._shown_window,
            notices=(*([pad.notice] if pad.notice else ()), *settings.notices),
            notice_s=settings.notice_s,
            card=(card.name, card.number, card.photo is not None) if card is not None else None,
            speaks=self._speak is not None,
            coloured=settings.faces == "coloured",
        )
