"""A row whose predecessor is lost is carried over, and nobody is told that it is proven."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from device.ledger.ledger import Ledger
from sync.entries import Rated, Salvaged, read_body
from tests.rigs.ledger.ledger_process import open_in, rated

ROWS = 12


def damaged(folder: Path, *statements: str) -> dict[int, Salvaged]:
    """The entries that are carried over from a ledger in which these statements were executed, by
    their old seq. A row that is deleted leaves no bytes.
    """
    ledger = open_in(folder)
    for n in range(2, ROWS + 1):
        ledger.append(rated(n))
    ledger.close()
    with closing(sqlite3.connect(folder / "ledger", isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete=ON")
        for (trigger,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            db.execute(statement)
        db.execute("VACUUM")
    return carried(open_in(folder))


def carried(ledger: Ledger) -> dict[int, Salvaged]:
    found = {}
    for entry in ledger.read(0, 1000, 1 << 22).entries:
        if isinstance(body := read_body(entry.body), Salvaged):
            found[body.seq] = body
    ledger.close()
    return found


def unproven(found: dict[int, Salvaged]) -> list[int]:
    return [seq for seq, body in found.items() if body.unproven]


def test_a_row_between_two_gaps_and_the_first_one_behind_a_gap_are_unproven(tmp_path: Path) -> None:
    found = damaged(tmp_path, "DELETE FROM entry WHERE seq IN (4, 6)")
    assert sorted(found) == [1, 2, 3, 5, *range(7, ROWS + 1)]
    assert unproven(found) == [5, 7]


def test_a_level_that_was_changed_where_nothing_proves_it_comes_as_unproven(tmp_path: Path) -> None:
    found = damaged(
        tmp_path,
        "DELETE FROM entry WHERE seq = 4",
        "UPDATE entry SET body = CAST(replace(body, 'very_satisfied', 'satisfied') AS BLOB)"
        " WHERE seq = 5",
    )
    changed = read_body(found[5].body.encode())
    assert isinstance(changed, Rated)
    assert changed.level.value == "satisfied", "nothing tells that it was changed"
    assert unproven(found) == [5]


def test_control_a_level_that_was_changed_in_the_chain_is_not_carried_over(tmp_path: Path) -> None:
    found = damaged(
        tmp_path,
        "UPDATE entry SET body = CAST(replace(body, 'very_satisfied', 'satisfied') AS BLOB)"
        " WHERE seq = 5",
    )
    assert 5 not in found
    assert unproven(found) == [6]


def test_a_damaged_digest_behind_a_gap_costs_no_row(tmp_path: Path) -> None:
    found = damaged(
        tmp_path,
        "DELETE FROM entry WHERE seq = 4",
        "UPDATE entry SET digest = zeroblob(32) WHERE seq = 5",
    )
    assert sorted(found) == [1, 2, 3, *range(5, ROWS + 1)]
    assert unproven(found) == [5, 6]


@pytest.mark.parametrize(
    ("where", "without_proof"),
    [
        ("seq = 12", [12]),
        ("seq IN (5, 6)", [5, 6, 7]),
        ("seq > 1", list(range(2, 13))),
        ("seq > 6", list(range(7, 13))),
    ],
)
def test_a_damaged_digest_costs_no_entry(
    tmp_path: Path, where: str, without_proof: list[int]
) -> None:
    """All with the same digest: two entries with one digest are not one entry."""
    found = damaged(tmp_path, f"UPDATE entry SET digest = zeroblob(32) WHERE {where}")
    assert sorted(found) == list(range(1, ROWS + 1))
    assert unproven(found) == without_proof


def test_a_damaged_digest_before_a_gap_costs_no_entry(tmp_path: Path) -> None:
    found = damaged(
        tmp_path,
        "DELETE FROM entry WHERE seq = 6",
        "UPDATE entry SET digest = zeroblob(32) WHERE seq = 5",
    )
    assert sorted(found) == [1, 2, 3, 4, 5, *range(7, ROWS + 1)]
    assert unproven(found) == [5, 7]


def test_an_undamaged_ledger_has_nothing_unproven(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    for n in range(2, ROWS + 1):
        ledger.append(rated(n))
    ledger.roll_over("diverged")
    found = carried(ledger)
    assert sorted(found) == list(range(1, ROWS + 1))
    assert unproven(found) == []


def test_an_unproven_row_stays_unproven_in_the_next_ledger(tmp_path: Path) -> None:
    damaged(tmp_path, "DELETE FROM entry WHERE seq IN (4, 6)")
    ledger = open_in(tmp_path)
    ledger.roll_over("diverged")
    assert unproven(carried(ledger)) == [5, 7]


def test_it_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    damaged(tmp_path, "DELETE FROM entry WHERE seq IN (4, 6)")
    (line,) = [record.getMessage() for record in caplog.records if "unproven" in record.message]
    assert "of 2 entries nothing proves the content" in line
