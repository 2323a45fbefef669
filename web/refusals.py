"""Counts what a server refuses, logs it at most once a minute, and slows down who causes it.

For a server that has no admission of its own. `RefusalMiddleware` is put around the whole app, and
`Refusals.record` is given to `web.server.serve` for what never reaches the app.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.api_errors import BAD_REQUEST
from web.query_fields import QueryError
from web.rate_limit import Rate, RateLimiter
from web.refusal_log import RefusalLog
from web.request_target import read_path

RATE = Rate(burst=20, per_s=2)
"""Refusals of one address that are answered at once; others wait for `DELAY_S`, which bounds their
rate by the number of connections that one address may have."""

DELAY_S = 1.0
UNAUTHORISED = "unauthorised"


class Refusals:
    """The refusals of one server. `place`: its name in the log."""

    def __init__(
        self, log: logging.Logger, place: str, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.refused = RefusalLog()
        self._log = log
        self._place = place
        self._now_s = now_s
        self._limiter = RateLimiter(RATE)

    def record(self, error: str, client: str) -> bool:
        """Count a refusal, and log it unless the same was logged a short time ago. Returns whether
        this address is below the limit.
        """
        now_s = self._now_s()
        line = self.refused.note(error, client, self._place, now_s)
        if line is not None:
            self._log.warning("%s", line)
        return self._limiter.take(client, now_s)


class RefusalMiddleware:
    """ASGI middleware around a whole app. Reads the path strictly; every answer from status 400 on,
    and every WebSocket that is not accepted, is a refusal.
    """

    def __init__(self, app: ASGIApp, refusals: Refusals) -> None:
        self._app = app
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the app, unless its path cannot be read."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answered = False

        async def count(message: Message) -> None:
            nonlocal answered
            if not answered:
                answered = True
                await self._count(message, scope)
            await send(message)

        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        raw_path = scope.get("raw_path") or scope["path"].encode()
        try:
            path = read_path(raw_path, host.decode("latin-1"))
        except QueryError:
            await Response(status_code=HTTPStatus.BAD_REQUEST)(scope, receive, count)
            return
        await self._app({**scope, "path": path}, receive, count)

    async def _count(self, message: Message, scope: Scope) -> None:
        error = _error_of(message)
        client = str((scope.get("client") or ("?",))[0])
        if error is not None and not self._refusals.record(error, client):
            await asyncio.sleep(DELAY_S)


def _error_of(message: Message) -> str | None:
    """The name of the refusal that an app's first message is; None for any other."""
    if message["type"] == "websocket.close":
        return UNAUTHORISED
    status = message.get("status", HTTPStatus.OK)
    if status < HTTPStatus.BAD_REQUEST:
        return None
    if status == HTTPStatus.BAD_REQUEST:
        return BAD_REQUEST
    return HTTPStatus(status).phrase.lower().replace(" ", "-")
