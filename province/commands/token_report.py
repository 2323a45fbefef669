"""What `ratingpad-province token --json` prints, as a type.

The keys are a promise: none changes its name or meaning, new ones may come.
"""

import msgspec


class TokenReport(msgspec.Struct, frozen=True):
    """What `token --json` prints. `verdict`: good, or why the token is refused (docs/token.md); the
    others are null then. `last_day`: null also for a pad without the time.
    """

    verdict: str
    purpose: str | None = None
    pad: str | None = None
    invitation: str | None = None
    last_day: str | None = None
