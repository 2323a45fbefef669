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
    ledger; `write` writes all of them at the end. Ledgers go by the name under which they are
    stored, which `name` gives.

    `claims`: pads, and the ids of the ledgers that they speak of.
    """

    def __init__(self, connection: sa.Connection, claims: Iterable[tuple[str, str]]) -> None:
        self._connection = connection
        names = {name for pad, ledger_id in claims for name in stored_names(pad, ledger_id)}
        self._heads = read_heads(connection, sorted(names))
        self._known = set(self._heads)
        self._new: list[RawBatch] = []
        self._digests: dict[str, list[tuple[int, list[bytes]]]] = {}

    def __getitem__(self, ledger_id: str) -> Head | None:
        """The head as it will be after the commit."""
        return self._heads.get(ledger_id)

    def name(self, pad: str, ledger_id: str) -> str:
        """The name under which this pad's ledger with this id is stored, or will be."""
        own, second = stored_names(pad, ledger_id)
        head = self._heads.get(own)
        return own if head is None or head.pad == pad else second

    def opened_by(self, pad: str, ledger_id: str) -> str | None:
        """Another pad than `pad`, whose `opened` of a ledger with this id is stored."""
        head = self._heads.get(ledger_id)
        if head is None or head.pad == pad or self.newest_stored(ledger_id, 1) is None:
            return None
        return head.pad

    def accept(self, ledger_id: str, received: Batch, verdict: Accepted, received_ms: int) -> None:
        """Add an accepted batch and move the head; nothing is written before `write`."""
        first, digests = verdict.first_new, verdict.digests
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

    def newest_stored(self, ledger_id: str, seq: int) -> tuple[int, bytes] | None:
        """The newest stored entry that is not after `seq`, and the chain's digest after it; None
        where all before is a hole.
        """
        for first, digests in reversed(self._digests.get(ledger_id, ())):
            if first <= seq:
                newest = min(seq, first + len(digests) - 1)
                return newest, digests[newest - first]
        row = batch_from(self._connection, ledger_id, seq)
        head = self._heads.get(ledger_id)
        if row is None or head is None:
            return None
        if row.last <= seq:
            return row.last, row.head
        digests = list(walk_chain(head.hash_name, row.prev, row.bodies[: seq - row.first + 1]))
        return seq, digests[-1]

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


def stored_names(pad: str, ledger_id: str) -> tuple[str, str]:
    """The two names under which a pad's ledger may be stored.

    The first pad that sends entries of an id has the id itself. A second one has its own name
    beside it: nobody is locked out by what another pad sent before, and no pad writes into
    another's ledger. No id has an `@`.
    """
    return ledger_id, f"{ledger_id}@{pad}"


def batch_with(connection: sa.Connection, ledger_id: str, seq: int) -> RawBatch | None:
    """The batch that holds entry `seq`; None where a hole is."""
    found = batch_from(connection, ledger_id, seq)
    return found if found is not None and found.last >= seq else None


def batch_from(connection: sa.Connection, ledger_id: str, seq: int) -> RawBatch | None:
    """The last batch that begins with entry `seq` or one before it."""
    row = connection.execute(
        sa.select(batch)
        .where(batch.c.ledger == ledger_id, batch.c.first <= seq)
        .order_by(batch.c.first.desc())
        .limit(1)
    ).first()
    return RawBatch(*row) if row is not None else None


def batches(connection: sa.Connection, ledger_id: str) -> Iterator[RawBatch]:
    """Every batch of a ledger in order, a few in memory at a time."""
    in_order = sa.select(batch).where(batch.c.ledger == ledger_id).order_by(batch.c.first)
    for row in connection.execute(in_order.execution_options(yield_per=16)):
        yield RawBatch(*row)
