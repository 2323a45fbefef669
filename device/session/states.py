"""The states of the rating session. Pure."""

import enum


class SessionState(enum.Enum):
    """Where a session stands; the values are what `strayed` entries carry."""

    UNBOUND = "unbound"
    IDLE = "idle"
    INVITED = "invited"
    SAVING = "saving"
    """Pressed, the commit is not back yet (law 2)."""
    GRACE = "grace"
    """Thanked, and one more press still corrects the first (law 4)."""
    DETAILS = "details"
    THANKS = "thanks"
    PAUSED = "paused"
    FAULT = "fault"
    SELFTEST = "selftest"
