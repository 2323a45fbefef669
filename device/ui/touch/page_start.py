"""Opens the touch page that the configuration asks for: its words, its font, its port, its entry.

Called through `device/output/touch_output.py` by an agent whose configuration has a `[touch]`, and
imported by no other.
"""

import asyncio
import logging
from collections.abc import Iterable

from device.config.touch_config import PHOTO_KINDS, TouchConfig
from device.errors import ConfigError
from device.ui.touch.controller import PageController
from device.ui.touch.font_subset import FontSubset, can_cut, signs_of
from device.ui.touch.kiosk_secret import KioskSecret, secret_in, write_entry
from device.ui.touch.page_server import Photo, build_app, page_file
from device.ui.touch.page_view import PageConstants
from web.server import PortError, WebServer, serve

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
LETTERS = "letters"
"""The folder beside the entry, in which the cut fonts lie."""


class OpenPage:
    """A touch page at work."""

    def __init__(self, server: WebServer, letters: Iterable[FontSubset]) -> None:
        self.port = server.port
        self._server = server
        self._letters = tuple(letters)
        self._cutting = asyncio.ensure_future(self._cut())

    async def _cut(self) -> None:
        """Before a browser asks: one that waits long for letters shows boxes meanwhile."""
        for one in self._letters:
            await one.font()

    async def stop(self) -> None:
        """Close the port; the entry stays, for the page that is open comes back by it."""
        await self._server.stop()
        self._cutting.cancel()
        await asyncio.gather(self._cutting, return_exceptions=True)
        for one in self._letters:
            await one.stop()


async def open_page(settings: TouchConfig, fixed: PageConstants, page: PageController) -> OpenPage:
    """Open it. Raises ConfigError when the port, the entry or the font's tool cannot be had."""
    if not can_cut():
        raise ConfigError("[touch] needs fontTools: `pip install 'ratingpad[pad,touch]'`")
    secret = secret_in(settings.entry_file)
    letters = letters_for(settings, fixed)
    photo = settings.card.photo if settings.card is not None else None
    shown = Photo(photo, PHOTO_KINDS[photo.suffix.lower()]) if photo is not None else None
    entry = KioskSecret(secret)
    app = build_app(page, entry, letters, shown, settings.framed_by)
    try:
        server = await serve(app, HOST, settings.port)
    except PortError as error:
        raise ConfigError(f"[touch] {error}") from error
    entry.port = server.port
    write_entry(settings.entry_file, server.port, secret)
    log.info("the touch page is served on %s:%d", HOST, server.port)
    return OpenPage(server, letters.values())


def letters_for(settings: TouchConfig, fixed: PageConstants) -> dict[str, FontSubset]:
    """The fonts of this page, by BCP 47 tag; none is cut yet."""
    card = fixed.card[:2] if fixed.card is not None else ()
    own = [fixed.hall, fixed.window, *fixed.notices, *card, _said_without_agent()]
    folder, turn = settings.entry_file.with_name(LETTERS), asyncio.Lock()
    return {
        one.tag: FontSubset(language, signs_of([*one.texts(), *own]), folder, turn)
        for language, one in fixed.wording.languages().items()
    }


def _said_without_agent() -> str:
    """The page as it is before it hears of the agent, and when it does so no more."""
    return " ".join(page_file("index.html").decode().split())
