"""The desk's door: lets a call past, or answers it with the reason why not.

What stands outside of every other part of the app. Whoever calls too often waits a second for the
refusal: with so few connections at once that is what keeps a flood away from the pad's loop.
"""

import asyncio
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from device.desk.admission import Admission, RequestInfo
from device.desk.api_errors import ERRORS
from device.desk.press_priority import PressPriority
from web.api_answers import error_answer

PENANCE_S = 1.0

PREFLIGHT = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "600",
    # A page of the open internet's kind asks for this before it calls into a local network.
    "access-control-allow-private-network": "true",
}


class AdmissionMiddleware:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, admission: Admission, priority: PressPriority) -> None:
        self._app = app
        self._admission = admission
        self._priority = priority

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one call past, or answer it, when it is its turn."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        await self._priority.take()
        call = call_of(scope)
        if self._admission.is_foreign(call):
            send = _with_leave(send, str(call.origin))
        error = self._admission.why_not(call)
        if error is None:
            asks_for_leave = self._admission.asks_for_leave(call)
            app = Response(status_code=204, headers=PREFLIGHT) if asks_for_leave else self._app
            await app(scope, receive, send)
            return
        self._admission.refuse(error, call.caller, call.path)
        answer = error_answer(ERRORS, error)
        if error == "unauthorised":
            answer.headers["www-authenticate"] = "Bearer"
        if error == "too-often":
            await asyncio.sleep(PENANCE_S)
            answer.headers["connection"] = "close"
        await answer(scope, receive, send)


def call_of(scope: Scope) -> RequestInfo:
    """What the rules look at."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=16)
    return RequestInfo(
        method=scope.get("method", "GET"),
        path=scope["path"],
        caller=str((scope.get("client") or ("",))[0]),
        server=str((scope.get("server") or ("",))[0]),
        scheme="https" if scope.get("scheme") in ("https", "wss") else "http",
        host=_header(headers, b"host") or "",
        origin=_header(headers, b"origin"),
        bearers=tuple(_bearers(headers)),
        ticket=query.get("ticket", [None])[0],
        plugin_token=query.get("token", [None])[0],
    )


def _header(headers: list[tuple[bytes, bytes]], wanted: bytes) -> str | None:
    """A header that stands there once; one that stands there twice is nobody's."""
    found = [value.decode("latin-1") for name, value in headers if name == wanted]
    return None if not found else found[0] if len(found) == 1 else ""


def _bearers(headers: list[tuple[bytes, bytes]]) -> list[bytes]:
    given = [value for name, value in headers if name == b"authorization"]
    return [
        token.strip() if scheme.lower() == b"bearer" else b""
        for scheme, _, token in (value.partition(b" ") for value in given)
    ]


def _with_leave(send: Send, origin: str) -> Send:
    """Tell the browser that this page may read the answer."""
    leave = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *leave]}
        await send(message)

    return sending
