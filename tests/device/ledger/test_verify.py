"""`verify` reads a ledger, beside a running agent too, and names the first bad entry."""

import sqlite3
from pathlib import Path

import pytest

from device.errors import LedgerError, PadCode
from device.ledger.verify import Defect, verify
from sync.entries import GENESIS, HashName, next_digest
from tests.rigs.ledger.ledger_process import open_in, rated


def filled(folder: Path, count: int) -> Path:
    ledger = open_in(folder)
    for n in range(count):
        ledger.append(rated(n))
    ledger.close()
    return folder / "ledger"


def forge(path: Path, *statements: str) -> None:
    """Drop the triggers, run the statements, and create the triggers again, as a forger would."""
    db = sqlite3.connect(path, isolation_level=None)
    triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        db.execute(statement)
    for _, sql in triggers:
        db.execute(sql)
    db.close()


def test_an_intact_ledger_is_reported_with_its_head_and_not_changed(tmp_path: Path) -> None:
    path = filled(tmp_path, 9)
    content = path.read_bytes()
    verdict = verify(path)
    assert verdict.intact
    assert (verdict.pad, verdict.head, verdict.entries) == ("pad-1", 10, 10)
    assert path.read_bytes() == content


def test_a_ledger_can_be_verified_while_an_agent_appends_to_it(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    for n in range(20):
        ledger.append(rated(n))
        assert verify(tmp_path / "ledger").head == n + 2
    ledger.checkpoint()
    assert verify(tmp_path / "ledger").head == 21
    ledger.append(rated(1))
    ledger.close()


SATISFIED_TO_WORSE = "replace(CAST(body AS TEXT), 'very_satisfied', 'dissatisfied')"


@pytest.mark.parametrize(
    ("statement", "bad"),
    [
        (
            f"UPDATE entry SET body = CAST({SATISFIED_TO_WORSE} AS BLOB) WHERE seq = 7",
            Defect(7, "the digest does not follow from the entry before and the body"),
        ),
        ("DELETE FROM entry WHERE seq = 5", Defect(5, "is missing")),
        ("DELETE FROM entry WHERE seq = 1", Defect(1, "is missing")),
        (
            "UPDATE entry SET digest = zeroblob(32) WHERE seq = 3",
            Defect(3, "the digest does not follow from the entry before and the body"),
        ),
        (
            "INSERT INTO mark VALUES ('pruned', 3, zeroblob(32), 11)",
            Defect(2, "lies before the prune mark"),
        ),
        ("DROP TABLE mark", Defect(None, "no such table: mark")),
        ("CREATE TABLE more(a)", Defect(None, "the tables are not a ledger's: more")),
        ("PRAGMA application_id = 1", Defect(None, "the header does not name a ledger")),
        ("UPDATE entry SET receipted = 5 WHERE seq = 5", None),
    ],
)
def test_a_forged_entry_is_named(tmp_path: Path, statement: str, bad: Defect | None) -> None:
    path = filled(tmp_path, 10)
    forge(path, "SELECT 1")
    assert verify(path).intact  # control: dropping and creating triggers is no defect
    forge(path, statement)
    assert verify(path).bad == bad


def test_a_forger_who_computes_the_whole_chain_anew_is_found_by_the_province_only(
    tmp_path: Path,
) -> None:
    path = filled(tmp_path, 3)
    head = verify(path).digest
    db = sqlite3.connect(path)
    rows = db.execute("SELECT seq, body FROM entry ORDER BY seq").fetchall()
    db.close()
    statements, digest = [], GENESIS
    for seq, body in rows:
        forged = body.replace(b"very_satisfied", b"dissatisfied")
        digest = next_digest(HashName.SHA256, digest, forged)
        statements.append(
            f"UPDATE entry SET body = x'{forged.hex()}', digest = x'{digest.hex()}'"
            f" WHERE seq = {seq}"
        )
    forge(path, *statements)
    verdict = verify(path)
    assert verdict.intact
    assert verdict.digest != head  # the province has the earlier digest


def test_a_missing_file_and_a_file_of_something_else_are_errors_with_a_code(
    tmp_path: Path,
) -> None:
    with pytest.raises(LedgerError) as missing:
        verify(tmp_path / "nowhere")
    assert missing.value.code is PadCode.LEDGER_WRITE
    (tmp_path / "other").write_text("not a ledger\n" * 500)
    with pytest.raises(LedgerError) as foreign:
        verify(tmp_path / "other")
    assert foreign.value.code is PadCode.LEDGER_FOREIGN


def test_after_salvage_the_new_ledger_names_what_is_missing_of_the_old(tmp_path: Path) -> None:
    path = filled(tmp_path, 40)
    content = bytearray(path.read_bytes())
    spot = content.index(b'"kind":"rated"', 6 * 2048)
    content[spot] ^= 0xFF
    path.write_bytes(content)
    assert verify(path).bad is not None
    open_in(tmp_path).close()
    verdict = verify(path)
    assert verdict.intact
    assert verdict.previous is not None
    assert len(verdict.previous.missing) == 1
    assert verify(tmp_path / "ledger.damaged-1").bad is not None  # set aside as it was
