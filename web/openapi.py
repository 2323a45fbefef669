"""Makes an OpenAPI 3.1 document of operations and types. Pure.

An operation is declared beside its endpoint (`web/api_routes.py`), and the Starlette route is made
of the same declaration. So there is no second list that could differ from the app.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from web.api_errors import BODY_ERRORS, ApiError, ErrorTable

Json = dict[str, Any]
Struct = type[msgspec.Struct]

REASON_PHRASES = {
    101: "Switching Protocols",
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
}
"""RFC 9110 §15, for the statuses that an operation may declare."""

LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path.

    `request`: the type of its body. `answers`: the type of its answer by status. `errors`: those
    that it may answer with, beside the ones common to the API and those of a body. `messages`: what
    a WebSocket sends. `security`: names of the schemes of which one is needed; empty: the API's
    first.

    Raises ValueError without a description, and for a path with a converter such as `{id:int}`,
    which the document could not express.
    """

    method: str
    path: str
    description: str
    request: Struct | None = None
    answers: Mapping[int, Struct]
    errors: tuple[str, ...] = ()
    messages: tuple[Struct, ...] = ()
    security: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.description:
            raise ValueError(f"{self.method} {self.path} has no description")
        if re.search(r"\{[^}]*\W[^}]*\}", self.path):
            raise ValueError(f"{self.path}: a path parameter is a plain name")

    @property
    def parameters(self) -> list[str]:
        """The names of its path parameters."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def name(self) -> str:
        """Its operationId: the method and the path without version and parameters.

        `get-invitations-one` is GET /v1/invitations/{invitation}.
        """
        parts = [part for part in self.path.split("/") if re.fullmatch(r"[a-z][a-z-]*", part)]
        return "-".join(
            [self.method.lower(), *parts, *(["one"] if self.path.endswith("}") else [])]
        )

    def all_errors(self, common: Iterable[str]) -> tuple[str, ...]:
        """Every error that it may answer with; `common`: those of every operation."""
        of_body = BODY_ERRORS if self.request is not None else ()
        return tuple(dict.fromkeys((*of_body, *self.errors, *common)))


@dataclass(frozen=True, kw_only=True)
class ApiDescription:
    """What the document says of an API as a whole.

    `server`: its URL and a description. `parameters`: a description for each path parameter.
    `security_schemes`: by name, as OpenAPI has them; the first is needed where an operation names
    none. `errors`: every error. `common_errors`: those that every operation may answer with.
    """

    title: str
    version: str
    description: str
    server: tuple[str, str]
    parameters: Mapping[str, str]
    security_schemes: Mapping[str, Json]
    errors: ErrorTable
    common_errors: tuple[str, ...]


def make_document(api: ApiDescription, operations: Iterable[Operation]) -> Json:
    """The document. Raises KeyError for an error or a path parameter that `api` does not have and
    for a status without a reason phrase here, ValueError for an operation that is declared twice.
    """
    operations = list(operations)
    types = list(dict.fromkeys(kind for operation in operations for kind in _types(operation)))
    types.append(ApiError)
    references, schemas = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    schemas[ApiError.__name__]["properties"]["error"] = {
        "type": "string",
        "enum": sorted(api.errors),
    }
    writer = _Writer(api, dict(zip(types, references, strict=True)))
    paths: dict[str, Json] = {}
    for operation in operations:
        methods = paths.setdefault(operation.path, {})
        if operation.method.lower() in methods:
            raise ValueError(f"{operation.method} {operation.path} is declared twice")
        methods[operation.method.lower()] = writer.operation(operation)
    url, server = api.server
    return {
        "openapi": "3.1.0",
        "info": {
            "title": api.title,
            "version": api.version,
            "description": api.description,
            "license": LICENSE,
        },
        "servers": [{"url": url, "description": server}],
        "security": [{next(iter(api.security_schemes)): []}],
        "paths": paths,
        "components": {
            "schemas": {name: _ecma(schemas[name]) for name in sorted(schemas)},
            "securitySchemes": dict(api.security_schemes),
        },
    }


def document_text(document: Json) -> bytes:
    """A document's bytes, as they are committed and served."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


class _Writer:
    """Writes the operations of one API. `references`: the schema of each type."""

    def __init__(self, api: ApiDescription, references: Mapping[Struct, Json]) -> None:
        self._api = api
        self._references = references

    def operation(self, operation: Operation) -> Json:
        made: Json = {
            "operationId": operation.name,
            "summary": operation.description.partition(". ")[0].rstrip("."),
            "description": operation.description,
            "responses": {},
        }
        if operation.security:
            made["security"] = [{scheme: []} for scheme in operation.security]
        if operation.parameters:
            made["parameters"] = [self._parameter(name) for name in operation.parameters]
        if operation.request is not None and operation.request.__struct_fields__:
            made["requestBody"] = {"required": False, "content": self._content(operation.request)}
        responses = made["responses"]
        if operation.messages:
            responses["101"] = {"description": REASON_PHRASES[101]}
        for status, kind in sorted(operation.answers.items()):
            responses[str(status)] = {
                "description": REASON_PHRASES[status],
                "content": self._content(kind),
            }
        by_status: dict[int, list[str]] = {}
        for error in operation.all_errors(self._api.common_errors):
            by_status.setdefault(self._api.errors[error].status, []).append(error)
        for status, errors in sorted(by_status.items()):
            says = "; ".join(f"`{error}`: {self._api.errors[error].says}" for error in errors)
            responses[str(status)] = {"description": says, "content": self._content(ApiError)}
        return made

    def _parameter(self, name: str) -> Json:
        return {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
            "description": self._api.parameters[name],
        }

    def _content(self, kind: Struct) -> Json:
        return {"application/json": {"schema": self._references[kind]}}


def _types(operation: Operation) -> list[Struct]:
    """The types that the document must describe. A body without fields is not described: nothing
    can be sent in it.
    """
    request = operation.request
    body = [request] if request is not None and request.__struct_fields__ else []
    return [*body, *operation.answers.values(), *operation.messages]


def _ecma(node: Any) -> Any:
    """A schema as readers outside Python expect it: docstrings on one line, and patterns in
    ECMA-262, where Python's `\\Z` is `$`.
    """
    if isinstance(node, list):
        return [_ecma(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        if key == "description" and isinstance(value, str):
            made[key] = " ".join(value.split())
        elif key == "pattern" and isinstance(value, str):
            made[key] = value.replace(r"\Z", "$")
        else:
            made[key] = _ecma(value)
    return made
