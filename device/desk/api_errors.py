"""Every error that the desk's HTTP API answers with: its status, its words, its remedy. Pure.

The words are the same whatever was pressed (law 7). `docs/errors.md` lists them (a test compares).
"""

from device.events import Refusal
from web.api_errors import (
    BAD_REQUEST,
    INTERNAL,
    MAX_REQUEST_BYTES,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    ApiErrorRow,
)

ERRORS: dict[str, ApiErrorRow] = {
    "unauthorised": ApiErrorRow(
        401,
        "the token is missing or wrong",
        "Send `Authorization: Bearer` with the token from the pad's token file.",
    ),
    "foreign-origin": ApiErrorRow(
        403,
        "a page from this origin may not call the pad",
        "Name the origin in the pad's configuration, `[desk] origins`.",
    ),
    "too-often": ApiErrorRow(
        429,
        "there are too many calls from this address",
        "Listen to `/v1/events` instead of asking again and again.",
    ),
    "too-many-listeners": ApiErrorRow(
        503,
        "too many listen to the pad's events already",
        "Let one program listen for all, and close what is no longer used.",
    ),
    NOT_FOUND: ApiErrorRow(404, "there is no such path", "See the list of paths in the manual."),
    METHOD_NOT_ALLOWED: ApiErrorRow(
        405,
        "this path does not take this method",
        "Use the method that the `Allow` header names.",
    ),
    TOO_LARGE: ApiErrorRow(
        413,
        f"the request is longer than {MAX_REQUEST_BYTES} bytes",
        "Send only the fields in the manual.",
    ),
    BAD_REQUEST: ApiErrorRow(
        422,
        "the request is not as it should be",
        "Mend the field that is named; unknown fields are not taken.",
    ),
    INTERNAL: ApiErrorRow(
        500,
        "the pad failed to answer",
        "Try again; if it stays so, send the pad's log to support.",
    ),
    Refusal.BUSY.value: ApiErrorRow(
        409,
        "another citizen is being served at the pad",
        "Wait for the invitation to end, or withdraw it.",
    ),
    Refusal.PAUSED.value: ApiErrorRow(409, "the window is paused", "Resume the window first."),
    Refusal.FAULT.value: ApiErrorRow(
        409,
        "the pad has a fault and its window is closed",
        "Tell the technician the code that the pad shows.",
    ),
    Refusal.UNBOUND.value: ApiErrorRow(
        409,
        "the pad does not belong to a window yet",
        "Have the pad brought into service first.",
    ),
    Refusal.UNKNOWN.value: ApiErrorRow(
        404,
        "the pad does not know this invitation",
        "Check the id; the pad remembers the last 256.",
    ),
    Refusal.ENDED.value: ApiErrorRow(
        409,
        "the invitation has ended already",
        "Ask for its standing; what has been answered cannot be taken back.",
    ),
    "unknown-window": ApiErrorRow(
        404,
        "this pad stands at another window",
        "Ask the pad of that window; `GET /v1/window` names the one of this pad.",
    ),
    Refusal.RATED.value: ApiErrorRow(
        409,
        "this case and step have been rated already",
        "Go on with the next case; with `again` the citizen is asked once more, on record.",
    ),
}
