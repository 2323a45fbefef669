import pytest

from web.api_errors import (
    BODY_ERRORS,
    MAX_REQUEST_BYTES,
    REQUIRED,
    ApiError,
    ApiErrorRow,
    RequestError,
    error_body,
)

TABLE = {"busy": ApiErrorRow(409, "somebody else is served", "Wait.")}


def test_an_error_says_what_its_row_says_and_the_detail() -> None:
    says = "somebody else is served"
    assert error_body(TABLE, "busy") == ApiError(error="busy", says=says, remedy="Wait.")
    assert error_body(TABLE, "busy", "at $.case").says == f"{says}: at $.case"
    with pytest.raises(KeyError):
        error_body(TABLE, "tired")


def test_the_names_and_bounds_that_clients_know() -> None:
    assert MAX_REQUEST_BYTES == 16_384
    assert REQUIRED == (
        "not-found",
        "method-not-allowed",
        "too-large",
        "bad-request",
        "internal",
    )
    assert BODY_ERRORS == ("bad-request", "too-large")


def test_an_error_that_an_endpoint_raises_keeps_its_detail() -> None:
    raised = RequestError("busy", "case")
    assert (raised.error, raised.detail, str(raised)) == ("busy", "case", "busy")
    assert RequestError("busy").detail == ""
