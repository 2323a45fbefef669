"""Prunes receipted entries that are older than the retention time.

The ledger itself refuses to prune entries without a receipt since this start. Here it is decided
which entries are old enough. They are deleted in small transactions, so that a press never waits
long for the writer's thread.
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
"""The newest so many entries always stay: a wrong year must not empty a ledger."""

CHUNK_ENTRIES = 256
"""Entries deleted in one transaction: some 70 pages, a few milliseconds on a card."""

UNDATED_ENTRIES = 64
"""Where an entry's time was not known, so many entries ahead are searched for one with a time."""

INTERVAL_S = 3600.0
"""An hour and not a day: many pads are switched off at night."""

PAUSE_S = 1.0
"""Between two transactions."""


async def prune_regularly(writer: Writer, at: Callable[[], At], retention: timedelta) -> None:
    """Prune every `INTERVAL_S`, until cancelled; on the loop, the work is done on the writer's
    thread.

    An error is only logged: a card that cannot be written is reported by the next entry.
    """
    while True:
        await asyncio.sleep(INTERVAL_S)
        prune = partial(prune_expired, now=at(), retention=retention)
        try:
            while await writer.run(prune):
                await asyncio.sleep(PAUSE_S)
        except LedgerError as error:
            log.warning("%s", error)


def prune_expired(ledger: Ledger, now: At, retention: timedelta) -> int:
    """Delete the oldest entries that are receipted and older than `retention`, at most
    `CHUNK_ENTRIES`; returns how many.

    Does nothing while the time of day is not known. Raises LedgerError.
    """
    if now.utc is None:
        return 0
    limit_ms = now.utc - int(retention.total_seconds() * 1000)
    last = min(ledger.confirmed, ledger.head[0] - KEPT_ALWAYS)
    first_kept = first_since(ledger, limit_ms, last)
    before = min(first_kept, max(1, ledger.pruned) + CHUNK_ENTRIES + 1)
    return ledger.prune(before)


def first_since(ledger: Ledger, limit_ms: int, last: int) -> int:
    """The first seq, at most `last` + 1, that is not known to be older than `limit_ms` (UTC).

    A binary search: entries are in the order of time, so an entry without a time counts as old as
    the next one that has a time. Where there is none, it counts as new: at worst too much is kept.
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
    dates = (_utc_ms(entry) for entry in chunk.entries)
    first = next((utc_ms for utc_ms in dates if utc_ms is not None), None)
    return first is not None and first < limit_ms


def _utc_ms(entry: Entry) -> int | None:
    try:
        body = read_body(entry.body)
    except ValueError:
        return None
    return body.at.utc if body is not None else None
