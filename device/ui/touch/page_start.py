"""Opens the touch page of a configuration: its texts, its fonts, its port, its entry.

Called through `device/output/touch_output.py` by an agent whose configuration has a `[touch]`, and
imported by no other.
"""

import asyncio
import logging
from collections.abc import Iterable

from device.config.touch_config import PHOTO_KINDS, TouchConfig
from device.errors import ConfigError
from device.ui.touch.controller import PageController
from device.ui.touch.font_subset import FontSubset, characters_of, has_fonttools
from device.ui.touch.kiosk_secret import KioskSecret, secret_in, write_entry
from device.ui.touch.page_server import PLACE, Photo, build_app, page_file
from device.ui.touch.page_view import PageConstants
from sync.missing_extra import pip_line
from web.refusals import Refusals
from web.server import PortError, WebServer, serve

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
FONT_FOLDER = "letters"
"""The folder beside the entry in which the finished fonts are kept. Pads in service have it under
this name."""


class OpenPage:
    """An open touch page."""

    def __init__(self, server: WebServer, fonts: Iterable[FontSubset]) -> None:
        self.port = server.port
        self._server = server
        self._fonts = tuple(fonts)
        self._making = asyncio.ensure_future(self._make_fonts())

    async def _make_fonts(self) -> None:
        """Before a browser asks for them: one that waits long for a font shows boxes meanwhile."""
        for font in self._fonts:
            await font.font()

    async def stop(self) -> None:
        """Close the port. The entry stays, because an open page reconnects with its secret."""
        await self._server.stop()
        self._making.cancel()
        await asyncio.gather(self._making, return_exceptions=True)
        for font in self._fonts:
            await font.stop()


async def open_page(settings: TouchConfig, fixed: PageConstants, page: PageController) -> OpenPage:
    """Open it. Raises ConfigError when the port cannot be listened on, the entry cannot be written,
    or fontTools is not installed.
    """
    if not has_fonttools():
        raise ConfigError(f"[touch] needs fontTools: `{pip_line('fontTools')}`")
    secret = secret_in(settings.entry_file)
    fonts = fonts_for(settings, fixed)
    photo = settings.card.photo if settings.card is not None else None
    served = Photo(photo, PHOTO_KINDS[photo.suffix.lower()]) if photo is not None else None
    entry = KioskSecret(secret)
    refusals = Refusals(log, PLACE)
    app = build_app(page, entry, fonts, served, settings.framed_by, refusals=refusals)
    try:
        server = await serve(app, HOST, settings.port, on_refused=refusals.record)
    except PortError as error:
        raise ConfigError(f"[touch] {error}") from error
    entry.port = server.port
    write_entry(settings.entry_file, server.port, secret)
    log.info("the touch page is served on %s:%d", HOST, server.port)
    return OpenPage(server, fonts.values())


def fonts_for(settings: TouchConfig, fixed: PageConstants) -> dict[str, FontSubset]:
    """The fonts of this page, by BCP 47 tag; none is made yet."""
    card = fixed.card[:2] if fixed.card is not None else ()
    own = [fixed.hall, fixed.window, *fixed.notices, *card, _text_without_agent()]
    folder, lock = settings.entry_file.with_name(FONT_FOLDER), asyncio.Lock()
    return {
        texts.tag: FontSubset(language, characters_of([*texts.texts(), *own]), folder, lock)
        for language, texts in fixed.wording.languages().items()
    }


def _text_without_agent() -> str:
    """What the page says while it has no connection to the agent."""
    return " ".join(page_file("index.html").decode().split())
