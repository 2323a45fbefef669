"""Reads the pad's ledger and the province's store, which it cannot change (SQLite `mode=ro`).

Both are read as files, beside the programs that own them, so that the page shows what is on disk
and not what a program reports. On the loop's thread.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from sync.entries import (
    AnyBody,
    Booted,
    Cleared,
    Clock,
    Fault,
    Invited,
    Paused,
    Rated,
    Resumed,
    Salvaged,
    Strayed,
    Withdrawn,
    read_body,
)
from sync.shown_text import shown

SHOWN_ENTRIES = 40
SHOWN_RATINGS = 60
SHOWN_CHARS = 80


class EntryRow(msgspec.Struct, frozen=True):
    """One entry of a pad's ledger as the page shows it."""

    seq: int
    kind: str
    digest: str
    utc: int | None
    mono: int
    trust: str
    says: str
    again: bool = False


class LedgerPage(msgspec.Struct, frozen=True):
    """The end of a pad's ledger: its newest entries first, and its head. `strays` and `undated`
    count presses without an invitation, and the newest boot's ratings without a date.
    """

    id: str
    seq: int
    digest: str
    entries: list[EntryRow]
    strays: int = 0
    undated: int = 0


class LedgerReader:
    """A pad's ledger; each `read` continues where the last one ended. A new file is noticed by its
    ledger id. `committed`: the invitations with a `rated` entry. `invited`: the newest invitation,
    whoever made it, and its case.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._id = ""
        self._seq = 0
        self._rows: list[EntryRow] = []
        self._strays = self._undated = 0
        self.committed: set[str] = set()
        self.invited: tuple[str, str] | None = None

    def read(self) -> LedgerPage | None:
        """The ledger as it is on disk now; None while there is no ledger."""
        try:
            with closing(_open(self._path)) as ledger:
                self._read_on(ledger)
        except sqlite3.Error:
            return None  # not there yet, or being set aside: the next read will succeed
        if not self._rows:
            return None
        newest = self._rows[-1]
        entries = self._rows[: -SHOWN_ENTRIES - 1 : -1]
        return LedgerPage(self._id, newest.seq, newest.digest, entries, self._strays, self._undated)

    def _read_on(self, ledger: sqlite3.Connection) -> None:
        first = ledger.execute("SELECT body FROM entry WHERE seq = 1").fetchone()
        name = str(getattr(_body(bytes(first[0])), "ledger", "")) if first else ""
        if name != self._id:
            self._id, self._seq, self._rows = name, 0, []
            self._strays = self._undated = 0
        rows = ledger.execute(
            "SELECT seq, body, digest FROM entry WHERE seq > ? ORDER BY seq", (self._seq,)
        )
        for seq, body, digest in rows:
            self._rows.append(self._row(seq, bytes(body), bytes(digest)))
            self._seq = seq
        del self._rows[: -SHOWN_ENTRIES * 4]

    def _row(self, seq: int, raw: bytes, digest: bytes) -> EntryRow:
        body = _body(raw)
        if body is None:
            return EntryRow(seq, "?", digest.hex(), None, 0, "none", "")
        self._count(body)
        kind, at = str(body.__struct_config__.tag), body.at
        return EntryRow(
            seq,
            kind,
            digest.hex(),
            at.utc,
            at.mono,
            at.trust.value,
            shown(_says(body), SHOWN_CHARS),
            isinstance(body, Rated) and body.again,
        )

    def _count(self, body: AnyBody) -> None:
        match body:
            case Booted():
                self._undated = 0
            case Invited():
                self.invited = body.invitation, body.service.case or ""
            case Rated():
                self.committed.add(body.invitation)
                self._undated += body.at.utc is None
            case Strayed():
                self._strays += 1


def _body(raw: bytes) -> AnyBody | None:
    try:
        return read_body(raw)
    except ValueError:
        return None  # the page shows it as unknown; `verify` says what is wrong with it


def _says(body: AnyBody) -> str:
    says = ""
    match body:
        case Rated():
            says = body.level.value
        case Invited():
            says = body.service.case or ""
        case Strayed():
            says = body.key
        case Clock():
            says = body.source
        case Withdrawn():
            says = body.reason
        case Booted():
            says = body.board
        case Fault() | Cleared():
            says = body.code
        case Paused() | Resumed():
            says = body.by
    return says


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise sqlite3.OperationalError(f"no {path}")
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)


class RawRatings:
    """How often each rating is in the raw batches of a store, by invitation and level.

    The derived table has one row for each invitation by its key, so it could not show a rating
    that came twice. The raw bytes could: every first press (`again` false) is counted. What came
    in the chain and again as salvaged is one entry (ledger, seq, bytes), counted once.
    `read` takes an entry's bytes; it may raise ValueError or give None for what it cannot read.
    """

    def __init__(self, read: Callable[[bytes], AnyBody | None] = read_body) -> None:
        self.levels: dict[str, Counter[str]] = {}
        self._read = read
        self._counted: set[tuple[str, int, bytes]] = set()

    def add(self, ledger: str, first: int, lines: bytes) -> None:
        """Count a batch, whose first entry has the number `first`."""
        for seq, raw in enumerate(lines.removesuffix(b"\n").split(b"\n"), first):
            body, entry = self._read(raw), (ledger, seq, raw)
            if isinstance(body, Salvaged):
                entry = (body.ledger, body.seq, body.body.encode())
                if entry in self._counted:
                    continue
                body = self._read(entry[2])
            if isinstance(body, Rated) and not body.again:
                self._counted.add(entry)
                self.levels.setdefault(body.invitation, Counter())[body.level.value] += 1

    def total(self, invitation: str) -> int:
        """How often an invitation's rating is there."""
        return self.levels.get(invitation, Counter()).total()


class RatingRow(msgspec.Struct, frozen=True):
    """One row of the province's rating table as the page shows it."""

    pad: str
    invitation: str
    case: str
    window: str
    standing: str
    level: str | None
    again: int
    utc: int | None
    dated_by: str


class ProvincePage(msgspec.Struct, frozen=True):
    """The province's table, newest first, and its counts."""

    ratings: list[RatingRow] = []
    standings: dict[str, int] = {}
    levels: dict[str, int] = {}
    strays: int = 0
    entries: int = 0
    heads: dict[str, int] = {}


def _rating_row(cells: tuple[Any, ...]) -> RatingRow:
    seen: list[Any] = [
        shown(cell, SHOWN_CHARS) if isinstance(cell, str) else cell for cell in cells
    ]
    return RatingRow(*seen)


RATING_SQL = """\
SELECT pad, invitation, coalesce(case_number, ''), coalesce(window_id, ''), standing, level,
       again <> 0, utc_ms, dated_by
FROM rating ORDER BY rowid DESC LIMIT ?"""


class ProvinceReader:
    """The province's store. `stored` counts the ratings of each invitation in the raw batches."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._batches = 0
        self._raw = RawRatings(_body)
        self.stored: dict[str, int] = {}

    def read(self) -> ProvincePage:
        """The store as it is on disk now; an empty page while there is none."""
        try:
            with closing(_open(self._path)) as store:
                return self._page(store)
        except sqlite3.Error:
            return ProvincePage()

    def _page(self, store: sqlite3.Connection) -> ProvincePage:
        self._read_raw(store)
        rows = [_rating_row(row) for row in store.execute(RATING_SQL, (SHOWN_RATINGS,))]
        standings = dict(store.execute("SELECT standing, count(*) FROM rating GROUP BY 1"))
        levels = dict(
            store.execute("SELECT level, count(*) FROM rating WHERE standing = 'rated' GROUP BY 1")
        )
        counted = dict(
            store.execute(
                "SELECT invitation, count(*) FROM rating WHERE standing = 'rated' GROUP BY 1"
            )
        )
        self.stored = {
            invitation: max(rows, self._raw.total(invitation))
            for invitation, rows in counted.items()
        }
        heads = dict(store.execute("SELECT ledger, seq FROM ledger"))
        (strays,) = store.execute("SELECT count(*) FROM stray").fetchone()
        return ProvincePage(rows, standings, levels, strays, sum(heads.values()), heads)

    def _read_raw(self, store: sqlite3.Connection) -> None:
        batches = store.execute(
            "SELECT rowid, ledger, first, body FROM batch WHERE rowid > ?", (self._batches,)
        )
        for number, ledger, first, lines in batches:
            self._batches = number
            self._raw.add(ledger, first, bytes(lines))
