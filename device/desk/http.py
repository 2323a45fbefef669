"""The desk's local HTTP API: the hall's queueing system asks for ratings here.

    POST /v1/invitations                {"case", "matter", "step", "clerk"}     201, or 200 if open
    GET  /v1/invitations/{id}           {"invitation", "standing"}
    POST /v1/invitations/{id}/withdraw  {"reason"}
    GET  /v1/window                     {"window", "state", "invitation", "fault"}
    POST /v1/window/pause | resume      {"by"}

Every answer is JSON; an error is {"error", "says", "remedy"}. Every field of a request is
optional, none may be unknown. The token is asked for before anything else is looked at. No answer
tells a level or differs by one (law 7): `standing` is open, rated, unrated or withdrawn.

The one door to starlette; imported only by an agent whose configuration has a desk.
"""

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from device.desk.base import Desk, Invited
from device.desk.wire import (
    ERRORS,
    MAX_REQUEST_BYTES,
    InvitationNow,
    InvitationWish,
    Mistake,
    WindowWish,
    Wish,
    WithdrawalWish,
)
from device.events import Refusal
from sync.entries import Service

SOURCE = "http"


class DeskError(Exception):
    """A request that is answered with one of `ERRORS`; `what` says more."""

    def __init__(self, error: str, what: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.what = what


def build_app(desk: Desk, token: str) -> Starlette:
    """The API over a desk's port. Raises ValueError for an empty token: there is no open desk."""
    if not token.strip():
        raise ValueError("the desk's token is empty")
    api = _Api(desk)
    return Starlette(
        routes=[
            Route("/v1/invitations", api.invite, methods=["POST"]),
            Route("/v1/invitations/{invitation}", api.standing, methods=["GET"]),
            Route("/v1/invitations/{invitation}/withdraw", api.withdraw, methods=["POST"]),
            Route("/v1/window", api.window, methods=["GET"]),
            Route("/v1/window/pause", api.pause, methods=["POST"]),
            Route("/v1/window/resume", api.resume, methods=["POST"]),
        ],
        middleware=[Middleware(_TokenAsked, token=token.strip())],
        exception_handlers={
            DeskError: _answer_mistake,
            HTTPException: _answer_routing,
            Exception: _answer_failure,
        },
    )


class _Api:
    """One method for each route."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def invite(self, request: Request) -> Response:
        wish = await _read(request, InvitationWish)
        service = Service(case=wish.case, matter=wish.matter, step=wish.step)
        outcome = await self._desk.invite(service, wish.clerk, SOURCE, again=wish.again)
        if not isinstance(outcome, Invited):
            raise DeskError(outcome.value)
        # Not simply `open`: while a slow card took it in, a fault may have taken it back.
        return self._now(
            outcome.invitation, HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
        )

    async def standing(self, request: Request) -> Response:
        return self._now(request.path_params["invitation"])

    async def withdraw(self, request: Request) -> Response:
        wish = await _read(request, WithdrawalWish)
        invitation = request.path_params["invitation"]
        # The prefix keeps a desk from passing its withdrawal off as the pad's own.
        reason = f"desk: {wish.reason}" if wish.reason else "desk"
        await self._granted(self._desk.withdraw(invitation, reason))
        return self._now(invitation)

    async def window(self, _request: Request) -> Response:
        return _answer(self._desk.window()._asdict())

    async def pause(self, request: Request) -> Response:
        return await self._move_window(request, self._desk.pause)

    async def resume(self, request: Request) -> Response:
        return await self._move_window(request, self._desk.resume)

    async def _move_window(
        self, request: Request, move: Callable[[str], Awaitable[Refusal | None]]
    ) -> Response:
        wish = await _read(request, WindowWish)
        await self._granted(move(f"desk: {wish.by}" if wish.by else "desk"))
        return _answer(self._desk.window()._asdict())

    async def _granted(self, wish: Awaitable[Refusal | None]) -> None:
        refusal = await wish
        if refusal is not None:
            raise DeskError(refusal.value)

    def _now(self, invitation: str, status: int = HTTPStatus.OK) -> Response:
        standing = self._desk.standing(invitation)
        if standing is None:
            raise DeskError(Refusal.UNKNOWN.value)
        return _answer(InvitationNow(invitation=invitation, standing=standing), status)


R = TypeVar("R", bound=Wish)


async def _read(request: Request, kind: type[R]) -> R:
    """The request's body as `kind`; no body at all is an empty one."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            raise DeskError("too-large")
    try:
        return msgspec.json.decode(bytes(body) or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DeskError("bad-request", str(error)) from error


def _answer(body: object, status: int = HTTPStatus.OK) -> Response:
    return Response(
        msgspec.json.encode(body),
        status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def _mistake(error: str, what: str = "") -> Response:
    row = ERRORS[error]
    says = f"{row.says}: {what}" if what else row.says
    return _answer(Mistake(error=error, says=says, remedy=row.remedy), row.status)


def _answer_mistake(_request: Request, error: Exception) -> Response:
    if not isinstance(error, DeskError):
        return _mistake("internal")
    return _mistake(error.error, error.what)


def _answer_routing(_request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405, in our words."""
    if not isinstance(error, HTTPException) or error.status_code not in (404, 405):
        return _mistake("bad-request")
    answer = _mistake("not-found" if error.status_code == 404 else "method-not-allowed")
    answer.headers.update(error.headers or {})
    return answer


def _answer_failure(_request: Request, _error: Exception) -> Response:
    """Starlette logs the error and raises it again for the server; the desk gets no traceback."""
    return _mistake("internal")


class _TokenAsked:
    """Lets nothing past without the token, whatever the path. Compared in constant time."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._let_in(scope):
            answer = _mistake("unauthorised")
            answer.headers["www-authenticate"] = "Bearer"
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _let_in(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, token = given[0].partition(b" ")
        return bool(scheme.lower() == b"bearer") and hmac.compare_digest(token.strip(), self._token)
