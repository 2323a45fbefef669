import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from web.api_answers import error_answer, exception_handlers, json_answer
from web.api_errors import REQUIRED, ApiErrorRow, RequestError

TABLE = {
    name: ApiErrorRow(status, f"it is {name}", "Mend it.")
    for name, status in zip(REQUIRED, (404, 405, 413, 422, 500), strict=True)
} | {"busy": ApiErrorRow(409, "it is busy", "Wait.")}


async def fail(request: Request) -> Response:
    name = request.path_params["error"]
    raise RequestError(name, "here") if name in TABLE else RuntimeError("a secret")


def call(method: str, path: str) -> tuple[httpx.Response, list[str]]:
    counted: list[str] = []

    def count(error: str, request: Request) -> None:
        counted.append(f"{error} {request.url.path}")

    app = Starlette(
        routes=[Route("/fail/{error}", fail)],
        exception_handlers=exception_handlers(TABLE, count),
    )

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path)

    return asyncio.run(story()), counted


def test_an_answer_is_json_that_no_cache_stores() -> None:
    answer = json_answer({"a": 1}, 201)
    assert (answer.status_code, answer.body) == (201, b'{"a":1}')
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


def test_an_error_has_the_status_of_its_row() -> None:
    answer = error_answer(TABLE, "busy", "until noon")
    assert answer.status_code == 409
    assert answer.body == b'{"error":"busy","says":"it is busy: until noon","remedy":"Wait."}'


@pytest.mark.parametrize(
    ("method", "path", "error", "counted"),
    [
        ("GET", "/fail/busy", "busy", False),
        ("GET", "/fail/bad-request", "bad-request", True),
        ("GET", "/fail/too-large", "too-large", True),
        ("GET", "/nowhere", "not-found", True),
        ("POST", "/fail/busy", "method-not-allowed", True),
        ("GET", "/fail/unexpectedly", "internal", False),
    ],
)
def test_every_failure_has_one_shape_and_a_malformed_request_is_counted(
    method: str, path: str, error: str, counted: bool
) -> None:
    answer, found = call(method, path)
    assert set(answer.json()) == {"error", "says", "remedy"}
    assert (answer.status_code, answer.json()["error"]) == (TABLE[error].status, error)
    assert found == ([f"{error} {path}"] if counted else [])
    assert "secret" not in answer.text


def test_the_answer_to_a_wrong_method_names_the_right_ones() -> None:
    answer, _ = call("DELETE", "/fail/busy")
    assert "GET" in answer.headers["allow"]


def test_a_table_that_lacks_a_needed_error_is_refused() -> None:
    with pytest.raises(ValueError, match="internal"):
        exception_handlers({name: TABLE[name] for name in REQUIRED[:-1]}, print)
