"""The answers of an HTTP API as Starlette responses: JSON bodies, and errors in one shape."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from web.api_errors import (
    BAD_REQUEST,
    BODY_ERRORS,
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    REQUIRED,
    ErrorTable,
    RequestError,
    error_body,
)

ROUTING_ERRORS: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: METHOD_NOT_ALLOWED,
}
"""What Starlette's router raises; any other HTTPException is a `bad-request`."""


def json_answer(body: object, status: int = HTTPStatus.OK) -> Response:
    """`body` as JSON; no cache between server and client may store it."""
    return Response(
        msgspec.json.encode(body),
        status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def error_answer(table: ErrorTable, error: str, detail: str = "") -> Response:
    """The answer for an error of the table. Raises KeyError for one that it does not have."""
    return json_answer(error_body(table, error, detail), table[error].status)


def exception_handlers(
    table: ErrorTable, on_malformed: Callable[[str, Request], None]
) -> Mapping[Any, Callable[..., Any]]:
    """The `exception_handlers` of a Starlette app.

    `on_malformed` is called with each error that a correct program never causes (wrong path or
    method, a body that cannot be read), so that it can be counted. The other errors are answers to
    correct requests. Raises ValueError when the table lacks an error that is answered with here.
    """
    if missing := [error for error in REQUIRED if error not in table]:
        raise ValueError(f"the table of errors lacks {missing}")

    async def answer_request_error(request: Request, error: RequestError) -> Response:
        if error.error in BODY_ERRORS:
            on_malformed(error.error, request)
        return error_answer(table, error.error, error.detail)

    async def answer_routing(request: Request, error: HTTPException) -> Response:
        name = ROUTING_ERRORS.get(error.status_code, BAD_REQUEST)
        on_malformed(name, request)
        answer = error_answer(table, name)
        answer.headers.update(error.headers or {})  # `Allow`, for a wrong method
        return answer

    async def answer_disconnect(_request: Request, _error: ClientDisconnect) -> Response:
        """The client disconnected before its request was complete: nothing was done, and nobody
        reads this answer.
        """
        return Response(status_code=HTTPStatus.REQUEST_TIMEOUT)

    async def answer_failure(_request: Request, _error: Exception) -> Response:
        """Starlette sends this and raises the error again, for the log; no traceback is sent."""
        return error_answer(table, INTERNAL)

    return {
        RequestError: answer_request_error,
        HTTPException: answer_routing,
        ClientDisconnect: answer_disconnect,
        Exception: answer_failure,
    }
