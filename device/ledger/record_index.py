"""Where the records of a damaged ledger are: an index in a file of its own.

The index is a table of SQLite's, so that the memory does not depend on how many records there are.
It is of use only while one salvage runs: it is not synced, and one that an ended process has left
is thrown away.
"""

import functools
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from device.ledger.file import APPLICATION_ID, beside
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
        self.is_foreign = False
        """There is no record, the header is not a ledger's, and not all of the file is zeros."""

    def scan(self, progress: Callable[[float], None]) -> None:
        """Find every record. Raises OSError, sqlite3.Error (the index cannot be written)."""
        self._frames = {frame.number: frame.place for frame in frames(self._wal)}
        self._db.execute(
            "CREATE TABLE found(seq INTEGER, place INTEGER, receipted INTEGER,"
            " PRIMARY KEY(seq, place)) WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE kept(seq INTEGER PRIMARY KEY, place INTEGER, digest BLOB)")
        self._db.execute("BEGIN")
        rows = itertools.chain(self._in_file(progress), self._in_wal())
        self._db.executemany("INSERT OR IGNORE INTO found VALUES (?, ?, ?)", rows)
        self.is_foreign = self.is_foreign and self.last_seq == 0

    def _in_file(self, progress: Callable[[float], None]) -> Iterator[tuple[int, int, int]]:
        size = max(1, self._path.stat().st_size) if self._path.exists() else 1
        header, zeros = b"", True
        for count, (place, page) in enumerate(pieces(self._path, 0, PAGE_BYTES)):
            header = header or page
            zeros = zeros and not page.strip(b"\0")
            for start, found in records_in(page, self._load):
                yield found.seq, place + start, found.receipted
            if count % _TOLD_EACH == 0:
                progress(place / size)
        self.is_foreign = not zeros and header[68:72] != APPLICATION_ID.to_bytes(4, "big")

    def _in_wal(self) -> Iterator[tuple[int, int, int]]:
        for frame in frames(self._wal):
            for start, found in records_in(frame.page, self._load):
                yield found.seq, _IN_WAL + frame.place + start, found.receipted

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
        return self._read(place for (place,) in places)

    def ascending(self, first: int) -> Iterator[tuple[int, Candidates]]:
        """Each seq from `first` on that has a record."""
        rows = self._db.execute(
            "SELECT seq, place FROM found WHERE seq >= ? ORDER BY seq, place", (first,)
        )
        for seq, group in itertools.groupby(rows, key=lambda row: row[0]):
            yield int(seq), self._read(place for _, place in itertools.islice(group, _MOST_PLACES))

    def descending(self, last: int) -> Iterator[tuple[int, Candidates]]:
        """Each seq down from `last` that has a record."""
        rows = self._db.execute(
            "SELECT DISTINCT seq FROM found WHERE seq <= ? ORDER BY seq DESC", (last,)
        )
        for (seq,) in rows:
            yield int(seq), self.at(int(seq))

    def keep(self, seq: int, place: int, digest: bytes) -> None:
        """Note an entry for the new ledger, with its correct digest."""
        self._db.execute("INSERT OR IGNORE INTO kept VALUES (?, ?, ?)", (seq, place, digest))

    def has_digest(self, digest: bytes) -> bool:
        """Whether an entry with this digest is noted."""
        self._db.execute("CREATE INDEX IF NOT EXISTS by_digest ON kept(digest)")
        found = self._db.execute("SELECT 1 FROM kept WHERE digest = ? LIMIT 1", (digest,))
        return found.fetchone() is not None

    def kept_after(self, seq: int) -> Iterator[int]:
        """The seqs of the noted entries behind `seq`, in order."""
        rows = self._db.execute("SELECT seq FROM kept WHERE seq > ? ORDER BY seq", (seq,))
        return (int(found) for (found,) in rows)

    def kept_count(self) -> int:
        """How many entries are noted."""
        return int(self._db.execute("SELECT count(*) FROM kept").fetchone()[0])

    def kept(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Seq, body and digest of the noted entries, in order."""
        for seq, place, digest in self._db.execute("SELECT * FROM kept ORDER BY seq"):
            found = self._record(place)
            if found is not None:
                yield seq, found.body, digest

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

    def _read(self, places: Iterator[int]) -> Candidates:
        different: Candidates = []
        for place in places:
            found = self._record(place)
            if found is not None and all(found != known for _, known in different):
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
                self._files[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            return os.pread(self._files[path], PAGE_BYTES, place)
        except (OSError, OverflowError):
            return b""


@contextmanager
def open_index(path: Path, base: Path, progress: Callable[[float], None]) -> Iterator[RecordIndex]:
    """The records of the damaged ledger at `path`. The index is kept beside `base` and removed at
    the end. Raises OSError, sqlite3.Error.
    """
    file = beside(base, SUFFIX)
    file.unlink(missing_ok=True)
    db = sqlite3.connect(file, isolation_level=None)
    index = RecordIndex(path, db)
    try:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-4000"):
            db.execute(f"PRAGMA {pragma}")
        index.scan(progress)
        yield index
    finally:
        index.close()
        file.unlink(missing_ok=True)
