"""The rows of the derived tables, each in the order of its table's columns. Pure.

Times: `mono_ms` counts from `boot`; `utc_ms` is the date that `dated_by` gave (timestamps.py).
Positions: (ledger, seq) names the entry that a row rests on, in the raw tables.
"""

from typing import NamedTuple

from sync.entries import HASTY_MS


class Rating(NamedTuple):
    """One invitation and what became of it.

    `standing`: open, rated, unrated or withdrawn; `level` only with rated. `again`: the level
    replaced an earlier press inside the grace time. `channel`: through which channel it was asked
    for (`sync.entries.Channel`). `ledger`, `seq`, `boot`, `mono_ms`, `utc_ms`: of the entry that
    gave the standing. The `invited_*` columns and those of the service are None while the
    `invited` entry itself has not arrived.
    """

    pad: str
    invitation: str
    standing: str
    level: str | None
    again: bool
    elapsed_ms: int | None
    source: str | None
    reason: str | None
    window_id: str | None
    clerk: str | None
    case_number: str | None
    matter_code: str | None
    step: str | None
    desk: str | None
    channel: str | None
    invited_ledger: str | None
    invited_seq: int | None
    ledger: str
    seq: int
    boot: str
    mono_ms: int
    utc_ms: int | None
    dated_by: str
    uncertainty_ms: int | None

    @property
    def is_hasty(self) -> bool:
        """As `Rated.is_hasty`: sooner than anybody reads. It counts; a person may look at it."""
        return self.elapsed_ms is not None and self.elapsed_ms < HASTY_MS

    @property
    def rated_utc_ms(self) -> int | None:
        """When the level was given; None without a level or a date."""
        return self.utc_ms if self.standing == "rated" else None


class RatingDetail(NamedTuple):
    """Reasons (codes joined by commas) and text with a rating; the last given count."""

    pad: str
    invitation: str
    ledger: str
    seq: int
    options: str
    remark: str | None


class Stray(NamedTuple):
    """A press without an open invitation: kept, never counted."""

    pad: str
    ledger: str
    seq: int
    key: str
    state: str
    source: str
    boot: str
    mono_ms: int
    utc_ms: int | None
    dated_by: str
    uncertainty_ms: int | None


class FaultSeen(NamedTuple):
    """A fault of a pad, or (`cleared`) its end."""

    pad: str
    ledger: str
    seq: int
    cleared: bool
    code: str
    detail: str
    boot: str
    mono_ms: int
    utc_ms: int | None
    dated_by: str
    uncertainty_ms: int | None


class Unread(NamedTuple):
    """An entry that is stored but that this version cannot interpret, and why."""

    pad: str
    ledger: str
    seq: int
    kind: str
    why: str


class Salvage(NamedTuple):
    """An entry of an old ledger that arrived as the `salvaged` entry (`via_ledger`, `via_seq`)."""

    pad: str
    ledger: str
    seq: int
    digest: str
    via_ledger: str
    via_seq: int


class Opening(NamedTuple):
    """`ledger` names `previous` as the one before it, read in chain up to `previous_seq`."""

    pad: str
    ledger: str
    previous: str
    reason: str
    previous_seq: int | None


class Claim(NamedTuple):
    """Entries that a pad once had and cannot send: a closed range of seq, and the ledger that says
    so.
    """

    pad: str
    ledger: str
    first: int
    last: int
    reason: str
    said_by: str


class IncidentSeen(NamedTuple):
    """One occurrence of an incident: something that a person must look at."""

    pad: str
    ledger: str
    kind: str
    detail: str
    seen_ms: int
