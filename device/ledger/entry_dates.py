"""Are the entries of a ledger dated in their order? Reads only.

An entry that is dated well after a later one, or after the time now, has a wrong date: its pad
followed a clock that was ahead. Read from the end, so that one number is enough to know the
earliest date of all later entries; memory does not depend on the ledger's size.
"""

from pathlib import Path
from typing import NamedTuple

import msgspec

from device.ledger.file import open_to_read
from sync.entries import Trust

AHEAD_MS = 5 * 60_000
"""As at the province (`province/oddities.py`)."""

EARLIEST_MS = 1_577_836_800_000
"""2020-01-01T00:00Z: a machine whose clock says less does not know the time now."""


class DatedAhead(NamedTuple):
    """`entries` of them, the first with its date (milliseconds since 1970)."""

    first: int
    utc_ms: int
    entries: int


class _Moment(msgspec.Struct):
    utc: int | None
    trust: Trust


class _DateOnly(msgspec.Struct):
    at: _Moment


_decoder = msgspec.json.Decoder(_DateOnly)


def dated_ahead(path: Path, now_ms: int) -> DatedAhead | None:
    """The entries that are dated more than `AHEAD_MS` after a later one, or after `now_ms`; None
    when there are none. Raises LedgerError (L01).
    """
    latest_ms = now_ms if now_ms >= EARLIEST_MS else None
    found: DatedAhead | None = None
    with open_to_read(path) as connection:
        for seq, body in connection.execute("SELECT seq, body FROM entry ORDER BY seq DESC"):
            utc_ms = _date_of(body)
            if utc_ms is None:
                continue
            if latest_ms is not None and utc_ms > latest_ms + AHEAD_MS:
                found = DatedAhead(seq, utc_ms, found.entries + 1 if found else 1)
            latest_ms = utc_ms if latest_ms is None else min(latest_ms, utc_ms)
    return found


def _date_of(body: object) -> int | None:
    """What a body says when it was, if its pad knew the time."""
    if not isinstance(body, bytes):
        return None
    try:
        at = _decoder.decode(body).at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return at.utc if at.trust is not Trust.NONE else None
