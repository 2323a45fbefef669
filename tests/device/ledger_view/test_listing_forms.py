"""Every form has all that was asked for, tells no level that was not, and is safe to show."""

import csv
import hashlib
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from device.ledger_view.entry_filter import EntryFilter
from device.ledger_view.entry_reader import LedgerFacts, open_ledger
from device.ledger_view.entry_selection import Selection
from device.ledger_view.listing_forms import Csv, Form, JsonDocument, Ndjson, Table
from sync.columns import columns
from sync.entries import Detailed, Invited, Level, Service
from tests.rigs.ledger.told_ledger import PAD, ToldClock, tell

FORMS = ("table", "csv", "ndjson", "json")


def form_of(name: str, write: Any, facts: LedgerFacts, *, levels: bool, width: int | None) -> Form:
    match name:
        case "table":
            return Table(write, facts, width)
        case "csv":
            return Csv(write, facts, levels=levels)
        case "ndjson":
            return Ndjson(write, facts, levels=levels)
        case _:
            return JsonDocument(write, facts, levels=levels)


def listing(path: Path, name: str, *, levels: bool = False, width: int | None = None) -> str:
    written = io.StringIO()
    with open_ledger(path) as reader:
        form = form_of(name, written.write, reader.facts, levels=levels, width=width)
        form.begin()
        for chosen in Selection(reader, EntryFilter(), None, levels).entries():
            form.add(chosen)
        form.end(reader.remarks)
    return written.getvalue()


def folder(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    return tmp_path / name


@pytest.mark.parametrize("name", FORMS)
def test_without_levels_no_form_differs_by_what_a_citizen_chose(tmp_path: Path, name: str) -> None:
    """Law 7: the same story with every level, and what belongs to it."""
    found = {
        listing(
            tell(
                folder(tmp_path, level.value),
                level=level,
                options=("attitude",) if number % 2 else ("115", "102"),
                text="等了很久" if number % 2 else "thanks",
                key=level.value,
            ),
            name,
        )
        for number, level in enumerate(Level)
    }
    assert len(found) == 1
    text = found.pop()
    assert not [level for level in Level if level.value in text]


@pytest.mark.parametrize("name", FORMS)
def test_without_levels_no_form_has_a_digest_of_the_chain(tmp_path: Path, name: str) -> None:
    """Whoever has two of them finds the level between by trying five."""
    path = tell(tmp_path)
    with open_ledger(path) as reader:
        digests = [read.digest.hex() for read in reader.ascending()]
    assert not [digest for digest in digests if digest in listing(path, name)]
    with_levels = listing(path, name, levels=True)
    assert name == "table" or all(digest in with_levels for digest in digests)


@pytest.mark.parametrize("name", FORMS)
def test_with_levels_every_form_tells_them(tmp_path: Path, name: str) -> None:
    text = listing(tell(tmp_path, level=Level.VERY_DISSATISFIED), name, levels=True)
    assert ("very dissatisfied" if name == "table" else "very_dissatisfied") in text
    assert "attitude" in text
    if name == "table":
        assert "等了很久" in text


def test_an_auditor_can_compute_every_digest_again(tmp_path: Path) -> None:
    """As docs/operations.md says."""
    before = bytes(32)
    for line in listing(tell(tmp_path), "ndjson", levels=True).splitlines():
        entry = json.loads(line)
        assert entry["before"] == before.hex()
        before = hashlib.new(entry["hash"], before + entry["body"].encode()).digest()
        assert entry["digest"] == before.hex()
    assert entry["seq"] == 18


def test_json_is_one_document_with_the_same_entries_as_ndjson(tmp_path: Path) -> None:
    path = tell(tmp_path)
    document = json.loads(listing(path, "json"))
    assert document["entries"] == [json.loads(x) for x in listing(path, "ndjson").splitlines()]
    assert (document["pad"], document["last_seq"], document["receipted"]) == (PAD, 18, 14)
    assert (document["listed"], document["complete"], document["remarks"]) == (18, True, [])
    assert document["levels"] is False


def test_json_of_a_damaged_file_says_that_it_is_not_complete(tmp_path: Path) -> None:
    path = tell(tmp_path)
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    document = json.loads(listing(path, "json"))
    assert (document["listed"], document["complete"]) == (18, False)
    assert document["remarks"] == ["SQLite cannot read the file; it is read without it"]
    assert {entry["receipted"] for entry in document["entries"]} == {None}


def test_an_entry_has_its_time_to_the_millisecond_and_says_what_is_withheld(tmp_path: Path) -> None:
    entries = [json.loads(line) for line in listing(tell(tmp_path), "ndjson").splitlines()]
    assert entries[0]["time"] == "2026-11-29T01:00:06.700Z"
    assert entries[1]["time"] is None
    assert {e["seq"]: e["withheld"] for e in entries if "withheld" in e} == {
        6: ["level"],
        7: ["level"],
        8: ["options", "text"],
        15: ["key"],
        18: ["body", "digest"],
    }
    assert [e["seq"] for e in entries if e["receipted"]] == list(range(1, 15))


def test_a_spreadsheet_reads_the_case_of_each_entry(tmp_path: Path) -> None:
    text = listing(tell(tmp_path), "csv")
    assert text.startswith("\ufeffseq,beijing_time,kind,")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(rows) == 18
    asked = rows[4]
    assert (asked["seq"], asked["kind"], asked["window"]) == ("5", "invited", "A03")
    assert (asked["case"], asked["step"], asked["clerk"]) == ("办件-2026-0417", "1", "'021")
    assert asked["beijing_time"] == "2026-11-29 09:00:13"
    assert rows[1]["beijing_time"] == ""
    assert rows[5]["words"] == "after 4.3 s, case 办件-2026-0417"
    assert "level" not in rows[5]
    levels = listing(tell(folder(tmp_path, "b")), "csv", levels=True).removeprefix("\ufeff")
    told = list(csv.DictReader(io.StringIO(levels, newline="")))
    assert (told[5]["level"], told[7]["text"], told[14]["key"]) == (
        "satisfied",
        "等了很久",
        "satisfied",
    )
    assert told[17]["level"] == "satisfied"  # of the entry that is carried over


HOSTILE = "=1+1\x1b[2J\u202e\n'"


@pytest.mark.parametrize("name", FORMS)
def test_nothing_that_is_listed_moves_a_cursor_or_runs_in_a_spreadsheet(
    tmp_path: Path, name: str
) -> None:
    at = ToldClock(0)
    path = tell(
        tmp_path,
        Invited(at=at(), invitation=HOSTILE, window=HOSTILE, source=HOSTILE, clerk=HOSTILE,
                service=Service(case=HOSTILE)),
        Detailed(at=at(), invitation=HOSTILE, text=HOSTILE + "\x7f"),
    )  # fmt: skip
    text = listing(path, name, levels=True).removeprefix("\ufeff")
    assert not [sign for sign in text if sign not in "\r\n" and not sign.isprintable()]
    if name == "csv":
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    if name == "json":
        assert json.loads(text)["entries"][18]["entry"]["window"] == HOSTILE


def test_the_table_is_straight_and_fits_the_terminal(tmp_path: Path) -> None:
    lines = listing(tell(tmp_path), "table", width=80).splitlines()
    assert lines[0].split() == ["entry", "time", "in", "Beijing", "kind", "what", "it", "says"]
    begin = lines[0].index("what")
    assert all(columns(line) <= 80 for line in lines)
    assert all(line[:begin].endswith("  ") for line in lines)
    assert [line for line in lines if not line[:5].strip()], "long words are wrapped"
    assert len(listing(tell(folder(tmp_path, "b")), "table").splitlines()) == 19


def test_a_narrow_terminal_and_a_pipe_have_the_words_too(tmp_path: Path) -> None:
    lines = listing(tell(tmp_path), "table", width=20).splitlines()
    assert max(map(columns, lines)) <= 70


def test_a_changed_entry_and_one_without_proof_are_marked(tmp_path: Path) -> None:
    path = tell(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in (
            "DROP TRIGGER entry_is_never_updated",
            "DROP TRIGGER entry_is_never_deleted",
            "UPDATE entry SET digest = zeroblob(32) WHERE seq = 9",
            "DELETE FROM entry WHERE seq = 13",
        ):
            db.execute(statement)
    lines = listing(path, "table").splitlines()
    assert [line.split()[0] for line in lines if "CHANGED" in line] == ["9", "10"]
    assert [line.split()[0] for line in lines if "not proven;" in line] == ["14"]
    proofs = [json.loads(x)["proof"] for x in listing(path, "ndjson").splitlines()]
    assert proofs.count("good") == 14


def test_a_kind_is_painted_and_the_columns_stay_straight(tmp_path: Path) -> None:
    written = io.StringIO()
    path = tell(tmp_path)
    with open_ledger(path) as reader:
        form = Table(written.write, reader.facts, None, lambda _, text: f"<{text}>")
        for chosen in Selection(reader, EntryFilter(), 2, levels=False).entries():
            form.add(chosen)
    assert "<cleared   >  K01 has ended" in written.getvalue()
