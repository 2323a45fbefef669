import asyncio
import logging
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from web import refusals
from web.rate_limit import Rate
from web.refusals import RefusalMiddleware, Refusals

log = logging.getLogger("a server")


async def hello(request: Request) -> Response:
    return PlainTextResponse(request.url.path)


async def refuse(_request: Request) -> Response:
    return Response(status_code=421)


async def turn_away(websocket: WebSocket) -> None:
    await websocket.close()


async def greet(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close(1003)


def ask(
    counted: Refusals, path: bytes, kind: str = "http", host: bytes = b"127.0.0.1"
) -> list[dict[str, Any]]:
    """What an app answers to one request."""
    app = Starlette(
        routes=[
            Route("/hello", hello),
            Route("/refuse", refuse),
            WebSocketRoute("/closed", turn_away),
            WebSocketRoute("/open", greet),
        ],
        middleware=[Middleware(RefusalMiddleware, refusals=counted)],
    )
    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"} if kind == "websocket" else {"type": "http.request"}

    scope = {
        "type": kind,
        "method": "GET",
        "path": path.decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": b"",
        "headers": [(b"host", host)],
        "client": ("10.0.0.7", 1),
        "extensions": {"websocket.http.response": {}},
    }
    asyncio.run(app(scope, receive, send))
    return sent


@pytest.mark.parametrize(
    ("path", "kind", "error"),
    [
        (b"/nowhere", "http", "not-found"),
        (b"/refuse", "http", "misdirected-request"),
        (b"/hell%C0%AF", "http", "bad-request"),
        (b"http://other/hello", "http", "bad-request"),
        (b"*", "http", "bad-request"),
        (b"/closed", "websocket", "unauthorised"),
        (b"/nowhere", "websocket", "unauthorised"),
        (b"/%FF", "websocket", "bad-request"),
    ],
)
def test_every_refusal_is_counted_and_logged_once_a_minute(
    path: bytes, kind: str, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    counted = Refusals(log, "the page", now_s=lambda: 0.0)
    for _ in range(3):
        ask(counted, path, kind)
    assert dict(counted.refused.counts) == {error: 3}
    assert [found.getMessage() for found in caplog.records] == [
        f"refused {error} to 10.0.0.7 at the page"
    ]


def test_what_is_answered_is_not_counted() -> None:
    counted = Refusals(log, "the page")
    assert ask(counted, b"/hello")[0]["status"] == 200
    assert ask(counted, b"http://127.0.0.1/hello")[1]["body"] == b"/hello"
    assert [sent["type"] for sent in ask(counted, b"/open", "websocket")] == [
        "websocket.accept",
        "websocket.close",
    ]
    assert counted.refused.total == 0


def test_who_is_refused_again_and_again_waits_for_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept = []

    async def sleep(delay_s: float) -> None:
        slept.append(delay_s)

    monkeypatch.setattr(refusals, "RATE", Rate(burst=2, per_s=0))
    monkeypatch.setattr(asyncio, "sleep", sleep)
    counted = Refusals(log, "the page", now_s=lambda: 0.0)
    for _ in range(3):
        ask(counted, b"/nowhere")
    ask(counted, b"/hello")
    assert slept == [refusals.DELAY_S]
