import pytest

from web.api_errors import ApiError, ApiErrorRow, error_body

TABLE = {"busy": ApiErrorRow(409, "somebody else is served", "Wait.")}


def test_an_error_says_what_its_row_says_and_the_detail() -> None:
    says = "somebody else is served"
    assert error_body(TABLE, "busy") == ApiError(error="busy", says=says, remedy="Wait.")
    assert error_body(TABLE, "busy", "at $.case").says == f"{says}: at $.case"
    with pytest.raises(KeyError):
        error_body(TABLE, "tired")
