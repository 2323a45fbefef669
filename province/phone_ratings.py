"""Does a rating by phone count? Pure; it stores nothing.

`sync/phone_token.py` says whether a token is a pad's and still good. What is left is law 4: one
invitation, one rating, by key or by phone, in whatever order they arrive. docs/token.md gives the
reasons. As in `projection.py`, the answer is a function of what is stored and of nothing else, so
it can be computed when the phone sends the rating, and again whenever the pad has sent more.
"""

import enum
from typing import NamedTuple

from province.timestamps import Dated
from sync.phone_token import POLICY_DAYS, Purpose, Token, day_of, last_day


class PhoneVerdict(enum.Enum):
    """What becomes of a rating by phone. With COUNTS and WAITS it is taken and the citizen thanked,
    with the others not. A rating that was taken is kept, also when it later turns out not to count.
    """

    COUNTS = "counts"
    WAITS = "waits"
    """The pad has not sent the invitation yet; without it a rating never counts."""
    USED = "used"
    """This invitation has been rated by phone before."""
    RATED = "rated"
    """A key was pressed for it before, or it is not known which was first. Text may be added."""
    EXPIRED = "expired"
    """The days in which it could be rated were over."""
    FOREIGN = "foreign"
    """The invitation is another pad's than the token."""


class Arrived(NamedTuple):
    """The invitation's `invited` entry: which pad sent it, its date, and when it arrived."""

    pad: str
    date: Dated
    came_ms: int


class Pressed(NamedTuple):
    """The date of the first press for an invitation (a correction does not change it), and when it
    arrived.
    """

    date: Dated
    came_ms: int


class KnownInvitation(NamedTuple):
    """All that the province has about one invitation. `phoned_ms`: when its first rating by phone
    was committed, if that is another one than the one to be judged.
    """

    invited: Arrived | None = None
    pressed: Pressed | None = None
    phoned_ms: int | None = None


def judge(
    token: Token, known: KnownInvitation, given_ms: int, days: int = POLICY_DAYS
) -> PhoneVerdict:
    """What becomes of a rating that was given at `given_ms` by the province's clock.

    `days`: for a token without a day, how long its invitation may be rated.
    """
    if known.invited is not None and known.invited.pad != token.pad:
        return PhoneVerdict.FOREIGN
    if token.purpose is Purpose.WORDS:
        return PhoneVerdict.RATED
    if known.phoned_ms is not None and known.phoned_ms <= given_ms:
        return PhoneVerdict.USED
    if known.pressed is not None and not _before(given_ms, known.pressed):
        return PhoneVerdict.RATED
    last = _last_day(token, known.invited, days)
    if last is not None and day_of(given_ms) > last:
        return PhoneVerdict.EXPIRED
    return PhoneVerdict.WAITS if known.invited is None else PhoneVerdict.COUNTS


def _before(given_ms: int, pressed: Pressed) -> bool:
    """Whether the phone was certainly first. A press happened before it arrived, which bounds the
    date of a pad whose clock is ahead.
    """
    if pressed.date.utc_ms is None:
        return False
    unsure_ms = pressed.date.uncertainty_ms or 0
    return given_ms < min(pressed.date.utc_ms, pressed.came_ms) - unsure_ms


def _last_day(token: Token, invited: Arrived | None, days: int) -> int | None:
    """The last day of a token without one: counted from the date of its invitation, or from its
    arrival if that is earlier; None while the invitation is not known.
    """
    if token.last_day is not None or invited is None:
        return token.last_day
    served_ms = invited.came_ms
    if invited.date.utc_ms is not None:
        served_ms = min(invited.date.utc_ms, served_ms)
    return last_day(served_ms, days)
