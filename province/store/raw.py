"""The raw tables: heads of ledgers, and batches with the original bytes of their entries."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from province.store import bulk
from province.store.tables import MARK_BYTES, batch, ledger
from sync.acceptance import Accepted, Head
from sync.entries import HashName, walk_chain
from sync.messages import Batch


class RawBatch(NamedTuple):
    """A row of `batch`."""

    ledger: str
    first: int
    last: int
    prev: bytes
    head: bytes
    marks: bytes
    body: bytes
    received_ms: int

    @property
    def bodies(self) -> list[bytes]:
        """The entries' exact bytes."""
        return self.body[:-1].split(b"\n")

    def holds(self, ledger_id: str, seq: int) -> bool:
        """Whether entry `seq` of that ledger is in this batch."""
        return self.ledger == ledger_id and self.first <= seq <= self.last


class Heads:
    """The heads of one transaction's ledgers, and the batches that it adds.

    `accept` and `__getitem__` work in memory, so that a group may hold several batches of one
    ledger; `write` writes all of them at the end.
    """

    def __init__(self, connection: sa.Connection, ledgers: Iterable[str]) -> None:
        self._connection = connection
        self._heads = read_heads(connection, sorted(set(ledgers)))
        self._known = set(self._heads)
        self._new: list[RawBatch] = []
        self._digests: dict[str, list[tuple[int, list[bytes]]]] = {}

    def __getitem__(self, ledger_id: str) -> Head | None:
        """The head as it will be after the commit."""
        return self._heads.get(ledger_id)

    def accept(self, received: Batch, verdict: Accepted, received_ms: int) -> None:
        """Add an accepted batch and move the head; nothing is written before `write`."""
        ledger_id, first, digests = received.header.ledger, verdict.first_new, verdict.digests
        before = self._heads.get(ledger_id)
        overlaps = before is not None and first > received.header.first
        self._new.append(
            RawBatch(
                ledger_id,
                first,
                first + len(digests) - 1,
                before.digest if overlaps and before else bytes.fromhex(received.header.prev),
                digests[-1],
                b"".join([digest[:MARK_BYTES] for digest in digests]),
                b"\n".join(verdict.bodies) + b"\n",
                received_ms,
            )
        )
        self._heads[ledger_id] = verdict.head
        self._digests.setdefault(ledger_id, []).append((first, digests))

    def digest_at(self, ledger_id: str, seq: int) -> bytes | None:
        """The chain's digest after entry `seq`; None where a hole is."""
        for first, digests in self._digests.get(ledger_id, ()):
            if first <= seq < first + len(digests):
                return digests[seq - first]
        row = batch_with(self._connection, ledger_id, seq)
        head = self._heads.get(ledger_id)
        if row is None or head is None:
            return None
        if row.last == seq:
            return row.head
        digests = list(walk_chain(head.hash_name, row.prev, row.bodies[: seq - row.first + 1]))
        return digests[-1]

    def write(self) -> None:
        """Write the new batches and the moved heads. Raises RowsExistError."""
        if not self._new:
            return
        bulk.add(self._connection, batch, self._new)
        opened, moved = [], []
        for ledger_id in self._digests:
            head = self._heads[ledger_id]
            new = [row for row in self._new if row.ledger == ledger_id]
            entries = sum(row.last - row.first + 1 for row in new)
            times = [row.received_ms for row in new]
            if ledger_id not in self._known:
                opened.append(
                    (
                        *(ledger_id, head.pad, head.hash_name.value, head.seq, head.digest),
                        *(entries, min(times), max(times)),
                    )
                )
            else:
                moved.append(
                    {
                        "moved": ledger_id,
                        "seq": head.seq,
                        "digest": head.digest,
                        "more": entries,
                        "last_ms": max(times),
                    }
                )
        # A new ledger by INSERT and not by an upsert: of two pads that claim one new ledger id at
        # the same time, the second fails here, and its transaction is run again and refused.
        if opened:
            bulk.add(self._connection, ledger, opened)
        if moved:
            self._connection.execute(_MOVE_HEAD, moved)


_MOVE_HEAD = (
    sa.update(ledger)
    .where(ledger.c.ledger == sa.bindparam("moved"))
    .values(
        seq=sa.bindparam("seq"),
        digest=sa.bindparam("digest"),
        entries=ledger.c.entries + sa.bindparam("more"),
        last_ms=sa.bindparam("last_ms"),
    )
)


def read_heads(connection: sa.Connection, ledgers: Sequence[str]) -> dict[str, Head]:
    """The stored heads of those of `ledgers` that are known."""
    heads = {}
    for chunk in bulk.chunks(ledgers):
        rows = connection.execute(
            sa.select(
                ledger.c.ledger, ledger.c.pad, ledger.c.hash, ledger.c.seq, ledger.c.digest
            ).where(ledger.c.ledger.in_(chunk))
        )
        for name, pad, hash_name, seq, digest in rows:
            heads[name] = Head(pad, HashName(hash_name), seq, digest)
    return heads


def batch_with(connection: sa.Connection, ledger_id: str, seq: int) -> RawBatch | None:
    """The batch that holds entry `seq`; None where a hole is."""
    row = connection.execute(
        sa.select(batch)
        .where(batch.c.ledger == ledger_id, batch.c.first <= seq)
        .order_by(batch.c.first.desc())
        .limit(1)
    ).first()
    found = RawBatch(*row) if row is not None else None
    return found if found is not None and found.last >= seq else None


def batches(connection: sa.Connection, ledger_id: str) -> Iterator[RawBatch]:
    """Every batch of a ledger in order, a few in memory at a time."""
    in_order = sa.select(batch).where(batch.c.ledger == ledger_id).order_by(batch.c.first)
    for row in connection.execute(in_order.execution_options(yield_per=16)):
        yield RawBatch(*row)
