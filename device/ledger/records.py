"""Finds rows of the entry table in the bytes of pages, without SQLite. Pure.

A row is found by its format, whether or not the page around it can still be read. The record
format is section 2 of https://www.sqlite.org/fileformat2.html.
"""

import functools
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sync.entries import DIGEST_BYTES

PAGE_BYTES = 2048
"""The size of a page in every ledger."""
MAX_SEQ = 2**53
"""The contract's bound; a larger number in a row is damage."""

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

_VARINT_BYTES = 8
"""The longest varint of a seq."""

LoadPage = Callable[[int], bytes]
"""The newest content of a page by its number; empty when there is none."""


class RawRecord(NamedTuple):
    """One record as found in the file; not checked against the digest chain."""

    seq: int
    body: bytes
    digest: bytes
    receipted: int


def records_in(page: bytes, load: LoadPage, after: int = 0) -> Iterator[tuple[int, RawRecord]]:
    """Where in `page` each record with a seq above `after` begins, and the record."""
    for match in _HEADER.finditer(page):
        found = _record(page, match, load)
        if found is not None and found.seq > after:
            yield match.start(), found


def record_at(page: bytes, start: int, load: LoadPage) -> RawRecord | None:
    """The record that `records_in` found at `start` of the same page; None when it is not there."""
    match = _HEADER.match(page, start)
    return _record(page, match, load) if match is not None else None


def _record(page: bytes, match: "re.Match[bytes]", load: LoadPage) -> RawRecord | None:
    header = match.group()
    serial = 0
    for byte in header[2:-2]:
        serial = serial << 7 | byte & 0x7F
    mark_bytes = _INTEGER_BYTES[header[-1]]
    body_bytes = (serial - 12) // 2
    if serial % 2 or body_bytes <= 0:
        return None
    payload_bytes = len(header) + body_bytes + DIGEST_BYTES + mark_bytes
    seq = _rowid_before(page, match.start(), payload_bytes)
    if seq is None or seq > MAX_SEQ:
        return None
    payload = _payload(page, match.start(), payload_bytes, load)
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
    # A cell is: payload length, rowid, payload. All bytes of a varint but the last have their
    # highest bit set, so where it begins is not certain; the expected length in front decides.
    length = _to_varint(payload_bytes)
    if page[end - 1] & 0x80:
        return None
    seq, shift = page[end - 1], 0
    for start in range(end - 1, max(end - 1 - _VARINT_BYTES, len(length) - 1), -1):
        if shift:
            if page[start] < 0x80:
                return None
            seq |= (page[start] & 0x7F) << shift
        shift += 7
        if seq and page.startswith(length, start - len(length)):
            return seq
    return None


def _payload(page: bytes, start: int, size: int, load: LoadPage) -> bytes | None:
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
        more = load(int.from_bytes(overflow, "big"))
        if len(more) < PAGE_BYTES:
            return None
        overflow = more[:4]
        payload += more[4 : 4 + size - len(payload)]
    return payload if len(payload) == size else None


@functools.lru_cache(1024)
def _to_varint(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))
