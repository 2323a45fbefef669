"""Whoever looks at a ledger sees what is there, changes nothing, and is in nobody's way."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import file as ledger_file
from device.ledger.file import beside
from device.ledger.ledger import Ledger
from device.ledger_view import entry_reader, sqlite_reading
from device.ledger_view.entry_reader import Proof, ReadEntry, open_ledger
from sync.entries import GENESIS
from tests.rigs.ledger import big_ledger
from tests.rigs.ledger.ledger_process import open_in, rated
from tests.rigs.system.open_descriptors import open_below

MIB = 1 << 20


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(entry_reader, "STEP_ENTRIES", 4)
    yield
    assert open_below(tmp_path) == []


def filled(folder: Path, count: int) -> Ledger:
    ledger = open_in(folder)
    for n in range(2, count + 1):
        ledger.append(rated(n))
    ledger.note_head()
    return ledger


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def seqs(entries: list[ReadEntry]) -> list[int]:
    return [entry.seq for entry in entries]


def read_all(path: Path) -> tuple[list[ReadEntry], list[str]]:
    with open_ledger(path) as reader:
        return list(reader.ascending()), [str(remark) for remark in reader.remarks]


def test_every_entry_is_read_in_order_and_proven_by_the_one_before(tmp_path: Path) -> None:
    with closing(filled(tmp_path, 10)) as ledger:
        genuine = ledger.read(0, 100, MIB).entries
    entries, remarks = read_all(tmp_path / "ledger")
    assert [(e.seq, e.body, e.digest) for e in entries] == [tuple(entry) for entry in genuine]
    assert {entry.proof for entry in entries} == {Proof.GOOD}
    assert [entry.before for entry in entries] == [GENESIS, *(e.digest for e in genuine[:-1])]
    assert remarks == []


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [(1, 3, [1, 2, 3]), (5, 5, [5]), (9, None, [9, 10]), (9, 99, [9, 10]), (11, None, [])],
)
def test_a_range_is_read_alone_and_proven_too(
    tmp_path: Path, first: int, last: int | None, found: list[int]
) -> None:
    filled(tmp_path, 10).close()
    with open_ledger(tmp_path / "ledger") as reader:
        entries = list(reader.ascending(first, last))
    assert seqs(entries) == found
    assert all(entry.proof is Proof.GOOD for entry in entries)


def test_the_last_ones_are_read_from_the_end(tmp_path: Path) -> None:
    filled(tmp_path, 10).close()
    with open_ledger(tmp_path / "ledger") as reader:
        assert seqs(list(reader.descending(3, 9))) == [9, 8, 7, 6, 5, 4, 3]


# --- nothing is changed, and nobody waits --------------------------------------------------------


@pytest.mark.parametrize("wal", [True, False])
@pytest.mark.parametrize("lock", [True, False])
def test_not_a_byte_beside_a_ledger_changes(tmp_path: Path, *, wal: bool, lock: bool) -> None:
    """As a power cut leaves it, and closed; on the pad, and a copy."""
    folder = tmp_path / "cut"
    folder.mkdir()
    agent = filled(tmp_path, 10)
    if not wal:
        agent.close()
    for name in ["ledger", *["ledger-wal"] * wal, *["ledger.lock", "ledger.head"] * lock]:
        shutil.copy(tmp_path / name, folder / name)
    agent.close()
    before = contents(folder)
    entries, remarks = read_all(folder / "ledger")
    assert (len(entries), remarks) == (10, [])
    assert contents(folder) == before


LIST_AS_ANOTHER_USER = """
import os, pathlib, sys
from device.ledger_view.entry_reader import open_ledger
os.setgid(65534); os.setuid(65534)
with open_ledger(pathlib.Path(sys.argv[1])) as reader:
    print(len(list(reader.ascending())), len(reader.remarks), end="")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_another_user_lists_beside_the_agent_and_no_byte_changes(tmp_path: Path) -> None:
    with closing(filled(tmp_path, 10)) as agent:
        agent.checkpoint()
        agent.append(rated(11))
        for folder in (tmp_path, *list(tmp_path.parents)[:-2]):
            folder.chmod(folder.stat().st_mode | 0o055)
        for file in tmp_path.iterdir():
            file.chmod(0o644)
        before = contents(tmp_path)
        done = subprocess.run(
            [sys.executable, "-c", LIST_AS_ANOTHER_USER, tmp_path / "ledger"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "11 0", done.stderr
        assert contents(tmp_path) == before


def test_an_agent_starts_writes_checkpoints_and_stops_while_a_listing_rests(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A step that held the lock would make a start wait for five minutes."""
    filled(tmp_path, 20).close()
    with open_ledger(tmp_path / "ledger") as reader:
        entries = reader.ascending()
        found = [next(entries) for _ in range(6)]
        agent = open_in(tmp_path)
        agent.append(rated(21))
        found += [next(entries) for _ in range(6)]
        agent.checkpoint()
        agent.append(rated(22))
        found += [next(entries) for _ in range(5)]
        agent.close()
        found += list(entries)
        assert reader.remarks == []
    assert seqs(found) == list(range(1, 21))
    assert {entry.proof for entry in found} == {Proof.GOOD}
    assert "waiting for it" not in caplog.text


def test_a_checkpoint_empties_the_wal_while_a_listing_rests(tmp_path: Path) -> None:
    with closing(filled(tmp_path, 20)) as agent, open_ledger(tmp_path / "ledger") as reader:
        entries = reader.ascending()
        next(entries)
        for _ in range(30):
            for n in range(10):
                agent.append(rated(n))
            agent.checkpoint()
        assert beside(tmp_path / "ledger", "-wal").stat().st_size < 200_000
        assert len(list(entries)) == 19


def test_a_process_that_presses_all_the_time_is_listed_as_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.rigs.ledger.ledger_process", str(tmp_path), "presses"]
    with subprocess.Popen([*command, "40"], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline().startswith("opened")
        listings = 0
        while not listings or writer.poll() is None:
            entries, remarks = read_all(tmp_path / "ledger")
            assert seqs(entries) == list(range(1, len(entries) + 1))
            assert {entry.proof for entry in entries} == {Proof.GOOD}
            assert remarks == []
            listings += 1
        lines = writer.stdout.read().splitlines()
    assert writer.returncode == 0
    assert len([line for line in lines if line.startswith("thanks")]) == 160
    assert len(read_all(tmp_path / "ledger")[0]) == 161


def test_what_was_pruned_before_is_no_gap_and_meanwhile_it_is_said(tmp_path: Path) -> None:
    with closing(filled(tmp_path, 20)) as agent:
        agent.mark_receipted(20)
        agent.prune(6)
        entries, remarks = read_all(tmp_path / "ledger")
        assert seqs(entries) == [1, *range(6, 21)]
        assert {entry.proof for entry in entries} == {Proof.GOOD}
        assert remarks == []
        with open_ledger(tmp_path / "ledger") as reader:
            listing = reader.ascending()
            found = [next(listing) for _ in range(3)]
            agent.prune(16)
            found += list(listing)
            assert seqs(found) == [1, 6, 7, 8, *range(16, 21)]
            assert found[4].proof is Proof.NONE
            assert [str(remark) for remark in reader.remarks] == ["entries 9 to 15 are not there"]


def test_a_ledger_that_is_replaced_meanwhile_ends_the_listing(tmp_path: Path) -> None:
    with closing(filled(tmp_path, 20)) as agent, open_ledger(tmp_path / "ledger") as reader:
        listing = reader.ascending()
        next(listing)
        agent.roll_over("diverged")
        with pytest.raises(LedgerError, match="was replaced meanwhile") as refused:
            list(listing)
        assert refused.value.code is PadCode.LEDGER_DISPLACED


def test_an_agent_that_is_just_opening_its_ledger_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, 5).close()
    real, agents = ledger_file.open_to_read, list[Ledger]()

    def busy_once(path: Path) -> object:
        if not agents:
            agents.append(open_in(tmp_path))
            raise LedgerError("is starting", PadCode.LEDGER_IN_USE)
        return real(path)

    monkeypatch.setattr(sqlite_reading, "open_to_read", busy_once)
    assert len(read_all(tmp_path / "ledger")[0]) == 5
    agents.pop().close()
    monkeypatch.setattr(sqlite_reading, "PATIENCE_S", -1.0)
    with pytest.raises(LedgerError, match="is starting"):
        read_all(tmp_path / "ledger")
    agents.pop().close()


def test_the_memory_is_that_of_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_reader, "STEP_ENTRIES", 500)
    path = big_ledger.make(tmp_path, 10_000)
    tracemalloc.start()
    with open_ledger(path) as reader:
        assert sum(1 for _ in reader.ascending()) == 10_001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MIB


# --- damage --------------------------------------------------------------------------------------


def changed(path: Path, *statements: str) -> None:
    """Change a closed ledger behind its triggers."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for (trigger,) in db.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            db.execute(statement)


def test_a_changed_entry_is_listed_and_named(tmp_path: Path) -> None:
    filled(tmp_path, 10).close()
    swap = "replace(CAST(body AS TEXT), 'very_satisfied', 'dissatisfied')"
    changed(tmp_path / "ledger", f"UPDATE entry SET body = CAST({swap} AS BLOB) WHERE seq = 7")
    entries, _ = read_all(tmp_path / "ledger")
    assert [entry.seq for entry in entries if entry.proof is Proof.BROKEN] == [7]
    assert len(entries) == 10


def test_missing_entries_are_said_and_the_rest_is_listed(tmp_path: Path) -> None:
    filled(tmp_path, 10).close()
    changed(tmp_path / "ledger", "DELETE FROM entry WHERE seq IN (4, 5, 8)")
    entries, remarks = read_all(tmp_path / "ledger")
    assert seqs(entries) == [1, 2, 3, 6, 7, 9, 10]
    assert [e.seq for e in entries if e.proof is Proof.NONE] == [6, 9]
    assert remarks == ["entries 4 to 5 are not there", "entry 8 is not there"]


def without_a_page(path: Path) -> bytes:
    """The bytes of a ledger, one page of entries overwritten."""
    content = bytearray(path.read_bytes())
    place = content.index(b'"kind":"rated"', 6 * 2048) // 2048 * 2048
    content[place : place + 2048] = b"\xff" * 2048
    return bytes(content)


def test_a_page_that_is_lost_takes_its_entries_and_no_others(tmp_path: Path) -> None:
    filled(tmp_path, 60).close()
    aside = tmp_path / "ledger.damaged-1"
    aside.write_bytes(without_a_page(tmp_path / "ledger"))
    before = contents(tmp_path)
    entries, remarks = read_all(aside)
    gone = sorted(set(range(1, 61)) - set(seqs(entries)))
    assert 0 < len(gone) < 12
    assert gone == list(range(gone[0], gone[-1] + 1))
    assert remarks[0].startswith("SQLite cannot read the file behind entry ")
    assert f"entries {gone[0]} to {gone[-1]} are not there" in remarks
    assert [e.seq for e in entries if e.proof is Proof.NONE] == [gone[-1] + 1]
    assert contents(tmp_path) == before


@pytest.mark.parametrize("lost", [100, 2048])
def test_a_file_that_sqlite_does_not_know_is_read_without_it(tmp_path: Path, lost: int) -> None:
    filled(tmp_path, 60).close()
    path = tmp_path / "ledger.damaged-1"
    (tmp_path / "ledger").rename(path)
    with path.open("r+b") as file:
        file.write(b"\0" * lost)
    with open_ledger(path) as reader:
        assert reader.is_damaged
        entries = list(reader.ascending())
        assert (reader.facts.pad, reader.facts.head) == ("pad-1", None)
        assert str(reader.remarks[0]) == "SQLite cannot read the file; it is read without it"
    assert seqs(entries) == list(range(1, 61))
    assert {entry.proof for entry in entries} == {Proof.GOOD}


def test_what_lies_behind_a_broken_place_of_the_wal_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    folder.mkdir()
    with closing(filled(tmp_path, 20)):
        for name in ("ledger", "ledger-wal"):
            shutil.copy(tmp_path / name, folder / name)
    wal = bytearray((folder / "ledger-wal").read_bytes())
    wal[len(wal) // 2] ^= 0xFF
    (folder / "ledger-wal").write_bytes(wal)
    before = contents(folder)
    entries, remarks = read_all(folder / "ledger")
    assert len(entries) >= 19
    assert entries[-1].seq == 20
    assert remarks[0].startswith("the WAL goes on behind entry ")
    assert contents(folder) == before


@pytest.mark.parametrize("content", [b"no ledger at all", b"SQLite format 3\0" + bytes(4096)])
def test_what_is_no_ledger_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="is no ledger") as refused:
        read_all(path)
    assert refused.value.code is PadCode.LEDGER_FOREIGN


def test_of_a_file_of_zeros_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(8192))
    assert read_all(tmp_path / "file")[0] == []


def test_a_damaged_ledger_that_an_agent_has_open_is_not_read_without_sqlite(tmp_path: Path) -> None:
    with closing(filled(tmp_path, 60)) as agent:
        agent.checkpoint()
        damaged = without_a_page(tmp_path / "ledger")
        with (tmp_path / "ledger").open("r+b") as file:
            file.write(damaged)
        with pytest.raises(LedgerError, match="is held by process") as refused:
            read_all(tmp_path / "ledger")
        assert refused.value.code is PadCode.LEDGER_IN_USE


def test_entries_that_are_gone_from_the_end_are_counted(tmp_path: Path) -> None:
    filled(tmp_path, 10).close()
    with open_ledger(tmp_path / "ledger") as reader:
        assert reader.gone == 0
    changed(tmp_path / "ledger", "DELETE FROM entry WHERE seq > 7")
    with open_ledger(tmp_path / "ledger") as reader:
        assert reader.gone == 3
