"""What SQLite reads of a write-ahead log, told from the log's bytes alone."""

import os
import shutil
import sqlite3
import struct
from pathlib import Path
from random import Random

import pytest

from device.ledger.records import PAGE_BYTES
from device.ledger.wal import FRAME_BYTES, HEADER_BYTES, frames, has_commit, pieces
from tests.rigs.ledger.ledger_process import open_in, rated
from tests.rigs.system.open_descriptors import open_below


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
    content = wal.read_bytes()
    for frame in found:
        assert content[frame.place : frame.place + PAGE_BYTES] == frame.page
        assert frame.number.to_bytes(4, "big") == content[frame.place - 24 : frame.place - 20]
    assert {frame.number for frame in found} <= set(range(1, 10))
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


def test_a_frame_header_without_a_page_is_no_frame(tmp_path: Path) -> None:
    header, page = bytes(32), b"p" * PAGE_BYTES
    first = bytes([1, 2, 3, 4]).ljust(24, b"h") + page
    for rest, count in ((b"", 1), (bytes(24), 1), (bytes(24) + page, 2)):
        (tmp_path / "wal").write_bytes(header + first + rest)
        found = list(frames(tmp_path / "wal"))
        assert len(found) == count
        assert found[0] == (56, 0x01020304, page)


def test_a_piece_that_the_card_cannot_read_is_left_out_and_those_behind_it_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wal").write_bytes(bytes(32) + b"".join(bytes([n]) * FRAME_BYTES for n in range(3)))
    pread = os.pread

    def bad_block(fd: int, size: int, offset: int) -> bytes:
        if offset == HEADER_BYTES + FRAME_BYTES:
            raise OSError(5, "Input/output error")
        return pread(fd, size, offset)

    monkeypatch.setattr(os, "pread", bad_block)
    assert [frame.page[:1] for frame in frames(tmp_path / "wal")] == [b"\0", b"\2"]
    read = list(pieces(tmp_path / "wal", 0, HEADER_BYTES + FRAME_BYTES))
    assert [(place, len(piece)) for place, piece in read] == [(0, 2104), (2104, 0), (4208, 2040)]
    assert open_below(tmp_path) == []


def wal_of(
    numbered: list[tuple[int, int, bytes]],
    frame_salt: bytes = b"saltsalt",
    *,
    magic: int = 0x377F0682,
    version: int = 3007000,
    page_bytes: int = PAGE_BYTES,
) -> bytes:
    """A WAL of these frames (page number, size of the database after a commit, page), in which all
    checksums are right, computed as section 4.2 of SQLite's file format says.
    """
    order = ">" if magic & 1 else "<"

    def sums(data: bytes, s0: int, s1: int) -> tuple[int, int]:
        for n in range(0, len(data), 8):
            x0, x1 = struct.unpack(order + "II", data[n : n + 8])
            s0 = (s0 + x0 + s1) % 2**32
            s1 = (s1 + x1 + s0) % 2**32
        return s0, s1

    content = struct.pack(">IIII", magic, version, page_bytes, 1) + b"saltsalt"
    check = sums(content, 0, 0)
    content += struct.pack(">II", *check)
    for number, pages_after, page in numbered:
        head = struct.pack(">II", number, pages_after)
        check = sums(head + page, *check)
        content += head + frame_salt + struct.pack(">II", *check) + page
    return content


BIG, LITTLE = 0x377F0683, 0x377F0682


@pytest.mark.parametrize(
    ("header", "frame", "salt", "there"),
    [
        ({"magic": LITTLE}, (1, 3), b"saltsalt", True),
        ({"magic": BIG}, (1, 3), b"saltsalt", True),
        ({}, (1, 0), b"saltsalt", False),  # not committed
        ({}, (0, 3), b"saltsalt", False),
        ({}, (1, 3), b"saltold ", False),  # of an earlier round
        ({}, (1, 3), b"saltsal.", False),
        ({}, (1, 3), b".altsalt", False),
        ({"magic": LITTLE + 2}, (1, 3), b"saltsalt", False),
        ({"version": 3007001}, (1, 3), b"saltsalt", False),
        ({"page_bytes": 2 * PAGE_BYTES}, (1, 3), b"saltsalt", False),
    ],
)
def test_a_wal_counts_by_its_salt_its_format_and_its_page_numbers_too(
    tmp_path: Path, header: dict[str, int], frame: tuple[int, int], salt: bytes, there: bool
) -> None:
    (tmp_path / "pad").mkdir()
    path = with_wal(tmp_path / "pad", 3)
    wal = path.with_name("ledger-wal")
    page = path.read_bytes()[:PAGE_BYTES]
    wal.write_bytes(wal_of([(*frame, page)], salt, **header))
    assert has_commit(wal) is there
    if not header.keys() & {"page_bytes", "version"}:  # SQLite refuses to open such a one
        db = sqlite3.connect(path)
        assert (db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1] > 0) is there
        db.close()


def test_a_commit_in_a_later_frame_counts_and_one_behind_a_broken_frame_does_not(
    tmp_path: Path,
) -> None:
    wal, page = tmp_path / "wal", b"page" * (PAGE_BYTES // 4)
    content = wal_of([(1, 0, page), (2, 3, page)])
    wal.write_bytes(content)
    assert has_commit(wal)
    wal.write_bytes(content[:-1])  # a page that was cut
    assert not has_commit(wal)
    for place in (HEADER_BYTES + 16, HEADER_BYTES + 23, HEADER_BYTES + 24, HEADER_BYTES + 2071):
        broken = bytearray(content)
        broken[place] ^= 1
        wal.write_bytes(broken)
        assert not has_commit(wal)
