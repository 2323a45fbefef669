"""A shim for old window software, which calls a plug-in on this machine and gets numbers back.

Such software called an OCX or a local service: it asked, got an immediate answer, and later the
outcome as a code. This does the same: by script tags (JSONP), which pages used before there was
CORS, or over a WebSocket.

    GET /plugin/ask?token=&case=&matter=&step=&clerk=&again=&callback=   {"code", "id"}
    GET /plugin/result?token=&id=&callback=                              {"code", "id"}
    WS  /plugin/socket?token=      {"case": …} in; {"code", "id"} out, then again when it has ended

Off unless the configuration names its token; only for programs on this machine. A code never tells
a level (law 7): old plug-ins did, and clerks who did not like the level asked again.
"""

import re
from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from device.desk.event_stream import EventStream, Subscriber, until_one_ends
from device.desk.schemas import InvitationRequest, StandingEvent
from device.events import Standing
from device.ports import Desk, Granted
from sync.entries import Channel, Service
from web.security_headers import NO_SNIFF

SOURCE = "plugin"

WAITING, RATED, REFUSED, TIMED_OUT, WITHDRAWN, UNKNOWN = 0, 1, -1, -2, -3, -4
CODES: dict[Standing | None, int] = {
    "open": WAITING,
    "rated": RATED,
    "unrated": TIMED_OUT,
    "withdrawn": WITHDRAWN,
    None: UNKNOWN,
}
"""-2 for a citizen who did not answer is the code of one widespread plug-in."""

CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,63}", re.ASCII)
TRUE = ("1", "true")


class PluginAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is answered. `says`: for a refusal, the desk's name of the error, such as `busy`."""

    code: int
    id: str = ""
    says: str = ""


def plugin_routes(desk: Desk, stream: EventStream) -> list[BaseRoute]:
    """The shim's routes over a desk's port."""
    shim = _Shim(desk, stream)
    return [
        Route("/plugin/ask", shim.ask, methods=["GET"]),
        Route("/plugin/result", shim.result, methods=["GET"]),
        WebSocketRoute("/plugin/socket", shim.socket),
    ]


class _Shim:
    """One method for each route."""

    def __init__(self, desk: Desk, stream: EventStream) -> None:
        self._desk = desk
        self._stream = stream

    async def ask(self, request: Request) -> Response:
        query = {name: value for name, value in request.query_params.items() if value}
        fields: dict[str, object] = {
            name: query[name] for name in InvitationRequest.__struct_fields__ if name in query
        }
        fields["again"] = query.get("again") in TRUE
        return _answer(request, await self._invite(fields))

    async def result(self, request: Request) -> Response:
        invitation = request.query_params.get("id", "")
        standing = self._desk.standing(invitation)
        return _answer(request, PluginAnswer(CODES[standing], invitation if standing else ""))

    async def socket(self, websocket: WebSocket) -> None:
        if await self._stream.accept(websocket):
            open_here: set[str] = set()  # the invitations of this connection that have not ended
            with self._stream.subscribe() as subscriber:
                await until_one_ends(
                    self._answer_requests(websocket, open_here),
                    self._send_outcomes(websocket, subscriber, open_here),
                    subscriber.overflowed.wait(),
                )

    async def _invite(self, fields: Mapping[str, object]) -> PluginAnswer:
        try:
            body = msgspec.convert(fields, InvitationRequest)
        except msgspec.ValidationError:
            return PluginAnswer(REFUSED, says="bad-request")
        if body.window is not None and body.window != self._desk.window().window:
            return PluginAnswer(REFUSED, says="unknown-window")
        service = Service(case=body.case, matter=body.matter, step=body.step)
        granted = await self._desk.invite(
            service, body.clerk, SOURCE, again=body.again, channel=Channel(body.channel)
        )
        if not isinstance(granted, Granted):
            return PluginAnswer(REFUSED, says=granted.value)
        return PluginAnswer(CODES[self._desk.standing(granted.invitation)], granted.invitation)

    async def _answer_requests(self, websocket: WebSocket, open_here: set[str]) -> None:
        while True:
            message = await websocket.receive()
            if message["type"] != "websocket.receive":
                return
            try:
                fields = msgspec.json.decode(message.get("text") or b"", type=dict[str, object])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                outcome = PluginAnswer(REFUSED, says="bad-request")
            else:
                outcome = await self._invite(fields)
            if outcome.code == WAITING:
                open_here.add(outcome.id)
            await _send(websocket, outcome)

    async def _send_outcomes(
        self, websocket: WebSocket, subscriber: Subscriber, open_here: set[str]
    ) -> None:
        while True:
            event = await subscriber.queue.get()
            if (
                isinstance(event, StandingEvent)
                and event.standing != "open"
                and event.invitation in open_here
            ):
                open_here.remove(event.invitation)
                await _send(websocket, PluginAnswer(CODES[event.standing], event.invitation))


async def _send(websocket: WebSocket, outcome: PluginAnswer) -> None:
    await websocket.send_text(msgspec.json.encode(outcome).decode())


def _answer(request: Request, outcome: PluginAnswer) -> Response:
    """As JSON, or as a script that calls the page's function. The status is always 200, because a
    script tag does not run what comes with another.
    """
    headers = {"cache-control": "no-store", **NO_SNIFF}
    callback = request.query_params.get("callback")
    if callback is not None and not CALLBACK.fullmatch(callback):
        callback, outcome = None, PluginAnswer(REFUSED, says="bad-request")
    text = msgspec.json.encode(outcome)
    if callback is None:
        return Response(text, media_type="application/json", headers=headers)
    # The comment in front keeps the answer from being read as any other format (a known attack on
    # JSONP begins with a callback whose name is a file's first bytes).
    script = b"/**/" + callback.encode() + b"(" + text + b");"
    return Response(script, media_type="text/javascript", headers=headers)
