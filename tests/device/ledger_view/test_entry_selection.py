"""Of the entries that are asked for the newest are listed, in order."""

from pathlib import Path
from typing import Any

import pytest

from device.ledger_view import entry_reader
from device.ledger_view.entry_filter import EntryFilter
from device.ledger_view.entry_reader import open_ledger
from device.ledger_view.entry_selection import Selection
from tests.rigs.ledger.told_ledger import tell


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_reader, "STEP_ENTRIES", 4)


def select(path: Path, limit: int | None, **asked: Any) -> tuple[list[int], Selection]:
    with open_ledger(path) as reader:
        selection = Selection(reader, EntryFilter(**asked), limit, levels=False)
        return [chosen.read.seq for chosen in selection.entries()], selection


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize(
    ("limit", "asked", "seqs", "left_out"),
    [
        (None, {}, list(range(1, 19)), False),
        (3, {}, [16, 17, 18], True),
        (18, {}, list(range(1, 19)), False),
        (99, {}, list(range(1, 19)), False),
        (2, {"last_seq": 9}, [8, 9], True),
        (5, {"first_seq": 16}, [16, 17, 18], False),
        (2, {"kinds": frozenset({"rated"})}, [7, 18], True),
        (4, {"kinds": frozenset({"rated"})}, [6, 7, 18], False),
        (2, {"case": "办件-2026-0417"}, [7, 8], True),
        (None, {"case": "办件-2026-0417"}, [5, 6, 7, 8], False),
        (1, {"kinds": frozenset({"fault"}), "last_seq": 15}, [], False),
    ],
)
def test_the_newest_are_chosen(tmp_path, limit, asked, seqs, left_out, damaged):  # noqa: PLR0917 -- a table's columns
    path = tell(tmp_path)
    if damaged:
        with path.open("r+b") as file:
            file.write(b"\0" * 100)
    found, selection = select(path, limit, **asked)
    assert found == seqs
    assert selection.left_out is left_out


def test_what_has_no_date_is_counted_where_a_period_is_asked_for(tmp_path: Path) -> None:
    path = tell(tmp_path)
    assert select(path, None, last_ms=0)[1].undated == 1
    assert select(path, None)[1].undated == 0


def test_the_words_know_the_case_of_an_invitation_that_is_not_listed(tmp_path: Path) -> None:
    with open_ledger(tell(tmp_path)) as reader:
        asked = EntryFilter(kinds=frozenset({"detailed"}))
        (chosen,) = [
            str(chosen.words) for chosen in Selection(reader, asked, None, levels=False).entries()
        ]
    assert chosen == "reasons were added, case 办件-2026-0417"


def test_the_share_that_was_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.ledger_view.entry_selection._TOLD_EACH", 4)
    told: list[float] = []
    with open_ledger(tell(tmp_path)) as reader:
        list(Selection(reader, EntryFilter(), None, False, told.append).entries())
    assert told == sorted(told)
    assert len(told) == 4
    assert 0 < told[0] < told[-1] < 1
