"""What `ratingpad verify` prints, line by line."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from device.ledger.ledger import Ledger
from device.ledger_report import (
    DAMAGED,
    INTACT,
    LOOK,
    UNREADABLE,
    NoLedgerError,
    examine_ledger,
)
from sync.entries import At, Lapsed, Trust
from sync.shown_text import shown
from tests.rigs.ledger.ledger_process import at as counted_at
from tests.rigs.ledger.ledger_process import open_in

NOW_MS = 1_796_000_000_000


def report(path: Path, now_ms: int | None = None) -> tuple[int, list[str]]:
    """The exit code of `ratingpad verify`, and what it prints in English."""
    try:
        found = examine_ledger(path, now_ms)
    except NoLedgerError as error:
        return UNREADABLE, [shown(error.says)]
    return found.exit_code, [shown(line) for line, _ in found.lines()]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    opened = open_in(tmp_path)
    for utc in (NOW_MS - 5, 4_102_444_800_000, NOW_MS):
        at = At(utc=utc, mono=1, boot="b", trust=Trust.NTP)
        opened.append(Lapsed(at=at, invitation="i"))
    opened.close()
    return tmp_path / "ledger"


def test_a_date_after_a_later_entry_is_to_be_looked_at(ledger: Path) -> None:
    code, lines = report(ledger, NOW_MS)
    assert code == LOOK
    [look] = [line for line in lines if "look at" in line]
    assert look.startswith("  look at: entry 3, dated 2100-01-01T00:00:00Z: that is after a later")
    assert "需人工核查" in look


def test_a_path_that_is_no_ledger_has_its_own_words_and_remedy(
    ledger: Path, tmp_path: Path
) -> None:
    for path, words in (
        (tmp_path / "nope.db", ("nope.db is not there.", "`[ledger] path`")),
        (tmp_path, ("is a folder.", "ledger.db")),
        (ledger / "x", ("the ledger cannot be read: Not a directory", "")),
    ):
        code, [line] = report(path)
        assert code == UNREADABLE
        assert all(word in line for word in words), line
        assert "L01" not in line
        assert "card" not in line


@pytest.mark.skipif(os.geteuid() != 0, reason="root may read everything; only it can become nobody")
def test_a_missing_right_says_whose_the_file_is(ledger: Path) -> None:
    ledger.chmod(0o600)
    who = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    folder = ledger.parent
    while folder != Path("/tmp"):
        folder.chmod(0o755)
        folder = folder.parent
    done = subprocess.run(
        [*who, sys.executable, "-m", "device.cli", "verify", str(ledger)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == UNREADABLE
    assert done.stderr.startswith("the ledger cannot be read: Permission denied: ")
    assert "root" in done.stderr


def test_no_text_of_the_file_forges_a_line(tmp_path: Path) -> None:
    opened = open_in(tmp_path, pad="pad-1")
    opened.close()
    forged = tmp_path / "ledger\n  0 entries, chain good"
    (tmp_path / "ledger").rename(forged)
    code, lines = report(forged, NOW_MS)
    assert code in {INTACT, LOOK}
    assert r"ledger\x0a  0 entries, chain good: ledger" in lines[0]


def test_of_a_ledger_that_is_gone_the_note_is_told(ledger: Path) -> None:
    opened = open_in(ledger.parent)
    opened.close()
    ledger.unlink()
    code, [line] = report(ledger, NOW_MS)
    assert code == UNREADABLE
    assert f"is of ledger {opened.id}: its 4 entries are missing here" in line


def test_a_note_that_cannot_be_read_is_to_be_looked_at(tmp_path: Path) -> None:
    opened = open_in(tmp_path)
    opened.close()
    path, note = tmp_path / "ledger", tmp_path / "ledger.head"
    code, lines = report(path, NOW_MS)
    assert code == INTACT
    assert "cannot be read" not in str(lines)
    note.write_bytes(b"\xffgarbage\n" * 120)
    code, lines = report(path, NOW_MS)
    assert code == LOOK
    (line,) = [line for line in lines if "look at: the note of its last entry" in line]
    assert "需人工核查" in line
    note.unlink()
    assert report(path, NOW_MS)[0] == INTACT, "a ledger from before the notes has none"
    note.mkdir()
    assert report(path, NOW_MS)[0] == LOOK


def test_damage_outranks_a_note_that_cannot_be_read(ledger: Path) -> None:
    opened = open_in(ledger.parent)
    opened.close()
    ledger.with_name("ledger.head").write_bytes(b"garbage")
    content = bytearray(ledger.read_bytes())
    content[content.rindex(b'"kind"') + 1] ^= 1
    ledger.write_bytes(content)
    code, lines = report(ledger, NOW_MS)
    assert code == DAMAGED
    assert [line for line in lines if "look at: the note" in line]


def test_what_was_carried_over_without_proof_is_to_be_looked_at(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as db:
        for (trigger,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute("DELETE FROM entry WHERE seq = 2")
        db.commit()
    Ledger.open(ledger, "pad-1", at=counted_at, new_id=lambda: "01NEW").close()
    code, lines = report(ledger)
    assert code == 3
    (line,) = [line for line in lines if "without proof" in line]
    assert "look at: entry 3 of ledger" in line


@pytest.mark.parametrize("companion", ["", "-wal", "-shm", "-journal"])
def test_a_pipe_in_a_files_place_is_not_waited_for(tmp_path: Path, companion: str) -> None:
    path = tmp_path / "ledger"
    if companion:
        open_in(tmp_path).close()
    os.mkfifo(tmp_path / f"ledger{companion}")
    code, (line,) = report(path)
    assert code == 2
    assert "not a regular file" in line


def test_a_file_without_a_first_entry_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    code, lines = report(tmp_path / "empty")
    assert code != 0
    assert "  of pad " not in "".join(lines)
