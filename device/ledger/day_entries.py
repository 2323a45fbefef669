"""What the ledger has of its last day: read once when the agent starts, for the clerk's counts.

The last day is Beijing's day of the newest entry with a date. Reading goes back from the end in
passes, so a window's few hundred entries cost a few milliseconds, however long the ledger is.
"""

from typing import NamedTuple

from device.ledger.ledger import Ledger
from sync.beijing_time import beijing_day
from sync.entries import (
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

PASS_ENTRIES = 256
MAX_ENTRIES = 16_384
"""More than a day has: five hundred people and a key that is pressed all the time."""
MAX_BODIES_BYTES = 4 * 1024 * 1024
FEWEST_INVITATIONS = 16
"""Where the day has fewer, reading goes on for `EXTRA_ENTRIES` at most: in the morning the clerk
sees the last cases of the day before."""
EXTRA_ENTRIES = 1024

KINDS = (
    *(Opened, Booted, Clock, Invited, Rated, Lapsed, Withdrawn, Paused, Resumed, Cleared, Salvaged),
)


class DayEntries(NamedTuple):
    """The bodies of `KINDS`, oldest first. `is_complete`: they begin before the last day does."""

    bodies: list[Body]
    is_complete: bool


def read_last_day(ledger: Ledger) -> DayEntries:
    """Read it. On the writer's thread. Raises LedgerError."""
    found: list[Body] = []
    end, read, beyond, invitations = ledger.head[0], 0, 0, 0
    day, is_complete = "", False
    while end > 0 and read < MAX_ENTRIES and not (is_complete and beyond >= EXTRA_ENTRIES):
        if is_complete and invitations >= FEWEST_INVITATIONS:
            break
        start = max(0, end - PASS_ENTRIES)
        bodies = _pass(ledger, start, end)
        for body in reversed(bodies):
            date = _date_of(body)
            day = day or date
            is_complete = is_complete or bool(date and date < day)
            beyond += is_complete
            invitations += isinstance(body, Invited)
            found.append(body)
        read += end - start
        end = start
    return DayEntries(found[::-1], is_complete or end == 0)


def _pass(ledger: Ledger, start: int, end: int) -> list[Body]:
    """The readable bodies of `KINDS` behind `start` up to `end`."""
    found: list[Body] = []
    while start < end:
        entries = ledger.read(start, end - start, MAX_BODIES_BYTES).entries
        if not entries:
            break
        for entry in entries:
            if entry.seq <= end:
                _append(found, entry.body)
        start = entries[-1].seq
    return found


def _append(found: list[Body], raw: bytes) -> None:
    try:
        body = read_body(raw)
    except ValueError:
        return  # the check of the ledger has reported it already
    if isinstance(body, KINDS):
        found.append(body)


def _date_of(body: Body) -> str:
    at = body.at
    return "" if at.utc is None or at.trust is Trust.NONE else beijing_day(at.utc)
