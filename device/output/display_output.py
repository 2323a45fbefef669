"""From a scene to the display: words, picture, panel.

A picture is drawn once and kept, so that thanks is on its way to the display within microseconds
of the commit. A board without a display is fine; a display that is gone is a fault and heals. What
stands there for hours walks about and grows dim (`ui/wear.py`).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from device.config.config import Config
from device.drivers.display_worker import DisplayWorker
from device.errors import ConfigError, PadCode
from device.events import RESTING, Scene
from device.ports import Board, OnFault
from device.system.clock import TrustedClock
from device.ui import burn_in as wear
from device.ui.fonts import missing_glyphs, release
from device.ui.oled_picture import CODE_MAX_PX, draw, holds
from device.ui.qr import BYTES_MAX, CAPITALS_MAX, fits
from device.ui.qr_url import link
from device.ui.screens import Screen, screen
from device.ui.words import load
from sync.messages import Settings
from sync.phone_token import CHARS

if TYPE_CHECKING:
    from PIL.Image import Image

SEEN_SOON = (Scene.INVITATION, Scene.SAVING, Scene.THANKS, Scene.LAPSED)

WITH_CODE = (Scene.INVITATION, Scene.LAPSED, Scene.STANDBY)
"""Beside which the code of a case may stand."""


def refuse_unshowable(config: Config) -> None:
    """Raises ConfigError when anything would stand on a screen as boxes, cut, or not at all."""
    pad, display = config.pad, config.profile.display
    problems = _unwritable(config)
    size = (display.width, display.height) if display is not None else (128, 64)
    problems += _wrong_codes(config, size[1])
    if display and pad.notice and not problems and not _shows_notice(config, size):
        beside = " beside a QR code" if config.phone.standby_url else ""
        problems.append(f"[pad] notice = {pad.notice!r}: too long for the display{beside}")
    release()
    if problems:
        raise ConfigError("\n".join(problems))


def _unwritable(config: Config) -> list[str]:
    """Every text that stands on a screen with a sign that the font does not have."""
    pad, touch = config.pad, config.touch
    texts = {"[pad] hall": pad.hall, "[pad] window": pad.window, "[pad] notice": pad.notice}
    if touch is not None:
        texts |= {f"[touch] notices, line {at}": one for at, one in enumerate(touch.notices, 1)}
        if touch.card is not None:
            texts |= {
                "[touch.card] name": touch.card.name,
                "[touch.card] number": touch.card.number,
            }
    return [
        f"{where} = {text!r}: {problem}; write another sign"
        for where, text in texts.items()
        if (problem := unwritable(config, text))
    ]


def unwritable(config: Config, text: str) -> str:
    """What of a text cannot stand on a screen, in words; empty when all of it can. Each sign with
    its code point: one that cannot be seen here, nor typed, is found by it.
    """
    missing = missing_glyphs(text, config.pad.languages[0])
    release()
    named = ", ".join(f"{one!r} (U+{ord(one):04X})" for one in missing)
    return f"the display has no glyph for {named}" if named else ""


def _wrong_codes(config: Config, height: int) -> list[str]:
    links = {"url": (config.phone.url, "0" * CHARS), "standby_url": (config.phone.standby_url, "")}
    problems = []
    for name, (url, token) in links.items():
        if url is None:
            continue
        if height < CODE_MAX_PX:
            problems.append(f"[phone] {name}: a display of {height} rows is too low for QR codes")
        elif not fits(link(url, token)):
            most = f"{BYTES_MAX}, or {CAPITALS_MAX} of capitals, digits and $%*+-./:"
            problems.append(
                f"[phone] {name} = {url!r}: {len(url)} characters are too many for a QR code that"
                f" the display can show: at most {CAPITALS_MAX - CHARS if token else most}"
            )
    return problems


def _shows_notice(config: Config, size: tuple[int, int]) -> bool:
    """Whether the notice stands in standby as a whole, with a time of day, every way round."""
    return all(
        holds(_standby(config, "20:08", turned=turned), size, config.pad.notice)
        for turned in (False, True)
    )


def _standby(config: Config, minute: str, *, turned: bool) -> Screen:
    pad, url = config.pad, config.phone.standby_url
    return screen(
        Scene.STANDBY,
        load(pad.languages),
        window=pad.window,
        hall=pad.hall,
        notice=pad.notice,
        time_text=minute,
        qr=url and link(url),
        turned=turned,
    )


class _Picture(NamedTuple):
    """All that a picture depends on."""

    scene: Scene
    code: PadCode | None = None
    window: str = ""
    minute: str = ""
    qr: str | None = None
    late: bool = False
    turned: bool = False
    step: int | None = None


class DisplayOutput:
    """The display of one pad; every method is for the agent's loop.

    Raises ConfigError for words that the display cannot show.
    """

    def __init__(self, config: Config, board: Board, clock: TrustedClock) -> None:
        refuse_unshowable(config)
        self._window = config.pad.window
        self.note: PadCode | None = None
        """A fault that does not close the window, for the technician's eye in standby."""
        self.code: Callable[[], str | None] = lambda: None
        """What a QR code says that belongs to a case (`phone_codes.py`)."""
        self._config = config
        self._clock = clock
        self._display = board.display
        self._panel: DisplayWorker | None = None
        self._now: tuple[Scene, PadCode | None] | None = None
        self._since_ms = 0
        self._invitations = 0
        self._shown: tuple[Image, float] | None = None
        self._words = load(config.pad.languages)
        self._picture = lru_cache(maxsize=32)(self._draw)
        # Apart, or half an hour of standby would push thanks out of the other.
        self._picture_now = lru_cache(maxsize=1)(self._draw)

    def start(self, on_fault: OnFault) -> None:
        """Take hold of the display; `on_fault` is called from its thread."""
        if self._display is not None:
            self._panel = DisplayWorker(self._display, on_fault)
            self._panel.start()

    @property
    def died(self) -> bool:
        """Whether the display's thread has ended though nobody stopped it."""
        return self._panel is not None and self._panel.died

    def warm(self) -> None:
        """Draw what a citizen will see first, while nobody waits."""
        for scene in SEEN_SOON:
            self._picture(_Picture(scene, window=self._window))
        self._picture(_Picture(Scene.INVITATION, window=self._window, turned=True))

    def show(self, scene: Scene, code: PadCode | None) -> None:
        """Show a scene; returns at once."""
        if self._now is None or self._now[0] is not scene:
            self._since_ms = self._clock.at().mono
            self._invitations += scene is Scene.INVITATION
        self._now = (scene, code)
        if self._panel is not None:
            self._shown = self._picture_of(scene, code), self._brightness()
            self._panel.show(*self._shown)

    def apply_settings(self, settings: Settings) -> None:
        """Show the window of these settings from the next picture on."""
        self._window = settings.window or ""

    def again(self) -> None:
        """Show what is at rest anew if the minute, the note, the window or its brightness has
        changed; else do nothing, for this is called every second and a picture may cost the bus
        100 ms.
        """
        if self._now is None or self._now[0] not in RESTING or self._panel is None:
            return
        picture, brightness = self._picture_of(*self._now), self._brightness()
        if self._shown is None or picture is not self._shown[0] or brightness != self._shown[1]:
            self.show(*self._now)

    def stop(self) -> None:
        """Let the display go; safe to call twice."""
        if self._panel is not None:
            self._panel.stop()
            self._panel = None

    def _picture_of(self, scene: Scene, code: PadCode | None) -> "Image":
        of_case = self.code() if scene in WITH_CODE else None
        if scene in RESTING:
            step = self._clock.at().mono // wear.STEP_MS
            one = _Picture(scene, code, self._window, turned=wear.turned(step), step=step)
            if scene is Scene.STANDBY:
                home = self._config.phone.standby_url
                one = one._replace(
                    code=code or self.note,
                    minute=self._clock.time_of_day(),
                    qr=of_case or (home and link(home)),
                    late=of_case is not None,
                )
            return self._picture_now(one)
        one = _Picture(scene, code, self._window)
        if of_case is not None:
            return self._picture_now(one._replace(qr=of_case))
        return self._picture(one._replace(turned=self._turns(scene)))

    def _turns(self, scene: Scene) -> bool:
        return scene is Scene.INVITATION and self._invitations % 2 == 0

    def _brightness(self) -> float:
        """All of it for whoever stands there; what is at rest grows dim. A fault never goes
        dark: it is there for somebody to see.
        """
        scene = self._now[0] if self._now is not None else None
        if scene not in RESTING:
            return 1.0
        wanted = self._config.display
        return wear.brightness(
            (self._clock.at().mono - self._since_ms) / 1000,
            dim_min=wanted.dim_min,
            sleep_min=0 if scene is Scene.FAULT else wanted.sleep_min,
        )

    def _draw(self, one: _Picture) -> "Image":
        size = (128, 64) if self._panel is None else self._panel.size
        pad = self._config.pad
        drawn = screen(
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
        )
        picture = draw(drawn, size, one.step)
        release()
        return picture
