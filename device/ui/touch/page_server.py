"""The touch page's server: the page's files, and one WebSocket that sends states and gets reports.

The files may be read by every program on this machine; the WebSocket needs the secret. The page's
content security policy (CSP) keeps the browser from contacting any other server.
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
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from device.loop_bridge import in_daemon_thread
from device.ui.touch.controller import PageController, TouchInput
from device.ui.touch.font_subset import FontSubset
from device.ui.touch.kiosk_secret import KioskSecret
from device.ui.touch.page_state import PageState
from device.ui.touch.reports import read
from web.api_errors import BAD_REQUEST
from web.refusals import RefusalMiddleware, Refusals
from web.security_headers import content_policy, page_headers

log = logging.getLogger(__name__)

PLACE = "the touch page"
"""Its name in the log."""

PROTOCOL = "ratingpad.touch"
SECRET_PREFIX = "secret."
"""Stands before the secret among the WebSocket's subprotocols, the only header that a page can
set."""

FILES = {
    "/": ("index.html", "text/html"),
    "/touch.css": ("touch.css", "text/css"),
    "/touch.js": ("touch.js", "text/javascript"),
    "/drawing.js": ("drawing.js", "text/javascript"),
    "/pictures.js": ("pictures.js", "text/javascript"),
}

SOURCES = {"default-src": "'self'", "object-src": "'none'"}
"""What the page's content security policy allows: nothing but this server."""

REFERRER = "no-referrer"
HEADERS = page_headers(content_policy(SOURCES), referrer=REFERRER)
IMMUTABLE = HEADERS | {"cache-control": "max-age=31536000, immutable"}
"""For a file whose name changes with its content: a browser need never ask again."""

ANSWER_DELAY_S = 0.05
"""Thanks for a touch mostly comes within this time. The answer that a touch has ended waits for it,
so that both are one message and the browser draws once."""

UNSUPPORTED_DATA = 1003
"""Close code (RFC 6455 §7.4.1) for a message that is no report."""


class Photo(msgspec.Struct, frozen=True):
    """The clerk's photo. `kind`: its media type."""

    path: Path
    kind: str


def build_app(
    page: PageController,
    entry: KioskSecret,
    fonts: dict[str, FontSubset],
    photo: Photo | None,
    framed_by: Collection[str] = (),
    *,
    refusals: Refusals | None = None,
) -> Starlette:
    """The page's app. `fonts`: by BCP 47 tag. `framed_by`: origins of pages that may frame it."""
    refusals = refusals or Refusals(log, PLACE)
    endpoints = _Endpoints(page, entry, fonts, photo, framed_by, refusals=refusals)
    return Starlette(
        routes=[
            *(Route(path, endpoints.file) for path in FILES),
            Route("/fonts.css", endpoints.font_css),
            Route("/font/{name}", endpoints.font),
            Route("/photo", endpoints.photo),
            Route("/here", endpoints.here),
            Route("/favicon.ico", endpoints.here),
            WebSocketRoute("/touch", endpoints.touch),
        ],
        middleware=[Middleware(RefusalMiddleware, refusals=refusals)],
    )


class _Endpoints:
    """One method for each route."""

    def __init__(
        self,
        page: PageController,
        entry: KioskSecret,
        fonts: dict[str, FontSubset],
        photo: Photo | None,
        framed_by: Collection[str],
        *,
        refusals: Refusals,
    ) -> None:
        self._refusals = refusals
        policy = content_policy(SOURCES, framed_by)
        self._headers = page_headers(policy, referrer=REFERRER)
        self._page = page
        self._entry = entry
        self._fonts = fonts
        self._photo = photo
        self._font_files = {font.name: font for font in fonts.values()}
        names = map(str.encode, self._font_files)
        parts = [*(page_file(name) for name, _ in FILES.values()), *names]
        self._edition = hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]

    async def file(self, request: Request) -> Response:
        if not self._is_ours(request):
            return Response(status_code=421)
        name, kind = FILES[request.scope["path"]]
        return Response(page_file(name), media_type=kind, headers=self._headers)

    async def font_css(self, request: Request) -> Response:
        """One font family for each language: the shape of a character differs between languages."""
        if not self._is_ours(request):
            return Response(status_code=421)
        rules = [
            f'@font-face {{ font-family: "Pad {tag}"; src: url("/font/{font.name}");'
            f" font-weight: 100 900; font-display: block; }}\n"
            f':lang({tag}) {{ font-family: "Pad {tag}", sans-serif; }}\n'
            for tag, font in self._fonts.items()
        ]
        return Response("".join(rules), media_type="text/css", headers=HEADERS)

    async def font(self, request: Request) -> Response:
        font = self._font_files.get(request.path_params["name"])
        if not self._is_ours(request) or font is None:
            return Response(status_code=404)
        content = await font.font()
        if content is None:
            return Response(status_code=404)
        return Response(content, media_type="font/otf", headers=IMMUTABLE)

    async def photo(self, request: Request) -> Response:
        if not self._is_ours(request) or self._photo is None:
            return Response(status_code=404)
        try:
            picture = await in_daemon_thread(self._photo.path.read_bytes, "photo")
        except OSError as error:
            log.warning("the clerk's photo: %s", error)
            return Response(status_code=404)
        return Response(picture, media_type=self._photo.kind, headers=HEADERS)

    async def here(self, _: Request) -> Response:
        """Answer that the agent is running."""
        return Response(status_code=204, headers=HEADERS)

    async def touch(self, websocket: WebSocket) -> None:
        """Serve one page until it disconnects."""
        headers = websocket.headers
        offered = websocket.scope.get("subprotocols", [])
        found = next((name for name in offered if name.startswith(SECRET_PREFIX)), "")
        is_ours = self._entry.admits(
            headers.get("origin"), headers.get("host"), found.removeprefix(SECRET_PREFIX)
        )
        if PROTOCOL not in offered or not is_ours:
            await websocket.close()  # counted and logged by the middleware
            return
        await websocket.accept(subprotocol=PROTOCOL)
        if not await _PageConnection(websocket, self._page, self._edition).run():
            client = websocket.client.host if websocket.client else "?"
            self._refusals.record(BAD_REQUEST, client)

    def _is_ours(self, request: Request) -> bool:
        return self._entry.is_our_host(request.headers.get("host"))


class _PageConnection:
    """One WebSocket: sends the newest state, receives reports."""

    def __init__(self, websocket: WebSocket, page: PageController, edition: str) -> None:
        self._websocket = websocket
        self._page = page
        self._edition = edition
        self._to_send = asyncio.Event()
        self._state: PageState | None = page.state
        self._free: bool | None = None
        """The answer to the last report: whether no touch is under way; None: already sent."""
        self._input = TouchInput(page, self._answer_report)

    async def run(self) -> bool:
        """Serve it until it disconnects; False when it sent what is no report."""
        stop_observing = self._page.observe(self._take_state)
        sending = asyncio.ensure_future(self._send_all())
        try:
            return await self._receive_all()
        finally:
            stop_observing()
            self._input.close()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    def _take_state(self, state: PageState) -> None:
        self._state = state
        self._to_send.set()

    def _answer_report(self, free: bool) -> None:
        self._free = free
        if free:
            asyncio.get_running_loop().call_later(ANSWER_DELAY_S, self._to_send.set)
        else:
            self._to_send.set()

    async def _receive_all(self) -> bool:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                try:
                    report = read(await self._websocket.receive_text())
                except (msgspec.DecodeError, KeyError, RecursionError):
                    await self._websocket.close(UNSUPPORTED_DATA)
                    return False
                self._input.receive(report)
        return True

    async def _send_all(self) -> None:
        """Send what is new. To a page that reads slowly, only the newest state is sent."""
        with contextlib.suppress(WebSocketDisconnect):
            await self._send({"edition": self._edition})
            while True:
                message: dict[str, object] = {}
                state, self._state = self._state, None
                if state is not None:
                    message["state"] = state
                    if (left_ms := self._page.left_ms) is not None:
                        message["left_ms"] = left_ms
                free, self._free = self._free, None
                if free is not None:
                    message["free"] = free
                self._to_send.clear()
                if message:
                    await self._send(message)
                await self._to_send.wait()

    async def _send(self, message: dict[str, object]) -> None:
        await self._websocket.send_text(msgspec.json.encode(message).decode())


@cache
def page_file(name: str) -> bytes:
    """One of the page's files."""
    return (files(__package__) / "static" / name).read_bytes()
