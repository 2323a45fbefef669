"""The demo page's server: static files, a stream of server-sent events, a few actions.

It listens on loopback only. An action answers 204 when it is done, and 409 with a sentence when the
pad refuses, which the page shows. Nothing is decided here: actions are passed to the stage.
"""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from demo.control_client import ControlError
from demo.demo_words import page_words
from demo.desk_client import DeskRefusalError
from demo.processes import StageError
from demo.staged_pad import StagedPad
from demo.view_model import ViewModel
from device.ui.touch.page_server import page_file
from sync.identity_text import MAX_RAW_CHARS
from web.api_errors import BAD_REQUEST, RequestError
from web.api_routes import read_body
from web.refusals import RefusalMiddleware, Refusals
from web.security_headers import content_policy, page_headers

log = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("static")
PLACE = "the demo's page"
HOST = "127.0.0.1"
HOST_NAMES = (HOST, "localhost")
"""Under which the page may be opened."""

COLLECT_S = 0.04
"""Changes within this time are sent together: a picture and the entries that belong to it."""

HEADERS = page_headers(
    content_policy(
        {
            "default-src": "'self'",
            "img-src": "'self' data:",  # the icon is an empty `data:` address
            "frame-src": f"http://{HOST}:*",  # the pads' touch pages
            "object-src": "'none'",
        }
    ),
    referrer="no-referrer",
    cache="no-store",
)


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the page sends with an action; each takes what it needs."""

    keys: Annotated[tuple[str, ...], msgspec.Meta(max_length=8)] = ()
    case: Annotated[str, msgspec.Meta(max_length=MAX_RAW_CHARS)] | None = None
    on: bool = False


Action = Callable[[StagedPad, _Body], Awaitable[object]]


async def _press(pad: StagedPad, body: _Body) -> None:
    await pad.press(*body.keys)


async def _invite(pad: StagedPad, body: _Body) -> None:
    if body.case is None:
        raise RequestError(BAD_REQUEST, "an invitation names its `case`")
    await pad.invite(body.case)


async def _cable(pad: StagedPad, body: _Body) -> None:
    if body.on:
        pad.cable.plug()
    else:
        pad.cable.pull()


ACTIONS: dict[str, Action] = {
    "press": _press,
    "invite": _invite,
    "withdraw": lambda pad, _: pad.withdraw(),
    "pause": lambda pad, body: pad.pause(body.on),
    "cable": _cable,
    "power": lambda pad, body: pad.power_on() if body.on else pad.power_off(),
    "card": lambda pad, body: pad.set_card(body.on),
    "time": lambda pad, body: pad.find_time() if body.on else pad.lose_time(),
}


def build_app(show: ViewModel, refusals: Refusals | None = None) -> Starlette:
    """The web app that serves the page of one demo."""

    async def act(request: Request) -> Response:
        pads = show.stage.pads if show.stage else {}
        pad = pads.get(request.path_params["pad"])
        action = ACTIONS.get(request.path_params["action"])
        if pad is None or action is None:
            return Response(status_code=404)
        if not _is_json(request):
            return Response(status_code=415)
        try:
            await action(pad, await read_body(request, _Body))
        except StageError as error:
            log.error("%s", error)
            return _json({"code": "failed", "says": str(error)}, 409)
        except (DeskRefusalError, ControlError) as refusal:
            return _json({"code": getattr(refusal, "code", "off"), "says": str(refusal)}, 409)
        except RequestError as error:
            return _json({"code": error.error, "says": error.detail}, 400)
        show.changed()
        return Response(status_code=204)

    async def disconnected(_request: Request, _error: Exception) -> Response:
        return Response(status_code=408)  # which nobody reads

    async def verify(request: Request) -> Response:
        if not _is_json(request):
            return Response(status_code=415)
        return _json(await show.verify(), 200)

    async def events(_: Request) -> Response:
        return StreamingResponse(_stream(show), media_type="text/event-stream", headers=HEADERS)

    async def words(_: Request) -> Response:
        return Response(msgspec.json.encode(page_words()), media_type="application/json")

    async def faces(_: Request) -> Response:
        """The five faces as the touch page draws them."""
        return Response(page_file("pictures.js"), media_type="text/javascript")

    async def index(_: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers=HEADERS)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/events", events),
            Route("/words.json", words),
            Route("/pictures.js", faces),
            Route("/verify", verify, methods=["POST"]),
            Route("/pads/{pad}/{action}", act, methods=["POST"]),
            Mount("/static", StaticFiles(directory=PAGE)),
        ],
        exception_handlers={ClientDisconnect: disconnected},
        # A page of another site must not reach this one through a name that resolves to loopback.
        middleware=[
            Middleware(RefusalMiddleware, refusals=refusals or Refusals(log, PLACE)),
            Middleware(TrustedHostMiddleware, allowed_hosts=[*HOST_NAMES]),
        ],
    )


async def _stream(show: ViewModel) -> AsyncIterator[bytes]:
    version, last_state = -1, b""
    last_pictures: dict[str, bytes] = {}
    while not show.closing:
        version = await show.after(version)
        await asyncio.sleep(COLLECT_S)
        for pad, picture in show.pictures().items():
            if last_pictures.get(pad) != picture:
                last_pictures[pad] = picture
                message = {"pad": pad, "picture": base64.b64encode(picture).decode()}
                yield b"event: picture\ndata: " + msgspec.json.encode(message) + b"\n\n"
        state = msgspec.json.encode(show.state())
        if state != last_state:
            last_state = state
            yield b"event: state\ndata: " + state + b"\n\n"


def _is_json(request: Request) -> bool:
    """Whether the body is declared as JSON. A browser sends such a request for a page of another
    site only after a CORS preflight, which this server does not answer.
    """
    return request.headers.get("content-type", "") == "application/json"


def _json(content: object, status: int) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
