from typing import Annotated, Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from web.api_errors import REQUIRED, ApiErrorRow
from web.openapi import ApiDescription, Operation, document_text, make_document


class Wanted(msgspec.Struct, frozen=True):
    """What is
    wanted.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\Z")]


class Thing(msgspec.Struct, frozen=True):
    """A thing."""

    name: str


class Nothing(msgspec.Struct, frozen=True):
    """A body in which nothing may be sent."""


class News(msgspec.Struct, frozen=True, tag="news"):
    """Something new."""


TABLE = {name: ApiErrorRow(422, f"it is {name}", "Mend it.") for name in REQUIRED}
TABLE |= {"busy": ApiErrorRow(409, "it is busy", "Wait.")}
API = ApiDescription(
    title="things",
    version="1.2.3",
    description="Makes things.",
    server=("https://things.example", "the maker"),
    parameters={"name": "The thing's name."},
    security_schemes={
        "token": {"type": "http", "scheme": "bearer"},
        "ticket": {"type": "apiKey", "in": "query", "name": "ticket"},
    },
    errors=TABLE,
    common_errors=("internal",),
)
MAKE = Operation(
    method="POST",
    path="/v1/things",
    description="Make a thing. At once.",
    request=Wanted,
    answers={201: Thing},
    errors=("busy",),
)
LOOK = Operation(
    method="GET", path="/v1/things/{name}", description="Look at a thing.", answers={200: Thing}
)
LISTEN = Operation(
    method="GET",
    path="/v1/news",
    description="What is new.",
    answers={},
    messages=(News,),
    security=("token", "ticket"),
)


def paper(*operations: Operation) -> dict[str, Any]:
    document = make_document(API, operations)
    validate(document, cls=OpenAPIV31SpecValidator)
    return document


def test_an_operation_has_its_body_its_answers_and_its_errors() -> None:
    made = paper(MAKE, LOOK)["paths"]["/v1/things"]["post"]
    assert (made["operationId"], made["summary"]) == ("post-things", "Make a thing")
    wanted = {"$ref": "#/components/schemas/Wanted"}
    assert made["requestBody"]["content"]["application/json"]["schema"] == wanted
    assert list(made["responses"]) == ["201", "409", "422"]
    for error in ("bad-request", "too-large", "internal"):
        assert f"`{error}`: it is {error}" in made["responses"]["422"]["description"]
    assert "not-found" not in made["responses"]["422"]["description"]


def test_a_path_parameter_is_described_and_an_unknown_one_is_an_error() -> None:
    (parameter,) = paper(LOOK)["paths"]["/v1/things/{name}"]["get"]["parameters"]
    assert (parameter["name"], parameter["description"]) == ("name", "The thing's name.")
    with pytest.raises(KeyError, match="colour"):
        paper(Operation(method="GET", path="/{colour}", description="Look.", answers={200: Thing}))


def test_a_websocket_has_its_messages_and_its_own_security() -> None:
    document = paper(LISTEN)
    listen = document["paths"]["/v1/news"]["get"]
    assert listen["security"] == [{"token": []}, {"ticket": []}]
    assert "101" in listen["responses"]
    assert set(document["components"]["schemas"]) == {"News", "ApiError"}


def test_a_body_without_fields_is_not_described() -> None:
    document = paper(
        Operation(
            method="POST", path="/x", description="Do.", request=Nothing, answers={200: Thing}
        )
    )
    operation = document["paths"]["/x"]["post"]
    assert "requestBody" not in operation
    assert "`too-large`" in operation["responses"]["422"]["description"]


def test_schemas_are_those_that_other_languages_read() -> None:
    schemas = paper(MAKE)["components"]["schemas"]
    assert schemas["Wanted"]["description"] == "What is wanted."
    assert schemas["Wanted"]["properties"]["name"]["pattern"] == "^[a-z]+$"
    assert schemas["ApiError"]["properties"]["error"]["enum"] == sorted(TABLE)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"description": ""}, ValueError),
        ({"path": "/v1/things/{name:int}"}, ValueError),
        ({"errors": ("tired",)}, KeyError),
    ],
)
def test_what_cannot_be_described_is_refused(wrong: dict[str, Any], error: type) -> None:
    parts: dict[str, Any] = {
        "method": "GET",
        "path": "/v1/things",
        "description": "Look.",
        "answers": {200: Thing},
    }
    with pytest.raises(error):
        paper(Operation(**{**parts, **wrong}))


def test_one_method_of_one_path_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        paper(LOOK, LOOK)


def test_the_text_is_the_document() -> None:
    document = paper(MAKE, LOOK, LISTEN)
    assert msgspec.json.decode(document_text(document)) == document


def test_an_operation_is_named_by_its_path_and_one_thing_is_told_from_all():
    def named(method, path):
        return Operation(method=method, path=path, description="d", answers={200: Thing}).name

    assert named("GET", "/v1/things/{name}") == "get-things-one"
    assert named("GET", "/v1/things") == "get-things"
    assert named("POST", "/v1/things/{name}/open") == "post-things-open"
