"""The write-ahead log beside a ledger: its frames, and whether SQLite reads any of them.

SQLite ends a WAL silently at the first frame whose salt or checksum is wrong. After a power cut
that is the commit that was under way, for which no thanks was shown. After damage there may be
committed entries behind it, so the frames are read here without SQLite, too.

The format is section 4 of https://www.sqlite.org/fileformat2.html. Nothing is written.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from device.ledger.records import PAGE_BYTES

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES
_MAGIC = 0x377F0682  # the lowest bit says in which byte order the checksums are computed
_FORMAT = 3007000


class WalFrame(NamedTuple):
    """One frame, valid or not: where its page begins in the file, the page's number, the page."""

    place: int
    number: int
    page: bytes


def frames(wal: Path) -> Iterator[WalFrame]:
    """Every whole frame, one at a time; none when there is no file. What the card cannot read is
    left out. Raises OSError when the file cannot be opened.
    """
    for place, piece in pieces(wal, HEADER_BYTES, FRAME_BYTES):
        if len(piece) > FRAME_HEADER_BYTES:
            number = int.from_bytes(piece[:4], "big")
            yield WalFrame(place + FRAME_HEADER_BYTES, number, piece[FRAME_HEADER_BYTES:])


def pieces(path: Path, start: int, size: int) -> Iterator[tuple[int, bytes]]:
    """A file in pieces of `size` bytes with their offsets; a piece that the card cannot read is
    empty. None when there is no file.
    """
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        for offset in range(start, os.fstat(fd).st_size, size):
            try:
                yield offset, os.pread(fd, size, offset)
            except OSError:  # EIO: a bad block; what lies behind it may be readable
                yield offset, b""
    finally:
        os.close(fd)


def has_commit(wal: Path) -> bool:
    """Whether SQLite finds at least one whole commit in the WAL, by its salts and checksums.

    Where this is false SQLite reads the database file alone, and removes the WAL when its last
    connection is closed. Raises OSError.
    """
    with wal.open("rb") as file:
        header = file.read(HEADER_BYTES)
        started = _started(header)
        if started is None:
            return False
        order, sums = started
        while len(frame := file.read(FRAME_BYTES)) == FRAME_BYTES:
            number, pages_after = struct.unpack(">II", frame[:8])
            sums = _checksum(order, frame[:8] + frame[FRAME_HEADER_BYTES:], sums)
            is_valid = number and frame[8:16] == header[16:24]
            if not is_valid or sums != struct.unpack(">II", frame[16:24]):
                return False
            if pages_after:
                return True
    return False


def _started(header: bytes) -> tuple[str, tuple[int, int]] | None:
    """The byte order and the sums with which the first frame's checksum begins; None for a header
    that SQLite passes over.
    """
    if len(header) < HEADER_BYTES:
        return None
    magic, version, page_bytes = struct.unpack(">III", header[:12])
    if magic & ~1 != _MAGIC or version != _FORMAT or page_bytes != PAGE_BYTES:
        return None
    order = ">" if magic & 1 else "<"
    sums = _checksum(order, header[:24], (0, 0))
    return (order, sums) if sums == struct.unpack(">II", header[24:]) else None


def _checksum(order: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    """The two running sums of section 4.2 over `data`, whose length is a multiple of 8."""
    s0, s1 = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for x0, x1 in zip(words[::2], words[1::2], strict=True):
        s0 = s0 + x0 + s1 & 0xFFFFFFFF
        s1 = s1 + x1 + s0 & 0xFFFFFFFF
    return s0, s1
