"""The demo page's server: static files, a stream of server-sent events, a few actions.

It listens on loopback only. An action answers 204 when it is done, and 409 with a sentence when the
pad refuses, which the page shows. Nothing is decided here: actions are passed to the stage.
"""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from demo.control_client import ControlError
from demo.desk_client import DeskRefusalError
from demo.processes import StageError
from demo.staged_pad import StagedPad
from demo.view_model import ViewModel
from web.security_headers import content_policy, page_headers

log = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("static")
COLLECT_S = 0.04
"""Changes within this time are sent together: a picture and the entries that belong to it."""

HEADERS = page_headers(
    # The icon is an empty `data:` address.
    content_policy({"default-src": "'self'", "img-src": "'self' data:", "object-src": "'none'"}),
    referrer="no-referrer",
    cache="no-store",
)

Action = Callable[[StagedPad, dict[str, Any]], Awaitable[object]]


async def _press(pad: StagedPad, body: dict[str, Any]) -> None:
    await pad.press(*(str(key) for key in body["keys"]))


async def _cable(pad: StagedPad, body: dict[str, Any]) -> None:
    if body["on"]:
        pad.cable.plug()
    else:
        pad.cable.pull()


ACTIONS: dict[str, Action] = {
    "press": _press,
    "invite": lambda pad, body: pad.invite(str(body["case"])),
    "withdraw": lambda pad, _: pad.withdraw(),
    "pause": lambda pad, body: pad.pause(bool(body["on"])),
    "cable": _cable,
    "power": lambda pad, body: pad.power_on() if body["on"] else pad.power_off(),
    "time": lambda pad, body: pad.find_time() if body["on"] else pad.lose_time(),
}


def build_app(show: ViewModel) -> Starlette:
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
            body = msgspec.json.decode(await request.body() or b"{}", type=dict[str, Any])
            await action(pad, body)
        except StageError as error:
            log.error("%s", error)
            return _json({"code": "failed", "says": str(error)}, 409)
        except (DeskRefusalError, ControlError) as refusal:
            return _json({"code": getattr(refusal, "code", "off"), "says": str(refusal)}, 409)
        except (KeyError, msgspec.DecodeError) as error:
            return _json({"code": "bad-request", "says": str(error)}, 400)
        show.changed()
        return Response(status_code=204)

    async def verify(request: Request) -> Response:
        if not _is_json(request):
            return Response(status_code=415)
        return _json(await show.verify(), 200)

    async def events(_: Request) -> Response:
        return StreamingResponse(_stream(show), media_type="text/event-stream", headers=HEADERS)

    async def index(_: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers=HEADERS)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/events", events),
            Route("/verify", verify, methods=["POST"]),
            Route("/pads/{pad}/{action}", act, methods=["POST"]),
            Mount("/static", StaticFiles(directory=PAGE)),
        ],
        # A page of another site must not reach this one through a name that resolves to loopback.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
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
