"""`verify` reads a ledger, beside a running agent too, and names the first bad entry."""

import shutil
import sqlite3
import subprocess
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import file as ledger_file
from device.ledger.file import exclude_agents
from device.ledger.head_note import HeadNote, NotedHead
from device.ledger.ledger import Ledger, OpeningStep
from device.ledger.verify import Defect, verify
from sync.entries import GENESIS, HashName, next_digest
from tests.rigs.disk.crash_states import ram_folder
from tests.rigs.disk.small_disk import small_disk
from tests.rigs.ledger import big_ledger
from tests.rigs.ledger.ledger_process import at, open_in, rated


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


# --- one judge: what the agent's start finds, verify finds ---------------------------------------


@pytest.fixture
def ram() -> Iterator[Path]:
    with ram_folder() as folder:
        yield folder


def cut_power(folder: Path, count: int, *, checkpointed: int = 0, noted: bool = True) -> Path:
    """A ledger as a power cut leaves it: the entries behind `checkpointed` are in the WAL."""
    (folder / "home").mkdir()
    ledger = open_in(folder / "home")
    for n in range(count):
        if n == checkpointed:
            ledger.checkpoint()
        ledger.append(rated(n))
    if noted:
        ledger.note_head()
    copy = shutil.copytree(folder / "home", folder / "after")
    ledger.close()
    for file in ("ledger-shm", "ledger.head"):
        if file.endswith("-shm") or not noted:
            (copy / file).unlink(missing_ok=True)
    return copy


def both_judge(folder: Path, where: object) -> tuple[bool, bool]:
    """Whether verify and a start see a defect; `verify` must neither change nor make a file."""
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    verdict = verify(folder / "ledger")
    after = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert after == before, where
    ledger = open_in(folder)
    try:
        started_anew = ledger.opened_because is not None
        kept = verdict.head + (verdict.unfinished is not None)
        assert started_anew or ledger.head[0] == kept, where
        assert started_anew or ledger.torn_tail == verdict.torn, where
    finally:
        ledger.close()
    if started_anew:
        aside = next(p for p in folder.iterdir() if p.name in ("ledger.damaged-1", "ledger.cut-1"))
        assert verify(aside).bad == verdict.bad, where  # what was set aside is not called whole
    return verdict.bad is not None, started_anew


@pytest.mark.parametrize("noted", [True, False], ids=["noted", "not noted"])
def test_a_flipped_bit_in_the_wal_is_seen_by_verify_exactly_when_a_start_sees_it(
    ram: Path, noted: bool
) -> None:
    origin = cut_power(ram, 15, noted=noted)
    content = (origin / "ledger-wal").read_bytes()
    rng = Random(10)
    places = [9078, *(rng.randrange(len(content)) for _ in range(199))]
    seen = 0
    for place in places:
        folder = shutil.copytree(origin, ram / "case")
        changed = bytearray(content)
        changed[place] ^= 1
        (folder / "ledger-wal").write_bytes(changed)
        told, started = both_judge(folder, place)
        assert told == started, place
        seen += told
        shutil.rmtree(folder)
    assert seen > 50


def test_damage_anywhere_is_judged_alike_by_verify_and_a_start(ram: Path) -> None:
    origin = cut_power(ram, 40, checkpointed=20)
    files = {p.name: p.read_bytes() for p in origin.iterdir()}
    rng = Random(77)
    judged = set()
    for n in range(160):
        folder = shutil.copytree(origin, ram / "case")
        name = rng.choice(["ledger", "ledger-wal", "ledger-wal", "ledger.head"])
        changed = damaged(files[name], rng)
        (folder / name).write_bytes(changed)
        told, started = both_judge(folder, (n, name))
        assert told == started, (n, name)
        judged.add((name, told))
        shutil.rmtree(folder)
    assert {("ledger", True), ("ledger-wal", True), ("ledger.head", False)} <= judged


def damaged(content: bytes, rng: Random) -> bytes:
    data = bytearray(content)
    place = rng.randrange(len(data))
    match rng.randrange(5):
        case 0:
            del data[place:]
        case 1:
            data[place : place + 64] = rng.randbytes(64)
        case 2:
            data[place : place + 4096] = bytes(4096)
        case 3:
            data[place:place] = rng.randbytes(rng.randrange(1, 3000))
        case _:
            data[place] ^= 1 << rng.randrange(8)
    return bytes(data)


def test_a_ledger_in_a_folder_that_cannot_be_written_is_verified_with_its_wal(ram: Path) -> None:
    origin = cut_power(ram, 15)
    with small_disk(512) as card:
        for file in origin.iterdir():
            shutil.copy(file, card / file.name)
        subprocess.run(["mount", "-o", "remount,ro", str(card)], check=True)
        assert verify(card / "ledger").head == 16
        assert not (card / "ledger-shm").exists()


def test_verify_beside_another_verify_and_beside_an_agent_makes_no_file(tmp_path: Path) -> None:
    folder = cut_power(tmp_path, 15)
    names = {file.name for file in folder.iterdir()}
    with exclude_agents(folder / "ledger", together=True):
        assert verify(folder / "ledger").head == 16
    assert {file.name for file in folder.iterdir()} == names
    agent = open_in(folder)
    names = {file.name for file in folder.iterdir()}
    assert verify(folder / "ledger").head == 16
    assert {file.name for file in folder.iterdir()} == names
    agent.append(rated(1))
    agent.close()


def test_an_agent_that_starts_while_verify_reads_waits_for_it_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = filled(tmp_path, 3)
    reading = ExitStack()
    reading.enter_context(exclude_agents(path, together=True))
    told: list[float] = []

    def progress(_: OpeningStep, share: float) -> None:
        told.append(share)
        if len(told) == 3:  # the agent is waiting: now verify is done
            reading.close()

    Ledger.open(path, "pad-1", at=at, new_id=lambda: "01NEW", progress=progress).close()
    assert told[:3] == [0.0, 0.0, 0.0]
    assert caplog.text.count("waiting for it") == 1


def test_an_agent_does_not_wait_for_a_reader_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path, 3)
    monkeypatch.setattr(ledger_file, "READERS_WAIT_S", 0.2)
    with exclude_agents(path, together=True), pytest.raises(LedgerError) as refused:
        open_in(tmp_path)
    assert refused.value.code is PadCode.LEDGER_IN_USE
    open_in(tmp_path).close()


def test_a_note_that_is_ahead_is_seen_beside_a_running_agent_too(tmp_path: Path) -> None:
    agent = open_in(tmp_path)
    agent.append(rated(0))
    agent.note_head()
    assert verify(tmp_path / "ledger").intact
    note = HeadNote(tmp_path / "ledger")
    note.write(NotedHead(agent.id, 9, bytes(32)))
    note.close()
    assert verify(tmp_path / "ledger").bad == Defect(
        3, "7 entries are gone from the end: entry 9 was committed, the last one here is 2", True
    )
    agent.close()


def test_verify_needs_no_memory_for_the_entries(tmp_path: Path) -> None:
    path = big_ledger.make(tmp_path, 20_000)
    verify(path)
    tracemalloc.start()
    assert verify(path).entries == 20_001
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 5_000_000
    assert peak < 500_000, peak


def test_the_progress_of_verify_grows_and_comes_near_the_end(tmp_path: Path) -> None:
    path = big_ledger.make(tmp_path, 20_000)
    told: list[float] = []
    verify(path, told.append)
    assert len(told) > 10
    assert told == sorted(told)
    assert told[0] < 0.3
    assert 0.8 < told[-1] <= 1
