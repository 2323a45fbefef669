"""The fields in which a desk asks a pad for something, and their bounds. Pure.

The desk's HTTP API and the commands over MQTT have the same fields; their bounds are defined here,
once.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sync.identity_text import MAX_CHARS, MAX_RAW_CHARS, make_canonical

_NO_TEXT = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd"
ONE_LINE = rf"^[^{_NO_TEXT}]*\Z"
"""No control characters, no line ends and no U+FFFD: these texts are shown in logs, tables and
reports. (`$` would let one newline at the end through.)"""


def _identity(field: str, words: str) -> Meta:
    """The bounds of a text whose canonical form is taken (`identity_text.py`). The pattern is for
    readers of the schema: it is nearly the rule, which a pattern cannot express.
    """
    most = MAX_CHARS[field]
    return Meta(
        min_length=1,
        max_length=MAX_RAW_CHARS,
        description=f"{words}; its canonical form, of at most {most} characters, is taken, compared"
        " and kept (docs/contract.md)",
        extra_json_schema={"pattern": rf"^\s*[^\s{_NO_TEXT}][^{_NO_TEXT}]{{0,{most - 1}}}\s*\Z"},
    )


Case = Annotated[str, _identity("case", "a case number")]
Matter = Annotated[str, _identity("matter", "a matter code")]
Step = Annotated[str, _identity("step", "a step of the case")]
Clerk = Annotated[str, _identity("clerk", "a clerk's number")]
Window = Annotated[str, _identity("window", "a window")]
By = Annotated[str, Meta(pattern=ONE_LINE)]
"""Who gave a command; cut where it is longer than an entry has room for."""
Reason = Annotated[str, Meta(max_length=64, pattern=ONE_LINE)]
InvitationId = Annotated[str, Meta(min_length=1, max_length=64, pattern=ONE_LINE)]

Standing = Literal["open", "rated", "unrated", "withdrawn"]
"""All that a clerk may know of an invitation (law 7). `rated`: the rating has been committed."""


class InviteFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of the order `invite`.

    `sent`: when, by the sender's clock, in ms since 1970-01-01T00:00Z; an invitation that arrives
    later than a citizen waits is not shown. `again`: ask although it has been rated; the ledger
    records this. `window`: the window that the sender means; the pad of another one refuses.
    """

    sent: Annotated[int, Meta(ge=0, le=2**53)]
    case: Case | None = None
    matter: Matter | None = None
    step: Step | None = None
    clerk: Clerk | None = None
    again: bool = False
    window: Window | None = None

    def __post_init__(self) -> None:
        """Take the canonical form of every text that serves as identity."""
        make_canonical(self)
