import asyncio
import json
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from web.api_answers import exception_handlers
from web.api_errors import MAX_REQUEST_BYTES, REQUIRED, ApiErrorRow
from web.api_routes import Answer, api_routes, get, operations_of, post, websocket

TABLE = {name: ApiErrorRow(400 + n, name, "Mend it.") for n, name in enumerate(REQUIRED)}


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wanted."""

    name: str = "none"


class Thing(msgspec.Struct, frozen=True):
    """A thing."""

    name: str


class Shop:
    """Endpoints with their types, and one method that is no endpoint."""

    @post("/things", request=Wanted, answers={201: Thing}, errors=("busy",))
    async def make(self, _request: Request, body: Wanted) -> Answer[Thing]:
        """Make a thing. It is
        made at once.
        """
        return Answer(Thing(body.name), 201)

    @get("/things/{name}", answers={200: Thing})
    async def look(self, request: Request) -> Answer[Thing]:
        """Look at a thing."""
        return Answer(Thing(request.path_params["name"]))

    @websocket("/news", messages=(Thing,), security=("ticket",))
    async def news(self, websocket: WebSocket) -> None:
        """Every new thing."""
        await websocket.close()

    async def close(self, request: Request) -> None:
        """Not declared."""


def call(method: str, path: str, content: bytes = b"") -> tuple[int, Any]:
    app = Starlette(
        routes=api_routes(Shop()), exception_handlers=exception_handlers(TABLE, lambda *_: None)
    )

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.request(method, path, content=content)

    answer = asyncio.run(story())
    return answer.status_code, answer.json()


def test_routes_and_operations_are_made_of_the_same_declarations() -> None:
    assert [(one.method, one.path, one.name) for one in operations_of(Shop)] == [
        ("POST", "/things", "post-things"),
        ("GET", "/things/{name}", "get-things-one"),
        ("GET", "/news", "get-news"),
    ]
    made, looked, news = api_routes(Shop())
    assert isinstance(made, Route)
    assert isinstance(looked, Route)
    assert isinstance(news, WebSocketRoute)
    assert (made.path, made.methods) == ("/things", {"POST"})
    assert (looked.path, looked.methods) == ("/things/{name}", {"GET", "HEAD"})
    assert operations_of(Shop)[0].description == "Make a thing. It is made at once."


def test_a_body_is_read_as_its_type_and_an_answer_is_json_with_its_status() -> None:
    assert call("POST", "/things", b'{"name": "cup"}') == (201, {"name": "cup"})
    assert call("POST", "/things") == (201, {"name": "none"})
    assert call("GET", "/things/cup") == (200, {"name": "cup"})


@pytest.mark.parametrize(
    "content", [b"{", b'{"name": 1}', b'{"colour": "red"}', b'{"name": "\xff"}', b"[" * 9_000]
)
def test_a_body_of_another_type_is_a_bad_request(content: bytes) -> None:
    status, body = call("POST", "/things", content)
    assert (status, body["error"]) == (TABLE["bad-request"].status, "bad-request")


def test_a_body_may_have_the_greatest_length_and_not_one_byte_more() -> None:
    longest = json.dumps({"name": ""}).encode()
    longest += b" " * (MAX_REQUEST_BYTES - len(longest))
    assert call("POST", "/things", longest)[0] == 201
    assert call("POST", "/things", longest + b" ")[1]["error"] == "too-large"


def test_an_endpoint_without_a_description_cannot_be_declared() -> None:
    async def silent(_api: Shop, _request: Request) -> Answer[Thing]:
        return Answer(Thing("cup"))

    with pytest.raises(ValueError, match="no description"):
        get("/silent", answers={200: Thing})(silent)
