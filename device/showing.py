"""From a scene to the display: words, picture, panel.

A picture is drawn once and kept, so that thanks is on its way to the display within microseconds
of the commit. A board without a display is fine; a display that is gone is a fault and heals.
"""

import time
from functools import lru_cache
from typing import TYPE_CHECKING

from device.clock import TrustedClock
from device.config import Config
from device.drivers.base import Board, OnFault
from device.drivers.panel import Panel
from device.errors import Code, ConfigError
from device.events import Scene
from device.ui.fonts import missing_glyphs, release
from device.ui.oled import draw
from device.ui.screens import screen
from device.ui.words import load
from sync.entries import Trust

if TYPE_CHECKING:
    from PIL.Image import Image

CHINA_STANDARD_TIME_S = 8 * 3600
"""Asia/Shanghai has had no other offset since 1991, and a pad carries no time zone data."""

SEEN_SOON = (Scene.INVITATION, Scene.SAVING, Scene.THANKS, Scene.LAPSED)


def refuse_boxes(config: Config) -> None:
    """Raises ConfigError when the hall or the window would stand on the display as boxes."""
    language = config.pad.languages[0]
    problems = [
        f"[pad] {name} = {text!r}: the display has no glyph for {missing!r}"
        for name, text in (("hall", config.pad.hall), ("window", config.pad.window))
        if (missing := missing_glyphs(text, language))
    ]
    release()
    if problems:
        raise ConfigError("\n".join(problems))


class Showing:
    """The display of one pad. `window` may be set anew; every method is for the agent's loop.

    Raises ConfigError for words that the display cannot show.
    """

    def __init__(self, config: Config, board: Board, clock: TrustedClock) -> None:
        refuse_boxes(config)
        self.window = config.pad.window
        self.note: Code | None = None
        """A fault that does not close the window, for the technician's eye in standby."""
        self._config = config
        self._clock = clock
        self._display = board.display
        self._panel: Panel | None = None
        self._now: tuple[Scene, Code | None] | None = None
        self._shown: Image | None = None
        self._words = load(config.pad.languages)
        self._picture = lru_cache(maxsize=32)(self._draw)
        # Apart, or half an hour of standby would push thanks out of the other.
        self._picture_now = lru_cache(maxsize=1)(self._draw)

    def start(self, on_fault: OnFault) -> None:
        """Take hold of the display; `on_fault` is called from its thread."""
        if self._display is not None:
            self._panel = Panel(self._display, on_fault)
            self._panel.start()

    @property
    def died(self) -> bool:
        """Whether the display's thread has ended though nobody stopped it."""
        return self._panel is not None and self._panel.died

    def warm(self) -> None:
        """Draw what a citizen will see first, while nobody waits."""
        for scene in SEEN_SOON:
            self._picture(scene, None, self.window, "")

    def show(self, scene: Scene, code: Code | None) -> None:
        """Show a scene; returns at once."""
        self._now = (scene, code)
        if self._panel is not None:
            self._shown = self._picture_of(scene, code)
            self._panel.show(self._shown)

    def again(self) -> None:
        """Show standby anew if the minute, the note or the window has changed; else do nothing,
        for this is called every second and a picture may cost the bus 100 ms.
        """
        if self._now is None or self._now[0] is not Scene.STANDBY:
            return
        if self._panel is not None and self._picture_of(*self._now) is not self._shown:
            self.show(*self._now)

    def stop(self) -> None:
        """Let the display go; safe to call twice."""
        if self._panel is not None:
            self._panel.stop()
            self._panel = None

    def _picture_of(self, scene: Scene, code: Code | None) -> "Image":
        if scene is Scene.STANDBY:
            return self._picture_now(scene, code or self.note, self.window, self._minute())
        return self._picture(scene, code, self.window, "")

    def _minute(self) -> str:
        """The time of day for the standby screen; nothing while it is not known (law 6)."""
        at = self._clock.at()
        if at.utc is None or at.trust is Trust.NONE:
            return ""
        return time.strftime("%H:%M", time.gmtime(at.utc // 1000 + CHINA_STANDARD_TIME_S))

    def _draw(self, scene: Scene, code: Code | None, window: str, minute: str) -> "Image":
        size = (128, 64) if self._panel is None else self._panel.size
        pad = self._config.pad
        picture = draw(
            screen(
                scene,
                self._words,
                window=window,
                hall=pad.hall,
                pad=pad.id,
                code=code,
                time_text=minute,
            ),
            size,
        )
        release()
        return picture
