"""The fields in which a desk asks a pad for something, and their bounds. Pure.

The desk's HTTP API and the commands over MQTT have the same fields; their bounds are defined here,
once.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"
"""No control characters and no line ends: these texts are shown in logs, tables and reports. (`$`
would let one newline at the end through.)"""

Case = Annotated[str, Meta(min_length=1, max_length=50, pattern=ONE_LINE)]
"""A case number: an..50 (GB/T 39046-2020 table 9)."""
Matter = Annotated[str, Meta(min_length=1, max_length=40, pattern=ONE_LINE)]
"""A matter code; the live interfaces have up to 31 characters."""
Step = Annotated[str, Meta(min_length=1, max_length=20, pattern=ONE_LINE)]
Clerk = Annotated[str, Meta(min_length=1, max_length=40, pattern=ONE_LINE)]
Window = Annotated[str, Meta(min_length=1, max_length=8, pattern=ONE_LINE)]
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

    sent: int
    case: Case | None = None
    matter: Matter | None = None
    step: Step | None = None
    clerk: Clerk | None = None
    again: bool = False
    window: Window | None = None
