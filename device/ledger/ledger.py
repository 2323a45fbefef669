"""The pad's ledger: one append-only table in one file, chained by digests.

An entry is durable when `append` returns: one transaction, one sync. Nothing here changes or
removes an entry; `prune` alone may drop old receipted ones and leaves a mark from which the chain
goes on. Used by one thread only, the writer's, through one connection, checkpoints included
(SQLite before 3.51.3 can damage a WAL that two connections write).
"""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from device.errors import LedgerError, PadCode
from device.ledger.file import (
    FILE_ERRORS,
    NO_DELETE,
    LedgerLock,
    as_ledger_error,
    connect,
    is_damage,
    may_be_written,
)
from device.ledger.rollover import Rollover
from device.ledger.salvage import RawRecord, Survivors, needed_at_start, unread_tail
from device.ledger.verify import Bad, LedgerVerdict, examine_file
from sync.delivery import Chunk
from sync.entries import FORMAT, GENESIS, At, Body, Entry, HashName, next_digest, write_body

log = logging.getLogger(__name__)

MAX_ENTRY_BYTES = 8000
"""No body that is appended is longer: it must fit into `salvaged` with its quotes escaped."""
IDLE_CHECKPOINT_ENTRIES = 64
"""`rest` checkpoints once so many entries wait in the WAL: a few times a day, never in a press."""
_INSERT = "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, ?)"


class Ledger:
    """An open ledger, held against every other agent.

    `opened_because`: why this start had to begin a new ledger, or None. `torn_tail`: the last write
    before the power went was incomplete (or is damaged) and entry `head + 1` is not there.
    """

    def __init__(
        self,
        succession: Rollover,
        hold: LedgerLock,
        connection: sqlite3.Connection,
        verdict: LedgerVerdict,
        because: str | None,
    ) -> None:
        """For `open` only."""
        self._succession = succession
        self._path = succession.path
        self._hold = hold
        self.opened_because = because
        self.torn_tail = False
        self._adopt(connection, verdict)

    def _adopt(self, connection: sqlite3.Connection, verdict: LedgerVerdict) -> None:
        self._connection = connection
        self.id = verdict.ledger
        self.hash_name = verdict.hash_name
        self.head: tuple[int, bytes] = (verdict.head, verdict.digest)
        self._pruned = verdict.pruned
        self._confirmed = 0
        self._since_checkpoint = 0
        self.receipted = self._stored_mark()
        self._hold.note(self.id)

    @property
    def confirmed(self) -> int:
        """What the province has confirmed since this start; only so much may be pruned."""
        return self._confirmed

    @property
    def pruned(self) -> int:
        """Entries 2 to this one are gone; 0 when none are."""
        return self._pruned

    @classmethod
    def open(
        cls,
        path: Path,
        pad: str,
        *,
        at: Callable[[], At],
        hash_name: HashName = HashName.SHA256,
        new_id: Callable[[], str],
    ) -> "Ledger":
        """Open the ledger of `pad` at `path`, or begin one.

        A damaged file is set aside with its WAL, its entries are salvaged into a new ledger.
        `at` and `new_id` are asked when a ledger begins; `hash_name` is for new ledgers only.

        Raises LedgerError: L04 another agent holds it, L06 it is no ledger, another pad's or of a
        newer format (the file is left as it is), L02 the card is full, L01 anything else.
        """
        with as_ledger_error(f"opening {path}"):
            hold = LedgerLock(path)
            try:
                succession = Rollover(path, pad, at, hash_name, new_id, hold.last_ledger)
                because = succession.settle()
                verdict = examine_file(path)
                tail = unread_tail(path, verdict.head) if verdict.intact else {}
                bad = verdict.bad or _unreachable(verdict, tail)
                if bad is not None:
                    because = succession.replace_damaged(str(bad))
                    verdict, tail = examine_file(path), {}
                _refuse_foreign(path, pad, verdict)
                try:
                    connection = _writable(path)
                except FILE_ERRORS as error:
                    if not is_damage(error):
                        raise
                    because = succession.replace_damaged(str(error))
                    verdict, tail = examine_file(path), {}
                    connection = _writable(path)
                try:
                    ledger = cls(succession, hold, connection, verdict, because)
                    ledger._take_up(tail)
                except BaseException:
                    connection.close()
                    raise
            except BaseException:
                hold.release()
                raise
        return ledger

    def append(self, body: Body) -> Entry:
        """Commit one entry; it is durable when this returns.

        Raises LedgerError (L02 full, L01 otherwise): then nothing was written and the next append
        may be tried. Raises ValueError for a body longer than `MAX_ENTRY_BYTES`.
        """
        raw = write_body(body)
        if len(raw) > MAX_ENTRY_BYTES:
            raise ValueError(f"entry of {len(raw)} bytes; at most {MAX_ENTRY_BYTES} are allowed")
        return self._append_raw(raw)

    def _append_raw(self, raw: bytes) -> Entry:
        seq, digest = self.head[0] + 1, next_digest(self.hash_name, self.head[1], raw)
        with as_ledger_error(f"writing entry {seq} to {self._path}"):
            # Outside a transaction one statement is one transaction and one sync.
            self._connection.execute(_INSERT, (seq, raw, digest, self.receipted))
        self.head = (seq, digest)
        self._since_checkpoint += 1
        return Entry(seq, raw, digest)

    def read(self, after: int, max_entries: int, max_bytes: int) -> Chunk:
        """Consecutive entries from `after + 1`: at least one if there is one, then as many as the
        bounds allow (`max_bytes` counts bodies and a newline each).

        Never reaches across what was pruned; `torn` when it begins behind that.
        """
        torn = 1 <= after < self._pruned
        start = self._pruned if torn else after
        limit = 1 if self._pruned and start == 0 else max_entries
        entries: list[Entry] = []
        room = max_bytes
        with as_ledger_error(f"reading {self._path}"):
            prev = self.digest_at(start)
            rows = self._connection.execute(
                "SELECT seq, body, digest FROM entry WHERE seq > ? ORDER BY seq LIMIT ?",
                (start, limit),
            )
            for row in rows:
                room -= len(row[1]) + 1
                if entries and room < 0:
                    break
                entries.append(Entry(*row))
            rows.close()  # an open statement would keep the next checkpoint from finishing
        return Chunk(self.head[1] if prev is None else prev, entries, torn)

    def digest_at(self, seq: int) -> bytes | None:
        """The digest after entry `seq`; None when that is pruned or not written yet."""
        if seq == 0:
            return GENESIS
        with as_ledger_error(f"reading {self._path}"):
            row = self._connection.execute(
                "SELECT digest FROM entry WHERE seq = ?1 UNION ALL"
                " SELECT digest FROM mark WHERE name = 'pruned' AND seq = ?1 LIMIT 1",
                (seq,),
            ).fetchone()
        return row[0] if row else None

    def mark_receipted(self, seq: int) -> None:
        """The province has everything up to `seq` (it may also say less than before).

        Costs no write: it goes into the next entry's row, and to disk at `rest` and `close`.
        """
        self.receipted = self._confirmed = max(0, min(seq, self.head[0]))

    def rest(self) -> bool:
        """Checkpoint if it is worth it; to be called when nobody is waiting. True when it did."""
        if self._since_checkpoint < IDLE_CHECKPOINT_ENTRIES:
            return False
        self.checkpoint()
        return True

    def checkpoint(self) -> None:
        """Move the WAL into the file. The next append finds a WAL that is begun already."""
        with as_ledger_error(f"checkpoint of {self._path}"):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._since_checkpoint = 0
            # The first write after a checkpoint syncs the WAL's new header: now, not in a press.
            self._store_mark()

    def prune(self, before_seq: int) -> int:
        """Drop the entries between the first and `before_seq`; how many. The only one that may.

        Entry 1 stays, it names the ledger. A mark keeps the digest that the chain goes on from.
        Raises ValueError when the province did not confirm all of them since this start.
        """
        last = before_seq - 1
        if not (last <= self._confirmed and before_seq <= self.head[0]):
            raise ValueError(f"only receipted entries are pruned, up to {self._confirmed}")
        digest = self.digest_at(last)
        if last <= max(1, self._pruned) or digest is None:
            return 0
        db = self._connection
        with as_ledger_error(f"pruning {self._path}"):
            db.execute("BEGIN IMMEDIATE")
            try:
                db.execute("DROP TRIGGER entry_is_never_deleted")
                gone = db.execute("DELETE FROM entry WHERE seq > 1 AND seq <= ?", (last,)).rowcount
                db.execute(
                    "INSERT OR REPLACE INTO mark VALUES ('pruned', ?, ?, ?)",
                    (last, digest, self.head[0]),
                )
                db.execute(NO_DELETE)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        self._pruned = last
        self._since_checkpoint += gone
        return gone

    def succeed(self, reason: str) -> None:
        """Go on in a new ledger, because the province holds another history of this one.

        The old file becomes `.superseded-<n>`; what is not receipted goes along as `salvaged`.
        Raises LedgerError; if the new file could not be written this ledger simply goes on.
        """
        with as_ledger_error(f"succession of {self._path}"):
            newest = self._connection.execute("SELECT seq, body FROM entry ORDER BY seq DESC")
            needed = [seq for seq in needed_at_start(newest) if seq <= self.receipted]
            newest.close()
            rows = [row for seq in sorted(needed) for row in self._rows(seq - 1, seq)]
            rows += self._rows(self.receipted, self.head[0])
            survivors = Survivors(
                ledger=self.id,
                pad=self._succession.pad,
                hash_name=self.hash_name,
                seq=self.head[0],
                digest=self.head[1],
                receipted=self.receipted,
                entries=rows,
            )
            self._succession.prepare(survivors, reason)
            before = self.id
            self._connection.close()
            try:
                self._succession.hand_over()
            except OSError as error:
                log.warning("%s: handing over to the new ledger: %s", self._path, error)
                self._succession.settle()  # as the next start would: the old one, or the new
            self._adopt(_writable(self._path), examine_file(self._path))
            if self.id == before:
                raise LedgerError("the old file could not be set aside")
        self.opened_because = reason

    def _rows(self, after: int, last: int) -> list[tuple[int, bytes, bytes]]:
        query = "SELECT seq, body, digest FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq"
        return self._connection.execute(query, (after, last)).fetchall()

    def close(self) -> None:
        """Checkpoint, keep the receipted mark, let go of the file; safe to call twice."""
        try:
            with as_ledger_error(f"closing {self._path}"):
                try:
                    if self._hold.held and self._stored_mark() != self.receipted:
                        self._store_mark()
                finally:
                    self._connection.close()
        finally:
            self._hold.release()

    def _take_up(self, tail: dict[int, list[RawRecord]]) -> None:
        """Look at the commit that the power cut: take it in if it is whole, else say so."""
        self.checkpoint()
        for found in tail.get(self.head[0] + 1, []):
            if next_digest(self.hash_name, self.head[1], found.body) == found.digest:
                self._append_raw(found.body)
                return
        self.torn_tail = self.head[0] + 1 in tail
        if self.torn_tail:
            log.warning("%s: the write of entry %d was cut", self._path, self.head[0] + 1)

    def _stored_mark(self) -> int:
        row = self._connection.execute(
            "SELECT coalesce((SELECT seq FROM mark WHERE name = 'receipted' AND head = entry.seq),"
            " receipted) FROM entry ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        return max(self._pruned, min(int(row[0]), self.head[0]))

    def _store_mark(self) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO mark VALUES ('receipted', ?, NULL, ?)",
            (self.receipted, self.head[0]),
        )


def _writable(path: Path) -> sqlite3.Connection:
    """The writing connection; raises sqlite3.Error."""
    if not may_be_written(path):
        raise sqlite3.DatabaseError("the header forbids writing")
    return connect(path)


def _unreachable(verdict: LedgerVerdict, tail: dict[int, list[RawRecord]]) -> Bad | None:
    """Entries in the WAL further on than one cut commit can explain: they were thanked for."""
    last = max(tail, default=0)
    if last <= verdict.head + 1:
        return None
    return Bad(verdict.head + 1, f"the WAL is broken before entry {last}")


def _refuse_foreign(path: Path, pad: str, verdict: LedgerVerdict) -> None:
    if verdict.pad != pad:
        raise LedgerError(f"{path} belongs to pad {verdict.pad}, not {pad}", PadCode.LEDGER_FOREIGN)
    if verdict.format > FORMAT:
        raise LedgerError(f"{path} has the newer format {verdict.format}", PadCode.LEDGER_FOREIGN)
