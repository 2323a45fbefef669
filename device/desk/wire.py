"""What goes over the desk's HTTP API: wishes, answers, errors, as types. Pure.

Every field of a wish is optional, none may be unknown, none is coerced.
"""

from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from device.events import Refusal

MAX_REQUEST_BYTES = 16 * 1024

_TEXT = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"
"""No control characters and no line ends: these words end in logs, tables and reports. (`$` would
let one newline at the end through.)"""


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every request's body has in common: nothing unknown."""


class InvitationWish(Wish, frozen=True, kw_only=True):
    """The service to be rated. Case number: an..50 (GB/T 39046-2020 table 9); matter codes have
    up to 31 characters in the live interfaces. `again`: ask although it has been rated; the ledger
    shows it.
    """

    case: Annotated[str, Meta(min_length=1, max_length=50, pattern=_TEXT)] | None = None
    matter: Annotated[str, Meta(min_length=1, max_length=40, pattern=_TEXT)] | None = None
    step: Annotated[str, Meta(min_length=1, max_length=20, pattern=_TEXT)] | None = None
    clerk: Annotated[str, Meta(min_length=1, max_length=40, pattern=_TEXT)] | None = None
    again: bool = False


class WithdrawalWish(Wish, frozen=True, kw_only=True):
    """Why the invitation is taken back; kept with the entry."""

    reason: Annotated[str, Meta(max_length=64, pattern=_TEXT)] = ""


class WindowWish(Wish, frozen=True, kw_only=True):
    """Who closes or opens the window."""

    by: Annotated[str, Meta(min_length=1, max_length=40, pattern=_TEXT)] | None = None


class InvitationNow(msgspec.Struct, frozen=True, kw_only=True):
    """All that a clerk may know of an invitation."""

    invitation: str
    standing: str


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error."""

    error: str
    says: str
    remedy: str


class ErrorRow(NamedTuple):
    """One error: its status, what it says, what to do."""

    status: int
    says: str
    remedy: str


ERRORS: dict[str, ErrorRow] = {
    "unauthorised": ErrorRow(
        401,
        "the token is missing or wrong",
        "Send `Authorization: Bearer` with the token from the pad's token file.",
    ),
    "not-found": ErrorRow(404, "there is no such path", "See the list of paths in the manual."),
    "method-not-allowed": ErrorRow(
        405,
        "this path does not take this method",
        "Use the method that the `Allow` header names.",
    ),
    "too-large": ErrorRow(
        413,
        f"the request is longer than {MAX_REQUEST_BYTES} bytes",
        "Send only the fields in the manual.",
    ),
    "bad-request": ErrorRow(
        422,
        "the request is not as it should be",
        "Mend the field that is named; unknown fields are not taken.",
    ),
    "internal": ErrorRow(
        500,
        "the pad failed to answer",
        "Try again; if it stays so, send the pad's log to support.",
    ),
    Refusal.BUSY.value: ErrorRow(
        409,
        "another citizen is being served at the pad",
        "Wait for the invitation to end, or withdraw it.",
    ),
    Refusal.PAUSED.value: ErrorRow(409, "the window is paused", "Resume the window first."),
    Refusal.FAULT.value: ErrorRow(
        409,
        "the pad has a fault and its window is closed",
        "Tell the technician the code that the pad shows.",
    ),
    Refusal.UNBOUND.value: ErrorRow(
        409,
        "the pad does not belong to a window yet",
        "Have the pad brought into service first.",
    ),
    Refusal.UNKNOWN.value: ErrorRow(
        404,
        "the pad does not know this invitation",
        "Check the id; the pad remembers the last 256.",
    ),
    Refusal.ENDED.value: ErrorRow(
        409,
        "the invitation has ended already",
        "Ask for its standing; what has been answered cannot be taken back.",
    ),
    Refusal.RATED.value: ErrorRow(
        409,
        "this case and step have been rated already",
        "Go on with the next case; with `again` the citizen is asked once more, on record.",
    ),
}
"""Every error that this API can answer with. The words are the same whatever was pressed."""
