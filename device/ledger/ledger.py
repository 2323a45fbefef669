"""The pad's ledger: one append-only table in one file, chained by digests.

An entry is durable when `append` returns: one transaction, one sync. Nothing here changes an
entry. Only `prune` removes entries, old and receipted ones, and leaves a mark with the digest from
which the chain continues.

Used by one thread only, the writer's, through one connection, for checkpoints too: SQLite before
3.51.3 can damage a WAL that two connections write.
"""

import enum
import logging
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from device.errors import LedgerError, PadCode
from device.ledger.file import (
    FILE_ERRORS,
    NO_DELETE,
    LedgerLock,
    as_ledger_error,
    beside,
    connect,
    is_damage,
)
from device.ledger.head_note import HeadNote, NotedHead, is_unreadable
from device.ledger.rollover import CUT, Rollover
from device.ledger.salvage import Carryover, needed_at_start
from device.ledger.verify import Defect, LedgerVerdict, examine_file, examine_open_file
from sync.delivery import LedgerSegment
from sync.entries import FORMAT, GENESIS, At, Body, Entry, HashName, next_digest, write_body
from sync.open_files import OpenFiles
from sync.regular_file import check_regular
from sync.sentence import Sentence

log = logging.getLogger(__name__)

MAX_ENTRY_BYTES = 8000
"""The longest body that may be appended: with its quotes escaped it must fit into a `salvaged`."""
IDLE_CHECKPOINT_ENTRIES = 64
"""`checkpoint_if_due` waits for so many entries in the WAL: a few checkpoints a day."""
_INSERT = "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, ?)"


class OpeningStep(enum.Enum):
    """What opening a ledger is busy with, when that takes long."""

    CHECK = "check"
    SALVAGE = "salvage"


class Ledger:
    """An open ledger, locked against every other agent.

    `opened_because`: why a new ledger was begun at this start, or None; `opened_code`: the fault
    that this is. `torn_tail`: the last write before the power cut is incomplete or damaged, so
    there is no entry `head + 1`.
    """

    def __init__(
        self,
        rollover: Rollover,
        lock: LedgerLock,
        connection: sqlite3.Connection,
        verdict: LedgerVerdict,
        because: str | None,
    ) -> None:
        """To be called by `open` only."""
        self._rollover = rollover
        self._path = rollover.path
        self._lock = lock
        self.opened_because = because
        self.torn_tail = False
        self._note = HeadNote(self._path)
        self._use(connection, verdict)

    def _use(self, connection: sqlite3.Connection, verdict: LedgerVerdict) -> None:
        self._connection = connection
        self._note.close()
        self._note = HeadNote(self._path)
        self._noted = 0
        self._files: OpenFiles | None = None
        self._written = self._content_stamp()
        self._overwritten: tuple[int, int] | None = None
        self._unthanked: Entry | None = None
        self.id = verdict.ledger
        self.hash_name = verdict.hash_name
        self.head: tuple[int, bytes] = (verdict.head, verdict.digest)
        self._pruned = verdict.pruned
        self._confirmed = 0
        self._since_checkpoint = 0
        self.receipted = self._stored_mark()
        was_cut = verdict.previous is not None and verdict.previous.reason == CUT
        self.opened_code = PadCode.LEDGER_CUT if was_cut else PadCode.LEDGER_DAMAGED
        self._lock.note(self.id)

    @property
    def confirmed(self) -> int:
        """The last seq with a receipt since this start; nothing behind it may be pruned."""
        return self._confirmed

    @property
    def pruned(self) -> int:
        """The last seq that was pruned (entries 2 to this one); 0 for none."""
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
        progress: Callable[[OpeningStep, float], None] = lambda _, __: None,
    ) -> "Ledger":
        """Open the ledger of `pad` at `path`, or begin one.

        A damaged file and its WAL are renamed, and its entries are salvaged into a new ledger.
        `at`, `new_id` and `hash_name` are used for a new ledger only. `progress` is told what is
        done and which share of it, 0 to 1, every few thousand entries. It waits while
        `ratingpad verify` reads the ledger.

        Raises LedgerError: L04 another agent holds it; L06 it is no ledger, or another pad's, or
        has a newer format (the file is left as it is); L02 the card is full; S02 a file
        belongs to another user; S01 the path leads to no file; L01 anything else.
        """
        with as_ledger_error(Sentence("opening {path}", path=path), path):
            for file in (path, beside(path, "-wal"), beside(path, ".lock")):
                if file.exists():
                    check_regular(file)  # SQLite would wait for a pipe
            lock = LedgerLock(path, partial(progress, OpeningStep.CHECK, 0.0))
            try:
                salvage = partial(progress, OpeningStep.SALVAGE)
                rollover = Rollover(path, pad, at, hash_name, new_id, lock.last_ledger, salvage)
                because = rollover.ensure_file()
                verdict = examine_file(path, partial(progress, OpeningStep.CHECK))
                if verdict.bad is not None:
                    because = rollover.replace_damaged(verdict.bad)
                    verdict = examine_file(path, partial(progress, OpeningStep.CHECK))
                _refuse_foreign(path, pad, verdict)
                rollover.discard_leftovers()
                try:
                    connection = connect(path)
                except FILE_ERRORS as error:
                    if not is_damage(error):
                        raise
                    because = rollover.replace_damaged(Defect(None, str(error)))
                    verdict = examine_file(path)
                    connection = connect(path)
                try:
                    ledger = cls(rollover, lock, connection, verdict, because)
                    ledger._finish_cut_write(verdict)
                    ledger._files = OpenFiles(path)
                    ledger._written = ledger._content_stamp()
                    if is_unreadable(path):
                        log.warning("%s: the note of the last entry cannot be read", path)
                    ledger.note_head()
                except BaseException:
                    connection.close()
                    raise
            except BaseException:
                lock.release()
                raise
        return ledger

    def append(self, body: Body) -> Entry:
        """Commit one entry; it is durable when this returns.

        Raises LedgerError (L02 full, L08 the file is gone from its path, L01 otherwise): then
        `append` may be called again with the same body, and does not write it twice. Raises
        ValueError for a body longer than `MAX_ENTRY_BYTES`.
        """
        raw = write_body(body)
        if len(raw) > MAX_ENTRY_BYTES:
            raise ValueError(f"entry of {len(raw)} bytes; at most {MAX_ENTRY_BYTES} are allowed")
        return self._append_raw(raw)

    def _append_raw(self, raw: bytes) -> Entry:
        self.check_files()
        unthanked, self._unthanked = self._unthanked, None
        if unthanked is not None and unthanked.body == raw:
            return unthanked
        seq, digest = self.head[0] + 1, next_digest(self.hash_name, self.head[1], raw)
        with as_ledger_error(f"writing entry {seq} to {self._path}"):
            # Outside a transaction one statement is one transaction and one sync.
            self._connection.execute(_INSERT, (seq, raw, digest, self.receipted))
            self._written = self._content_stamp()
        self.head = (seq, digest)
        self._since_checkpoint += 1
        entry = Entry(seq, raw, digest)
        try:
            self.check_files()
        except LedgerError:
            self._unthanked = entry  # it is in the open file only; the next try asks again
            raise
        return entry

    def check_files(self) -> None:
        """Raises LedgerError (L08) when the file or its WAL is not at its path any more, or when
        another program has written something else into the file: what is written now would be gone
        at the next start. What is in the open file can still be read.
        """
        if self._files is None:
            return
        with as_ledger_error(f"looking at {self._path}"):
            displaced = self._files.displaced()
            if displaced is None and self._is_overwritten():
                displaced = f"{self._path} was overwritten while it was in use"
        if displaced is not None:
            raise LedgerError(displaced, PadCode.LEDGER_DISPLACED)

    def _is_overwritten(self) -> bool:
        """Whether another program wrote into the file, and it is not this ledger any more. Costs a
        stat(2), and a reading of all entries when the file's size or time has changed.
        """
        now = self._content_stamp()
        if now == self._written:
            self._overwritten = None
        elif now != self._overwritten:
            verdict = examine_open_file(self._path)
            found = (verdict.ledger, (verdict.head, verdict.digest))
            if verdict.intact and found == (self.id, self.head):
                self._written, self._overwritten = now, None
                self._connection.execute("PRAGMA shrink_memory")  # pages that were read meanwhile
            else:
                self._overwritten = now
        return self._overwritten is not None

    def _content_stamp(self) -> tuple[int, int] | None:
        """The file's size and the time of its last write; None when that cannot be told: no error,
        because an entry may just have been committed. SQLite writes the file at a checkpoint only,
        which a statement of this ledger's connection may bring about.
        """
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def note_head(self) -> None:
        """Note the last entry beside the file (`head_note.py`), if that is not done yet. Costs one
        unsynced write; to be called after the thanks.
        """
        if self._noted != self.head[0]:
            self._note.write(NotedHead(self.id, *self.head))
            self._noted = self.head[0]

    def read(self, after: int, max_entries: int, max_bytes: int) -> LedgerSegment:
        """Consecutive entries from `after + 1` on: at least one if there is one, then as many as
        the bounds allow (`max_bytes` counts the bodies and a newline for each).

        A segment never spans a pruned range; `torn` says that it begins behind one. Raises
        LedgerError.
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
            rows.close()  # an open statement would keep the next checkpoint from completing
        return LedgerSegment(self.head[1] if prev is None else prev, entries, torn)

    def newest_first(self) -> Generator[tuple[int, bytes], None, None]:
        """Seq and body of the entries from the last one back, one at a time; to be closed, because
        an open one keeps a checkpoint from completing. Raises LedgerError.
        """
        with as_ledger_error(f"reading {self._path}"):
            rows = self._connection.execute("SELECT seq, body FROM entry ORDER BY seq DESC")
            try:
                yield from rows
            finally:
                rows.close()

    def digest_at(self, seq: int) -> bytes | None:
        """The digest after entry `seq`; None when it is pruned or not written yet. Raises
        LedgerError.
        """
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
        """Note that the province has everything up to `seq`, which may also be less than before.

        Writes nothing: the mark is stored in the next entry's row, at a checkpoint and at `close`.
        """
        self.receipted = self._confirmed = max(0, min(seq, self.head[0]))

    def checkpoint_if_due(self) -> bool:
        """Checkpoint when enough entries are in the WAL; whether it did. To be called while no call
        is waiting. Raises LedgerError.
        """
        if self._since_checkpoint < IDLE_CHECKPOINT_ENTRIES or self._overwritten is not None:
            return False
        self.checkpoint()
        return True

    def checkpoint(self) -> None:
        """Copy the WAL into the file, and begin the next WAL. Raises LedgerError."""
        with as_ledger_error(f"checkpoint of {self._path}"):
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            self._since_checkpoint = 0
            # The first write after a checkpoint also syncs the WAL's new header. It is done now, so
            # that it does not delay the next press.
            self._store_mark()
            self._written = self._content_stamp()

    def prune(self, before_seq: int) -> int:
        """Delete the entries between the first and `before_seq`; returns how many. Nothing else
        deletes entries.

        Entry 1 stays, because it names the ledger. A mark keeps the digest from which the chain
        continues. Raises ValueError when one of them had no receipt since this start, LedgerError
        when the file cannot be written.
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
                # DDL is part of the transaction: after a crash or a rollback the trigger is there.
                db.execute("DROP TRIGGER entry_is_never_deleted")
                count = db.execute("DELETE FROM entry WHERE seq > 1 AND seq <= ?", (last,)).rowcount
                db.execute(
                    "INSERT OR REPLACE INTO mark VALUES ('pruned', ?, ?, ?)",
                    (last, digest, self.head[0]),
                )
                db.execute(NO_DELETE)
                db.execute("COMMIT")
                self._written = self._content_stamp()
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        self._pruned = last
        self._since_checkpoint += count
        return count

    def roll_over(self, reason: str) -> None:
        """Continue in a new ledger, because the province has another history of this one.

        The old file is renamed to `.superseded-<n>`; entries without a receipt are written into the
        new ledger as `salvaged`. Raises LedgerError; when the new file cannot be written, this
        ledger stays in use.
        """
        self.check_files()
        with as_ledger_error(f"rollover of {self._path}"):
            with closing(self.newest_first()) as newest:
                needed = sorted(seq for seq in needed_at_start(newest) if seq <= self.receipted)
            carryover = Carryover(
                ledger=self.id,
                pad=self._rollover.pad,
                hash_name=self.hash_name,
                seq=self.head[0],
                digest=self.head[1],
                receipted=self.receipted,
                entries=self._rows(needed),
                count=len(needed) + self.head[0] - self.receipted,
            )
            self._rollover.prepare(carryover, reason)
            before = self.id
            self._connection.close()
            try:
                self._rollover.replace_intact()
            except OSError as error:
                log.warning("%s: putting the new ledger in place: %s", self._path, error)
                # As at a start: the old file stays, or the new one is put in place.
                self._rollover.ensure_file()
                self._rollover.discard_leftovers()
            verdict = examine_file(self._path)  # before the connection: it drops SQLite's locks
            self._use(connect(self._path), verdict)
            self._store_mark()  # makes the WAL
            self._files = OpenFiles(self._path)
            self._written = self._content_stamp()
            if self.id == before:
                raise LedgerError("the old file could not be set aside")
        self.opened_because = reason

    def _rows(self, needed: list[int]) -> Iterator[tuple[int, bytes, bytes, bool]]:
        """The needed rows, then those without a receipt; the chain proves all of them."""
        query = "SELECT seq, body, digest, 1 FROM entry WHERE seq >= ? AND seq <= ? ORDER BY seq"
        for first, last in [*((seq, seq) for seq in needed), (self.receipted + 1, self.head[0])]:
            yield from self._connection.execute(query, (first, last))

    def close(self) -> None:
        """Store the receipted mark, close the file (SQLite checkpoints then), release the lock;
        safe to call twice. Raises LedgerError.
        """
        try:
            self._note.close()
            with as_ledger_error(f"closing {self._path}"):
                try:
                    if self._lock.held and self._stored_mark() != self.receipted:
                        self._store_mark()
                finally:
                    self._connection.close()
        finally:
            self._lock.release()

    def _finish_cut_write(self, verdict: LedgerVerdict) -> None:
        """The commit that was under way when the power went: append its entry again when the record
        is complete, else set `torn_tail`.
        """
        self.checkpoint()
        self.torn_tail = verdict.torn
        if verdict.unfinished is not None:
            self._append_raw(verdict.unfinished)
        elif verdict.torn:
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


def _refuse_foreign(path: Path, pad: str, verdict: LedgerVerdict) -> None:
    if verdict.pad != pad:
        raise LedgerError(
            Sentence(
                "{path} belongs to pad {other}, not {pad}", path=path, other=verdict.pad, pad=pad
            ),
            PadCode.LEDGER_FOREIGN,
        )
    if verdict.format > FORMAT:
        raise LedgerError(
            Sentence("{path} has the newer format {format}", path=path, format=verdict.format),
            PadCode.LEDGER_FOREIGN,
        )
