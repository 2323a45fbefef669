"""How an HTTP API of ours answers when it refuses or fails. Pure.

The body of every error is `{"error", "says", "remedy"}`. An API keeps a table from the error's
stable name to its row; the same table is used for the answers, the OpenAPI document and the manual.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

MAX_REQUEST_BYTES = 16 * 1024
"""The longest request body that is read. A longer one is answered with `too-large`."""

NOT_FOUND = "not-found"
METHOD_NOT_ALLOWED = "method-not-allowed"
TOO_LARGE = "too-large"
BAD_REQUEST = "bad-request"
INTERNAL = "internal"

REQUIRED = (NOT_FOUND, METHOD_NOT_ALLOWED, TOO_LARGE, BAD_REQUEST, INTERNAL)
"""The errors that `web` itself answers with: every API's table must have them."""

BODY_ERRORS = (BAD_REQUEST, TOO_LARGE)
"""What every operation that takes a request body may answer with."""


class ApiError(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error."""

    error: str
    says: str
    remedy: str


class ApiErrorRow(NamedTuple):
    """One error: its HTTP status, what happened, what the client should do."""

    status: int
    says: str
    remedy: str


ErrorTable = Mapping[str, ApiErrorRow]


class RequestError(Exception):
    """Raised by an endpoint: answer with this error of the API's table.

    `detail` is appended to what the row says, for example the name of the wrong field.
    """

    def __init__(self, error: str, detail: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.detail = detail


def error_body(table: ErrorTable, error: str, detail: str = "") -> ApiError:
    """The body for an error. Raises KeyError for one that the table does not have."""
    row = table[error]
    says = f"{row.says}: {detail}" if detail else row.says
    return ApiError(error=error, says=says, remedy=row.remedy)
