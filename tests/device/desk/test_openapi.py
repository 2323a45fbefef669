"""The OpenAPI document: valid, true to the app, and the one that is committed."""

import copy
import json
import re
from typing import Any, cast

import jsonschema
import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from device.desk.admission import Admission
from device.desk.api import DeskApi
from device.desk.api_errors import ERRORS
from device.desk.event_stream import EventStream
from device.desk.http import build_app
from device.desk.openapi import FILE, document, text
from device.desk.schemas import InvitationRequest
from device.ports import Desk
from tests.rigs.source.source_tree import ROOT
from web.api_routes import operations_of


@pytest.fixture
def paper() -> dict[str, Any]:
    """A copy that may be spoilt."""
    return copy.deepcopy(document())


def test_an_independent_reader_finds_it_valid(paper: dict[str, Any]) -> None:
    validate(paper, cls=OpenAPIV31SpecValidator)
    paper["paths"]["/v1/window"]["get"]["responses"]["200"].pop("description")  # the control
    with pytest.raises(OpenAPIValidationError):
        validate(paper, cls=OpenAPIV31SpecValidator)


def test_what_is_committed_is_what_the_types_say() -> None:
    """Run `make schema` after a change of the types."""
    assert (ROOT / FILE).read_bytes() == text()


def routes_of(app: Starlette) -> set[tuple[str, str]]:
    """Method and path of every route of the API in an app."""
    routes = set()
    for route in app.routes:
        if isinstance(route, WebSocketRoute) and route.path.startswith("/v1/"):
            routes.add(("GET", route.path))
        elif isinstance(route, Route) and route.path.startswith("/v1/"):
            routes |= {(method, route.path) for method in (route.methods or set()) - {"HEAD"}}
    return routes


def test_it_has_every_route_of_the_app_and_no_other(paper: dict[str, Any]) -> None:
    nobody = cast("Desk", None)
    app = build_app(nobody, Admission(["0123456789abcdef"]), EventStream(nobody))
    described = {
        (method.upper(), path) for path, methods in paper["paths"].items() for method in methods
    }
    assert described == routes_of(app)
    app.routes.append(Route("/v1/undeclared", lambda _: None))
    assert described != routes_of(app), "the control: a route without types is noticed"


def test_every_error_is_described_and_every_name_is_used_once(paper: dict[str, Any]) -> None:
    told = json.dumps(paper["paths"])
    elsewhere = {"not-found", "method-not-allowed"}  # of calls that the document does not have
    assert {error for error in ERRORS if f"`{error}`" not in told} == elsewhere
    names = re.findall(r'"operationId": "([^"]+)"', told)
    assert len(names) == len(set(names)) == len(operations_of(DeskApi))


@pytest.mark.parametrize(
    ("wish", "is_good"),
    [
        ({}, True),
        ({"case": "DH-1", "step": "办结", "again": True}, True),
        ({"case": ""}, False),
        ({"case": " DH-1\u3000\n"}, True),
        ({"case": "a\nb"}, False),
        ({"case": " "}, False),
        ({"case": "7" * 51}, False),
        ({"kase": "1"}, False),
        ({"level": "satisfied"}, False),
    ],
)
def test_the_document_and_the_api_agree_about_request_bodies(
    paper: dict[str, Any], wish: dict[str, Any], is_good: bool
) -> None:
    schema = {
        **paper["components"]["schemas"]["InvitationRequest"],
        "components": paper["components"],
    }
    # Python's `$` would let a newline at the end through, ECMA's does not.
    schema = json.loads(json.dumps(schema).replace(r']*$"', r']*\\Z"'))
    found = jsonschema.Draft202012Validator(schema).is_valid(wish)
    assert found is is_good
    try:
        msgspec.convert(wish, InvitationRequest)
    except msgspec.ValidationError:
        assert not is_good
    else:
        assert is_good
    assert set(schema["properties"]) == set(InvitationRequest.__struct_fields__)


def test_nothing_in_it_has_room_for_a_level() -> None:
    assert b"satisf" not in text()
