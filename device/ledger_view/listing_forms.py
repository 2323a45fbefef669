"""The entries of a ledger as a table for people, or as CSV, NDJSON or JSON for other programs.

Entries are written as they are read: the memory does not depend on how many there are. Whatever is
printed is safe to show: a table and CSV by `shown`, JSON because it escapes what is not ASCII.
"""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from device.ledger_view.entry_reader import LedgerFacts, Proof
from device.ledger_view.entry_selection import Chosen
from device.ledger_view.entry_words import KIND_WORDS
from sync.beijing_time import shown_beijing
from sync.columns import columns, padded, wrapped
from sync.csv_lines import BYTE_ORDER_MARK, Cell, csv_line
from sync.entries import Detailed, Invited, Rated, Service, Strayed
from sync.language import language, tr
from sync.sentence import Sentence
from sync.shown_text import EPOCH, shown

Write = Callable[[str], object]
_TIME_COLUMNS = 19
_GAP = "  "
_NARROWEST = 24
"""Columns that the words have at least, however narrow the terminal is."""


class Form(Protocol):
    """How entries are written."""

    def begin(self) -> None:
        """What stands before the first."""

    def add(self, chosen: Chosen) -> None:
        """One entry."""

    def end(self, remarks: Iterable[Sentence]) -> None:
        """What stands behind the last; what could not be read."""


class Table:
    """Columns for people: number, Beijing time, kind, words. `width`: the columns of the terminal,
    in which the words are wrapped; None: as long as they are. `paint` colours a kind's word.
    """

    def __init__(
        self,
        write: Write,
        facts: LedgerFacts,
        width: int | None,
        paint: Callable[[str, str], str] = lambda _, text: text,
    ) -> None:
        self._write = write
        self._paint = paint
        self._language = language()
        self._kinds = {kind: tr(word) for kind, word in KIND_WORDS.items()}
        heads = [tr("entry"), tr("time in Beijing"), tr("kind"), tr("what it says")]
        self._widths = (
            max(columns(heads[0]), len(str(facts.head or 1_000_000))),
            max(columns(heads[1]), _TIME_COLUMNS),
            max(columns(heads[2]), *map(columns, self._kinds.values())),
        )
        self._heads = heads
        before = sum(self._widths) + len(self._widths) * len(_GAP)
        self._indent = " " * before
        self._room = None if width is None else max(_NARROWEST, width - before)

    def begin(self) -> None:
        """The heads of the columns."""
        self._write(self._line(self._heads, self._heads[3]) + "\n")

    def add(self, chosen: Chosen) -> None:
        """A line, or more where the words are long."""
        entry = chosen.entry
        kind = self._kinds.get(entry.kind) or shown(entry.kind, 16) or "?"
        time = tr("not known") if entry.utc_ms is None else shown_beijing(entry.utc_ms)
        words = shown(tr(chosen.words, self._language))
        if chosen.read.proof is Proof.BROKEN:
            words = f"{tr('CHANGED: its digest does not follow')}; {words}"
        elif chosen.read.proof is Proof.NONE:
            words = f"{tr('not proven')}; {words}"
        first, *more = [words] if self._room is None else wrapped(words, self._room)
        cells = [str(entry.seq), time, kind]
        self._write(self._line(cells, first, entry.kind) + "\n")
        for line in more:
            self._write(f"{self._indent}{line}\n")

    def end(self, remarks: Iterable[Sentence]) -> None:
        """Nothing: remarks are said elsewhere."""

    def _line(self, cells: list[str], words: str, kind: str | None = None) -> str:
        number, time, word = self._widths
        seq = " " * (number - columns(cells[0])) + cells[0]
        painted = padded(cells[2], word)
        if kind is not None:
            painted = self._paint(kind, painted)
        return _GAP.join([seq, padded(cells[1], time), painted, words]).rstrip()


CSV_COLUMNS = (
    "seq",
    "beijing_time",
    "kind",
    "invitation",
    "window",
    "case",
    "matter",
    "step",
    "clerk",
    "source",
    "receipted",
    "proof",
    "words",
)
CSV_LEVEL_COLUMNS = ("level", "reasons", "text", "key", "before", "digest", "body")
"""Only where levels are asked for."""


class Csv:
    """For a spreadsheet. What a `salvaged` carries is in the columns of its own kind."""

    def __init__(self, write: Write, facts: LedgerFacts, *, levels: bool) -> None:
        self._write = write
        self._facts = facts
        self._levels = levels

    def begin(self) -> None:
        """The byte order mark and the names of the columns."""
        names = CSV_COLUMNS + (CSV_LEVEL_COLUMNS if self._levels else ())
        self._write(BYTE_ORDER_MARK + csv_line(names))

    def add(self, chosen: Chosen) -> None:
        """One line."""
        entry, read, body = chosen.entry, chosen.read, chosen.entry.itself
        window, clerk, service = None, None, Service()
        if isinstance(body, Invited):
            window, clerk, service = body.window, body.clerk, body.service
        cells: list[Cell] = [
            entry.seq,
            None if entry.utc_ms is None else shown_beijing(entry.utc_ms),
            entry.kind,
            getattr(body, "invitation", None),
            window,
            service.case,
            service.matter,
            service.step,
            clerk,
            getattr(body, "source", None),
            _is_receipted(read.seq, self._facts),
            read.proof.value,
            str(chosen.words),
        ]
        if self._levels:
            details = (
                (" ".join(body.options), body.text) if isinstance(body, Detailed) else (None, None)
            )
            cells += [
                body.level.value if isinstance(body, Rated) else None,
                *details,
                body.key if isinstance(body, Strayed) else None,
                None if read.before is None else read.before.hex(),
                read.digest.hex(),
                read.body.decode(errors="backslashreplace"),
            ]
        self._write(csv_line(cells))

    def end(self, remarks: Iterable[Sentence]) -> None:
        """Nothing: remarks are said elsewhere."""


class Ndjson:
    """One JSON object a line."""

    def __init__(self, write: Write, facts: LedgerFacts, *, levels: bool) -> None:
        self._write = write
        self._facts = facts
        self._levels = levels

    def begin(self) -> None:
        """Nothing."""

    def add(self, chosen: Chosen) -> None:
        """One line."""
        self._write(_json_line(_record(chosen, self._facts, levels=self._levels)) + "\n")

    def end(self, remarks: Iterable[Sentence]) -> None:
        """Nothing: remarks are said elsewhere."""


class JsonDocument:
    """One JSON object: what the ledger is, and its entries; one that is not `complete` says in
    `remarks` what could not be read.
    """

    def __init__(self, write: Write, facts: LedgerFacts, *, levels: bool) -> None:
        self._write = write
        self._facts = facts
        self._levels = levels
        self._count = 0

    def begin(self) -> None:
        """What is known before the first entry."""
        head = {**facts_record(self._facts), "levels": self._levels}
        self._write(json.dumps(head)[:-1] + ', "entries": [')

    def add(self, chosen: Chosen) -> None:
        """One entry, on a line of its own."""
        record = _json_line(_record(chosen, self._facts, levels=self._levels))
        self._write(("," if self._count else "") + "\n" + record)
        self._count += 1

    def end(self, remarks: Iterable[Sentence]) -> None:
        """How many there were."""
        said = [str(remark) for remark in remarks]
        tail = {"listed": self._count, "complete": not said, "remarks": said}
        self._write("\n], " + json.dumps(tail)[1:] + "\n")


def facts_record(facts: LedgerFacts) -> dict[str, Any]:
    """What a ledger says of itself, for JSON."""
    return {
        "ledger": facts.ledger,
        "pad": facts.pad,
        "hash": facts.hash_name.value,
        "last_seq": facts.head,
        "pruned": facts.pruned,
        "receipted": facts.receipted,
    }


def _record(chosen: Chosen, facts: LedgerFacts, *, levels: bool) -> dict[str, Any]:
    read, entry = chosen.read, chosen.entry
    record: dict[str, Any] = {
        "ledger": facts.ledger,
        "seq": read.seq,
        "kind": entry.kind,
        "time": None if entry.utc_ms is None else _iso(entry.utc_ms),
        "receipted": _is_receipted(read.seq, facts),
        "proof": read.proof.value,
        "entry": entry.fields,
    }
    if entry.withheld:
        record["withheld"] = list(entry.withheld)
    if levels:
        record["hash"] = facts.hash_name.value
        record["before"] = read.before.hex() if read.before is not None else None
        record["digest"] = read.digest.hex()
        try:
            record["body"] = read.body.decode()
        except UnicodeDecodeError:
            record["body_hex"] = read.body.hex()
    return record


def _json_line(record: dict[str, Any]) -> str:
    """In ASCII: the rest, such as what turns the direction of writing, is escaped."""
    raw = msgspec.json.encode(record)
    if raw.isascii() and b"\x7f" not in raw:  # the usual case, and much faster
        return raw.decode("ascii")
    return json.dumps(record, separators=(",", ":")).replace("\x7f", "\\u007f")


def _is_receipted(seq: int, facts: LedgerFacts) -> bool | None:
    return None if facts.receipted is None else seq <= facts.receipted


def _iso(utc_ms: int) -> str | int:
    """To the millisecond, in UTC; the number itself beyond the years that a date can have."""
    try:
        moment = EPOCH + timedelta(milliseconds=utc_ms)
    except OverflowError:
        return utc_ms
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
