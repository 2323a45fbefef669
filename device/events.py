"""The pad's nouns: what happens to a session, and what it wants done. Pure.

Drivers, desk and clock make events; the session answers with effects; the pad carries them out.
"""

import enum
from dataclasses import dataclass, field
from typing import Literal

from device.errors import PadCode
from sync import desk_fields
from sync.entries import Body, Channel, Level, Service


class Scene(enum.Enum):
    """What the pad shows; `ui/screens.py` turns a scene into a picture."""

    UNBOUND = "unbound"
    STANDBY = "standby"
    INVITATION = "invitation"
    SAVING = "saving"
    THANKS = "thanks"
    DETAILS = "details"
    LAPSED = "lapsed"
    PAUSED = "paused"
    FAULT = "fault"
    CHECKING = "checking"
    SELFTEST = "selftest"
    IDENTIFY = "identify"


RESTING = (Scene.STANDBY, Scene.PAUSED, Scene.FAULT, Scene.UNBOUND)
"""Scenes in which nobody is asked anything; each may be shown for hours."""


class Refusal(enum.Enum):
    """Why a desk's request was refused; stable words of its API, none of which tells a level."""

    BUSY = "busy"
    PAUSED = "paused"
    FAULT = "fault"
    UNBOUND = "unbound"
    UNKNOWN = "unknown-invitation"
    ENDED = "already-ended"
    RATED = "already-rated"


Standing = desk_fields.Standing

ClerkKeyAction = Literal["invite", "pause"]
"""What a clerk's key does: ask for a rating; close the window, and open it again."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A request for a rating. `id` is the pad's own (ULID); `source` names the desk that asked.

    `rated_before`: an earlier invitation of the same case and step that was rated, if this one asks
    once more. `channel`: a pad at a window, or in a self-service terminal.
    """

    id: str
    source: str
    service: Service = field(default_factory=Service)
    clerk: str | None = None
    rated_before: str | None = None
    channel: Channel = Channel.HALL_PAD


# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Press:
    """A debounced press. `level` is None for a key without a level and for several keys at once.

    `mono_ms`: CLOCK_BOOTTIME of the edge. `key`: the profile's name of the key, several joined
    by `+`. `source`: the driver.
    """

    key: str
    level: Level | None
    source: str
    mono_ms: int


@dataclass(frozen=True, slots=True)
class ClerkKey:
    """A debounced press of a clerk's key alone, which has no level and can make none.

    `key`, `source`: as of a Press. `invitation`: what it asks for if it invites. `by`: who pauses
    and resumes the window.
    """

    key: str
    does: ClerkKeyAction
    source: str
    invitation: Invitation
    by: str


@dataclass(frozen=True, slots=True)
class Invite:
    """A desk asks for a rating."""

    invitation: Invitation


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A desk takes its invitation back."""

    invitation: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """The window closes."""

    by: str


@dataclass(frozen=True, slots=True)
class Resume:
    """The window opens."""

    by: str


@dataclass(frozen=True, slots=True)
class Tick:
    """The deadline that the last `Arm` set has come."""


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """The time that the last `ArmKeyCheck` set has come: a key may have been quiet long enough."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry that the session had recorded is durable."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A fault that closes the window stands; also sent when an entry could not be stored."""

    code: PadCode


@dataclass(frozen=True, slots=True)
class Unblocked:
    """No fault closes the window any more."""


@dataclass(frozen=True, slots=True)
class ReasonTouched:
    """The citizen has touched the page of reasons and is still there."""


@dataclass(frozen=True, slots=True)
class Detail:
    """The citizen gave reasons or text, or skipped them (nothing given)."""

    options: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """The pad has a window now."""


@dataclass(frozen=True, slots=True)
class Selftest:
    """A technician starts (`on`) or ends the self-test."""

    on: bool


Event = (
    Press
    | ClerkKey
    | Invite
    | Withdraw
    | Pause
    | Resume
    | Tick
    | KeyCheck
    | Stored
    | Blocked
    | Unblocked
    | Detail
    | ReasonTouched
    | Bound
    | Selftest
)


# --- effects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """Commit this entry; answer with `Stored`, or `Blocked` when it cannot be written."""

    body: Body


@dataclass(frozen=True, slots=True)
class Show:
    """Show a scene. `code` goes with FAULT."""

    scene: Scene
    code: PadCode | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """Give the signals of a scene (lights, beep, prompt), where the board can.

    SAVING is said when a press has been accepted; `output/signal_output.py` has the reasons for
    what it sounds like.
    """

    scene: Scene


@dataclass(frozen=True, slots=True)
class Arm:
    """Send a `Tick` in `after_ms` of monotonic time; replaces the deadline before."""

    after_ms: int


@dataclass(frozen=True, slots=True)
class Disarm:
    """No deadline."""


@dataclass(frozen=True, slots=True)
class KeyRepeats:
    """A key is pressed again and again unasked (`on`, K06), or has been quiet long enough since.
    While it repeats its driver must report it without a level and apart from the other keys.
    """

    key: str
    on: bool


@dataclass(frozen=True, slots=True)
class ArmKeyCheck:
    """Send a `KeyCheck` in `after_ms` of monotonic time; replaces the one before."""

    after_ms: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer the desk that its request was refused; nothing else changes."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class RatingFinal:
    """The rating of this invitation is durable, and no correction of it can come any more."""

    invitation: Invitation
    level: Level


Effect = Record | Show | Say | Arm | Disarm | KeyRepeats | ArmKeyCheck | Refuse | RatingFinal
