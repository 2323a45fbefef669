"""Twenty lines say whose ledger it is, what is in it, and what is wrong with it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from device.ledger_view.entry_reader import open_ledger
from device.ledger_view.ledger_summary import LedgerSummary, summarize
from sync.entries import Level
from sync.printing import Tone
from tests.rigs.ledger.told_ledger import tell

ONCE = (
    *("opened", "booted", "clock", "detailed", "lapsed", "withdrawn", "strayed", "paused"),
    *("resumed", "configured", "fault", "cleared", "salvaged"),
)


def summary_of(path: Path) -> LedgerSummary:
    with open_ledger(path) as reader:
        return summarize(reader)


def rows(summary: LedgerSummary) -> dict[str, str]:
    """The first column's words, and what stands behind them."""
    lines = [line.strip() for line, _ in summary.lines() if "  " in line.strip()]
    return {name: text.strip() for name, _, text in (line.partition("  ") for line in lines)}


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("DROP TRIGGER entry_is_never_updated")
        db.execute("DROP TRIGGER entry_is_never_deleted")
        for statement in statements:
            db.execute(statement)


def test_a_sound_ledger(tmp_path: Path) -> None:
    path = tell(tmp_path)
    for name in ("damaged-1", "cut-2", "superseded-3", "damaged-x", "head-1"):
        (tmp_path / f"ledger.db.{name}").touch()
    summary = summary_of(path)
    assert rows(summary) == {
        "pad": "jl-2224-017, window A03",
        "ledger": "01KBA3S0Q0RATINGPAD0000001",
        "entries": "18, the last is number 18",
        "period": "2026-11-29 09:00:06 to 2026-11-29 09:00:37, Beijing time",
        "no date": "1 entry: the pad did not know the time",
        "province": "has receipted up to entry 14; 4 entries wait, as far as the file knows",
        "chain": "every digest follows; `ratingpad verify` also examines the file itself",
        "last start": "number 12, ratingpad 0.1.0, board rpi-4",
        "last fault": "K01, 2026-11-29 09:00:32: key of pin 7",
        "beside it": "ledger.db.cut-2, ledger.db.damaged-1, ledger.db.superseded-3",
        "kind": "entries",
        "invited": "3",
        "rated": "2",
        **dict.fromkeys(ONCE, "1"),
    }
    assert summary.is_good


def test_it_is_the_same_whatever_a_citizen_chose(tmp_path: Path) -> None:
    found = set()
    for level in Level:
        (tmp_path / level.value).mkdir()
        path = tell(tmp_path / level.value, level=level, options=(level.value,), key=level.value)
        summary = summary_of(path)
        found.add((*list(summary.lines())[1:], json.dumps(summary.record() | {"file": ""})))
    assert len(found) == 1


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    path = tell(tmp_path)
    changed(path, "UPDATE entry SET digest = zeroblob(32) WHERE seq = 9")
    summary = summary_of(path)
    assert rows(summary)["chain"].startswith("BROKEN at entry 9:")
    assert (summary.is_good, summary.record()["chain"]) == (False, "broken")
    assert [tone for line, tone in summary.lines() if "BROKEN" in line] == [Tone.BAD]


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    path = tell(tmp_path)
    changed(path, "DELETE FROM entry WHERE seq IN (9, 17, 18)")
    summary = summary_of(path)
    told = rows(summary)
    assert told["look at"] == "entry 9 is not there"
    assert told["gone"] == "2 entries are missing at the end, says the note beside the file"
    assert told["chain"] == "NOT WHOLE; run `ratingpad verify`"
    record = summary.record()
    assert (record["chain"], record["gone"], record["unproven"]) == ("not whole", 2, 1)


def test_of_a_damaged_file_what_can_be_read_is_counted(tmp_path: Path) -> None:
    path = tell(tmp_path)
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    told = rows(summary_of(path))
    assert told["entries"] == "18, the last is number 18"
    assert told["look at"] == "SQLite cannot read the file; it is read without it"
    assert "province" not in told


@pytest.mark.parametrize(
    ("receipted", "said"), [(18, "has receipted all of it"), (17, "1 entry w")]
)
def test_what_waits_for_the_province_is_counted(tmp_path: Path, receipted: int, said: str) -> None:
    path = tell(tmp_path)
    changed(path, f"UPDATE mark SET seq = {receipted} WHERE name = 'receipted'")
    assert said in rows(summary_of(path))["province"]


def test_the_share_that_was_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.ledger_view.ledger_summary._TOLD_EACH", 6)
    told: list[float] = []
    with open_ledger(tell(tmp_path)) as reader:
        summarize(reader, told.append)
    assert told == [6 / 18, 12 / 18, 1.0]
