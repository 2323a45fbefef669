"""A note of the last entry, in a small file beside the ledger: `<name>.head`.

When a WAL is cut or removed, what is left is a sound ledger that ends earlier. The note tells: it
is written after each commit, so it never names an entry that was not durable. It is not synced,
because that would double the cost of a press. After a power cut it may be some seconds older than
the ledger, which says nothing; a note that is ahead of the ledger means that committed entries are
gone.

The file has two places, which are written in turns, so that a write which a power cut tears leaves
the other one. A place that is torn counts as empty.
"""

import logging
import os
import zlib
from pathlib import Path
from typing import NamedTuple

from sync.messages import MAX_SEQ
from sync.regular_file import open_regular

log = logging.getLogger(__name__)

SUFFIX = ".head"
_PLACE_BYTES = 512  # a sector: one is never torn together with the other
_PLACES = 2


class NotedHead(NamedTuple):
    """The last entry of a ledger, as noted."""

    ledger: str
    seq: int
    digest: bytes


def noted_head(path: Path, ledger: str) -> NotedHead | None:
    """The newest head that is noted beside the ledger at `path`; None when none is readable."""
    heads = _heads(_content(path))
    return max((h for h in heads if h.ledger == ledger), key=lambda h: h.seq, default=None)


def noted_alone(path: Path) -> NotedHead | None:
    """The newest head that is noted at `path`, where the ledger itself is gone."""
    return max(_heads(_content(path)), key=lambda h: h.seq, default=None)


def is_unreadable(path: Path) -> bool:
    """Whether there is a note at `path` in which nothing can be read, or which is no file that can
    be read. One torn place is none.
    """
    try:
        content = _read_file(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return bool(content.strip(b"\0")) and not _heads(content)


def _content(path: Path) -> bytes:
    try:
        return _read_file(path)
    except OSError:
        return b""


def _read_file(path: Path) -> bytes:
    with os.fdopen(open_regular(path.with_name(path.name + SUFFIX)), "rb") as file:
        return file.read(_PLACES * _PLACE_BYTES)


def _heads(content: bytes) -> list[NotedHead]:
    places = (content[n * _PLACE_BYTES : (n + 1) * _PLACE_BYTES] for n in range(_PLACES))
    return [head for place in places if (head := _read(place)) is not None]


class HeadNote:
    """Writes the note. Used on the writer's thread; never raises, because a note that cannot be
    written is no reason to refuse a rating.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + SUFFIX)
        self._fd: int | None = None
        self._writes = 0
        self._failed = False

    def write(self, head: NotedHead) -> None:
        """Note a committed entry: one write of a few bytes, not synced."""
        self._writes += 1
        try:
            if self._fd is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
                self._fd = os.open(self._path, flags, 0o644)
            os.pwrite(self._fd, _spelt(head), self._writes % _PLACES * _PLACE_BYTES)
        except OSError as error:
            if not self._failed:
                log.warning("%s: the last entry cannot be noted: %s", self._path, error)
            self._failed = True

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _spelt(head: NotedHead) -> bytes:
    text = f"{head.ledger} {head.seq} {head.digest.hex()}".encode()
    return text + b" %08x\n" % zlib.crc32(text)


def _read(place: bytes) -> NotedHead | None:
    """The head in one of the two places; None when it is empty or torn."""
    text, _, check = place.partition(b"\n")[0].rpartition(b" ")
    if check != b"%08x" % zlib.crc32(text):
        return None
    try:
        ledger, seq, digest = text.decode().split(" ")
        head = NotedHead(ledger, int(seq), bytes.fromhex(digest))
    except ValueError:
        return None
    return head if 0 < head.seq <= MAX_SEQ else None
