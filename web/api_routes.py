"""Declares the operations of an HTTP API beside their endpoints.

    class Api:
        @post("/v1/things", request=ThingRequest, answers={201: Thing}, errors=("busy",))
        async def make(self, request: Request, body: ThingRequest) -> Answer[Thing]:
            \"\"\"Make a thing.\"\"\"

`api_routes(Api())` gives Starlette's routes, `operations_of(Api)` what `web/openapi.py` writes into
the document, with the docstring as the description. An endpoint without types has no route. mypy
compares the types that are declared with those of the endpoint.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from web.api_answers import json_answer
from web.api_errors import BAD_REQUEST, MAX_REQUEST_BYTES, TOO_LARGE, RequestError
from web.openapi import Operation
from web.strict_json import JsonError, read_json

Api = TypeVar("Api")
Body = TypeVar("Body", bound=msgspec.Struct)
Result = TypeVar("Result", bound=msgspec.Struct)


class Answer(NamedTuple, Generic[Result]):
    """What an endpoint answers with: one of the types that it declares, with its status."""

    body: Result
    status: int = HTTPStatus.OK


Get = Callable[[Api, Request], Awaitable[Answer[Result]]]
Post = Callable[[Api, Request, Body], Awaitable[Answer[Result]]]
Socket = Callable[[Api, WebSocket], Awaitable[None]]

MAX_LENGTH_DIGITS = 20
"""Of a Content-Length. Python refuses to read numbers of more than 4,300 digits."""

_OPERATION = "__operation__"
"""The attribute of an endpoint's function that holds its declaration."""


def get(
    path: str, *, answers: Mapping[int, type[Result]], errors: tuple[str, ...] = ()
) -> Callable[[Get[Api, Result]], Get[Api, Result]]:
    """Declare a method that reads and takes no body."""

    def declare(endpoint: Get[Api, Result]) -> Get[Api, Result]:
        says = _description(endpoint)
        operation = Operation(
            method="GET", path=path, description=says, answers=answers, errors=errors
        )
        vars(endpoint)[_OPERATION] = operation
        return endpoint

    return declare


def post(
    path: str,
    *,
    request: type[Body],
    answers: Mapping[int, type[Result]],
    errors: tuple[str, ...] = (),
) -> Callable[[Post[Api, Body, Result]], Post[Api, Body, Result]]:
    """Declare a method that takes a JSON body of type `request`; no body is an empty one."""

    def declare(endpoint: Post[Api, Body, Result]) -> Post[Api, Body, Result]:
        says = _description(endpoint)
        operation = Operation(
            method="POST",
            path=path,
            description=says,
            request=request,
            answers=answers,
            errors=errors,
        )
        vars(endpoint)[_OPERATION] = operation
        return endpoint

    return declare


def websocket(
    path: str,
    *,
    messages: tuple[type[msgspec.Struct], ...],
    errors: tuple[str, ...] = (),
    security: tuple[str, ...] = (),
) -> Callable[[Socket[Api]], Socket[Api]]:
    """Declare a WebSocket that sends these messages. `security`: as `Operation.security`."""

    def declare(endpoint: Socket[Api]) -> Socket[Api]:
        says = _description(endpoint)
        operation = Operation(
            method="GET",
            path=path,
            description=says,
            answers={},
            errors=errors,
            messages=messages,
            security=security,
        )
        vars(endpoint)[_OPERATION] = operation
        return endpoint

    return declare


def operations_of(api: type) -> list[Operation]:
    """The operations that a class declares, in the order of its methods."""
    return [operation for _, operation in _declared(api)]


def api_routes(api: object) -> list[BaseRoute]:
    """The routes of the operations that the class of `api` declares."""
    routes: list[BaseRoute] = []
    for name, operation in _declared(type(api)):
        method = getattr(api, name)
        if operation.messages:
            routes.append(WebSocketRoute(operation.path, method, name=name))
        else:
            endpoint = _endpoint(operation, method)
            routes.append(Route(operation.path, endpoint, methods=[operation.method], name=name))
    return routes


async def read_body(request: Request, kind: type[Body]) -> Body:
    """The request's JSON body as `kind`. Raises RequestError for one that is too long or is not
    what the type says.
    """
    raw = await read_bytes(request)
    try:
        return read_json(raw or b"{}", kind)
    except JsonError as error:
        raise RequestError(BAD_REQUEST, str(error)) from error


async def read_bytes(request: Request) -> bytes:
    """The request's body. Raises RequestError for one that is too long; never reads more than
    `MAX_REQUEST_BYTES` and one chunk.
    """
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal()):
        raise RequestError(BAD_REQUEST, "Content-Length is no number")
    if len(length) > MAX_LENGTH_DIGITS or int(length) > MAX_REQUEST_BYTES:
        raise RequestError(TOO_LARGE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            raise RequestError(TOO_LARGE)
    return bytes(body)


def _declared(api: type) -> list[tuple[str, Operation]]:
    return [
        (name, vars(member)[_OPERATION])
        for name, member in vars(api).items()
        if _OPERATION in getattr(member, "__dict__", {})
    ]


def _description(endpoint: Callable[..., object]) -> str:
    return " ".join((endpoint.__doc__ or "").split())


def _endpoint(
    operation: Operation, method: Callable[..., Awaitable[Answer[Any]]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if operation.request is None:
            answer = await method(request)
        else:
            answer = await method(request, await read_body(request, operation.request))
        return json_answer(answer.body, answer.status)

    return endpoint
