"""How long a pad keeps what the province has: receipted entries older than the retention time go.

The ledger itself refuses to prune what the province has not confirmed since this start; this says
how far the time has come, and does it in pieces, so that a press never waits for long.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from device.errors import LedgerError
from device.ledger.ledger import MAX_ENTRY_BYTES, Ledger
from device.ledger.writer import Writer
from sync.entries import At, Entry, read_body

log = logging.getLogger(__name__)

KEPT_ALWAYS = 1000
"""The newest entries stay, whatever a clock says: a wrong year must not empty a ledger."""

PIECE_ENTRIES = 256
"""What goes in one transaction: some 70 pages, a few milliseconds of a card's time."""

UNDATED_ENTRIES = 64
"""How far ahead is looked for an entry whose time was known."""

LOOKED_AT_S = 3600.0
"""Not once a day: many a pad is switched off at night."""

PAUSE_S = 1.0


async def keep(writer: Writer, at: Callable[[], At], retention: timedelta) -> None:
    """Prune now and then, for ever. A card that refuses is reported by the next entry."""
    while True:
        await asyncio.sleep(LOOKED_AT_S)
        prune = partial(prune_older, now=at(), retention=retention)
        try:
            while await writer.run(prune):
                await asyncio.sleep(PAUSE_S)
        except LedgerError as error:
            log.warning("%s", error)


def prune_older(ledger: Ledger, now: At, retention: timedelta) -> int:
    """Drop the first `PIECE_ENTRIES` that are receipted and older than `retention`; how many went.

    Does nothing while the time of day is not known. Raises LedgerError.
    """
    if now.utc is None:
        return 0
    limit_ms = now.utc - int(retention.total_seconds() * 1000)
    young = first_since(ledger, limit_ms, min(ledger.confirmed, ledger.head[0] - KEPT_ALWAYS))
    before = min(young, max(1, ledger.pruned) + PIECE_ENTRIES + 1)
    return ledger.prune(before) if before > 1 else 0


def first_since(ledger: Ledger, limit_ms: int, last: int) -> int:
    """The first seq, `last` + 1 at most, that is not known to be older than `limit_ms`.

    Looked for by halves: entries are in the order of time, so one whose time was not known is as
    old as the next that has one. Where none has, it counts as young: at worst too much is kept.
    """
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        if _older(ledger, middle, limit_ms):
            low = middle + 1
        else:
            high = middle
    return low


def _older(ledger: Ledger, seq: int, limit_ms: int) -> bool:
    chunk = ledger.read(seq - 1, UNDATED_ENTRIES, MAX_ENTRY_BYTES * UNDATED_ENTRIES)
    if not chunk.entries or chunk.entries[0].seq != seq:
        return True  # pruned before
    dates = (_utc_ms(entry) for entry in chunk.entries)
    first = next((utc_ms for utc_ms in dates if utc_ms is not None), None)
    return first is not None and first < limit_ms


def _utc_ms(entry: Entry) -> int | None:
    try:
        body = read_body(entry.body)
    except ValueError:
        return None
    return body.at.utc if body is not None else None
