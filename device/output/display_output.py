"""From a scene to the display: words, picture, display thread.

A picture is drawn once and cached, so that thanks is sent to the display within microseconds of the
commit. A scene that does not fit at a size that can be read is shown in pages, one after the other.
A board may have no display; one that does not answer is a fault until it does. What is shown for
hours is moved and dimmed, against burn-in (`ui/burn_in.py`).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from device.board.glass import LEAST_WIDTH_MM, Glass
from device.board.profile import glass_of
from device.config.config import Config
from device.drivers.display_worker import DisplayWorker
from device.errors import ConfigError, PadCode
from device.events import RESTING, Scene
from device.ports import Board, OnFault
from device.system.clock import TrustedClock
from device.ui import burn_in
from device.ui.fonts import missing_glyphs, release
from device.ui.oled_pages import PAGE_MS, pages
from device.ui.oled_picture import CODE_MAX_PX, draw
from device.ui.qr import BYTES_MAX, CAPITALS_MAX, fits
from device.ui.qr_url import link
from device.ui.screens import Screen, screens
from device.ui.words import load
from sync.messages import Settings
from sync.phone_token import CHARS
from sync.sentence import Sentence

if TYPE_CHECKING:
    from PIL.Image import Image

DRAWN_AT_START = (Scene.INVITATION, Scene.SAVING, Scene.THANKS, Scene.LAPSED)

NOTICE_PAGES_MAX = 2
"""With more of them, the window's number would be hidden for long."""

WITH_CODE = (Scene.INVITATION, Scene.LAPSED, Scene.STANDBY)
"""Scenes that may show the QR code of a case."""


def refuse_unshowable(config: Config) -> None:
    """Raises ConfigError when a text would be shown with missing glyphs, cut off, or not at all."""
    pad, display = config.pad, config.profile.display
    problems = _unwritable(config)
    problems += _wrong_codes(config, display.height if display is not None else 64)
    if display and pad.notice and not problems and _notice_pages(config) > NOTICE_PAGES_MAX:
        problems.append(
            Sentence(
                "[pad] notice = {text!r}: too long for the display beside a QR code",
                text=pad.notice,
            )
            if config.phone.standby_url
            else Sentence("[pad] notice = {text!r}: too long for the display", text=pad.notice)
        )
    release()
    if problems:
        raise ConfigError(Sentence.joined("\n", problems))


def _unwritable(config: Config) -> list[str]:
    """A line for every text with a character that the font does not have."""
    pad, touch = config.pad, config.touch
    texts = {"[pad] hall": pad.hall, "[pad] window": pad.window, "[pad] notice": pad.notice}
    if touch is not None:
        texts |= {f"[touch] notices, line {n}": text for n, text in enumerate(touch.notices, 1)}
        if touch.card is not None:
            texts |= {
                "[touch.card] name": touch.card.name,
                "[touch.card] number": touch.card.number,
            }
    return [
        Sentence(
            "{where} = {text!r}: {problem}; write another sign",
            where=where,
            text=text,
            problem=problem,
        )
        for where, text in texts.items()
        if (problem := unwritable(config, text))
    ]


def unwritable(config: Config, text: str) -> str:
    """Why a text cannot be shown on a screen, in words; empty when all of it can. Each character is
    given with its code point too, because some can neither be seen nor typed here.
    """
    missing = missing_glyphs(text, config.pad.languages[0])
    release()
    named = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in missing)
    return Sentence("the display has no glyph for {signs}", signs=named) if named else ""


def _wrong_codes(config: Config, height: int) -> list[str]:
    links = {"url": (config.phone.url, "0" * CHARS), "standby_url": (config.phone.standby_url, "")}
    problems: list[str] = []
    for name, (url, token) in links.items():
        if url is None:
            continue
        if height < CODE_MAX_PX:
            problems.append(
                Sentence(
                    "[phone] {name}: a display of {height} rows is too low for QR codes",
                    name=name,
                    height=height,
                )
            )
        elif not fits(link(url, token)):
            most = (
                Sentence("{count}", count=CAPITALS_MAX - CHARS)
                if token
                else Sentence(
                    "{count}, or {capitals} of capitals, digits and $%*+-./:",
                    count=BYTES_MAX,
                    capitals=CAPITALS_MAX,
                )
            )
            problems.append(
                Sentence(
                    "[phone] {name} = {url!r}: {length} characters are too many for a QR code that"
                    " the display can show: at most {most}",
                    name=name,
                    url=url,
                    length=len(url),
                    most=most,
                )
            )
    return problems


def _notice_pages(config: Config) -> int:
    """How many pages of standby the notice takes by itself."""
    url, words = config.phone.standby_url, load(config.pad.languages)
    shown = screens(Scene.STANDBY, words, notice=config.pad.notice, qr=url and link(url))
    return len(pages(shown[-1], glass_in(config)))


def glass_in(config: Config) -> Glass:
    """The display that is drawn for; where there is none, any."""
    return glass_of(config.profile, config.board) or Glass(128, 64, LEAST_WIDTH_MM)


class _Picture(NamedTuple):
    """All that a picture depends on, as the key of the cache."""

    scene: Scene
    code: PadCode | None = None
    window: str = ""
    minute: str = ""
    qr: str | None = None
    late: bool = False
    turned: bool = False
    step: int | None = None
    percent: int | None = None
    page: int = 0


def _whole(one: _Picture) -> _Picture:
    """All that the pages of a picture's scene depend on."""
    return one._replace(step=None, page=0)


class DisplayOutput:
    """The display of one pad; every method is for the agent's loop.

    Raises ConfigError for words that the display cannot show.
    """

    def __init__(self, config: Config, board: Board, clock: TrustedClock) -> None:
        refuse_unshowable(config)
        self._window = config.pad.window
        self.note: PadCode | None = None
        """A fault that does not close the window, shown in standby for the technician."""
        self.code: Callable[[], str | None] = lambda: None
        """The text of the QR code that belongs to a case, if there is one (`phone_codes.py`)."""
        self._config = config
        self._clock = clock
        self._display = board.display
        self._worker: DisplayWorker | None = None
        self._now: tuple[Scene, PadCode | None] | None = None
        self._since_ms = 0
        self._invitations = 0
        self._percent: int | None = None
        self._shown: tuple[Image, float] | None = None
        self._words = load(config.pad.languages)
        self._glass = glass_in(config)
        self._picture = lru_cache(maxsize=32)(self._draw)
        self._pages = lru_cache(maxsize=32)(self._find_pages)
        # Caches of their own: half an hour of standby would evict thanks from the others.
        self._picture_now = lru_cache(maxsize=1)(self._draw)
        self._pages_now = lru_cache(maxsize=1)(self._find_pages)

    def start(self, on_fault: OnFault) -> None:
        """Start the display's thread; `on_fault` is called from it."""
        if self._display is not None:
            self._worker = DisplayWorker(self._display, on_fault)
            self._worker.start()

    @property
    def died(self) -> bool:
        """Whether the display's thread has ended without being stopped."""
        return self._worker is not None and self._worker.died

    def warm(self) -> None:
        """Draw the pictures of an invitation ahead, while nobody waits for them."""
        for scene in DRAWN_AT_START:
            for turned in (False, True) if scene is Scene.INVITATION else (False,):
                one = _Picture(scene, window=self._window, turned=turned)
                for page in range(len(self._pages(one))):
                    self._picture(one._replace(page=page))

    def show(self, scene: Scene, code: PadCode | None) -> None:
        """Show a scene; returns at once."""
        if self._now is None or self._now[0] is not scene:
            self._since_ms = self._clock.at().mono
            self._invitations += scene is Scene.INVITATION
        if scene is not Scene.CHECKING:
            self._percent = None
        self._now = (scene, code)
        if self._worker is not None:
            self._shown = self._picture_of(scene, code), self._brightness()
            self._worker.show(*self._shown)

    def show_progress(self, percent: int) -> None:
        """Show how much of the ledger has been checked; returns at once."""
        self._percent = percent
        self.show(Scene.CHECKING, None)

    def apply_settings(self, settings: Settings) -> None:
        """Show the window of these settings from the next picture on."""
        self._window = settings.window or ""

    def again(self) -> None:
        """Called every second: show the next page, and update a scene at rest whose minute, note,
        window or brightness has changed. Otherwise send nothing, since a picture may occupy the bus
        for 100 ms.
        """
        if self._now is None or self._worker is None:
            return
        picture, brightness = self._picture_of(*self._now), self._brightness()
        if self._shown is None or picture is not self._shown[0] or brightness != self._shown[1]:
            self.show(*self._now)

    def stop(self) -> None:
        """Stop the display's thread; safe to call twice."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _picture_of(self, scene: Scene, code: PadCode | None) -> "Image":
        of_case = self.code() if scene in WITH_CODE else None
        if scene in RESTING:
            step = self._clock.at().mono // burn_in.STEP_MS
            one = _Picture(scene, code, self._window, turned=burn_in.turned(step), step=step)
            if scene is Scene.STANDBY:
                home = self._config.phone.standby_url
                one = one._replace(
                    code=code or self.note,
                    minute=self._clock.time_of_day(),
                    qr=of_case or (home and link(home)),
                    late=of_case is not None,
                )
            return self._picture_now(one._replace(page=self._turn(self._pages_now(_whole(one)))))
        one = _Picture(scene, code, self._window, qr=of_case, percent=self._percent)
        if of_case is not None or scene is Scene.CHECKING:
            return self._picture_now(one._replace(page=self._turn(self._pages_now(one))))
        one = one._replace(turned=self._is_turned(scene))
        return self._picture(one._replace(page=self._turn(self._pages(one))))

    def _turn(self, shown: list[Screen]) -> int:
        """The number of the page whose turn it is; each scene begins with its first one."""
        return (self._clock.at().mono - self._since_ms) // PAGE_MS % len(shown)

    def _is_turned(self, scene: Scene) -> bool:
        return scene is Scene.INVITATION and self._invitations % 2 == 0

    def _brightness(self) -> float:
        """The share of full brightness: 1 while a citizen is served, less at rest. A fault never
        goes dark, because somebody has to see it.
        """
        scene = self._now[0] if self._now is not None else None
        if scene not in RESTING:
            return 1.0
        wanted = self._config.display
        return burn_in.brightness(
            (self._clock.at().mono - self._since_ms) / 1000,
            dim_min=wanted.dim_min,
            sleep_min=0 if scene is Scene.FAULT else wanted.sleep_min,
        )

    def _find_pages(self, one: _Picture) -> list[Screen]:
        pad = self._config.pad
        shown = screens(
            one.scene,
            self._words,
            window=one.window,
            hall=pad.hall,
            pad=pad.id,
            notice=pad.notice,
            code=one.code,
            time_text=one.minute,
            qr=one.qr,
            late=one.late,
            turned=one.turned,
            percent=one.percent,
        )
        return [page for drawn in shown for page in pages(drawn, self._glass)]

    def _draw(self, one: _Picture) -> "Image":
        size = self._glass.width, self._glass.height
        kept = one.step is None and one.qr is None and one.percent is None
        shown = self._pages if kept else self._pages_now
        picture = draw(shown(_whole(one))[one.page], size, one.step)
        release()
        return picture
