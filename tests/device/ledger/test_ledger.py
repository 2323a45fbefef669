"""The append-only file: chain, receipts, pruning, rollover, damage and full disks."""

import contextlib
import os
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from device.errors import LedgerError, PadCode
from device.ledger import file as ledger_file
from device.ledger import new_file, rollover
from device.ledger.ledger import MAX_ENTRY_BYTES, Ledger
from device.ledger.records import PAGE_BYTES
from device.ledger.rollover import Rollover
from device.ledger.salvage import Carryover
from device.ledger.startup_state import state_after
from device.ledger.verify import verify
from sync.entries import (
    GENESIS,
    MAX_BODY_BYTES,
    Booted,
    Detailed,
    Entry,
    HashName,
    Opened,
    Paused,
    Predecessor,
    Rated,
    Salvaged,
    next_digest,
    read_body,
    walk_chain,
    write_body,
)
from tests.rigs.disk.crash_states import Trace, ram_folder, record
from tests.rigs.disk.small_disk import fill, free, small_disk
from tests.rigs.ledger.ledger_process import at, open_in, rated

ROOT = Path(__file__).parents[3]
REFUSED = re.compile("entries are never|only follows")


def filled(folder: Path, count: int, hash_name: HashName = HashName.SHA256) -> Ledger:
    ledger = open_in(folder, hash_name=hash_name)
    for n in range(count):
        ledger.append(rated(n))
    return ledger


def everything(ledger: Ledger) -> list[tuple[int, bytes, bytes]]:
    rows: list[tuple[int, bytes, bytes]] = []
    while chunk := ledger.read(rows[-1][0] if rows else 0, 500, 1 << 20).entries:
        rows += chunk
    return rows


@contextlib.contextmanager
def raises_code(code: PadCode) -> Iterator[None]:
    with pytest.raises(LedgerError) as caught:
        yield
    assert caught.value.code is code, caught.value


@pytest.mark.parametrize("name", list(HashName))
def test_a_new_ledger_begins_with_opened_and_chains_every_entry(
    tmp_path: Path, name: HashName
) -> None:
    ledger = filled(tmp_path, 20, name)
    rows = everything(ledger)
    ledger.close()
    opened = read_body(rows[0][1])
    assert isinstance(opened, Opened)
    assert (opened.pad, opened.hash, opened.previous) == ("pad-1", name, None)
    assert [seq for seq, _, _ in rows] == list(range(1, 22))
    assert list(walk_chain(name, GENESIS, (b for _, b, _ in rows))) == [d for _, _, d in rows]


def test_an_entry_can_neither_be_changed_nor_deleted_nor_replaced_nor_skipped(
    tmp_path: Path,
) -> None:
    filled(tmp_path, 5).close()
    db = sqlite3.connect(tmp_path / "ledger")
    for statement in (
        "UPDATE entry SET body = x'7b7d' WHERE seq = 2",
        "DELETE FROM entry WHERE seq = 6",
        "INSERT OR REPLACE INTO entry(seq, body, digest, receipted) VALUES (3, x'7b7d', x'00', 0)",
        "INSERT INTO entry(seq, body, digest, receipted) VALUES (8, x'7b7d', x'00', 0)",
    ):
        with pytest.raises(sqlite3.IntegrityError, match=REFUSED):
            db.execute(statement)
    db.execute("DROP TRIGGER entry_is_never_updated")  # control: it is the trigger that refuses
    assert db.execute("UPDATE entry SET body = x'7b7d' WHERE seq = 2").rowcount == 1
    db.close()


def test_a_read_keeps_to_its_bounds_but_always_returns_at_least_one_entry(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 9)
    rows = everything(ledger)
    chunk = ledger.read(3, 4, 1 << 20)
    assert [e.seq for e in chunk.entries] == [4, 5, 6, 7]
    assert (chunk.prev, chunk.torn) == (rows[2][2], False)
    two = len(rows[3][1]) + len(rows[4][1]) + 2
    assert len(ledger.read(3, 100, two).entries) == 2
    assert len(ledger.read(3, 100, two - 1).entries) == 1
    assert len(ledger.read(3, 100, 1).entries) == 1
    assert ledger.read(10, 5, 100) == (rows[-1][2], [], False)
    ledger.close()


def test_the_receipted_mark_survives_a_close_and_is_stored_by_the_next_append(
    tmp_path: Path,
) -> None:
    ledger = filled(tmp_path, 9)
    ledger.mark_receipted(4)
    ledger.append(rated(1))
    shutil.copytree(tmp_path, tmp_path / "cut")  # as after a power cut: nothing is closed
    cut = open_in(tmp_path / "cut")
    assert cut.receipted == 4
    cut.close()
    ledger.mark_receipted(7)
    ledger.close()
    again = open_in(tmp_path)
    assert again.receipted == 7
    again.mark_receipted(2)  # a province restored from a backup has fewer
    again.append(rated(2))
    again.close()
    last = open_in(tmp_path)
    assert last.receipted == 2
    last.close()


def test_pruning_takes_only_what_is_receipted_and_leaves_a_chain_that_verifies(
    tmp_path: Path,
) -> None:
    ledger = filled(tmp_path, 40)
    before = everything(ledger)
    with pytest.raises(ValueError):
        ledger.prune(10)
    ledger.mark_receipted(30)
    with pytest.raises(ValueError):
        ledger.prune(32)
    assert ledger.prune(20) == 18
    assert ledger.prune(20) == 0
    assert ledger.digest_at(19) == before[18][2]
    assert ledger.digest_at(18) is None
    first = ledger.read(0, 100, 1 << 20)
    assert ([e.seq for e in first.entries], first.torn) == ([1], False)
    behind = ledger.read(1, 100, 1 << 20)
    assert (behind.prev, behind.entries[0].seq, behind.torn) == (before[18][2], 20, True)
    assert [tuple(e) for e in behind.entries] == before[19:]
    with pytest.raises(sqlite3.IntegrityError):
        ledger._connection.execute("DELETE FROM entry WHERE seq = 25")
    ledger.close()
    verdict = verify(tmp_path / "ledger")
    assert (verdict.intact, verdict.pruned, verdict.head) == (True, 19, 41)
    again = open_in(tmp_path)
    assert again.opened_because is None
    assert again.append(rated(1)).digest == next_digest(
        HashName.SHA256, before[-1][2], everything(again)[-1][1]
    )
    again.close()


def test_a_ledger_that_differs_from_the_provinces_is_continued_in_a_new_one(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 12)
    old_id, old = ledger.id, everything(ledger)
    ledger.mark_receipted(9)
    ledger.roll_over("diverged")
    assert ledger.id != old_id
    bodies = [read_body(body) for _, body, _ in everything(ledger)]
    opened = bodies[0]
    assert isinstance(opened, Opened)
    assert opened.previous is not None
    assert (opened.previous.ledger, opened.previous.reason) == (old_id, "diverged")
    assert (opened.previous.seq, opened.previous.digest) == (13, old[-1][2].hex())
    salvaged = [b for b in bodies if isinstance(b, Salvaged)]
    assert [(s.ledger, s.seq, s.body.encode()) for s in salvaged] == [
        (old_id, seq, body) for seq, body, _ in old[9:]
    ]
    ledger.append(rated(1))
    ledger.close()
    assert verify(tmp_path / "ledger.superseded-1").head == 13
    again = open_in(tmp_path)
    assert again.opened_because is None
    again.close()


def test_a_second_agent_is_refused_with_the_process_that_holds_the_ledger(tmp_path: Path) -> None:
    first = filled(tmp_path, 3)
    with pytest.raises(LedgerError, match=rf"process {os.getpid()}") as caught:
        open_in(tmp_path)
    assert caught.value.code is PadCode.LEDGER_IN_USE
    first.append(rated(1))
    first.close()
    open_in(tmp_path).close()  # control: the lock was what refused


@pytest.mark.parametrize("content_kind", ["text", "database", "other pad", "newer format"])
def test_a_file_that_is_not_this_pads_ledger_is_refused_and_left_untouched(
    tmp_path: Path, content_kind: str
) -> None:
    path = tmp_path / "ledger"
    if content_kind == "text":
        path.write_text("a shopping list\n" * 400)
    elif content_kind == "database":
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE cookies(a, b)")
        db.commit()
        db.close()
    elif content_kind == "other pad":
        open_in(tmp_path, "pad-2").close()
    else:
        open_in(tmp_path).close()
        db = sqlite3.connect(path)
        for trigger in ("entry_is_never_updated",):
            db.execute(f"DROP TRIGGER {trigger}")
        body = db.execute("SELECT body FROM entry").fetchone()[0]
        body = body.replace(b'"format":1', b'"format":2')
        digest = next_digest(HashName.SHA256, GENESIS, body)
        db.execute("UPDATE entry SET body = ?, digest = ?", (body, digest))
        db.commit()
        db.close()
    content = path.read_bytes()
    for _ in range(2):
        with raises_code(PadCode.LEDGER_FOREIGN):
            open_in(tmp_path)
    assert path.read_bytes() == content
    assert not list(tmp_path.glob("*.damaged*"))


def test_an_entry_too_long_to_be_salvaged_later_is_refused(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    with pytest.raises(ValueError):
        ledger.append(Detailed(at=at(), invitation="i", text="字" * MAX_ENTRY_BYTES))
    bare = len(write_body(Detailed(at=at(), invitation="i", text="")))
    quotes = '"' * ((MAX_ENTRY_BYTES - bare) // 2)  # each is escaped, and then again
    worst = Detailed(at=at(), invitation="i", text=quotes)
    ledger.append(worst)
    ledger.append(Detailed(at=at(), invitation="i", text="满" * 2500))  # on overflow pages
    ledger.roll_over("diverged")
    salvaged = [read_body(body) for _, body, _ in everything(ledger)]
    carried = salvaged[2]
    assert isinstance(carried, Salvaged)
    assert msgspec.json.decode(carried.body)["text"] == worst.text
    assert len(write_body(carried)) <= MAX_BODY_BYTES
    ledger.close()


# --- damage -----------------------------------------------------------------------------------


@pytest.fixture
def ram() -> Iterator[Path]:
    with ram_folder() as folder:
        yield folder


def damage(content: bytes, rng: Random) -> tuple[str, bytes]:
    """One kind of damage that memory cards do to files."""
    data = bytearray(content)
    kind = rng.choice(["flip", "flip", "flip", "burst", "zero page", "truncate", "garbage"])
    place = rng.randrange(len(data))
    if kind == "flip":
        data[place] ^= 1 << rng.randrange(8)
    elif kind == "burst":
        for n in range(place, min(place + 40, len(data))):
            data[n] = rng.randrange(256)
    elif kind == "zero page":
        start = place // 2048 * 2048
        data[start : start + 2048] = bytes(len(data[start : start + 2048]))
    elif kind == "garbage":
        start = place // 4096 * 4096
        data[start : start + 4096] = rng.randbytes(len(data[start : start + 4096]))
    else:
        del data[place:]
    return f"{kind} at {place}", bytes(data)


def readable_entries(ledger: Ledger) -> dict[int, bytes]:
    """The entries of the original ledger that are still readable and proven, by seq."""
    known: dict[int, bytes] = {}
    for seq, body, _ in everything(ledger):
        entry = read_body(body)
        if isinstance(entry, Salvaged):
            if not entry.unproven:
                known[entry.seq] = entry.body.encode()
        elif ledger.opened_because is None:
            known[seq] = body
    return known


def unproven_entries(ledger: Ledger) -> set[int]:
    """The seqs of those that are carried over without proof; their bodies may be changed."""
    bodies = (read_body(body) for _, body, _ in everything(ledger))
    return {body.seq for body in bodies if isinstance(body, Salvaged) and body.unproven}


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "with its WAL"])
def test_damage_is_reported_stops_no_start_and_loses_only_the_damaged_entries(
    ram: Path, closed: bool
) -> None:
    home = ram / "home"
    home.mkdir()
    ledger = filled(home, 30)
    if not closed:
        ledger.checkpoint()
        for n in range(30):
            ledger.append(rated(n))
    original = {seq: body for seq, body, _ in everything(ledger)}
    if closed:
        ledger.close()
    files = {p.name: p.read_bytes() for p in home.iterdir() if not p.name.endswith("-shm")}
    rng = Random(5)
    set_aside = lost = 0
    for n in range(300):
        name = "ledger" if closed or rng.random() < 0.4 else "ledger-wal"
        folder = ram / f"case{n}"
        folder.mkdir()
        for other, content in files.items():
            (folder / other).write_bytes(content)
        kind, content = damage(files[name], rng)
        (folder / name).write_bytes(content)
        ledger_now = open_in(folder)
        because, torn, kept = (
            ledger_now.opened_because,
            ledger_now.torn_tail,
            readable_entries(ledger_now),
        )
        unproven = unproven_entries(ledger_now)
        ledger_now.append(rated(n))
        ledger_now.close()
        where = f"{name}: {kind}: {because}"
        assert all(original.get(seq) == body for seq, body in kept.items()), where
        assert not unproven & kept.keys(), where
        lost_seqs = original.keys() - kept.keys() - unproven
        if because is None:
            # A damaged last commit in a WAL looks the same as one that a power cut interrupted, and
            # a truncated WAL looks the same as one that was never longer.
            assert name == "ledger-wal" or not lost_seqs, where
            assert lost_seqs == set(range(62 - len(lost_seqs), 62)), where
            assert not lost_seqs or torn or not kind.startswith(("flip", "burst")), where
            assert len(lost_seqs) <= 3 or kind.startswith("truncate"), where
        else:
            set_aside += 1
            aside = (folder / "ledger.damaged-1").read_bytes()
            assert aside == (content if name == "ledger" else files["ledger"]), where
            if not closed:
                wal = (folder / "ledger.damaged-1-wal").read_bytes()
                assert wal == (content if name == "ledger-wal" else files["ledger-wal"]), where
            inner = {s for s in lost_seqs if s < max(kept, default=0)}
            assert all(missing_names(because, s) for s in inner), where
        lost += len(lost_seqs)
        if kind.startswith("flip"):
            assert len(lost_seqs) <= 1, where
        again = open_in(folder)
        assert again.opened_because is None, where
        again.close()
        assert verify(folder / "ledger").intact
        shutil.rmtree(folder)
    assert set_aside > 100
    print(f"{set_aside} of 300 set aside, {lost} of {300 * len(original)} entries lost")


def missing_names(because: str, seq: int) -> bool:
    spans = re.findall(r"(\d+)(?:-(\d+))?(?=,|$)", because.partition("missing ")[2])
    return any(int(a) <= seq <= int(b or a) for a, b in spans)


def test_an_empty_file_and_a_missing_file_with_a_wal_begin_a_new_ledger(
    tmp_path: Path,
) -> None:
    (tmp_path / "ledger").touch()
    ledger = filled(tmp_path, 4)
    assert ledger.opened_because is not None
    shutil.copytree(tmp_path, tmp_path / "cut")
    ledger.close()
    for old in (tmp_path / "cut").glob("ledger.damaged*"):
        old.unlink()
    (tmp_path / "cut" / "ledger").unlink()
    again = open_in(tmp_path / "cut")
    assert "set aside as ledger.damaged-1" in str(again.opened_because)
    assert len(readable_entries(again)) == 5  # all: the WAL also has the page that was in the file
    again.close()


def test_a_ledger_whose_file_is_missing_is_named_by_the_next_and_the_first_names_none(
    tmp_path: Path,
) -> None:
    ledger = filled(tmp_path, 4)
    assert ledger.opened_because is None
    old = ledger.id
    ledger.close()
    for file in tmp_path.glob("ledger*"):
        if file.suffix != ".lock":
            file.unlink()
    again = open_in(tmp_path)
    assert str(again.opened_because) == f"its file is gone; what ledger {old} held is not known"
    opened = read_body(again.read(0, 1, 1000).entries[0].body)
    assert isinstance(opened, Opened)
    assert opened.previous == Predecessor(ledger=old, reason="lost")
    again.close()


def test_the_entries_in_the_wal_of_an_emptied_file_are_kept(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 6)  # SQLite alone would delete this WAL
    shutil.copytree(tmp_path, tmp_path / "cut")
    ledger.close()
    (tmp_path / "cut" / "ledger").write_bytes(b"")
    again = open_in(tmp_path / "cut")
    assert len(readable_entries(again)) >= 6
    assert (tmp_path / "cut" / "ledger.damaged-1-wal").exists()
    again.close()


def test_entries_are_salvaged_without_the_first_entry(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 40)
    old_id = ledger.id
    ledger.close()
    path = tmp_path / "ledger"
    content = path.read_bytes()
    spot = content.index(b'"kind":"opened"')
    page = spot // 2048 * 2048
    path.write_bytes(content[:page] + bytes(2048) + content[page + 2048 :])
    again = open_in(tmp_path)
    opened = read_body(everything(again)[0][1])
    assert isinstance(opened, Opened)
    assert opened.previous is not None
    assert opened.previous.ledger == old_id  # from the lock file
    assert opened.previous.missing[0][0] == 1
    assert len(readable_entries(again)) >= 30
    again.close()


# --- the card ---------------------------------------------------------------------------------


@pytest.fixture
def card() -> Iterator[Path]:
    with small_disk(256) as folder:
        yield folder


def test_a_full_card_refuses_the_entry_damages_nothing_and_works_when_there_is_room(
    card: Path,
) -> None:
    ledger = filled(card, 20)
    fill(card)
    thanked = everything(ledger)
    for _ in range(30):  # the WAL may still have room in its last block
        with contextlib.suppress(LedgerError):
            thanked.append(ledger.append(rated(1)))
    assert everything(ledger) == thanked
    with raises_code(PadCode.LEDGER_FULL):
        ledger.append(rated(1))
    with raises_code(PadCode.LEDGER_FULL):
        ledger.roll_over("diverged")
    free(card)
    thanked.append(ledger.append(rated(2)))
    ledger.close()
    again = open_in(card)
    assert (everything(again), again.opened_because) == (thanked, None)
    again.close()


def test_a_ledger_that_cannot_be_created_on_a_full_card_is_created_later(card: Path) -> None:
    fill(card)
    with raises_code(PadCode.LEDGER_FULL):
        open_in(card)
    free(card)
    open_in(card).close()


def traced(root: Path, scenario: str, times: int, synchronous: str = "FULL") -> Trace:
    root.mkdir()
    return record(
        [
            sys.executable,
            "-m",
            "tests.rigs.ledger.ledger_process",
            str(root),
            scenario,
            str(times),
            synchronous,
        ],
        root,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.strace
def test_a_rating_costs_one_sync_and_less_than_four_and_a_half_kilobytes(tmp_path: Path) -> None:
    presses = 100

    def costs(synchronous: str) -> list[tuple[int, int]]:
        trace = traced(tmp_path / synchronous, "presses", presses, synchronous)
        found, syncs, written = [], 0, 0
        for step in trace.steps:
            if step.what == "ack":
                if step.data.startswith(b"thanks"):
                    found.append((syncs, written))
                syncs = written = 0
            syncs += step.what.startswith("sync")
            written += len(step.data) if step.what == "write" else 0
        return found

    full = costs("FULL")
    mean = sum(written for _, written in full) / len(full)
    print(f"{len(full)} ratings: {mean:.0f} bytes each, at most {max(w for _, w in full)}")
    assert len(full) == 4 * presses
    assert {syncs for syncs, _ in full} == {1}
    assert mean <= 4500
    assert sorted(w for _, w in full)[len(full) * 99 // 100] <= 8300  # a new page begins
    assert {syncs for syncs, _ in costs("NORMAL")} == {0}  # control: the rig counts syncs


def test_a_hundred_thousand_entries_open_quickly_though_each_is_checked(
    tmp_path: Path,
) -> None:
    open_in(tmp_path).close()
    db = sqlite3.connect(tmp_path / "ledger", isolation_level=None)
    db.execute("BEGIN")
    digest = db.execute("SELECT digest FROM entry").fetchone()[0]
    body = msgspec.json.encode(rated(1), order="sorted")
    for seq in range(2, 100_002):
        digest = next_digest(HashName.SHA256, digest, body)
        db.execute(
            "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, 0)",
            (seq, body, digest),
        )
    db.execute("COMMIT")
    db.close()
    began = time.process_time()  # of this process alone, whatever else the machine does
    ledger = open_in(tmp_path)
    took_s = time.process_time() - began
    ledger.close()
    print(f"100,000 entries checked and opened in {took_s:.3f} s of a core")
    assert (ledger.head[0], ledger.opened_because) == (100_001, None)
    assert took_s < 3  # a bound for a slow machine; the figure is printed


def test_the_pages_are_the_size_that_salvage_expects(tmp_path: Path) -> None:
    open_in(tmp_path).close()
    db = sqlite3.connect(tmp_path / "ledger")
    assert db.execute("PRAGMA page_size").fetchone() == (PAGE_BYTES,)
    assert db.execute("SELECT kind FROM entry").fetchone() == ("opened",)
    db.close()


def test_a_commit_that_was_complete_at_a_power_cut_is_kept(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 5)
    rows = everything(ledger)
    wal = bytearray((tmp_path / "ledger-wal").read_bytes())
    shutil.copytree(tmp_path, tmp_path / "cut")
    ledger.close()
    frame = 24 + PAGE_BYTES
    wal[-frame + 16] ^= 1  # the last frame's checksum: SQLite ends the WAL before it
    (tmp_path / "cut" / "ledger-wal").write_bytes(wal)
    cut = open_in(tmp_path / "cut")
    assert (everything(cut), cut.opened_because) == (rows, None)
    cut.close()


def test_the_rated_body_in_the_rig_is_of_the_usual_size() -> None:
    size = len(msgspec.json.encode(rated(1), order="sorted"))
    assert isinstance(rated(1), Rated)
    assert 180 <= size <= 260


@pytest.mark.parametrize("how", ["diverged", "diverged twice", "damaged"])
def test_boots_and_a_pause_are_carried_over_even_when_receipted(tmp_path: Path, how: str) -> None:
    ledger = open_in(tmp_path)
    for boots in (36, 37):
        ledger.append(Booted(at=at(), agent="0", board="simulated", boots=boots))
        ledger.append(Paused(at=at(), by=f"desk {boots}"))
    for n in range(20):
        ledger.append(rated(n))
    ledger.mark_receipted(ledger.head[0] - 2)
    if how == "damaged":
        ledger.close()
        file = tmp_path / "ledger"
        file.write_bytes(file.read_bytes()[:100] + bytes(16) + file.read_bytes()[116:])
        ledger = open_in(tmp_path)
    else:
        for _ in how.split():
            ledger.roll_over("diverged")
            ledger.append(rated(99))
            ledger.mark_receipted(ledger.head[0])
    assert ledger.opened_because is not None
    memory = state_after(Entry(*row) for row in everything(ledger))
    assert (memory.boots, memory.paused_by) == (37, "desk 37")
    ledger.close()


def test_a_file_with_thousands_of_gaps_can_be_replaced(tmp_path: Path) -> None:
    replacing = Rollover(tmp_path / "ledger", "pad-1", at, HashName.SHA256, lambda: "01B", "01A")
    gaps = tuple((n, n + n % 7) for n in range(1, 100_000, 20))
    replacing.prepare(Carryover("01A", "pad-1", HashName.SHA256, missing=gaps), "damaged")
    replacing.ensure_file()
    opened = read_body(everything(open_in(tmp_path))[0][1])
    assert isinstance(opened, Opened)
    assert opened.previous is not None
    named = opened.previous.missing
    assert len(named) <= 200
    assert all(any(a <= first and last <= b for a, b in named) for first, last in gaps)
    assert len(write_body(opened)) < 8000, "a longer one could not be salvaged itself"


@pytest.mark.parametrize("step", range(1, 5))
def test_a_rollover_that_fails_halfway_leaves_a_ledger_that_takes_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    ledger = filled(tmp_path, 5)
    old_id, old = ledger.id, [body for _, body, _ in everything(ledger)]
    steps = iter(range(1, 100))
    sync = ledger_file.sync_folder

    def fail_once(path: Path) -> None:
        if next(steps) == step:
            raise OSError(5, "Input/output error")
        sync(path)

    for module in (rollover, new_file):
        monkeypatch.setattr(module, "sync_folder", fail_once)
    with contextlib.suppress(LedgerError):
        ledger.roll_over("diverged")
    assert next(steps) > step, "it never failed"
    entry = ledger.append(rated(9))
    assert ledger.read(entry.seq - 1, 1, 9999).entries == [entry]
    kept = {body for _, body, _ in everything(ledger)}
    if ledger.id != old_id:
        bodies = [read_body(body) for body in kept]
        kept |= {b.body.encode() for b in bodies if isinstance(b, Salvaged)}
    assert set(old) <= kept
    ledger.close()
    assert verify(tmp_path / "ledger").intact


def test_a_pruning_that_fails_half_way_is_taken_back_and_the_ledger_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = filled(tmp_path, 20)
    ledger.mark_receipted(15)
    before = everything(ledger)
    monkeypatch.setattr("device.ledger.ledger.NO_DELETE", "CREATE TRIGGER is not SQL")
    with raises_code(PadCode.LEDGER_WRITE):
        ledger.prune(10)
    assert everything(ledger) == before
    ledger.append(rated(99))  # no transaction was left open
    with pytest.raises(sqlite3.Error, match="never deleted"):  # the trigger is there again
        ledger._connection.execute("DELETE FROM entry WHERE seq = 5")
    monkeypatch.undo()
    assert ledger.prune(10) == 8
    ledger.close()
