"""The operations of the desk's HTTP API, each with its types.

    POST /v1/invitations                {"case", "matter", "step", "clerk"}     201, or 200 if open
    GET  /v1/invitations/{id}           {"invitation", "standing"}
    POST /v1/invitations/{id}/withdraw  {"reason"}
    GET  /v1/window                     {"window", "state", "invitation", "fault", "open"}
    GET  /v1/today                      {"date", "invited", "rated", …, "cases"}
    POST /v1/window/pause | resume      {"by"}
    POST /v1/tickets                    {"ticket", "good_for_s"}
    WS   /v1/events                     what changes, as it happens

Every field of a request is optional, none may be unknown. No answer tells a level or differs by one
(law 7): `standing` is open, rated, unrated or withdrawn. The docstrings of the operations are what
the OpenAPI document says of them.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.websockets import WebSocket

from device.desk.admission import EVENTS, Admission
from device.desk.event_stream import EventStream
from device.desk.schemas import (
    InvitationMade,
    InvitationRequest,
    InvitationState,
    RequestBody,
    StandingEvent,
    TicketIssued,
    Today,
    TodayEvent,
    WindowEvent,
    WindowRequest,
    WindowState,
    WithdrawalRequest,
    today,
    window_state,
)
from device.events import Refusal
from device.ports import Desk, Granted
from sync.entries import Channel, Service
from web.api_errors import RequestError
from web.api_routes import Answer, get, post, websocket
from web.ws_tickets import VALID_S

SOURCE = "http"
"""What invitations over HTTP name as their source."""

CLOSED = ("fault", "unbound")
"""What every operation that needs a working window may be refused with."""


class DeskApi:
    """The operations over a desk's port. Called on the pad's loop."""

    def __init__(self, desk: Desk, admission: Admission, stream: EventStream) -> None:
        self._desk = desk
        self._admission = admission
        self._stream = stream

    @post(
        "/v1/invitations",
        request=InvitationRequest,
        answers={201: InvitationMade, 200: InvitationMade},
        errors=("busy", "paused", *CLOSED, "already-rated", "unknown-window"),
    )
    async def invite(self, _request: Request, body: InvitationRequest) -> Answer[InvitationMade]:
        """Invite the citizen to rate. 200: this very case and step is open already."""
        self._check_window(body.window)
        service = Service(case=body.case, matter=body.matter, step=body.step)
        outcome = await self._desk.invite(
            service, body.clerk, SOURCE, again=body.again, channel=Channel(body.channel)
        )
        if not isinstance(outcome, Granted):
            raise RequestError(outcome.value)
        # The standing is looked up again and not simply `open`: while the entry was being written
        # to a slow card, a fault may have withdrawn the invitation.
        state = self._state(outcome.invitation).body
        made = InvitationMade(invitation=state.invitation, standing=state.standing, case=body.case)
        return Answer(made, HTTPStatus.CREATED if outcome.created else HTTPStatus.OK)

    @get(
        "/v1/invitations/{invitation}",
        answers={200: InvitationState},
        errors=("unknown-invitation",),
    )
    async def standing(self, request: Request) -> Answer[InvitationState]:
        """What became of an invitation; never a level."""
        return self._state(request.path_params["invitation"])

    @post(
        "/v1/invitations/{invitation}/withdraw",
        request=WithdrawalRequest,
        answers={200: InvitationState},
        errors=("unknown-invitation", "already-ended", "fault"),
    )
    async def withdraw(self, request: Request, body: WithdrawalRequest) -> Answer[InvitationState]:
        """Take back an invitation that nobody has answered."""
        invitation = request.path_params["invitation"]
        # The prefix tells a withdrawal by a desk from one by the pad itself, whatever it says.
        reason = f"desk: {body.reason}" if body.reason else "desk"
        _raise_refusal(await self._desk.withdraw(invitation, reason))
        return self._state(invitation)

    @get("/v1/window", answers={200: WindowState})
    async def window(self, _request: Request) -> Answer[WindowState]:
        """The window at this moment."""
        return Answer(window_state(self._desk.window()))

    @get("/v1/today", answers={200: Today})
    async def today(self, _request: Request) -> Answer[Today]:
        """How many were invited today and what became of them, and the newest cases."""
        return Answer(today(self._desk.day()))

    @post(
        "/v1/window/pause",
        request=WindowRequest,
        answers={200: WindowState},
        errors=(*CLOSED, "unknown-window"),
    )
    async def pause(self, _request: Request, body: WindowRequest) -> Answer[WindowState]:
        """Close the window; an open invitation is withdrawn."""
        return await self._set_window(body, self._desk.pause)

    @post(
        "/v1/window/resume",
        request=WindowRequest,
        answers={200: WindowState},
        errors=(*CLOSED, "unknown-window"),
    )
    async def resume(self, _request: Request, body: WindowRequest) -> Answer[WindowState]:
        """Open the window again."""
        return await self._set_window(body, self._desk.resume)

    @post("/v1/tickets", request=RequestBody, answers={201: TicketIssued})
    async def ticket(self, _request: Request, _body: RequestBody) -> Answer[TicketIssued]:
        """A ticket for one connection to /v1/events, for browsers, which cannot send the token."""
        ticket = TicketIssued(ticket=self._admission.issue_ticket(), good_for_s=VALID_S)
        return Answer(ticket, HTTPStatus.CREATED)

    @websocket(
        EVENTS,
        messages=(WindowEvent, StandingEvent, TodayEvent),
        errors=("too-many-listeners",),
        security=("token", "ticket"),
    )
    async def events(self, websocket: WebSocket) -> None:
        """A WebSocket (RFC 6455). Every message is a JSON text: a `WindowEvent` first, when the
        window changes and every 15 s; a `StandingEvent` when an invitation is opened or ends; a
        `TodayEvent` at the beginning and when a count changes. With the token in the header, or
        with a ticket. A client that sends anything is disconnected.
        """
        await self._stream.events(websocket)

    async def _set_window(
        self, body: WindowRequest, change: Callable[[str], Awaitable[Refusal | None]]
    ) -> Answer[WindowState]:
        self._check_window(body.window)
        _raise_refusal(await change(f"desk: {body.by}" if body.by else "desk"))
        return Answer(window_state(self._desk.window()))

    def _check_window(self, named: str | None) -> None:
        if named is not None and named != self._desk.window().window:
            raise RequestError("unknown-window")

    def _state(self, invitation: str) -> Answer[InvitationState]:
        standing = self._desk.standing(invitation)
        if standing is None:
            raise RequestError(Refusal.UNKNOWN.value)
        return Answer(InvitationState(invitation=invitation, standing=standing))


def _raise_refusal(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise RequestError(refusal.value)
