"""How far back an agent that starts reads its ledger, and what it recalls of it."""

from device.ledger.ledger import Ledger
from device.ledger.recall import Memory, recall
from sync.contract import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES
from sync.entries import Entry, kind_of

RECALL_ENTRIES = 2048
"""So much of the ledger's end is read at the start, and more until a boot is found."""


def look_back(ledger: Ledger) -> Memory:
    """Recall from the ledger's end, as far back as the last boot at least; on the writer's thread.

    Raises LedgerError.
    """
    after, parts, booted = ledger.head[0], list[list[Entry]](), False
    while after > 0 and not booted:
        before, after = after, max(0, after - RECALL_ENTRIES)
        parts.append(_read_all(ledger, after, before))
        booted = any(kind_of(entry.body) == "booted" for entry in parts[-1])
    return recall(entry for part in reversed(parts) for entry in part)


def _read_all(ledger: Ledger, after: int, last: int) -> list[Entry]:
    found: list[Entry] = []
    while after < last:
        chunk = ledger.read(after, min(last - after, MAX_BATCH_ENTRIES), MAX_BATCH_BYTES)
        if not chunk.entries:
            break
        found += chunk.entries
        after = chunk.entries[-1].seq
    return found
