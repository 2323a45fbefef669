"""A shim for old window software, which calls a plug-in on this machine and gets numbers back.

Such software called an OCX or a local service: it asked, got an immediate answer, and later the
outcome as a code. This does the same: by script tags (JSONP), which pages used before there was
CORS, or over a WebSocket.

    GET /plugin/ask?token=&case=&matter=&step=&clerk=&again=&callback=   {"code", "id"}
    POST /plugin/ask?token=&callback=    the other fields as a form
    GET /plugin/result?token=&id=&callback=                              {"code", "id"}
    WS  /plugin/socket?token=      {"case": …} in; {"code", "id"} out, then again when it has ended

Off unless the configuration names its token; only for programs on this machine. A code never tells
a level (law 7): old plug-ins did, and clerks who did not like the level asked again.
"""

from collections.abc import Callable, Mapping

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from device.desk.event_stream import EventStream, Subscriber, until_one_ends
from device.desk.plugin_answers import (
    CODES,
    MALFORMED,
    REFUSED,
    WAITING,
    PluginAnswer,
    plugin_response,
)
from device.desk.schemas import InvitationRequest, StandingEvent
from device.ports import Desk, Granted
from sync.entries import Channel, Service
from web.api_errors import BAD_REQUEST, RequestError
from web.api_routes import read_bytes
from web.query_fields import QueryError, split_fields
from web.strict_json import JsonError, read_json
from web.text_charset import charset_of, decode_fields

SOURCE = "plugin"
TRUE = ("1", "true")
FORM = "application/x-www-form-urlencoded"
FIELDS = InvitationRequest.__struct_fields__

OnMalformed = Callable[[str, HTTPConnection], None]
"""Called with each error that a correct program never causes, so that it can be counted."""


def plugin_routes(
    desk: Desk, stream: EventStream, charset: str, on_malformed: OnMalformed
) -> list[BaseRoute]:
    """The shim's routes over a desk's port. `charset`: of old pages that do not name theirs."""
    shim = _Shim(desk, stream, charset, on_malformed)
    return [
        Route("/plugin/ask", shim.ask, methods=["GET", "POST"]),
        Route("/plugin/result", shim.result, methods=["GET"]),
        WebSocketRoute("/plugin/socket", shim.socket),
    ]


class _Shim:
    """One method for each route."""

    def __init__(
        self, desk: Desk, stream: EventStream, charset: str, on_malformed: OnMalformed
    ) -> None:
        self._desk = desk
        self._stream = stream
        self._charset = charset
        self._on_malformed = on_malformed

    async def ask(self, request: Request) -> Response:
        query = split_fields(request.scope["query_string"])  # admitted: can be read
        callback = query.get("callback")
        try:
            given = await self._fields(request, query)
        except (QueryError, RequestError) as error:
            name = error.error if isinstance(error, RequestError) else BAD_REQUEST
            self._on_malformed(name, request)
            return plugin_response(PluginAnswer(REFUSED, says=name), callback)
        fields: dict[str, object] = {name: value for name, value in given.items() if value}
        fields["again"] = given.get("again") in TRUE
        return plugin_response(await self._invite(fields, request), callback)

    async def result(self, request: Request) -> Response:
        query = split_fields(request.scope["query_string"])
        invitation = query.get("id", b"").decode("latin-1")  # loses nothing; our ids are ASCII
        standing = self._desk.standing(invitation)
        answer = PluginAnswer(CODES[standing], invitation if standing else "")
        return plugin_response(answer, query.get("callback"))

    async def socket(self, websocket: WebSocket) -> None:
        if await self._stream.accept(websocket):
            open_here: set[str] = set()  # the invitations of this connection that have not ended
            with self._stream.subscribe() as subscriber:
                await until_one_ends(
                    self._answer_requests(websocket, open_here),
                    self._send_outcomes(websocket, subscriber, open_here),
                    subscriber.overflowed.wait(),
                )

    async def _fields(self, request: Request, query: Mapping[str, bytes]) -> dict[str, str]:
        """The fields of an invitation as text: of the form in the body, else of the query.

        Raises QueryError, and RequestError for a form that is too long.
        """
        declared = query.get("charset", b"").decode("latin-1") or None
        if request.method == "POST":
            kind = request.headers.get("content-type", "")
            if kind.partition(";")[0].strip().lower() != FORM:
                raise QueryError("the body is no form")
            query = split_fields(await read_bytes(request))
            declared = charset_of(kind) or declared
        return decode_fields(
            {name: query[name] for name in FIELDS if name in query}, self._charset, declared
        )

    async def _invite(
        self, fields: Mapping[str, object], connection: HTTPConnection
    ) -> PluginAnswer:
        try:
            body = msgspec.convert(fields, InvitationRequest)
        except msgspec.ValidationError:
            self._on_malformed(BAD_REQUEST, connection)
            return MALFORMED
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
                fields = read_json(message.get("text") or b"", dict[str, object])
            except JsonError:
                self._on_malformed(BAD_REQUEST, websocket)
                outcome = MALFORMED
            else:
                outcome = await self._invite(fields, websocket)
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
