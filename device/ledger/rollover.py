"""Replacing a ledger's file by a new ledger, safe against a power cut at any moment.

1. The new file is written completely, as `<name>.new`.
2. The old file, its WAL and its note are renamed: `<name>.damaged-1`, `<name>.cut-2`,
   `<name>.superseded-3`, … They are never deleted.
3. The new file is renamed to `<name>`.

Each step is durable before the next begins. A start that finds no file at `<name>` sees from the
other files how far a rollover came, and finishes it (`ensure_file`). One that was interrupted in
the first step is begun again: what it had written is thrown away.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from device.errors import LedgerError, PadCode
from device.ledger import head_note
from device.ledger.file import (
    FILE_ERRORS,
    beside,
    connect_alone,
    create,
    is_damage,
    may_be_written,
    seal,
    sync_folder,
)
from device.ledger.salvage import Carryover, bounded, carve
from device.ledger.verify import Defect, examine
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

_COMPANIONS = ("-wal", "-shm", "-journal", head_note.SUFFIX)
_REASONS = {"superseded": "diverged"}
"""What `previous.reason` says for a file that was set aside; of the others it is the same word."""
_READ_SHARE = 0.5
_TOLD_EACH = 500
CUT = "cut"
"""`previous.reason` of a ledger whose last entries are gone."""
UNKNOWN_LEDGER = "unknown"
"""The id of a ledger whose first entry and whose lock file are both lost."""


@dataclass(frozen=True, slots=True)
class Rollover:
    """Makes the ledgers at `path`. `last_ledger`: the id from the lock file, used when the ledger's
    own file cannot be read. Not thread-safe; the caller holds the ledger's lock.
    """

    path: Path
    pad: str
    at: Callable[[], At]
    hash_name: HashName
    new_id: Callable[[], str]
    last_ledger: str
    progress: Callable[[float], None] = lambda _: None
    """Told which share of a salvage is done, 0 to 1."""

    def ensure_file(self) -> str | None:
        """Make sure that there is a file at `path`: finish a rollover, or begin a ledger. Returns
        why the ledger is a new one, when there was one before it.

        Raises sqlite3.Error and OSError when it cannot be written.
        """
        if self.path.exists():
            self._discard_new_file()
            return None
        asides = self._set_aside_files()
        if asides:  # the power may have gone before the WAL was renamed
            self._move_companions(asides[-1])
        elif any(beside(self.path, c).exists() for c in _COMPANIONS):
            asides = [beside(self.path, ".damaged-1")]
            self._move_companions(asides[-1])
        opened = self._opened_of_new_file()
        if opened is None:
            self._discard_new_file()
            if not asides:
                self._write_new_file(self._of_lost_file(), "lost")
            else:
                kind = asides[-1].name.removeprefix(f"{self.path.name}.").partition("-")[0]
                with self._carve(asides[-1]) as carryover:
                    self._write_new_file(carryover, _REASONS.get(kind, kind))
            opened = self._opened_of_new_file()
        self._rename_new_file()
        if opened is None or opened.previous is None:
            return None
        where = f"set aside as {asides[-1].name}" if asides else "its file is gone"
        return _in_words(opened.previous, where)

    def replace_damaged(self, defect: Defect) -> str:
        """Replace the damaged file by a new ledger with the salvaged entries; returns the fault's
        text, which begins with `defect`.

        Raises LedgerError (L06) when the file is no ledger or is another pad's; then it stays as it
        is. When the lock file names a ledger, the file was one, however little of it can be read.
        """
        reason = CUT if defect.is_cut else "damaged"
        with self._carve(self.path) as carryover:
            if carryover.is_foreign and not self.last_ledger:
                raise LedgerError(f"{self.path} is no ledger ({defect})", PadCode.LEDGER_FOREIGN)
            if carryover.pad not in ("", self.pad):
                raise LedgerError(
                    f"{self.path} belongs to pad {carryover.pad}, not {self.pad}",
                    PadCode.LEDGER_FOREIGN,
                )
            self._discard_new_file()
            previous = self._write_new_file(carryover, reason)
        aside = self._set_aside(reason)
        self._rename_new_file()
        return _in_words(previous, f"{defect}; set aside as {aside.name}")

    def prepare(self, carryover: Carryover, reason: str) -> None:
        """Write the new file while the old ledger is still open; `replace_intact` then puts it in
        place.
        """
        self._discard_new_file()
        self._write_new_file(carryover, reason)

    def replace_intact(self) -> Path:
        """Rename the intact, closed ledger to `.superseded-<n>`, and the prepared file to its name.
        Returns the old file's new path. Raises OSError.
        """
        aside = self._set_aside("superseded")
        self._rename_new_file()
        return aside

    def _of_lost_file(self) -> Carryover | None:
        """What is known of a ledger whose file is missing: its id, from the lock file."""
        if not self.last_ledger:
            return None
        return Carryover(ledger=self.last_ledger, pad=self.pad, hash_name=self.hash_name)

    def _carve(self, path: Path) -> AbstractContextManager[Carryover]:
        return carve(
            path,
            ledger=self.last_ledger or UNKNOWN_LEDGER,
            hash_name=self.hash_name,
            base=self.path,
            progress=lambda share: self.progress(_READ_SHARE * share),
        )

    def _new_file(self) -> Path:
        return beside(self.path, ".new")

    def _discard_new_file(self) -> None:
        """Delete an incomplete new file: no thanks was shown for anything in it."""
        for companion in (*_COMPANIONS, ""):
            beside(self._new_file(), companion).unlink(missing_ok=True)

    def _opened_of_new_file(self) -> Opened | None:
        """The first entry of the new file; None when there is none or it is not complete."""
        if not self._new_file().exists() or not may_be_written(self._new_file()):
            return None
        connection = connect_alone(self._new_file())
        try:
            verdict = examine(connection)
            if not verdict.intact or verdict.pad != self.pad:
                return None
            first = connection.execute("SELECT body FROM entry WHERE seq = 1").fetchone()
        except FILE_ERRORS as error:
            if not is_damage(error):
                raise
            return None
        finally:
            connection.close()
        body = read_body(first[0])
        return body if isinstance(body, Opened) else None

    def _write_new_file(self, carryover: Carryover | None, reason: str) -> Predecessor | None:
        """Write a complete, synced new file; returns what its `opened` says of the old ledger."""
        previous = None
        if carryover is not None:
            previous = Predecessor(
                ledger=carryover.ledger,
                reason=reason,
                seq=carryover.seq or None,
                digest=carryover.digest.hex() if carryover.seq else None,
                missing=bounded(carryover.missing),
            )
        connection = create(self._new_file())
        try:
            digest = GENESIS
            for seq, body in enumerate(self._first_bodies(carryover, previous), 1):
                raw = write_body(body)
                digest = next_digest(self.hash_name, digest, raw)
                connection.execute(
                    "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, 0)",
                    (seq, raw, digest),
                )
                if carryover is not None and seq % _TOLD_EACH == 0:
                    done = min(1.0, seq / max(1, carryover.count))
                    self.progress(_READ_SHARE + (1 - _READ_SHARE) * done)
            seal(connection)
        except BaseException:
            connection.close()
            self._discard_new_file()
            raise
        # Once more as a whole: the rename that follows must not become durable before the content.
        fd = os.open(self._new_file(), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(self.path)
        return previous

    def _first_bodies(
        self, carryover: Carryover | None, previous: Predecessor | None
    ) -> Iterator[Body]:
        """`opened`, then a `salvaged` for each entry that is carried over."""
        at = self.at()
        yield Opened(
            at=at,
            ledger=self.new_id(),
            pad=self.pad,
            hash=self.hash_name,
            format=FORMAT,
            previous=previous,
        )
        for seq, raw, digest in carryover.entries if carryover else ():
            ledger = carryover.ledger if carryover else ""
            body = _as_salvaged(at, ledger, seq, raw, digest)
            if body is not None:
                yield body

    def _set_aside_files(self) -> list[Path]:
        """The files of earlier rollovers, oldest first."""
        shape = re.compile(
            re.escape(self.path.name) + r"\.(?:damaged|cut|superseded)-(\d+)(?:-wal)?"
        )
        found: dict[int, Path] = {}
        for path in self.path.parent.iterdir():
            match = shape.fullmatch(path.name)
            if match is not None:
                found[int(match[1])] = path.with_name(path.name.removesuffix("-wal"))
        return [found[n] for n in sorted(found)]

    def _set_aside(self, reason: str) -> Path:
        """Rename the file and its companions to the next free `<name>.<reason>-<n>`."""
        numbers = [int(p.name.rpartition("-")[2]) for p in self._set_aside_files()]
        aside = beside(self.path, f".{reason}-{max(numbers, default=0) + 1}")
        self.path.rename(aside)
        sync_folder(self.path)
        self._move_companions(aside)
        return aside

    def _move_companions(self, aside: Path) -> None:
        """Rename WAL, shared memory and journal as their file was renamed. A WAL that stays behind
        beside a new file of the same name would be written into that file by SQLite.
        """
        for companion in _COMPANIONS:
            old = beside(self.path, companion)
            if old.exists():
                old.rename(beside(aside, companion))
        sync_folder(self.path)

    def _rename_new_file(self) -> None:
        # `_opened_of_new_file` leaves companions behind. The file is sealed, so they are empty.
        for companion in _COMPANIONS:
            beside(self._new_file(), companion).unlink(missing_ok=True)
        self._new_file().rename(self.path)
        sync_folder(self.path)


def _as_salvaged(at: At, ledger: str, seq: int, raw: bytes, digest: bytes) -> Salvaged | None:
    """An entry of the old ledger as one of the new; None when it is no text or too long, which no
    version has written. It stays in the file that is set aside.
    """
    try:
        text = raw.decode()
        old = read_body(raw) if kind_of(raw) == "salvaged" else None
        if isinstance(old, Salvaged):  # of a still older ledger: copied, not wrapped again
            return Salvaged(at=at, ledger=old.ledger, seq=old.seq, digest=old.digest, body=old.body)
        body = Salvaged(at=at, ledger=ledger, seq=seq, digest=digest.hex(), body=text)
        write_body(body)
    except ValueError as error:
        log.warning("entry %d of ledger %s is not carried over: %s", seq, ledger, error)
        return None
    return body


def _in_words(previous: Predecessor | None, cause: str) -> str:
    """The text of the fault: the cause, and which entries of the old ledger are missing."""
    if previous is None:
        return cause
    if previous.seq is None and not previous.missing:
        return f"{cause}; what ledger {previous.ledger} held is not known"
    gaps = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in previous.missing)
    return f"{cause}; ledger {previous.ledger}: " + (f"missing {gaps}" if gaps else "none missing")
