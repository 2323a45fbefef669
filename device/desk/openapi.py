"""The desk's HTTP API as a document: OpenAPI 3.1, made of the types that the API itself uses.

`python -m device.desk.openapi` writes it to `docs/contract/desk.openapi.json`; the desk serves it
at `/openapi.json`. Tests compare it with what is committed and with the app's routes.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from device.desk.api_errors import ERRORS, ApiError
from device.desk.schemas import (
    InvitationRequest,
    InvitationState,
    StandingEvent,
    TicketIssued,
    WindowEvent,
    WindowRequest,
    WindowState,
    WithdrawalRequest,
)
from sync import __version__

Json = dict[str, Any]

FILE = Path("docs/contract/desk.openapi.json")
ALWAYS = ("unauthorised", "foreign-origin", "too-often", "internal")
_BODY = ("bad-request", "too-large")
_CLOSED = ("fault", "unbound")


class Operation(NamedTuple):
    """One call. `answers`: the type of its answer by status. `errors`: beside those of all."""

    method: str
    path: str
    says: str
    wish: type[msgspec.Struct] | None
    answers: dict[int, type[msgspec.Struct]]
    errors: tuple[str, ...] = ()


OPERATIONS = (
    Operation(
        "POST",
        "/v1/invitations",
        "Invite the citizen to rate. 200: this very case and step is open already.",
        InvitationRequest,
        {201: InvitationState, 200: InvitationState},
        (*_BODY, "busy", "paused", *_CLOSED, "already-rated", "unknown-window"),
    ),
    Operation(
        "GET",
        "/v1/invitations/{invitation}",
        "What became of an invitation; never a level.",
        None,
        {200: InvitationState},
        ("unknown-invitation",),
    ),
    Operation(
        "POST",
        "/v1/invitations/{invitation}/withdraw",
        "Take back an invitation that nobody has answered.",
        WithdrawalRequest,
        {200: InvitationState},
        (*_BODY, "unknown-invitation", "already-ended", "fault"),
    ),
    Operation("GET", "/v1/window", "The window at this moment.", None, {200: WindowState}),
    Operation(
        "POST",
        "/v1/window/pause",
        "Close the window; an open invitation is withdrawn.",
        WindowRequest,
        {200: WindowState},
        (*_BODY, *_CLOSED, "unknown-window"),
    ),
    Operation(
        "POST",
        "/v1/window/resume",
        "Open the window again.",
        WindowRequest,
        {200: WindowState},
        (*_BODY, *_CLOSED, "unknown-window"),
    ),
    Operation(
        "POST",
        "/v1/tickets",
        "A ticket for one connection to /v1/events, for browsers, which cannot send the token.",
        None,
        {201: TicketIssued},
        _BODY,
    ),
    Operation(
        "GET",
        "/v1/events",
        "A WebSocket (RFC 6455). Every message is a JSON text: a `WindowEvent` at first, when the"
        " window changes and every 15 s; a `StandingEvent` when an invitation is opened or ends."
        " With the token in the header, or with a ticket. Say nothing here.",
        None,
        {},
        ("too-many-listeners",),
    ),
)


@cache
def document() -> Json:
    """The whole document."""
    kinds = [
        InvitationRequest,
        WithdrawalRequest,
        WindowRequest,
        InvitationState,
        WindowState,
        TicketIssued,
    ]
    kinds += [WindowEvent, StandingEvent, ApiError]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    schemas["ApiError"]["properties"]["error"] = {"type": "string", "enum": sorted(ERRORS)}
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ratingpad: the desk",
            "version": __version__,
            "description": "How the window's own software asks its rating pad for a rating. No"
            " answer ever tells a level.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8600", "description": "the pad"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {name: _plain(schemas[name]) for name in sorted(schemas)},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "ticket": {"type": "apiKey", "in": "query", "name": "ticket"},
            },
        },
    }


def _operation(one: Operation) -> Json:
    found: Json = {
        "operationId": _name(one),
        "summary": one.says.partition(". ")[0].rstrip("."),
        "description": one.says,
        "responses": {},
    }
    if one.path == "/v1/events":
        found["security"] = [{"token": []}, {"ticket": []}]
        found["responses"]["101"] = {"description": "the events follow"}
    if "{invitation}" in one.path:
        found["parameters"] = [
            {
                "name": "invitation",
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "description": "The id that the invitation was answered with.",
            }
        ]
    if one.wish is not None:
        found["requestBody"] = {"required": False, "content": _content(one.wish)}
    for status, kind in sorted(one.answers.items()):
        words = "done" if status == 200 else "made"
        found["responses"][str(status)] = {"description": words, "content": _content(kind)}
    by_status: dict[int, list[str]] = {}
    for error in (*one.errors, *ALWAYS):
        by_status.setdefault(ERRORS[error].status, []).append(error)
    for status, errors in sorted(by_status.items()):
        words = "; ".join(f"`{error}`: {ERRORS[error].says}" for error in errors)
        found["responses"][str(status)] = {"description": words, "content": _content(ApiError)}
    return found


def _name(one: Operation) -> str:
    """`invitations`, `invitations-withdraw`, `window` …, with the method in front."""
    parts = [part for part in one.path.split("/")[2:] if not part.startswith("{")]
    return "-".join([one.method.lower(), *parts, *(["one"] if one.path.endswith("}") else [])])


def _content(kind: type[msgspec.Struct]) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}}}


def _plain(node: Any) -> Any:
    """Docstrings on one line, and patterns as ECMA-262 has them, where Python's `\\Z` is `$`."""
    if isinstance(node, dict):
        return {
            key: " ".join(value.split())
            if key == "description" and isinstance(value, str)
            else value.replace(r"\Z", "$")
            if key == "pattern" and isinstance(value, str)
            else _plain(value)
            for key, value in node.items()
        }
    return [_plain(item) for item in node] if isinstance(node, list) else node


def text() -> bytes:
    """The document's bytes, as they are committed and served."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"


if __name__ == "__main__":
    FILE.write_bytes(text())
    sys.stdout.write(f"{FILE}\n")
