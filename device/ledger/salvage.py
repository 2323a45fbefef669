"""Reading the entries out of a damaged ledger, without SQLite.

Searches the bytes of the file and of its WAL for records of the entry table by their format,
whether or not the pages around them can still be read. The digest chain decides which of them are
genuine: an entry is accepted when it follows from the one before it, when the one after it proves
it, or, behind a gap, when nothing contradicts it. Changes nothing on disk.

The record format is section 2 of https://www.sqlite.org/fileformat2.html.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from device.ledger.file import APPLICATION_ID, PAGE_BYTES, beside
from sync.entries import (
    DIGEST_BYTES,
    GENESIS,
    HashName,
    Opened,
    Salvaged,
    kind_of,
    next_digest,
    read_body,
)

_HEADER = re.compile(
    rb"(?:\x05\x00[\x0c-\x7f]|\x06\x00[\x80-\xff][\x00-\x7f]|\x07\x00[\x80-\xff]{2}[\x00-\x7f])"
    rb"\x4c[\x00-\x06\x08\x09](?=\{)"
)
"""A record's header: its own size, NULL for the rowid, the body's length, a 32-byte blob, an
integer. Behind it comes the brace with which every body begins (JSON).
"""

_INTEGER_BYTES = (0, 1, 2, 3, 4, 6, 8, 0, 0, 0)
"""How many bytes an integer of serial type 0 to 9 takes; types 8 and 9 are the constants 0 and 1.
"""
_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_MARK_ROWS = 8
"""The receipted mark is the lowest one in the last so many rows: one flipped byte cannot raise it.
"""


class RawRecord(NamedTuple):
    """One record as found in the file; not checked against the digest chain."""

    seq: int
    body: bytes
    digest: bytes
    receipted: int


@dataclass(frozen=True, slots=True)
class Carryover:
    """What a new ledger takes over from the one before it.

    `entries`: seq, body and correct digest, in order: the entries that the province may not have,
    and those that the next start needs. `missing`: closed ranges of entries that the province may
    not have and that could not be read. `seq`, `digest`: the last entry that the unbroken chain
    reaches. Whether there were entries behind the last one that could be read is not known.
    """

    ledger: str
    pad: str
    hash_name: HashName
    seq: int = 0
    digest: bytes = GENESIS
    receipted: int = 0
    entries: list[tuple[int, bytes, bytes]] = field(default_factory=list)
    missing: tuple[tuple[int, int], ...] = ()
    is_foreign: bool = False


def carve(path: Path, *, ledger: str, hash_name: HashName) -> Carryover:
    """What can be read in the file at `path` and in its WAL; either may be missing.

    `ledger` and `hash_name` are used when the first entry is lost. `is_foreign` of the result: this
    never was a ledger (it has no entry, not a ledger's header, and is not only zeros). Raises
    OSError.
    """
    pages = _read_pages(path)
    frames = _read_frames(beside(path, "-wal"))
    rows: dict[int, list[RawRecord]] = {}
    for found in _records(pages, frames):
        if found not in (known := rows.setdefault(found.seq, [])):
            known.append(found)
    opened = _opened(rows.get(1, []))
    if opened is not None:
        ledger, hash_name = opened.ledger, opened.hash
    if not rows:
        return Carryover(ledger, "", hash_name, is_foreign=_is_foreign(pages))
    receipted = min(max(f.receipted for f in rows[s]) for s in sorted(rows)[-_MARK_ROWS:])
    true = _prove(rows, hash_name)
    seq, digest = _last_in_chain(true, receipted)
    needed = needed_at_start((s, true[s][0]) for s in sorted(true, reverse=True))
    kept = [(s, *true[s]) for s in sorted(true) if s > receipted or s in needed]
    return Carryover(
        ledger=ledger,
        pad=opened.pad if opened else "",
        hash_name=hash_name,
        seq=seq,
        digest=digest,
        receipted=receipted,
        entries=kept,
        missing=_gaps([s for s, _, _ in kept if s > receipted], receipted, max(rows)),
    )


def unread_tail(path: Path, head: int) -> dict[int, list[RawRecord]]:
    """The records behind entry `head` in the WAL of `path`, by seq, valid or not. Raises OSError.

    SQLite silently ends a WAL at the first frame whose checksum is wrong. After a power cut that is
    the commit that was under way, for which no thanks was shown. After damage there may be
    committed entries behind it.
    """
    rows: dict[int, list[RawRecord]] = {}
    for found in _records({}, _read_frames(beside(path, "-wal")), head):
        rows.setdefault(found.seq, []).append(found)
    return rows


def needed_at_start(entries: Iterable[tuple[int, bytes]]) -> set[int]:
    """Which of the entries, newest first, the next start reads although they are receipted: seqs.

    The last `booted` has the number of boots. A pause that is in force is recorded again behind it
    (`startup_state.py`).
    """
    needed: set[int] = set()
    for seq, body in entries:
        kind = kind_of(body)
        if kind == "salvaged" and isinstance(carried := _readable(body), Salvaged):
            kind = kind_of(carried.body.encode())
        if kind == "booted" or (kind in {"paused", "resumed"} and not needed):
            needed.add(seq)
        if kind == "booted":
            break
    return needed


def _read_pages(path: Path) -> dict[int, bytes]:
    return {n + 1: page for n, page in enumerate(_read_pieces(path, 0, PAGE_BYTES))}


def _read_frames(path: Path) -> list[tuple[int, bytes]]:
    pieces = _read_pieces(path, _WAL_HEADER_BYTES, _FRAME_HEADER_BYTES + PAGE_BYTES)
    return [(int.from_bytes(p[:4], "big"), p[_FRAME_HEADER_BYTES:]) for p in pieces]


def _read_pieces(path: Path, start: int, size: int) -> Iterator[bytes]:
    """The file in pieces of `size` bytes; a piece that the card cannot read is empty."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        for offset in range(start, os.fstat(fd).st_size, size):
            try:
                yield os.pread(fd, size, offset)
            except OSError:  # EIO: a bad block; what lies behind it may be readable
                yield b""
    finally:
        os.close(fd)


def _records(
    pages: dict[int, bytes], frames: list[tuple[int, bytes]], after: int = 0
) -> Iterator[RawRecord]:
    """Every record with a seq above `after`; one that is stored twice comes twice."""
    latest = pages | dict(frames)
    for page in [*pages.values(), *(page for _, page in frames)]:
        for match in _HEADER.finditer(page):
            found = _record(page, match, latest, after)
            if found is not None:
                yield found


def _record(
    page: bytes, match: "re.Match[bytes]", pages: dict[int, bytes], after: int
) -> RawRecord | None:
    header = match.group()
    serial, _ = _varint(header, 2)
    mark_bytes = _INTEGER_BYTES[header[-1]]
    body_bytes = (serial - 12) // 2
    if serial % 2 or body_bytes <= 0:
        return None
    payload_bytes = len(header) + body_bytes + DIGEST_BYTES + mark_bytes
    seq = _rowid_before(page, match.start(), payload_bytes)
    if seq is None or seq <= after:
        return None
    payload = _payload(page, match.start(), payload_bytes, pages)
    if payload is None:
        return None
    content = payload[len(header) :]
    digest_end = body_bytes + DIGEST_BYTES
    mark = 1 if header[-1] == 9 else int.from_bytes(content[digest_end:], "big", signed=True)
    return RawRecord(seq, content[:body_bytes], content[body_bytes:digest_end], max(0, mark))


def _rowid_before(page: bytes, end: int, payload_bytes: int) -> int | None:
    """The rowid whose varint ends at `end`. It is recognised by the varint of the payload's length
    in front of it.
    """
    # A cell is: payload length, rowid, payload. Varints can only be read forwards, so every start
    # that may belong to `end` is tried; the expected length in front of it decides.
    length = _to_varint(payload_bytes)
    for start in range(end - 1, max(end - 10, len(length) - 1), -1):
        seq, after = _varint(page, start)
        if after == end and seq > 0 and page[start - len(length) : start] == length:
            return seq
    return None


def _payload(page: bytes, start: int, size: int, pages: dict[int, bytes]) -> bytes | None:
    """The whole payload, with its parts on overflow pages; None when a part is missing.

    How much of it is on the first page: section 1.6 of the file format.
    """
    # Up to PAGE_BYTES - 35 bytes stay on the page. Of a longer payload so many stay that the
    # overflow pages, of PAGE_BYTES - 4 bytes each, are full; if those are too many, `least` stay.
    local = size
    if size > PAGE_BYTES - 35:
        least = (PAGE_BYTES - 12) * 32 // 255 - 23
        local = least + (size - least) % (PAGE_BYTES - 4)
        if local > PAGE_BYTES - 35:
            local = least
    payload = page[start : start + local]
    overflow = page[start + local : start + local + 4] if local < size else b""
    while len(payload) < size and overflow:
        more = pages.get(int.from_bytes(overflow, "big"), b"")
        if len(more) < PAGE_BYTES:
            return None
        overflow = more[:4]
        payload += more[4 : 4 + size - len(payload)]
    return payload if len(payload) == size else None


def _varint(data: bytes, start: int) -> tuple[int, int]:
    """The varint at `start`, at most 8 bytes long, and where it ends."""
    value = 0
    for at in range(start, min(start + 8, len(data))):
        value = value << 7 | data[at] & 0x7F
        if data[at] < 0x80:
            return value, at + 1
    return -1, -1


def _to_varint(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def _opened(candidates: list[RawRecord]) -> Opened | None:
    for found in candidates:
        body = _readable(found.body)
        if isinstance(body, Opened) and next_digest(body.hash, GENESIS, found.body) == found.digest:
            return body
    return None


def _readable(body: bytes) -> object | None:
    """The entry, or True for one of an unknown kind; None when `body` is not an entry."""
    try:
        return read_body(body) or True
    except ValueError:
        return None


def _prove(rows: dict[int, list[RawRecord]], name: HashName) -> dict[int, tuple[bytes, bytes]]:
    """Body and correct digest of each row that the chain proves or, behind a gap, cannot refute."""
    true: dict[int, tuple[bytes, bytes]] = {}
    for seq in sorted(rows):
        before = GENESIS if seq == 1 else true.get(seq - 1, (b"", None))[1]
        after = rows.get(seq + 1, [])
        for found in rows[seq]:
            digest = found.digest if before is None else next_digest(name, before, found.body)
            proven_by_next = any(next_digest(name, digest, n.body) == n.digest for n in after)
            if before is not None:
                # When this row's own digest is damaged, the next row can still prove its body.
                good = digest == found.digest or proven_by_next
            else:
                good = (proven_by_next or not after) and _readable(found.body) is not None
            if good:
                true[seq] = (found.body, digest)
                break
        else:
            if before is None and (lone := _first_readable(rows[seq])) is not None:
                true[seq] = (lone.body, lone.digest)
    return true


def _first_readable(candidates: list[RawRecord]) -> RawRecord | None:
    """A row between two gaps, or before a damaged row: not proven, but kept when it is readable."""
    return next((found for found in candidates if _readable(found.body) is not None), None)


def _last_in_chain(true: dict[int, tuple[bytes, bytes]], receipted: int) -> tuple[int, bytes]:
    """The last entry of the unbroken run that begins at the receipted mark, or at the start."""
    seq = receipted
    while seq + 1 in true:
        seq += 1
    while seq and seq not in true:
        seq -= 1
    return (seq, true[seq][1]) if seq else (0, GENESIS)


def _gaps(present: list[int], after: int, last: int) -> tuple[tuple[int, int], ...]:
    gaps: list[tuple[int, int]] = []
    for seq in [*present, last + 1]:
        if seq > after + 1:
            gaps.append((after + 1, seq - 1))
        after = seq
    return tuple(gaps)


def _is_foreign(pages: dict[int, bytes]) -> bool:
    if not pages or not any(page.strip(b"\0") for page in pages.values()):
        return False
    first = pages.get(1, b"")
    return first[68:72] != APPLICATION_ID.to_bytes(4, "big")
