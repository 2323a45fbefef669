"""What a desk may say to a pad, whichever way it comes: the bounds of its words. Pure.

The desk's HTTP API and the orders over MQTT ask for the same things. What either of them may carry
is written down here, once.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z"
"""No control characters and no line ends: these words end in logs, tables and reports. (`$` would
let one newline at the end through.)"""

Case = Annotated[str, Meta(min_length=1, max_length=50, pattern=ONE_LINE)]
"""A case number: an..50 (GB/T 39046-2020 table 9)."""
Matter = Annotated[str, Meta(min_length=1, max_length=40, pattern=ONE_LINE)]
"""A matter code; the live interfaces have up to 31 characters."""
Step = Annotated[str, Meta(min_length=1, max_length=20, pattern=ONE_LINE)]
Clerk = Annotated[str, Meta(min_length=1, max_length=40, pattern=ONE_LINE)]
Window = Annotated[str, Meta(min_length=1, max_length=8, pattern=ONE_LINE)]
By = Annotated[str, Meta(pattern=ONE_LINE)]
"""Who gave an order; cut where it is longer than an entry has room for."""
Reason = Annotated[str, Meta(max_length=64, pattern=ONE_LINE)]
InvitationId = Annotated[str, Meta(min_length=1, max_length=64, pattern=ONE_LINE)]

Standing = Literal["open", "rated", "unrated", "withdrawn"]
"""All that a clerk may know of an invitation (law 7). `rated` only once the rating is durable."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the order `invite` asks for.

    `sent`: when, by the sender's clock, in ms since 1970-01-01T00:00Z; an invitation that comes
    later than a citizen waits is not shown. `again`: ask although it has been rated; the ledger
    shows it. `window`: whose pad the sender takes this for; another one refuses.
    """

    sent: int
    case: Case | None = None
    matter: Matter | None = None
    step: Step | None = None
    clerk: Clerk | None = None
    again: bool = False
    window: Window | None = None
