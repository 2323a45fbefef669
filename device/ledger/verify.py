"""The one judge of a ledger: `ratingpad verify` and the agent's start ask here. Reads only.

What is examined: the whole digest chain, the tables, SQLite's `integrity_check`, the write-ahead
log behind what SQLite reads of it (`wal.py`), and the note of the last entry (`head_note.py`). The
file is read from its begin to its end, in pieces, so the memory does not depend on its size.
100,000 entries take about 0.15 s on the development machine.
"""

import hashlib
import itertools
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from device.errors import LedgerError, PadCode
from device.ledger.file import (
    APPLICATION_ID,
    FILE_ERRORS,
    SCHEMA,
    SCHEMA_VERSION,
    as_ledger_error,
    beside,
    connect_alone,
    connect_beside_agent,
    exclude_agents,
    is_damage,
    may_be_written,
)
from device.ledger.head_note import noted_head
from device.ledger.records import PAGE_BYTES, records_in
from device.ledger.salvage import is_foreign
from device.ledger.wal import WalFrame, frames
from sync.entries import FORMAT, GENESIS, HashName, Opened, Predecessor, next_digest, read_body
from sync.sentence import Sentence

Progress = Callable[[float], None]
"""Told from time to time which share of the work is done, 0 to 1."""

_TOLD_EACH = 5000
_CHAIN_SHARE = 0.6
_STEPS_OF_SQLITE = 10_000
_STEPS_PER_ENTRY = 25
"""About so many steps SQLite's `integrity_check` takes for an entry."""


class Defect(NamedTuple):
    """The first thing that is wrong; `seq` is None when it is not about one entry. `is_cut`: all
    that is there is sound, but entries behind it are gone.
    """

    seq: int | None
    text: str
    is_cut: bool = False

    def __str__(self) -> str:
        return str(self.says)

    @property
    def says(self) -> Sentence:
        """The entry and what is wrong with it."""
        text = Sentence.joined("", (self.text,))
        return (
            text if self.seq is None else Sentence("entry {seq}: {text}", seq=self.seq, text=text)
        )


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """What was found.

    `head` and `digest`: the last good entry. `entries`: how many are good. `pruned`: the last seq
    that was pruned, 0 for none. `format`: the entry format that `opened` names. `previous`: the
    ledger before this one, and which of its entries are missing. `bad`: the first defect.

    A power cut may interrupt the commit of entry `head + 1`. Where all of it is in the WAL,
    `unfinished` is its body, and the next start appends it; `torn` says that only a part is there.
    Neither is a defect: no thanks was shown.
    """

    ledger: str = ""
    pad: str = ""
    hash_name: HashName = HashName.SHA256
    format: int = 0
    head: int = 0
    digest: bytes = GENESIS
    entries: int = 0
    pruned: int = 0
    previous: Predecessor | None = None
    bad: Defect | None = None
    unfinished: bytes | None = None
    torn: bool = False

    @property
    def intact(self) -> bool:
        """Whether no defect was found."""
        return self.bad is None


_Step = Callable[[sqlite3.Connection, LedgerVerdict, Progress | None], LedgerVerdict]


def verify(path: Path, progress: Progress | None = None) -> LedgerVerdict:
    """Examine the ledger at `path` without changing it or making a file; an agent may use it at the
    same time, and the folder may be read-only.

    Raises LedgerError: L01 when there is no such file or it cannot be read, L06 when it is not a
    ledger.
    """
    if not path.is_file():
        raise LedgerError(Sentence("{path} is not there", path=path), PadCode.LEDGER_WRITE)
    with as_ledger_error(Sentence("reading {path}", path=path)):
        try:
            with exclude_agents(path, together=True):
                verdict = examine_file(path, progress)
        except LedgerError as error:
            if error.code is not PadCode.LEDGER_IN_USE:
                raise
            verdict = _examine_beside_agent(path, progress)
        if not verdict.ledger and is_foreign(path):
            raise LedgerError(Sentence("{path} is no ledger", path=path), PadCode.LEDGER_FOREIGN)
    return verdict


def examine_file(path: Path, progress: Progress | None = None) -> LedgerVerdict:
    """Examine a ledger that no agent has open or can open, as the agent's start does.

    Damage is in the verdict. Raises sqlite3.Error for other errors of SQLite, and OSError when the
    file cannot be read.
    """
    if path.stat().st_size < PAGE_BYTES:
        # SQLite would delete the WAL beside such a file, and there may be entries in the WAL.
        return LedgerVerdict(bad=Defect(None, Sentence("the file is shorter than a page")))
    if not may_be_written(path):
        return LedgerVerdict(bad=Defect(None, Sentence("the header forbids writing")))
    verdict = _examine_through(connect_alone, path, progress)
    if not verdict.intact or verdict.format > FORMAT:
        return verdict
    return _with_note(_with_tail(verdict, path), path)


def _examine_beside_agent(path: Path, progress: Progress | None) -> LedgerVerdict:
    """Examine a ledger that an agent has open. The agent reads all of its WAL, whatever the frames'
    checksums say, and so does a connection that shares its locks: there is nothing behind it.
    """
    ledger = _examine_through(connect_beside_agent, path, None).ledger
    noted = noted_head(path, ledger)  # before the entries are read: the agent adds more meanwhile
    verdict = _examine_through(connect_beside_agent, path, progress)
    if verdict.intact and noted is not None and noted.seq > verdict.head:
        return replace(verdict, bad=_cut(verdict.head, noted.seq))
    return verdict


def examine_open_file(path: Path) -> LedgerVerdict:
    """Examine a ledger that this process has open: what the next start would read. Damage is in the
    verdict; raises sqlite3.Error as `examine`.
    """
    return _examine_through(connect_beside_agent, path, None)


def _examine_through(
    connect: Callable[[Path], sqlite3.Connection], path: Path, progress: Progress | None
) -> LedgerVerdict:
    try:
        connection = connect(path)
    except FILE_ERRORS as error:
        if not is_damage(error):
            raise
        return LedgerVerdict(bad=Defect(None, str(error)))
    try:
        # One transaction, so that what an agent appends meanwhile is not seen in part.
        connection.execute("BEGIN")
        return examine(connection, progress)
    finally:
        connection.close()


class _Tail:
    """The records in a WAL behind the last entry that SQLite reads: the highest seq, and those that
    say to be the next entry.
    """

    MOST = 16
    """So many candidates are kept: a damaged WAL may name any number of them."""

    def __init__(self, path: Path, head: int) -> None:
        wal = beside(path, "-wal")
        self.last = head
        self.bodies: list[tuple[bytes, bytes]] = []
        places = {frame.number: frame.place for frame in frames(wal)}
        for frame in frames(wal):
            self._take(frame, path, wal, places, head)

    def _take(
        self, frame: WalFrame, path: Path, wal: Path, places: dict[int, int], head: int
    ) -> None:
        def load(number: int) -> bytes:
            if number in places:
                return _bytes_at(wal, places[number])
            return _bytes_at(path, (number - 1) * PAGE_BYTES)

        for _, found in records_in(frame.page, load, head):
            self.last = max(self.last, found.seq)
            candidate = (found.body, found.digest)
            if (
                found.seq == head + 1
                and candidate not in self.bodies
                and len(self.bodies) < self.MOST
            ):
                self.bodies.append(candidate)


def _bytes_at(path: Path, place: int) -> bytes:
    """A page; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(place)
            return file.read(PAGE_BYTES)
    except (OSError, ValueError, OverflowError):
        return b""


def _with_tail(verdict: LedgerVerdict, path: Path) -> LedgerVerdict:
    """The verdict with what the WAL holds behind the last entry that SQLite reads.

    Entry `head + 1` may be a commit that a power cut interrupted; those behind it were committed,
    and thanks was shown for them.
    """
    tail = _Tail(path, verdict.head)
    if tail.last > verdict.head + 1:
        text = Sentence("the WAL is broken before entry {seq}", seq=tail.last)
        return replace(verdict, bad=Defect(verdict.head + 1, text))
    for body, digest in tail.bodies:
        if next_digest(verdict.hash_name, verdict.digest, body) == digest:
            return replace(verdict, unfinished=body)
    return replace(verdict, torn=bool(tail.bodies))


def _with_note(verdict: LedgerVerdict, path: Path) -> LedgerVerdict:
    """The verdict, with a defect when entries are gone that were committed once."""
    noted = noted_head(path, verdict.ledger)
    last = verdict.head + (verdict.unfinished is not None)
    if verdict.bad is not None or noted is None or noted.seq <= last:
        return verdict
    return replace(verdict, bad=_cut(last, noted.seq), unfinished=None)


def _cut(head: int, noted: int) -> Defect:
    text = Sentence.counted(
        "{count} entry is gone from the end: entry {noted} was committed, the last one here is"
        " {head}",
        "{count} entries are gone from the end: entry {noted} was committed, the last one here is"
        " {head}",
        count=noted - head,
        noted=noted,
        head=head,
    )
    return Defect(head + 1, text, is_cut=True)


def examine(connection: sqlite3.Connection, progress: Progress | None = None) -> LedgerVerdict:
    """Examine what SQLite reads, through an open connection: chain, tables, pages. Damage is in the
    verdict; other errors of SQLite (full, busy, I/O while writing) are raised as sqlite3.Error.
    """
    # The chain first: it can name the entry. `integrity_check` only says that a page is damaged.
    return _examine(connection, (_chain, _file), progress)


def examine_chain(connection: sqlite3.Connection) -> LedgerVerdict:
    """As `examine`, the chain only: of a file that is not complete yet."""
    return _examine(connection, (_chain,), None)


def _examine(
    connection: sqlite3.Connection, steps: Sequence[_Step], progress: Progress | None
) -> LedgerVerdict:
    verdict = LedgerVerdict()
    for step in steps:
        try:
            verdict = step(connection, verdict, progress)
        except FILE_ERRORS as error:
            if not is_damage(error):
                raise
            verdict = replace(verdict, bad=Defect(None, str(error)))
        if verdict.bad is not None or verdict.format > FORMAT:
            return verdict  # a newer format can only be checked by a newer version
    return verdict


def _file(
    connection: sqlite3.Connection, verdict: LedgerVerdict, progress: Progress | None
) -> LedgerVerdict:
    def pragma(name: str) -> int:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

    bad: str | None = None
    if pragma("application_id") != APPLICATION_ID:
        bad = Sentence("the header does not name a ledger")
    elif pragma("user_version") != SCHEMA_VERSION:
        bad = Sentence("the header names version {version}", version=pragma("user_version"))
    else:
        schema = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL"))
        if schema != SCHEMA:
            names = {n for n in schema.keys() | SCHEMA if schema.get(n) != SCHEMA.get(n)}
            bad = Sentence("the tables are not a ledger's: {names}", names=", ".join(sorted(names)))
        else:
            if progress is not None:
                handler = _sqlite_progress(progress, verdict.entries)
                connection.set_progress_handler(handler, _STEPS_OF_SQLITE)
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            connection.set_progress_handler(None, 0)
            bad = None if found == "ok" else f"integrity_check: {found}"
    return replace(verdict, bad=Defect(None, bad)) if bad else verdict


def _sqlite_progress(progress: Progress, entries: int) -> Callable[[], int]:
    """A progress handler of SQLite's that tells how far `integrity_check` may be."""
    calls, expected = itertools.count(1), entries * _STEPS_PER_ENTRY / _STEPS_OF_SQLITE + 1

    def tell() -> int:
        progress(_CHAIN_SHARE + (1 - _CHAIN_SHARE) * min(1.0, next(calls) / expected))
        return 0  # go on

    return tell


def _chain(
    connection: sqlite3.Connection, verdict: LedgerVerdict, progress: Progress | None
) -> LedgerVerdict:
    first = connection.execute("SELECT body, digest FROM entry WHERE seq = 1").fetchone()
    if first is None:
        return replace(verdict, bad=Defect(1, Sentence("is missing")))
    opened = _opened(first[0], first[1])
    if isinstance(opened, str):
        return replace(verdict, bad=Defect(1, opened))
    pruned, anchor = connection.execute(
        "SELECT coalesce(max(seq), 0), digest FROM mark WHERE name = 'pruned'"
    ).fetchone()
    verdict = replace(
        verdict,
        ledger=opened.ledger,
        pad=opened.pad,
        hash_name=opened.hash,
        format=opened.format,
        head=1,
        digest=first[1],
        entries=1,
        pruned=pruned,
        previous=opened.previous,
    )
    if opened.format > FORMAT:
        return verdict
    step = _stepper(opened.hash)
    head, digest, entries, bad = 1, first[1], 1, None
    if pruned:
        if type(pruned) is not int or type(anchor) is not bytes:
            return replace(
                verdict, pruned=0, bad=Defect(None, Sentence("the prune mark is unreadable"))
            )
        head, digest = pruned, anchor
    count = 1
    if progress is not None:
        last = connection.execute("SELECT max(seq) FROM entry").fetchone()[0]
        count = max(1, last - pruned) if type(last) is int else 1
    for seq, body, claimed in connection.execute(
        "SELECT seq, body, digest FROM entry WHERE seq > 1 ORDER BY seq"
    ):
        if seq != head + 1:
            missing = Defect(head + 1, Sentence("is missing"))
            bad = missing if seq > head else Defect(seq, Sentence("lies before the prune mark"))
            break
        # A damaged row may hold any type: SQLite checks STRICT only when it writes.
        if type(body) is not bytes or step(digest + body) != claimed:
            bad = Defect(
                seq, Sentence("the digest does not follow from the entry before and the body")
            )
            break
        head, digest = seq, claimed
        entries += 1
        if progress is not None and entries % _TOLD_EACH == 0:
            progress(_CHAIN_SHARE * entries / count)
    if bad is None and head == pruned and pruned > 1:
        bad = Defect(pruned + 1, Sentence("is missing"))
    return replace(verdict, head=head, digest=digest, entries=entries, bad=bad)


def _stepper(name: HashName) -> Callable[[bytes], bytes]:
    """From the digest before an entry, followed by its body, to the digest after it."""
    if name is HashName.SHA256:  # looking the constructor up by name takes as long as the hash
        sha256 = hashlib.sha256
        return lambda data: sha256(data).digest()
    return lambda data: hashlib.new(name.value, data).digest()


def _opened(body: object, digest: object) -> Opened | str:
    """The first entry, or what is wrong with it."""
    if type(body) is not bytes:
        return Sentence("is no text")
    try:
        opened = read_body(body)
    except ValueError as error:
        return str(error)
    if not isinstance(opened, Opened):
        return Sentence("is not `opened`")
    if next_digest(opened.hash, GENESIS, body) != digest:
        return Sentence("the digest does not follow from the body")
    return opened
