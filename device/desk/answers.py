"""The desk's answers: JSON, or an error in its own words."""

from http import HTTPStatus

import msgspec
from starlette.responses import Response

from device.desk.api_errors import ERRORS, ApiError


class DeskError(Exception):
    """A request that is answered with one of `ERRORS`; `what` says more."""

    def __init__(self, error: str, what: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.what = what


def answer(body: object, status: int = HTTPStatus.OK) -> Response:
    """`body` as JSON, never kept by anybody on the way."""
    return Response(
        msgspec.json.encode(body),
        status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def mistake(error: str, what: str = "") -> Response:
    """The answer to a call that went wrong."""
    row = ERRORS[error]
    says = f"{row.says}: {what}" if what else row.says
    return answer(ApiError(error=error, says=says, remedy=row.remedy), row.status)
