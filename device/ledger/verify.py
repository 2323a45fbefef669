"""Checks a ledger and names the first bad entry. Reads only.

`examine` also runs at every start of the agent: the whole digest chain, and SQLite's
`integrity_check` for the file. Both read the file once. 100,000 entries take about 0.15 s on the
development machine, so the whole file is checked and not only its end.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from device.errors import LedgerError, PadCode
from device.ledger.file import (
    APPLICATION_ID,
    FILE_ERRORS,
    PAGE_BYTES,
    SCHEMA,
    SCHEMA_VERSION,
    as_ledger_error,
    connect_to_read,
    is_damage,
)
from sync.entries import FORMAT, GENESIS, HashName, Opened, Predecessor, next_digest, read_body


class Defect(NamedTuple):
    """The first thing that is wrong; `seq` is None when it is not about one entry."""

    seq: int | None
    text: str

    def __str__(self) -> str:
        return self.text if self.seq is None else f"entry {self.seq}: {self.text}"


@dataclass(frozen=True, slots=True)
class LedgerVerdict:
    """What `examine` found.

    `head` and `digest`: the last good entry. `entries`: how many are good. `pruned`: the last seq
    that was pruned, 0 for none. `format`: the entry format that `opened` names. `previous`: the
    ledger before this one, and which of its entries are missing. `bad`: the first defect.
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

    @property
    def intact(self) -> bool:
        """Whether no defect was found."""
        return self.bad is None


def verify(path: Path) -> LedgerVerdict:
    """Examine the ledger at `path` without changing it; an agent may use it at the same time.

    Raises LedgerError: L01 when there is no such file or it cannot be read, L06 when it is not a
    ledger.
    """
    if not path.is_file():
        raise LedgerError(f"{path} is not there", PadCode.LEDGER_WRITE)
    with as_ledger_error(f"reading {path}"):
        verdict = examine_file(path)
    if verdict.bad is not None and not verdict.ledger and _is_foreign(path):
        raise LedgerError(f"{path} is no ledger", PadCode.LEDGER_FOREIGN)
    return verdict


def _is_foreign(path: Path) -> bool:
    from device.ledger.salvage import carve

    return carve(path, ledger="", hash_name=HashName.SHA256).is_foreign


def examine_file(path: Path) -> LedgerVerdict:
    """Examine a file, read-only. Raises as `examine` does, and OSError when there is no file."""
    if path.stat().st_size < PAGE_BYTES:
        # SQLite would delete the WAL beside such a file, and there may be entries in the WAL.
        return LedgerVerdict(bad=Defect(None, "the file is shorter than a page"))
    try:
        connection = connect_to_read(path)
    except FILE_ERRORS as error:
        if not is_damage(error):
            raise
        return LedgerVerdict(bad=Defect(None, str(error)))
    try:
        # One transaction, so that what an agent appends meanwhile is not seen in part.
        connection.execute("BEGIN")
        return examine(connection)
    finally:
        connection.close()


def examine(connection: sqlite3.Connection) -> LedgerVerdict:
    """Examine through an open connection. Damage is in the verdict; other errors of SQLite (full,
    busy, I/O while writing) are raised as sqlite3.Error.
    """
    verdict = LedgerVerdict()
    # The chain first: it can name the entry. `integrity_check` only says that a page is damaged.
    for step in (_chain, _file):
        try:
            verdict = step(connection, verdict)
        except FILE_ERRORS as error:
            if not is_damage(error):
                raise
            verdict = replace(verdict, bad=Defect(None, str(error)))
        if verdict.bad is not None or verdict.format > FORMAT:
            return verdict  # a newer format can only be checked by a newer version
    return verdict


def _file(connection: sqlite3.Connection, verdict: LedgerVerdict) -> LedgerVerdict:
    def pragma(name: str) -> int:
        return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

    bad: str | None = None
    if pragma("application_id") != APPLICATION_ID:
        bad = "the header does not name a ledger"
    elif pragma("user_version") != SCHEMA_VERSION:
        bad = f"the header names version {pragma('user_version')}"
    else:
        schema = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL"))
        if schema != SCHEMA:
            names = {n for n in schema.keys() | SCHEMA if schema.get(n) != SCHEMA.get(n)}
            bad = f"the tables are not a ledger's: {', '.join(sorted(names))}"
        else:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            bad = None if found == "ok" else f"integrity_check: {found}"
    return replace(verdict, bad=Defect(None, bad)) if bad else verdict


def _chain(connection: sqlite3.Connection, verdict: LedgerVerdict) -> LedgerVerdict:
    first = connection.execute("SELECT body, digest FROM entry WHERE seq = 1").fetchone()
    if first is None:
        return replace(verdict, bad=Defect(1, "is missing"))
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
            return replace(verdict, pruned=0, bad=Defect(None, "the prune mark is unreadable"))
        head, digest = pruned, anchor
    for seq, body, claimed in connection.execute(
        "SELECT seq, body, digest FROM entry WHERE seq > 1 ORDER BY seq"
    ):
        if seq != head + 1:
            missing = Defect(head + 1, "is missing")
            bad = missing if seq > head else Defect(seq, "lies before the prune mark")
            break
        # A damaged row may hold any type: SQLite checks STRICT only when it writes.
        if type(body) is not bytes or step(digest + body) != claimed:
            bad = Defect(seq, "the digest does not follow from the entry before and the body")
            break
        head, digest = seq, claimed
        entries += 1
    if bad is None and head == pruned and pruned > 1:
        bad = Defect(pruned + 1, "is missing")
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
        return "is no text"
    try:
        opened = read_body(body)
    except ValueError as error:
        return str(error)
    if not isinstance(opened, Opened):
        return "is not `opened`"
    if next_digest(opened.hash, GENESIS, body) != digest:
        return "the digest does not follow from the body"
    return opened
