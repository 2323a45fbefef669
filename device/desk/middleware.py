"""Admits a request to the desk's app, or answers it with the error that it is refused with.

It is outside every other part of the app. A client over its rate limit gets the answer only after a
delay: with the limit on connections this keeps a flood of requests from taking the pad's loop.
"""

import asyncio

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from device.desk.admission import PLUGIN, Admission, RequestInfo
from device.desk.api_errors import ERRORS
from device.desk.plugin_answers import malformed_answer
from device.desk.press_priority import PressPriority
from web.api_answers import error_answer
from web.api_errors import BAD_REQUEST
from web.query_fields import QueryError, split_fields
from web.request_target import read_path

RATE_LIMITED_DELAY_S = 1.0
"""How long the answer to a client over its rate limit is held back."""

PREFLIGHT_HEADERS = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "600",
    # Chromium's Private Network Access: needed by a page from a public address that calls a local
    # one (https://wicg.github.io/private-network-access/).
    "access-control-allow-private-network": "true",
}


class AdmissionMiddleware:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, admission: Admission, priority: PressPriority) -> None:
        self._app = app
        self._admission = admission
        self._priority = priority

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the request's turn, then hand it to the app or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        await self._priority.wait_turn()
        request = request_info(scope)
        if self._admission.is_cross_origin(request):
            send = _with_cors_headers(send, str(request.origin))
        error = self._admission.error_of(request)
        if error is None:
            scope = {**scope, "path": request.path}
            is_preflight = self._admission.is_preflight(request)
            app = (
                Response(status_code=204, headers=PREFLIGHT_HEADERS) if is_preflight else self._app
            )
            await app(scope, receive, send)
            return
        self._admission.record_refusal(error, request.client, request.path)
        is_http = scope["type"] == "http"
        if error == BAD_REQUEST and is_http and request.path.startswith(PLUGIN):
            answer = malformed_answer(scope.get("query_string", b""))
        else:
            answer = error_answer(ERRORS, error)
        if error == "unauthorised":
            answer.headers["www-authenticate"] = "Bearer"
        if error == "too-often":
            await asyncio.sleep(RATE_LIMITED_DELAY_S)
            answer.headers["connection"] = "close"
        await answer(scope, receive, send)


def request_info(scope: Scope) -> RequestInfo:
    """What the rules look at, from an ASGI scope."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    host = _header(headers, b"host") or ""
    is_malformed = False
    path, query = str(scope["path"]), dict[str, bytes]()
    try:
        path = read_path(scope.get("raw_path") or path.encode(), host)
        query = split_fields(scope.get("query_string", b""))
    except QueryError:
        is_malformed = True
    ticket = query.get("ticket")
    return RequestInfo(
        method=scope.get("method", "GET"),
        path=path,
        client=str((scope.get("client") or ("",))[0]),
        server=str((scope.get("server") or ("",))[0]),
        scheme="https" if scope.get("scheme") in ("https", "wss") else "http",
        host=host,
        origin=_header(headers, b"origin"),
        bearers=tuple(_bearers(headers)),
        ticket=None if ticket is None else ticket.decode("latin-1"),  # loses nothing
        plugin_token=query.get("token", b""),
        is_malformed=is_malformed,
    )


def _header(headers: list[tuple[bytes, bytes]], wanted: bytes) -> str | None:
    """A header's value; "" when it occurs twice, because it is then not clear which one counts."""
    found = [value.decode("latin-1") for name, value in headers if name == wanted]
    return None if not found else found[0] if len(found) == 1 else ""


def _bearers(headers: list[tuple[bytes, bytes]]) -> list[bytes]:
    """The token of every Authorization header; b"" for one of another scheme."""
    given = [value for name, value in headers if name == b"authorization"]
    return [
        token.strip() if scheme.lower() == b"bearer" else b""
        for scheme, _, token in (value.partition(b" ") for value in given)
    ]


def _with_cors_headers(send: Send, origin: str) -> Send:
    """A `send` that adds what makes the browser let a page of `origin` read the answer."""
    cors = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]

    async def send_with_cors(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *cors]}
        await send(message)

    return send_with_cors
