"""What SQLite reads of a write-ahead log, told from the log's bytes alone."""

import shutil
import sqlite3
from pathlib import Path
from random import Random

from device.ledger.records import PAGE_BYTES
from device.ledger.wal import FRAME_BYTES, HEADER_BYTES, frames, has_commit
from tests.rigs.ledger.ledger_process import open_in, rated


def with_wal(folder: Path, count: int) -> Path:
    """A copy of a ledger whose last entries are in the WAL, as a power cut leaves it."""
    ledger = open_in(folder)
    for n in range(count):
        ledger.append(rated(n))
    copy = shutil.copytree(folder, folder.with_name("copy"))
    ledger.close()
    (copy / "ledger-shm").unlink()
    return copy / "ledger"


def test_the_frames_of_a_wal_are_read_one_by_one_and_none_without_a_file(tmp_path: Path) -> None:
    (tmp_path / "pad").mkdir()
    path = with_wal(tmp_path / "pad", 5)
    wal = path.with_name("ledger-wal")
    found = list(frames(wal))
    assert len(found) == (wal.stat().st_size - HEADER_BYTES) // FRAME_BYTES > 5
    assert {len(frame.page) for frame in found} == {PAGE_BYTES}
    assert list(frames(tmp_path / "nowhere")) == []


def test_a_commit_is_found_exactly_where_sqlite_finds_one(tmp_path: Path) -> None:
    (tmp_path / "pad").mkdir()
    path = with_wal(tmp_path / "pad", 3)
    wal = path.with_name("ledger-wal")
    content, database = wal.read_bytes(), path.read_bytes()
    rng = Random(11)
    seen = set()
    for n in range(150):
        changed = bytearray(content)
        if n:  # in the header, or in the frames of the first commit
            changed[rng.randrange(HEADER_BYTES + 2 * FRAME_BYTES)] ^= 1 << rng.randrange(8)
        if n % 10 == 9:
            del changed[rng.randrange(len(changed)) :]
        wal.write_bytes(changed)
        told = has_commit(wal)
        seen.add(told)
        db = sqlite3.connect(path)
        try:
            frames_in_use = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
        finally:
            db.close()
        assert told == (frames_in_use > 0), n
        path.write_bytes(database)
    assert seen == {True, False}
