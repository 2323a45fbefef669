"""What a clerk may see of the window's day: how many were invited, and the newest cases. Pure.

A day is one of Beijing's time. It is counted from the ledger's entries: those of the last day when
the agent starts, then each one as it is recorded. So the counts cost the same at any hour. What
became of an invitation is asked of the session, in the words of its standing. Of the entries of a
rating only the kind is looked at (law 7).

An invitation that was recorded while the pad did not know the time belongs to no day until the time
is known in the same boot. The entry itself stays as it is (law 6).

*The gap.* For how long nobody was invited while the window was open is compared with the usual gap,
the median of those between the invitations of the same day. A pause, a fault and a start begin it
anew, because nobody could be invited meanwhile. Only invitations are looked at.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from device.events import Standing
from device.ports import CaseStatus, DayStatus, InviteGap
from sync.beijing_time import beijing_day
from sync.entries import (
    At,
    Body,
    Booted,
    Cleared,
    Clock,
    Invited,
    Lapsed,
    Opened,
    Paused,
    Rated,
    Resumed,
    Salvaged,
    Trust,
    Withdrawn,
    read_body,
)

CASES_KEPT = 16
"""The newest ones, of whatever day: as many as the largest screen has room for."""
MAX_UNDATED = 1024
"""Of so many invitations the day is learnt later; of more, the counts are not complete."""

FEWEST_GAPS = 5
"""With fewer gaps today, no gap is called usual."""
GAPS_KEPT = 64
GAP_FACTOR = 3
SHORTEST_GAP_MS = 20 * 60_000
"""A gap is told when it is longer than this and than `GAP_FACTOR` usual ones."""

_ENDS: dict[type[Body], Standing] = {
    Rated: "rated",
    Lapsed: "unrated",
    Withdrawn: "withdrawn",
}


@dataclass(slots=True)
class _Case:
    """One invitation; `utc_ms` is None while the pad does not know when it was."""

    body: Invited
    utc_ms: int | None
    standing: Standing = "open"

    @property
    def day(self) -> str:
        return "" if self.utc_ms is None else beijing_day(self.utc_ms)


@dataclass(slots=True)
class _Counts:
    """The counts of one day. `is_complete`: no invitation of it may be missing."""

    day: str = ""
    invited: int = 0
    ended: dict[Standing, int] = field(default_factory=dict)
    is_complete: bool = True


class WindowDay:
    """The day of one window. `standing`: what the session says of an invitation."""

    def __init__(self, standing: Callable[[str], Standing | None]) -> None:
        self._standing = standing
        self._newest: deque[_Case] = deque(maxlen=CASES_KEPT)
        self._open: dict[str, _Case] = {}
        self._undated: deque[_Case] = deque(maxlen=MAX_UNDATED)
        self._counts = _Counts()
        self._gaps_ms: deque[int] = deque(maxlen=GAPS_KEPT)
        self._open_since: At | None = None
        """Since when the window has been open without an invitation."""

    # --- what happens -------------------------------------------------------------------------

    def note(self, body: Body) -> None:
        """An entry is being recorded."""
        match body:
            case Invited():
                self._settle()
                self._add(body)
            case Clock():
                self._date(body)
            case Paused():
                self._open_since = None
            case Resumed() | Booted() | Cleared():
                self._open_since = body.at
            case _:
                pass

    def recall(self, bodies: Iterable[Body], *, is_complete: bool) -> None:
        """Take over what the ledger has of the last day, oldest first; before the first `note`.

        `is_complete`: it is the whole of that day.
        """
        for body in bodies:
            self._recall(body)
        self._counts.is_complete = self._counts.is_complete and is_complete

    def _recall(self, body: Body) -> None:
        match body:
            case Salvaged(body=text):
                try:
                    inner = read_body(text.encode())
                except ValueError:
                    return
                if inner is not None:
                    self._recall(inner)
            case Rated() | Lapsed() | Withdrawn():
                case = self._open.get(body.invitation)
                if case is not None:
                    self._end(case, _ENDS[type(body)])
            case Opened(previous=previous) if previous is not None:
                # What the ledger before had of this day may be gone.
                self._enter(_dated_day(body.at))
                self._counts.is_complete = False
            case _:
                self.note(body)

    # --- what is asked ------------------------------------------------------------------------

    def status(self, now: At, *, is_ready: bool) -> DayStatus:
        """The day and its newest cases. `is_ready`: the window is open and takes invitations."""
        self._settle()
        cases = tuple(_told(case) for case in reversed(self._newest))
        day = _dated_day(now)
        if not day:
            return DayStatus(cases=cases)
        counts = self._counts if self._counts.day == day else _Counts(day)
        return DayStatus(
            date=day,
            invited=counts.invited,
            rated=counts.ended.get("rated", 0),
            unrated=counts.ended.get("unrated", 0),
            withdrawn=counts.ended.get("withdrawn", 0),
            is_complete=counts.is_complete and not self._undated,
            gap=self._gap(now) if is_ready and counts is self._counts else None,
            cases=cases,
        )

    def invited_ms(self, invitation: str) -> int | None:
        """When an open one was made, in UTC since 1970; None while the pad does not know."""
        case = self._open.get(invitation)
        return case.utc_ms if case is not None else None

    def _gap(self, now: At) -> InviteGap | None:
        since = self._open_since
        if since is None or since.boot != now.boot or len(self._gaps_ms) < FEWEST_GAPS:
            return None
        gap_ms, usual_ms = now.mono - since.mono, sorted(self._gaps_ms)[len(self._gaps_ms) // 2]
        if gap_ms <= max(SHORTEST_GAP_MS, GAP_FACTOR * usual_ms):
            return None
        return InviteGap(gap_ms // 60_000, max(1, round(usual_ms / 60_000)))

    # --- inside -------------------------------------------------------------------------------

    def _add(self, body: Invited) -> None:
        case = _Case(body, body.at.utc if _dated_day(body.at) else None)
        self._open[body.invitation] = case
        self._newest.append(case)
        if case.utc_ms is None:
            if len(self._undated) == MAX_UNDATED:
                self._counts.is_complete = False
            self._undated.append(case)
        else:
            self._enter(case.day)
            self._counts.invited += 1
        since, self._open_since = self._open_since, body.at
        if since is not None and since.boot == body.at.boot:
            self._gaps_ms.append(body.at.mono - since.mono)

    def _enter(self, day: str) -> None:
        """Count from now on for this day."""
        if day and day != self._counts.day:
            # A clock that is set back comes to a day that may have been counted before.
            self._counts = _Counts(day, is_complete=day > self._counts.day)
            self._gaps_ms.clear()

    def _date(self, clock: Clock) -> None:
        """The time is known now: so is the day of what this boot recorded before."""
        later: deque[_Case] = deque(maxlen=MAX_UNDATED)
        for case in self._undated:
            at = case.body.at
            if at.boot != clock.at.boot:
                later.append(case)
                continue
            case.utc_ms = clock.utc - (clock.mono - at.mono)
            self._enter(case.day)
            self._counts.invited += 1
            if case.standing != "open":
                self._count(case.standing)
        self._undated = later

    def _settle(self) -> None:
        """Ask what became of the invitations that were open."""
        for case in list(self._open.values()):
            standing = self._standing(case.body.invitation)
            if standing is not None and standing != "open":
                self._end(case, standing)

    def _end(self, case: _Case, standing: Standing) -> None:
        del self._open[case.body.invitation]
        case.standing = standing
        if case.day and case.day == self._counts.day:
            self._count(standing)

    def _count(self, standing: Standing) -> None:
        self._counts.ended[standing] = self._counts.ended.get(standing, 0) + 1


def _told(case: _Case) -> CaseStatus:
    body = case.body
    return CaseStatus(
        invitation=body.invitation,
        standing=case.standing,
        case=body.service.case,
        matter=body.service.matter,
        step=body.service.step,
        clerk=body.clerk,
        invited_ms=case.utc_ms,
    )


def _dated_day(at: At) -> str:
    """The day of a moment; "" when the pad did not know the time."""
    return "" if at.utc is None or at.trust is Trust.NONE else beijing_day(at.utc)
