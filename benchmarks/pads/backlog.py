"""A ledger with a backlog in it, made in a second instead of one sync for each entry."""

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from ulid import ULID

from device.ledger.ledger import Ledger
from sync.entries import At, Body, Trust, next_digest, write_body

PAD = "pad-1"


def now() -> At:
    """A placeholder time for entries; the benchmarks do not read it."""
    return At(utc=None, mono=0, boot="fill", trust=Trust.NONE)


def fill(path: Path, bodies: Iterable[Body]) -> int:
    """Begin a ledger at `path` with its own code, then add `bodies` in one transaction.

    Chained as the ledger chains them (`Ledger.open` checks that). Returns the head's seq.
    """
    ledger = Ledger.open(path, PAD, at=now, new_id=lambda: str(ULID()))
    name, (seq, digest) = ledger.hash_name, ledger.head
    ledger.close()
    rows = []
    for body in bodies:
        raw = write_body(body)
        seq, digest = seq + 1, next_digest(name, digest, raw)
        rows.append((seq, raw, digest))
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.executemany(
            "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, 0)", rows
        )
    return seq
