"""A shim for old window software, which asks a plug-in on this machine and takes numbers back.

Such software called an OCX or a local service: ask, get an answer at once, get the outcome later as
a code. So does this: by script tags (JSONP), as pages without CORS did it, or over a WebSocket.

    GET /plugin/ask?token=&case=&matter=&step=&clerk=&again=&callback=   at once {"code", "id"}
    GET /plugin/result?token=&id=&callback=                              {"code", "id"}
    WS  /plugin/socket?token=      {"case": …} in; {"code", "id"} out, at once and once it has ended

Off unless the configuration names its token; for this machine only. A code never tells a level
(law 7): old plug-ins did, which is why clerks asked again.
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
"""-2 for a citizen who did not answer is what one widespread plug-in said."""

CALLBACK = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.]{0,63}", re.ASCII)
TRUE = ("1", "true")


class PluginAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes back. `says`: for a refusal, the desk's word for it, such as `busy`."""

    code: int
    id: str = ""
    says: str = ""


def plugin_routes(desk: Desk, live: EventStream) -> list[BaseRoute]:
    """The shim's routes over a desk's port."""
    shim = _Shim(desk, live)
    return [
        Route("/plugin/ask", shim.ask, methods=["GET"]),
        Route("/plugin/result", shim.result, methods=["GET"]),
        WebSocketRoute("/plugin/socket", shim.socket),
    ]


class _Shim:
    """One method for each route."""

    def __init__(self, desk: Desk, live: EventStream) -> None:
        self._desk = desk
        self._live = live

    async def ask(self, request: Request) -> Response:
        query = {name: value for name, value in request.query_params.items() if value}
        wish: dict[str, object] = {
            name: query[name] for name in InvitationRequest.__struct_fields__ if name in query
        }
        wish["again"] = query.get("again") in TRUE
        return _answer(request, await self._invite(wish))

    async def result(self, request: Request) -> Response:
        one = request.query_params.get("id", "")
        standing = self._desk.standing(one)
        return _answer(request, PluginAnswer(CODES[standing], one if standing else ""))

    async def socket(self, websocket: WebSocket) -> None:
        if await self._live.accepts(websocket):
            asked: set[str] = set()
            with self._live.listening() as one:
                await until_one_ends(
                    self._hear(websocket, asked), self._tell(websocket, one, asked), one.lags.wait()
                )

    async def _invite(self, fields: Mapping[str, object]) -> PluginAnswer:
        try:
            wish = msgspec.convert(fields, InvitationRequest)
        except msgspec.ValidationError:
            return PluginAnswer(REFUSED, says="bad-request")
        if wish.window is not None and wish.window != self._desk.window().window:
            return PluginAnswer(REFUSED, says="unknown-window")
        service = Service(case=wish.case, matter=wish.matter, step=wish.step)
        granted = await self._desk.invite(
            service, wish.clerk, SOURCE, again=wish.again, channel=Channel(wish.channel)
        )
        if not isinstance(granted, Granted):
            return PluginAnswer(REFUSED, says=granted.value)
        return PluginAnswer(CODES[self._desk.standing(granted.invitation)], granted.invitation)

    async def _hear(self, websocket: WebSocket, asked: set[str]) -> None:
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
                asked.add(outcome.id)
            await _send(websocket, outcome)

    async def _tell(self, websocket: WebSocket, one: Subscriber, asked: set[str]) -> None:
        while True:
            event = await one.queue.get()
            if (
                isinstance(event, StandingEvent)
                and event.standing != "open"
                and event.invitation in asked
            ):
                asked.remove(event.invitation)
                await _send(websocket, PluginAnswer(CODES[event.standing], event.invitation))


async def _send(websocket: WebSocket, outcome: PluginAnswer) -> None:
    await websocket.send_text(msgspec.json.encode(outcome).decode())


def _answer(request: Request, outcome: PluginAnswer) -> Response:
    """As JSON, or handed to the page's function. Always 200: a script tag knows nothing else."""
    headers = {"cache-control": "no-store", **NO_SNIFF}
    callback = request.query_params.get("callback")
    if callback is not None and not CALLBACK.fullmatch(callback):
        callback, outcome = None, PluginAnswer(REFUSED, says="bad-request")
    text = msgspec.json.encode(outcome)
    if callback is None:
        return Response(text, media_type="application/json", headers=headers)
    # The comment in front keeps the answer from being taken for anything but a script.
    script = b"/**/" + callback.encode() + b"(" + text + b");"
    return Response(script, media_type="text/javascript", headers=headers)
