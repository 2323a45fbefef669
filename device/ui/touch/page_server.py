"""What the browser gets: the page's files, and one WebSocket for states out and reports in.

The files are for anybody on this machine; the WebSocket is for the page that knows the secret. The
page may ask nobody else for anything: its policy (CSP) says so to the browser.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from device.ui.touch.controller import Hand, PageController
from device.ui.touch.font_subset import FontSubset
from device.ui.touch.kiosk_secret import KioskSecret
from device.ui.touch.page_state import PageState
from device.ui.touch.reports import read
from web.security_headers import content_policy, page_headers

log = logging.getLogger(__name__)

PROTOCOL = "ratingpad.touch"
SECRET_BEFORE = "secret."
"""Goes before the secret among the WebSocket's subprotocols, the one header that a page can set."""

FILES = {
    "/": ("index.html", "text/html"),
    "/touch.css": ("touch.css", "text/css"),
    "/touch.js": ("touch.js", "text/javascript"),
    "/drawing.js": ("drawing.js", "text/javascript"),
}

SOURCES = {"default-src": "'self'", "object-src": "'none'"}
"""What the page's content security policy allows: nothing but this server."""

REFERRER = "no-referrer"
HEADERS = page_headers(content_policy(SOURCES), referrer=REFERRER)
IMMUTABLE = HEADERS | {"cache-control": "max-age=31536000, immutable"}
"""For a file whose name changes with its content: a browser need never ask again."""

NEWS_WITHIN_S = 0.05
"""Thanks for a touch is there within so long, mostly; that it was heard then goes with it, so that
the browser is not busy with the one when the other comes."""

BROKEN = 1003
"""Close code (RFC 6455 §7.4.1): this is not what a page says."""


class Photo(msgspec.Struct, frozen=True):
    """The clerk's."""

    path: Path
    kind: str


def build_app(
    page: PageController,
    entry: KioskSecret,
    letters: dict[str, FontSubset],
    photo: Photo | None,
    framed_by: Collection[str] = (),
) -> Starlette:
    """The page's app. `letters`: by BCP 47 tag. `framed_by`: origins of pages that may frame it."""
    room = _Room(page, entry, letters, photo, framed_by)
    return Starlette(
        routes=[
            *(Route(path, room.file) for path in FILES),
            Route("/fonts.css", room.font_css),
            Route("/font/{name}", room.font),
            Route("/photo", room.photo),
            Route("/here", room.here),
            Route("/favicon.ico", room.here),
            WebSocketRoute("/touch", room.touch),
        ]
    )


class _Room:
    """One method for each route."""

    def __init__(
        self,
        page: PageController,
        entry: KioskSecret,
        letters: dict[str, FontSubset],
        photo: Photo | None,
        framed_by: Collection[str],
    ) -> None:
        policy = content_policy(SOURCES, framed_by)
        self._headers = page_headers(policy, referrer=REFERRER)
        self._page = page
        self._entry = entry
        self._letters = letters
        self._photo = photo
        self._fonts = {one.name: one for one in letters.values()}
        parts = [*(page_file(name) for name, _ in FILES.values()), *map(str.encode, self._fonts)]
        self._edition = hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]

    async def file(self, request: Request) -> Response:
        if not self._is_ours(request):
            return Response(status_code=421)
        name, kind = FILES[request.url.path]
        return Response(page_file(name), media_type=kind, headers=self._headers)

    async def font_css(self, request: Request) -> Response:
        """One family for each language: a sign that several have differs in its shape."""
        if not self._is_ours(request):
            return Response(status_code=421)
        rules = [
            f'@font-face {{ font-family: "Pad {tag}"; src: url("/font/{one.name}");'
            f" font-weight: 100 900; font-display: block; }}\n"
            f':lang({tag}) {{ font-family: "Pad {tag}", sans-serif; }}\n'
            for tag, one in self._letters.items()
        ]
        return Response("".join(rules), media_type="text/css", headers=HEADERS)

    async def font(self, request: Request) -> Response:
        letters = self._fonts.get(request.path_params["name"])
        if not self._is_ours(request) or letters is None:
            return Response(status_code=404)
        font = await letters.font()
        if font is None:
            return Response(status_code=404)
        return Response(font, media_type="font/otf", headers=IMMUTABLE)

    async def photo(self, request: Request) -> Response:
        if not self._is_ours(request) or self._photo is None:
            return Response(status_code=404)
        try:
            picture = await asyncio.to_thread(self._photo.path.read_bytes)
        except OSError as error:
            log.warning("the clerk's photo: %s", error)
            return Response(status_code=404)
        return Response(picture, media_type=self._photo.kind, headers=HEADERS)

    async def here(self, _: Request) -> Response:
        """The agent is here; nothing more."""
        return Response(status_code=204, headers=HEADERS)

    async def touch(self, websocket: WebSocket) -> None:
        """One page, until it goes."""
        headers = websocket.headers
        offered = websocket.scope.get("subprotocols", [])
        shown = next((one for one in offered if one.startswith(SECRET_BEFORE)), "")
        if not self._entry.admits(
            headers.get("origin"), headers.get("host"), shown.removeprefix(SECRET_BEFORE)
        ):
            log.warning("a page without the secret, or of another origin, was turned away")
            await websocket.close()
            return
        await websocket.accept(subprotocol=PROTOCOL)
        talk = _Talk(websocket, self._page, self._edition)
        await talk.run()

    def _is_ours(self, request: Request) -> bool:
        return self._entry.is_ours(request.headers.get("host"))


class _Talk:
    """One WebSocket: the newest state out, reports in."""

    def __init__(self, websocket: WebSocket, page: PageController, edition: str) -> None:
        self._websocket = websocket
        self._page = page
        self._edition = edition
        self._news = asyncio.Event()
        self._state: PageState | None = page.state
        self._heard: bool | None = None
        self._hand = Hand(page, self._have_heard)

    async def run(self) -> None:
        unwatch = self._page.watch(self._tell)
        telling = asyncio.ensure_future(self._telling())
        try:
            await self._hearing()
        finally:
            unwatch()
            self._hand.gone()
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def _tell(self, state: PageState) -> None:
        self._state = state
        self._news.set()

    def _have_heard(self, free: bool) -> None:
        self._heard = free
        if free:
            asyncio.get_running_loop().call_later(NEWS_WITHIN_S, self._news.set)
        else:
            self._news.set()

    async def _hearing(self) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                try:
                    said = read(await self._websocket.receive_text())
                except (msgspec.DecodeError, KeyError) as error:
                    log.warning("the touch page says what no page of ours does: %s", error)
                    await self._websocket.close(BROKEN)
                    return
                self._hand.say(said)

    async def _telling(self) -> None:
        """A page that is slow is told the newest only."""
        with contextlib.suppress(WebSocketDisconnect):
            await self._send({"edition": self._edition})
            while True:
                told: dict[str, object] = {}
                state, self._state = self._state, None
                if state is not None:
                    told["state"] = state
                heard, self._heard = self._heard, None
                if heard is not None:
                    told["free"] = heard
                self._news.clear()
                if told:
                    await self._send(told)
                await self._news.wait()

    async def _send(self, told: dict[str, object]) -> None:
        await self._websocket.send_text(msgspec.json.encode(told).decode())


@cache
def page_file(name: str) -> bytes:
    """One of the page's files."""
    return (files(__package__) / "static" / name).read_bytes()
