"""A copy for evidence is whole, proven to be, and overwrites nothing."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from device.errors import LedgerError, PadCode
from device.ledger.file import beside
from device.ledger.verify import verify
from device.ledger_view import evidence_copy
from device.ledger_view.evidence_copy import copy_ledger
from tests.rigs.disk.small_disk import small_disk
from tests.rigs.ledger.ledger_process import open_in, rated
from tests.rigs.ledger.told_ledger import tell
from tests.rigs.system.open_descriptors import open_below

MADE = datetime(2026, 11, 30, 9, 1, 44, tzinfo=UTC)


@pytest.fixture(autouse=True)
def nothing_is_left_open(tmp_path: Path) -> Iterator[None]:
    yield
    assert open_below(tmp_path) == []


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Another folder than the ledger's."""
    (tmp_path / "evidence").mkdir()
    return tmp_path / "evidence"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A closed ledger."""
    (tmp_path / "pad").mkdir()
    return tell(tmp_path / "pad")


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_ledger_is_copied_with_a_manifest_that_verify_agrees_with(ledger: Path, to: Path) -> None:
    (ledger.parent / "ledger.desired.json").write_text("{}")
    before = contents(ledger.parent)
    told: list[float] = []
    copy = copy_ledger(ledger, to / "copy.db", MADE, told.append)
    assert contents(ledger.parent) == before
    assert names(to) == {
        "copy.db",
        "copy.db.head",
        "copy.desired.json",
        "copy.db.manifest.json",
        "copy.db.sha256",
    }
    manifest = json.loads((to / "copy.db.manifest.json").read_text())
    assert manifest == copy.record()
    verdict = verify(to / "copy.db")
    assert verdict.intact
    assert (manifest["pad"], manifest["ledger"]) == (verdict.pad, verdict.ledger)
    assert (manifest["last_seq"], manifest["last_digest"]) == (verdict.head, verdict.digest.hex())
    assert (manifest["method"], manifest["whole"], manifest["entries"]) == ("backup", True, 18)
    assert manifest["made_beijing"] == "2026-11-30 17:01:44"
    for file in manifest["files"]:
        content = (to / file["name"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
    checked = subprocess.run(["sha256sum", "-c", "copy.db.sha256"], cwd=to, check=False)
    assert checked.returncode == 0
    assert {oct(file.stat().st_mode & 0o777) for file in to.iterdir()} == {"0o600"}
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_into_a_folder_it_gets_a_name_of_its_own(ledger: Path, to: Path) -> None:
    copy = copy_ledger(ledger, to, MADE)
    assert copy.path == to / "jl-2224-017-20261130-170144-ledger.db"
    with pytest.raises(LedgerError, match="is there already"):
        copy_ledger(ledger, to, MADE)


def test_beside_a_running_agent_it_has_what_was_committed_and_the_agent_goes_on(
    tmp_path: Path, to: Path
) -> None:
    with closing(open_in(tmp_path)) as agent:
        for n in range(300):
            agent.append(rated(n))
        agent.note_head()
        before = names(tmp_path)

        def press(_: float) -> None:
            agent.append(rated(7))
            agent.note_head()

        copy = copy_ledger(tmp_path / "ledger", to / "copy", MADE, press)
        assert copy.verdict.intact
        assert copy.verdict.head >= 301
        assert agent.head[0] > copy.verdict.head
        assert names(tmp_path) == before


def test_an_agent_that_presses_all_the_time_does_not_make_the_copy_begin_again(
    tmp_path: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_copy, "_STEP_PAGES", 1)
    command = [sys.executable, "-m", "tests.rigs.ledger.ledger_process", str(tmp_path), "presses"]
    with subprocess.Popen([*command, "60"], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        while not writer.stdout.readline().startswith("checkpointed"):
            pass
        copy = copy_ledger(tmp_path / "ledger", to / "copy", MADE)
        writer.stdout.read()
    assert writer.returncode == 0
    assert copy.verdict.intact
    assert copy.verdict.head >= 61
    assert verify(tmp_path / "ledger").head == 241


@pytest.mark.parametrize("name", ["ledger.db.damaged-1", "ledger.db.cut-2"])
def test_what_was_set_aside_is_copied_byte_for_byte(ledger: Path, to: Path, name: str) -> None:
    aside = ledger.with_name(name)
    ledger.rename(aside)
    beside(ledger, ".head").rename(beside(aside, ".head"))
    beside(aside, "-wal").write_bytes(b"\x01" * 300)
    with aside.open("r+b") as file:
        file.write(b"\0" * 100)
    copy = copy_ledger(aside, to / "copy", MADE)
    assert (copy.method, copy.verdict.intact) == ("bytes", False)
    for suffix in ("", "-wal", ".head"):
        assert beside(to / "copy", suffix).read_bytes() == beside(aside, suffix).read_bytes()
    manifest = json.loads((to / "copy.manifest.json").read_text())
    assert (manifest["whole"], manifest["method"]) == (False, "bytes")
    assert [file["name"] for file in manifest["files"]] == ["copy", "copy-wal", "copy.head"]


def test_a_damaged_ledger_is_copied_byte_for_byte_too(ledger: Path, to: Path) -> None:
    content = bytearray(ledger.read_bytes())
    content[content.index(b'"kind":"lapsed"')] ^= 1
    ledger.write_bytes(content)
    copy = copy_ledger(ledger, to / "copy", MADE)
    assert (copy.method, copy.verdict.intact) == ("bytes", False)
    assert (to / "copy").read_bytes() == bytes(content)
    defect = copy.record()["first_defect"]
    assert defect == {"seq": 10, "entries_gone_from_the_end": False}


@pytest.mark.parametrize("there", ["", "-wal", "-shm", ".head", ".manifest.json", ".sha256"])
def test_nothing_is_ever_overwritten(ledger: Path, to: Path, there: str) -> None:
    beside(to / "copy", there).symlink_to(to / "nowhere")
    with pytest.raises(LedgerError, match="is there already") as refused:
        copy_ledger(ledger, to / "copy", MADE)
    assert refused.value.code is PadCode.CONFIG_WRONG
    assert names(to) == {f"copy{there}"}


def test_not_into_the_ledgers_own_folder_and_not_into_none(ledger: Path, to: Path) -> None:
    with pytest.raises(LedgerError, match="is the ledger's own folder"):
        copy_ledger(ledger, ledger.parent / "copy", MADE)
    with pytest.raises(LedgerError, match="is the ledger's own folder"):
        copy_ledger(ledger, ledger.parent, MADE)
    with pytest.raises(LedgerError, match="there is no folder"):
        copy_ledger(ledger, to / "x" / "copy", MADE)


def test_what_is_no_ledger_is_not_copied(tmp_path: Path, to: Path) -> None:
    (tmp_path / "file").write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    with pytest.raises(LedgerError, match="is no ledger"):
        copy_ledger(tmp_path / "file", to, MADE)
    assert names(to) == set()


@pytest.mark.parametrize("fails", ["verify", "_write_manifest"])
def test_a_copy_that_fails_leaves_nothing(
    ledger: Path, to: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(evidence_copy, fails, fail)
    with pytest.raises(LedgerError, match="Input/output error"):
        copy_ledger(ledger, to / "copy", MADE)
    assert names(to) == set()


def test_a_card_that_changes_what_is_written_is_noticed(
    ledger: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = ledger.rename(ledger.with_name("ledger.db.damaged-1"))
    real = evidence_copy._sum

    def worn(path: Path, *more: object) -> tuple[str, int, str]:
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        return real(path)

    monkeypatch.setattr(evidence_copy, "_sum", worn)
    with pytest.raises(LedgerError, match="is not what was written into it"):
        copy_ledger(aside, to / "copy", MADE)
    assert names(to) == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_where_there_is_no_room_it_says_so_first(ledger: Path) -> None:
    with ledger.open("ab") as file:
        file.truncate(3_000_000)
    with small_disk(1024) as card:
        with pytest.raises(LedgerError, match="no room in") as refused:
            copy_ledger(ledger, card / "copy", MADE)
        assert refused.value.code is PadCode.LEDGER_FULL
        assert [path for path in card.iterdir() if path.name.startswith("copy")] == []


def test_a_hostile_name_of_a_pad_stays_a_name(tmp_path: Path, to: Path) -> None:
    with closing(open_in(tmp_path, pad="../../etc/x")):
        pass
    assert copy_ledger(tmp_path / "ledger", to, MADE).path.parent == to
