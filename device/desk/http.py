"""The desk's HTTP API: the hall's queueing system, or the clerk's page, asks for ratings here.

    POST /v1/invitations                {"case", "matter", "step", "clerk"}     201, or 200 if open
    GET  /v1/invitations/{id}           {"invitation", "standing"}
    POST /v1/invitations/{id}/withdraw  {"reason"}
    GET  /v1/window                     {"window", "state", "invitation", "fault"}
    POST /v1/window/pause | resume      {"by"}
    POST /v1/tickets                    {"ticket", "good_for_s"}
    GET  /                              the clerk's page, and what belongs to it
    WS   /v1/events                     what changes, as it happens

Every answer is JSON; an error is {"error", "says", "remedy"}. Every field of a request is
optional, none may be unknown. The door looks at the caller before anything else is looked at. No
answer tells a level or differs by one (law 7): `standing` is open, rated, unrated or withdrawn.

Imported only by an agent whose configuration has a desk.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from device.desk.admission import EVENTS, Admission
from device.desk.answers import DeskError, answer, mistake
from device.desk.event_stream import EventStream
from device.desk.middleware import AdmissionMiddleware
from device.desk.pages import page_routes
from device.desk.plugin import plugin_routes
from device.desk.press_priority import PressPriority
from device.desk.schemas import (
    MAX_REQUEST_BYTES,
    InvitationRequest,
    InvitationState,
    RequestBody,
    TicketIssued,
    WindowRequest,
    WithdrawalRequest,
    window_state,
)
from device.events import Refusal
from device.ports import Desk, Granted
from sync.entries import Channel, Service
from web.ws_tickets import GOOD_FOR_S

SOURCE = "http"

AMISS = ("bad-request", "too-large")
"""Errors of a caller that are worth counting; the others are answers to an honest question."""


def build_app(desk: Desk, admission: Admission, live: EventStream) -> Starlette:
    """The API over a desk's port."""
    api = _Api(desk, admission)
    return Starlette(
        routes=[
            Route("/v1/invitations", api.invite, methods=["POST"]),
            Route("/v1/invitations/{invitation}", api.standing, methods=["GET"]),
            Route("/v1/invitations/{invitation}/withdraw", api.withdraw, methods=["POST"]),
            Route("/v1/window", api.window, methods=["GET"]),
            Route("/v1/window/pause", api.pause, methods=["POST"]),
            Route("/v1/window/resume", api.resume, methods=["POST"]),
            Route("/v1/tickets", api.ticket, methods=["POST"]),
            WebSocketRoute(EVENTS, live.events),
            *page_routes(admission.origins),
            *(plugin_routes(desk, live) if admission.has_plugin else ()),
        ],
        middleware=[
            Middleware(AdmissionMiddleware, admission=admission, turns=PressPriority(desk))
        ],
        exception_handlers={
            DeskError: api.answer_mistake,
            HTTPException: api.answer_routing,
            ClientDisconnect: _answer_nobody,
            Exception: _answer_failure,
        },
    )


class _Api:
    """One method for each route."""

    def __init__(self, desk: Desk, admission: Admission) -> None:
        self._desk = desk
        self._admission = admission

    async def invite(self, request: Request) -> Response:
        wish = await _read(request, InvitationRequest)
        self._check_window(wish.window)
        service = Service(case=wish.case, matter=wish.matter, step=wish.step)
        outcome = await self._desk.invite(
            service, wish.clerk, SOURCE, again=wish.again, channel=Channel(wish.channel)
        )
        if not isinstance(outcome, Granted):
            raise DeskError(outcome.value)
        # Not simply `open`: while a slow card took it in, a fault may have taken it back.
        return self._now(
            outcome.invitation, HTTPStatus.CREATED if outcome.created else HTTPStatus.OK
        )

    async def standing(self, request: Request) -> Response:
        return self._now(request.path_params["invitation"])

    async def withdraw(self, request: Request) -> Response:
        wish = await _read(request, WithdrawalRequest)
        invitation = request.path_params["invitation"]
        # The prefix keeps a desk from passing its withdrawal off as the pad's own.
        reason = f"desk: {wish.reason}" if wish.reason else "desk"
        await self._granted(self._desk.withdraw(invitation, reason))
        return self._now(invitation)

    async def window(self, _request: Request) -> Response:
        return answer(window_state(self._desk.window()))

    async def pause(self, request: Request) -> Response:
        return await self._move_window(request, self._desk.pause)

    async def resume(self, request: Request) -> Response:
        return await self._move_window(request, self._desk.resume)

    async def ticket(self, request: Request) -> Response:
        await _read(request, RequestBody)
        ticket = TicketIssued(ticket=self._admission.issue_ticket(), good_for_s=GOOD_FOR_S)
        return answer(ticket, HTTPStatus.CREATED)

    async def _move_window(
        self, request: Request, move: Callable[[str], Awaitable[Refusal | None]]
    ) -> Response:
        wish = await _read(request, WindowRequest)
        self._check_window(wish.window)
        await self._granted(move(f"desk: {wish.by}" if wish.by else "desk"))
        return answer(window_state(self._desk.window()))

    def _check_window(self, named: str | None) -> None:
        if named is not None and named != self._desk.window().window:
            raise DeskError("unknown-window")

    async def _granted(self, wish: Awaitable[Refusal | None]) -> None:
        refusal = await wish
        if refusal is not None:
            raise DeskError(refusal.value)

    def _now(self, invitation: str, status: int = HTTPStatus.OK) -> Response:
        standing = self._desk.standing(invitation)
        if standing is None:
            raise DeskError(Refusal.UNKNOWN.value)
        return answer(InvitationState(invitation=invitation, standing=standing), status)

    async def answer_mistake(self, request: Request, error: Exception) -> Response:
        """An error in our words; one that no honest program makes is counted at the door."""
        if not isinstance(error, DeskError):
            return mistake("internal")
        if error.error in AMISS:
            self._refuse(error.error, request)
        return mistake(error.error, error.what)

    async def answer_routing(self, request: Request, error: Exception) -> Response:
        """Starlette's own 404 and 405, in our words."""
        status = error.status_code if isinstance(error, HTTPException) else 0
        word = {404: "not-found", 405: "method-not-allowed"}.get(status, "bad-request")
        self._refuse(word, request)
        answered = mistake(word)
        if isinstance(error, HTTPException):
            answered.headers.update(error.headers or {})
        return answered

    def _refuse(self, error: str, request: Request) -> None:
        caller = request.client.host if request.client else ""
        self._admission.refuse(error, caller, request.url.path)


R = TypeVar("R", bound=RequestBody)


async def _read(request: Request, kind: type[R]) -> R:
    """The request's body as `kind`; no body at all is an empty one."""
    if int(request.headers.get("content-length", "0")) > MAX_REQUEST_BYTES:
        raise DeskError("too-large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            raise DeskError("too-large")
    try:
        return msgspec.json.decode(bytes(body) or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DeskError("bad-request", str(error)) from error


def _answer_nobody(_request: Request, _error: Exception) -> Response:
    """The caller went in the middle of his request; nothing was done, and nobody reads this."""
    return Response(status_code=HTTPStatus.REQUEST_TIMEOUT)


def _answer_failure(_request: Request, _error: Exception) -> Response:
    """Starlette logs the error and raises it again for the server; the desk gets no traceback."""
    return mistake("internal")
