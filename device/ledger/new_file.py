"""The file of a new ledger while it is written, as `<name>.new`.

The entries of a salvage are committed in batches. With each batch the file's `mark` says from which
damaged file they are and up to which of its entries they have come: one transaction holds both, so
no entry is there twice and none is left out, at whichever instruction the power goes. A salvage
that finds the file goes on behind the last batch. No thanks is shown for anything in the file until
it is complete and has its name.
"""

import hashlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from device.ledger.file import (
    COMPANIONS,
    FILE_ERRORS,
    beside,
    connect_alone,
    create,
    discard,
    is_damage,
    may_be_written,
    reopen,
    seal,
    sync_folder,
)
from device.ledger.salvage import Carryover, bounded
from device.ledger.verify import LedgerVerdict, examine, examine_chain
from sync.entries import (
    FORMAT,
    GENESIS,
    At,
    Body,
    HashName,
    Opened,
    Predecessor,
    Salvaged,
    kind_of,
    next_digest,
    read_body,
    write_body,
)

log = logging.getLogger(__name__)

ENTRIES_A_BATCH = 5000
"""Entries between two commits: about 3 MB."""
_TOLD_EACH = 500

_Mark = tuple[int, bytes, int]
"""Up to which entry of the old ledger, a digest, and the new ledger's last entry."""


class Begun(NamedTuple):
    """What an interrupted salvage has written: up to which seq of the old ledger, the new ledger's
    first entry, and its last entry.
    """

    after: int
    opened: Opened
    head: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class NewFile:
    """The file beside the ledger at `base`, as the new ledger of `pad`. Not thread-safe; the caller
    holds the ledger's lock. `progress` is told the share of entries that are written.
    """

    base: Path
    pad: str
    at: Callable[[], At]
    hash_name: HashName
    new_id: Callable[[], str]
    progress: Callable[[float], None] = lambda _: None

    @property
    def path(self) -> Path:
        """Where it is until it is complete."""
        return beside(self.base, ".new")

    def discard(self) -> None:
        """Delete it."""
        discard(self.path)

    def opened(self, source: bytes | None = None) -> Opened | None:
        """The first entry; None when the file is not there, is not complete, or is not of `source`
        (None: of whatever file).
        """
        if not self.path.exists() or not may_be_written(self.path):
            return None
        verdict, first, mark = self._looked_at(connect_alone, examine)
        if not verdict.intact or verdict.pad != self.pad:
            return None
        return first if source is None or _is_of(mark, source, verdict.head) else None

    def begun(self, source: bytes) -> Begun | None:
        """What an interrupted salvage of `source` has written; None when there is none. A file that
        is not whole, or of something else, is deleted.
        """
        if self.path.exists() and not may_be_written(self.path):
            verdict, first, mark = self._looked_at(reopen, examine_chain)
            head, is_ours = verdict.head, verdict.intact and verdict.pad == self.pad
            if is_ours and first is not None and mark and _is_of(mark, source, head):
                return Begun(mark[0], first, head, verdict.digest)
        self.discard()
        return None

    def _looked_at(
        self,
        connect: Callable[[Path], sqlite3.Connection],
        judge: Callable[[sqlite3.Connection], LedgerVerdict],
    ) -> tuple[LedgerVerdict, Opened | None, _Mark | None]:
        """The verdict, the first entry, and the mark of a salvage; of a damaged file an empty
        verdict.
        """
        try:
            with closing(connect(self.path)) as connection:
                verdict = judge(connection)
                if verdict.intact:
                    first = connection.execute("SELECT body FROM entry WHERE seq = 1").fetchone()
                    mark = connection.execute(
                        "SELECT seq, digest, head FROM mark WHERE name = 'salvaged'"
                    ).fetchone()
                    opened = read_body(first[0])
                    return verdict, opened if isinstance(opened, Opened) else None, mark
        except FILE_ERRORS as error:
            if not is_damage(error):
                raise
        return LedgerVerdict(), None, None

    def write(
        self,
        carryover: Carryover | None,
        reason: str,
        source: bytes | None = None,
        begun: Begun | None = None,
    ) -> Opened:
        """Write all of it, synced; returns its first entry.

        `source`: the `content_digest` of the damaged file that is salvaged. `begun`: what is there
        of it already; then `carryover.entries` are those behind `begun.after`. After an error the
        file is deleted. Raises OSError, sqlite3.Error.
        """
        is_new = begun is None
        connection = create(self.path) if is_new else reopen(self.path)
        try:
            if begun is None:
                begun = Begun(0, self._opened(carryover, reason), 0, GENESIS)
            after, opened, head, digest = begun
            bodies = self._bodies(opened if is_new else None, carryover)
            for seq, (old, body) in enumerate(bodies, head + 1):
                raw = write_body(body)
                digest = next_digest(opened.hash, digest, raw)
                connection.execute(
                    "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, 0)",
                    (seq, raw, digest),
                )
                head, after = seq, max(after, old)
                if carryover is not None and seq % _TOLD_EACH == 0:
                    self.progress(min(1.0, seq / max(1, carryover.count)))
                if source is not None and seq % ENTRIES_A_BATCH == 0:
                    _set_mark(connection, source, after, head)
                    connection.execute("COMMIT")
                    connection.execute("BEGIN")
            if source is not None:
                _set_mark(connection, source, after, head)
            seal(connection)
        except Exception:
            self.discard()
            raise
        finally:
            connection.close()
        # Once more as a whole: the rename that follows must not become durable before the content.
        fd = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(self.base)
        return opened

    def _opened(self, carryover: Carryover | None, reason: str) -> Opened:
        previous = None
        if carryover is not None:
            previous = Predecessor(
                ledger=carryover.ledger,
                reason=reason,
                seq=carryover.seq or None,
                digest=carryover.digest.hex() if carryover.seq else None,
                missing=bounded(carryover.missing),
            )
        return Opened(
            at=self.at(),
            ledger=self.new_id(),
            pad=self.pad,
            hash=self.hash_name,
            format=FORMAT,
            previous=previous,
        )

    def _bodies(
        self, opened: Opened | None, carryover: Carryover | None
    ) -> Iterator[tuple[int, Body]]:
        """`opened`, then a `salvaged` for each entry that is carried over: with the entry's seq in
        the old ledger.
        """
        if opened is not None:
            yield 0, opened
        at = self.at() if opened is None else opened.at
        for seq, raw, digest, proven in carryover.entries if carryover else ():
            ledger = carryover.ledger if carryover else ""
            body = _as_salvaged(at, ledger, seq, raw, digest, proven=proven)
            if body is not None:
                yield seq, body

    def take_its_name(self) -> None:
        """Rename the complete file to the ledger's name. Raises OSError."""
        # Looking at it leaves companions behind. The file is sealed, so they hold nothing.
        for companion in COMPANIONS:
            beside(self.path, companion).unlink(missing_ok=True)
        self.path.rename(self.base)
        sync_folder(self.base)


def _set_mark(connection: sqlite3.Connection, source: bytes, after: int, head: int) -> None:
    """Note how far the salvage of `source` has come, in the transaction of the entries."""
    connection.execute(
        "INSERT OR REPLACE INTO mark VALUES ('salvaged', ?, ?, ?)",
        (after, _mark_digest(source, after, head), head),
    )


def _is_of(mark: _Mark | None, source: bytes, head: int) -> bool:
    """Whether a mark, as it was read, is of a salvage of `source` that ends with entry `head`."""
    return mark is not None and mark[1:] == (_mark_digest(source, mark[0], head), head)


def _mark_digest(source: bytes, after: object, head: int) -> bytes:
    """Covers what the mark says: a card that has damaged one file may damage this one, too."""
    return hashlib.sha256(source + f" {after} {head}".encode()).digest()


def _as_salvaged(
    at: At, ledger: str, seq: int, raw: bytes, digest: bytes, *, proven: bool
) -> Salvaged | None:
    """An entry of the old ledger as one of the new; None when it is no text or too long, which no
    version has written. It stays in the file that is set aside.
    """
    try:
        text = raw.decode()
        old = read_body(raw) if kind_of(raw) == "salvaged" else None
        if isinstance(old, Salvaged):  # of a still older ledger: copied, not wrapped again
            return msgspec.structs.replace(old, at=at, unproven=old.unproven or not proven)
        body = Salvaged(
            at=at, ledger=ledger, seq=seq, digest=digest.hex(), body=text, unproven=not proven
        )
        write_body(body)
    except ValueError as error:
        log.warning("entry %d of ledger %s is not carried over: %s", seq, ledger, error)
        return None
    return body
