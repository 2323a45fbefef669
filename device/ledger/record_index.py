"""Where the records of a damaged ledger are: an index in a file of its own.

The index is a file of SQLite's, so that the memory does not depend on how many records there are.
What is found is committed in steps, with how far the work has come. An index that an interrupted
salvage has left is used again, if it is of the same bytes (`content_digest`): then the work goes on
behind the last step. With other bytes, or when it cannot be read, it is thrown away.
"""

import functools
import hashlib
import itertools
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from device.ledger.file import FILE_ERRORS, beside, discard, is_damage
from device.ledger.records import PAGE_BYTES, LoadPage, RawRecord, record_at, records_in
from device.ledger.wal import FRAME_BYTES, FRAME_HEADER_BYTES, HEADER_BYTES, frames, pieces

SUFFIX = ".salvage"
_IN_WAL = 1 << 52
"""Added to a place in the WAL; files are shorter."""
_MOST_PLACES = 256
_MOST_CANDIDATES = 16
"""So many records are looked at that name one seq, and so many different ones: a hostile file may
hold any number. A WAL holds the same row many times.
"""
_TOLD_EACH = 512
"""Pages between two calls of the progress."""
PAGES_A_STEP = 4096
"""Pages that are searched between two commits: half a second's work on the development machine."""
_LAYOUT = 2
"""`user_version` of the index: one of another layout is thrown away."""

_DIGEST_BYTES = 1 << 16

Candidates = list[tuple[int, RawRecord]]
"""Different records that name the same seq, each with its place."""


class RecordIndex:
    """The records in the file at `path` and in its WAL, by seq; made by `open_index`."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self._path = path
        self._wal = beside(path, "-wal")
        self._db = db
        self._files: dict[Path, int] = {}
        self._frames: dict[int, int] = {}
        self._page = functools.lru_cache(128)(self._read_page)

    def scan(self, progress: Callable[[float], None]) -> None:
        """Find every record. Raises OSError, sqlite3.Error (the index cannot be written)."""
        self._frames = {frame.number: frame.place for frame in frames(self._wal)}
        size = max(1, self._path.stat().st_size) if self._path.exists() else 1
        done = int(self.noted("scanned") or 0)
        self._db.execute("BEGIN")
        for count, (place, page) in enumerate(pieces(self._path, done, PAGE_BYTES)):
            if count % PAGES_A_STEP == 0:
                self.note("scanned", b"%d" % place)
            if count % _TOLD_EACH == 0:
                progress(place / size)
            self._add(page, place)
        if done < _IN_WAL:
            for frame in frames(self._wal):
                self._add(frame.page, _IN_WAL + frame.place)
        self.note("scanned", b"%d" % _IN_WAL)

    def _add(self, page: bytes, place: int) -> None:
        rows = [
            (found.seq, place + start, found.receipted)
            for start, found in records_in(page, self._load)
        ]
        self._db.executemany("INSERT OR IGNORE INTO found VALUES (?, ?, ?)", rows)

    def note(self, name: str, value: bytes) -> None:
        """Commit what was found and kept so far, and with it this about the work; durable then."""
        self._db.execute("INSERT OR REPLACE INTO noted VALUES (?, ?)", (name, value))
        self._db.execute("COMMIT")
        self._db.execute("BEGIN")

    def noted(self, name: str) -> bytes | None:
        """What was last noted under this name."""
        row = self._db.execute("SELECT value FROM noted WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    @property
    def last_seq(self) -> int:
        """The highest seq of a record; 0 when there is none."""
        return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM found").fetchone()[0])

    def last_marks(self, rows: int) -> list[int]:
        """The highest receipted mark in each of the last so many rows."""
        found = self._db.execute(
            "SELECT max(receipted) FROM found GROUP BY seq ORDER BY seq DESC LIMIT ?", (rows,)
        )
        return [int(mark) for (mark,) in found]

    def at(self, seq: int) -> Candidates:
        """The different records of one seq, those in the file before those in the WAL."""
        places = self._db.execute(
            "SELECT place FROM found WHERE seq = ? ORDER BY place LIMIT ?", (seq, _MOST_PLACES)
        ).fetchall()
        return self._read(seq, (place for (place,) in places))

    def ascending(self, first: int) -> Iterator[tuple[int, Candidates]]:
        """Each seq from `first` on that has a record."""
        rows = self._db.execute(
            "SELECT seq, place FROM found WHERE seq >= ? ORDER BY seq, place", (first,)
        )
        for seq, group in itertools.groupby(rows, key=lambda row: row[0]):
            places = (place for _, place in itertools.islice(group, _MOST_PLACES))
            yield int(seq), self._read(int(seq), places)

    def descending(self, last: int) -> Iterator[tuple[int, Candidates]]:
        """Each seq down from `last` that has a record."""
        rows = self._db.execute(
            "SELECT DISTINCT seq FROM found WHERE seq <= ? ORDER BY seq DESC", (last,)
        )
        for (seq,) in rows:
            yield int(seq), self.at(int(seq))

    def keep(self, seq: int, place: int, digest: bytes, *, proven: bool) -> None:
        """Note an entry for the new ledger, with its correct digest. `proven`: whether a digest
        proves its body. One that is noted already stays as it is.
        """
        check = _check(seq, place, digest, proven)
        self._db.execute(
            "INSERT OR IGNORE INTO kept VALUES (?, ?, ?, ?, ?)", (seq, place, digest, proven, check)
        )

    def has_entry(self, record: RawRecord) -> bool:
        """Whether an entry with this digest and body is noted, at whichever seq. Damaged digests
        may be alike.
        """
        self._db.execute("CREATE INDEX IF NOT EXISTS by_digest ON kept(digest)")
        places = self._db.execute(
            "SELECT place FROM kept WHERE digest = ? LIMIT ?", (record.digest, _MOST_CANDIDATES)
        ).fetchall()
        known = (self._record(place) for (place,) in places)
        return any(found is not None and found.body == record.body for found in known)

    def kept_after(self, seq: int) -> Iterator[int]:
        """The seqs of the noted entries behind `seq`, in order."""
        rows = self._db.execute("SELECT seq FROM kept WHERE seq > ? ORDER BY seq", (seq,))
        return (int(found) for (found,) in rows)

    def kept_count(self) -> int:
        """How many entries are noted."""
        return int(self._db.execute("SELECT count(*) FROM kept").fetchone()[0])

    def unproven_count(self) -> int:
        """How many of the noted entries nothing proves."""
        return int(self._db.execute("SELECT count(*) FROM kept WHERE NOT proven").fetchone()[0])

    def kept(self, after: int = 0) -> Iterator[tuple[int, bytes, bytes, bool]]:
        """Seq, body and digest of the noted entries behind `after`, in order, and whether they are
        proven.

        Raises sqlite3.DatabaseError when the card has changed what was noted.
        """
        rows = self._db.execute("SELECT * FROM kept WHERE seq > ? ORDER BY seq", (after,))
        for seq, place, digest, proven, check in rows:
            if check != _check(seq, place, digest, proven):
                raise sqlite3.DatabaseError("the index of the salvage is damaged")
            found = self._record(place)
            if found is not None:
                yield seq, found.body, digest, bool(proven)

    def kept_descending(self) -> Iterator[tuple[int, bytes]]:
        """Seq and body of the noted entries, newest first."""
        for seq, place in self._db.execute("SELECT seq, place FROM kept ORDER BY seq DESC"):
            found = self._record(place)
            if found is not None:
                yield seq, found.body

    def close(self) -> None:
        """Close the files; safe to call twice."""
        for fd in self._files.values():
            os.close(fd)
        self._files.clear()
        self._page.cache_clear()
        self._db.close()

    def _read(self, seq: int, places: Iterator[int]) -> Candidates:
        different: Candidates = []
        for place in places:
            found = self._record(place)
            if found is None or found.seq != seq:
                continue
            if all(found != known for _, known in different):
                different.append((place, found))
                if len(different) == _MOST_CANDIDATES:
                    break
        return different

    def _record(self, place: int) -> RawRecord | None:
        if place >= _IN_WAL:
            path, before = self._wal, HEADER_BYTES + FRAME_HEADER_BYTES
            start = (place - _IN_WAL - before) % FRAME_BYTES
            page = self._page(path, place - _IN_WAL - start)
        else:
            start = place % PAGE_BYTES
            page = self._page(self._path, place - start)
        return record_at(page, start, self._load)

    @property
    def _load(self) -> LoadPage:
        return self._newest

    def _newest(self, number: int) -> bytes:
        """The newest content of a page: an overflow page of a long record."""
        place = self._frames.get(number)
        if place is not None:
            return self._page(self._wal, place)
        return self._page(self._path, (number - 1) * PAGE_BYTES) if number > 0 else b""

    def _read_page(self, path: Path, place: int) -> bytes:
        """A page; empty when it cannot be read."""
        try:
            if path not in self._files:
                self._files[path] = os.open(path, os.O_RDONLY)
            return os.pread(self._files[path], PAGE_BYTES, place)
        except (OSError, OverflowError):
            return b""


def content_digest(path: Path) -> bytes:
    """A digest of the file at `path` and of its WAL; either may be missing. Raises OSError."""
    whole = hashlib.blake2b(digest_size=32)
    for file in (path, beside(path, "-wal")):
        for place, piece in pieces(file, 0, _DIGEST_BYTES):
            whole.update(b"%d %d " % (place, len(piece)))
            whole.update(piece)
        whole.update(b";")
    return whole.digest()


def discard_index(base: Path) -> None:
    """Delete the index that an interrupted salvage has left beside `base`, if there is one."""
    discard(beside(base, SUFFIX))


@contextmanager
def open_index(
    path: Path, base: Path, source: bytes, progress: Callable[[float], None]
) -> Iterator[RecordIndex]:
    """The records of the damaged ledger at `path`, whose `content_digest` is `source`. The index is
    kept beside `base`, and removed at the end or at an error. Raises OSError, sqlite3.Error.
    """
    file = beside(base, SUFFIX)
    db = _connect(file, source)
    index = RecordIndex(path, db)
    try:
        index.scan(progress)
        yield index
    finally:
        index.close()
        discard(file)


def _connect(file: Path, source: bytes) -> sqlite3.Connection:
    """The index that is there, if it is of `source`; else an empty one."""
    db = sqlite3.connect(file, isolation_level=None)
    try:
        _set_pragmas(db)
        layout = db.execute("PRAGMA user_version").fetchone()[0]
        row = db.execute("SELECT value FROM noted WHERE name = 'source'").fetchone()
        if layout == _LAYOUT and row is not None and row[0] == source:
            return db
    except FILE_ERRORS as error:
        if not is_damage(error):
            db.close()
            raise
    db.close()
    discard(file)
    db = sqlite3.connect(file, isolation_level=None)
    _set_pragmas(db)
    db.execute("BEGIN")
    db.execute(
        "CREATE TABLE found(seq INTEGER, place INTEGER, receipted INTEGER,"
        " PRIMARY KEY(seq, place)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE kept(seq INTEGER PRIMARY KEY, place INTEGER, digest BLOB, proven INTEGER,"
        " check_sum INTEGER)"
    )
    db.execute("CREATE TABLE noted(name TEXT PRIMARY KEY, value BLOB)")
    db.execute("INSERT INTO noted VALUES ('source', ?)", (source,))
    db.execute(f"PRAGMA user_version={_LAYOUT}")
    db.execute("COMMIT")
    return db


def _set_pragmas(db: sqlite3.Connection) -> None:
    # The journal stays one file, so that a commit changes no names. A step is durable with FULL.
    for pragma in ("journal_mode=TRUNCATE", "synchronous=FULL", "cache_size=-4000"):
        db.execute(f"PRAGMA {pragma}")


def _check(seq: int, place: int, digest: bytes, proven: bool) -> int:
    return zlib.crc32(b"%d %d %d " % (seq, place, proven) + digest)
