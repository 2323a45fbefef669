"""Salvage reads in passes: bounded memory, killed at any moment, nothing twice or invented."""

import os
import shutil
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from device.ledger.ledger import Ledger, OpeningStep
from device.ledger.salvage import MAX_GAPS, bounded, carve
from device.ledger.verify import verify
from sync.entries import HashName, Salvaged, read_body
from tests.rigs.disk.crash_states import ram_folder
from tests.rigs.ledger import big_ledger
from tests.rigs.ledger.ledger_process import at, open_in, rated
from tests.rigs.system.child_environment import environment

ROOT = Path(__file__).parents[3]
LONG = os.environ.get("RATINGPAD_LONG") == "1"
MIB = 1 << 20

OPENS = """
import resource, sys
from pathlib import Path
from device.ledger.startup_state import read_startup_state
from tests.rigs.ledger.ledger_process import open_in
folder, more = Path(sys.argv[1]), int(sys.argv[2])
open_in(folder / "small").close()  # all that is imported is there before the limit is set
status = Path("/proc/self/status").read_text()
used = int(status.split("VmData:")[1].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + more, used + more))
print("opening", flush=True)
held = bytearray(int(sys.argv[3]))
ledger = open_in(folder)
read_startup_state(ledger)
print("opened", ledger.head[0], flush=True)
ledger.close()
"""
"""Opens a ledger in a process that may have so many bytes more than an empty one needs."""


DIES = """
import os, signal, sys
from pathlib import Path
from device.ledger import new_file, record_index, salvage
from device.ledger.ledger import Ledger, OpeningStep
from tests.rigs.ledger.ledger_process import at
record_index.PAGES_A_STEP, salvage.ROWS_A_STEP, new_file.ENTRIES_A_BATCH = 100, 500, 300
told = 0
def progress(step, _):
    global told
    told += step is OpeningStep.SALVAGE
    if told == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
path = Path(sys.argv[1]) / "ledger"
Ledger.open(path, "pad-1", at=at, new_id=lambda: "01NEW", progress=progress).close()
"""
"""Opens a ledger, and is killed when the progress of a salvage has been told so often."""


@pytest.fixture
def ram() -> Iterator[Path]:
    with ram_folder() as folder:
        yield folder


def opening(folder: Path, more: int, held: int = 0) -> "subprocess.Popen[str]":
    (folder / "small").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", OPENS, str(folder), str(more), str(held)],
        cwd=ROOT,
        env={**environment(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def carried(folder: Path) -> list[tuple[int, str]]:
    """Seq and text of each entry that was carried over, as often as it is there."""
    ledger = open_in(folder)
    found, after = [], 0
    while chunk := ledger.read(after, 1000, 1 << 22).entries:
        after = chunk[-1].seq
        for entry in chunk:
            if isinstance(body := read_body(entry.body), Salvaged):
                found.append((body.seq, body.body))
    ledger.close()
    return found


@pytest.mark.timeout(1200)
def test_a_big_damaged_ledger_is_opened_under_a_limit_of_memory(tmp_path: Path) -> None:
    count = 1_000_000 if LONG else 40_000
    more = 64 * MIB if LONG else 16 * MIB
    path = big_ledger.make(tmp_path, count)
    big_ledger.flip(path)
    child = opening(tmp_path, more)
    out, errors = child.communicate(timeout=900)
    assert f"opened {count + 1}" in out, errors[-2000:]
    assert len(carried(tmp_path)) == count if not LONG else verify(path).intact


def test_control_the_limit_of_memory_is_one(tmp_path: Path) -> None:
    big_ledger.make(tmp_path, 100)
    out, errors = opening(tmp_path, 16 * MIB, held=12 * MIB).communicate(timeout=60)
    assert "opened 101" in out
    out, errors = opening(tmp_path, 16 * MIB, held=17 * MIB).communicate(timeout=60)
    assert "MemoryError" in errors


def test_a_salvage_that_is_killed_is_done_by_the_next_start_and_carries_nothing_twice(
    tmp_path: Path,
) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    path = big_ledger.make(origin, 4000)
    big_ledger.flip(path)
    whole = shutil.copytree(origin, tmp_path / "whole")
    expected = carried(whole)
    assert len(expected) == 4000  # all but the damaged one, with the first
    rng = Random(4)
    killed = 0
    for _ in range(25 if LONG else 3):
        folder = shutil.copytree(origin, tmp_path / "case")
        for _ in range(3):
            child = opening(folder, 1 << 30)
            assert child.stdout is not None
            assert child.stdout.readline() == "opening\n"
            try:
                child.wait(rng.uniform(0.0, 0.15))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                killed += 1
            child.communicate()
        assert carried(folder) == expected
        assert {p.name for p in folder.glob("ledger.*[0-9]")} == {"ledger.damaged-1"}
        assert not list(folder.glob("*.salvage*")) + list(folder.glob("*.new*"))
        assert verify(folder / "ledger").intact
        shutil.rmtree(folder)
    assert killed >= 3


def test_a_salvage_whose_every_run_is_killed_before_its_end_ends_some_day(tmp_path: Path) -> None:
    path = big_ledger.make(tmp_path, 8000)
    big_ledger.flip(path)
    whole = shutil.copytree(tmp_path, tmp_path / "whole")
    expected = carried(whole)
    lives = 0
    while True:
        child = subprocess.run(
            [sys.executable, "-c", DIES, str(tmp_path), "6"],
            cwd=ROOT,
            env={**environment(), "PYTHONPATH": str(ROOT)},
            check=False,
        )
        lives += 1
        if not child.returncode:
            break
        assert child.returncode == -signal.SIGKILL
        assert lives < 20, "each run begins from scratch"
    assert lives > 3
    assert carried(tmp_path) == expected
    assert verify(path).intact
    assert not list(tmp_path.glob("*.salvage*")) + list(tmp_path.glob("*.new*"))


def test_what_an_interrupted_salvage_of_other_bytes_has_left_is_not_used(tmp_path: Path) -> None:
    path = big_ledger.make(tmp_path, 8000)
    big_ledger.flip(path)
    killed_after = [sys.executable, "-c", DIES, str(tmp_path), "14"]
    environ = {**environment(), "PYTHONPATH": str(ROOT)}
    child = subprocess.run(killed_after, cwd=ROOT, env=environ, check=False)
    assert child.returncode == -signal.SIGKILL
    assert (tmp_path / "ledger.new").exists()
    big_ledger.flip(path, 0.25)  # a second entry, which had been carried over already
    whole = shutil.copytree(tmp_path, tmp_path / "whole")
    for left in whole.glob("ledger.[ns]*"):
        left.unlink()
    expected = carried(whole)
    assert len(expected) == 7999
    assert carried(tmp_path) == expected


def test_the_progress_of_a_start_with_a_salvage_is_told(tmp_path: Path) -> None:
    path = big_ledger.make(tmp_path, 20_000)
    big_ledger.flip(path)
    told: list[tuple[OpeningStep, float]] = []
    Ledger.open(
        path,
        "pad-1",
        at=at,
        new_id=lambda: "01NEW",
        progress=lambda step, share: told.append((step, share)),
    ).close()
    salvage = [share for step, share in told if step is OpeningStep.SALVAGE]
    assert salvage == sorted(salvage)
    assert salvage[0] < 0.1
    assert salvage[-1] > 0.9
    assert len(salvage) > 20
    assert [step for step, _ in told][-1] is OpeningStep.CHECK  # the new file is checked, too


def test_a_file_of_random_damage_gives_entries_of_its_own_only_and_needs_little_memory(
    ram: Path,
) -> None:
    ledger = open_in(ram)
    for n in range(200):
        if n == 100:
            ledger.checkpoint()
        ledger.append(rated(n))
    genuine = {e.seq: e.body for e in ledger.read(0, 1000, 1 << 22).entries}
    files = {name: (ram / name).read_bytes() for name in ("ledger", "ledger-wal")}
    ledger.close()
    rng = Random(21)
    for n in range(40):
        if n == 36:
            tracemalloc.start()  # makes all of it ten times slower
        (ram / "case").mkdir()
        path = ram / "case" / "ledger"
        for name, content in files.items():
            (ram / "case" / name).write_bytes(scrambled(content, rng))
        with carve(path, ledger="?", hash_name=HashName.SHA256) as found:
            kept = {seq: (body, proven) for seq, body, _, proven in found.entries}
            for seq, (body, proven) in kept.items():
                if body != genuine.get(seq):
                    # A bit behind a gap: the neighbour that would contradict it is lost.
                    assert not proven, n
                    changed = sum(a != b for a, b in zip(body, genuine[seq], strict=True))
                    assert changed <= 3, n
            named = {s for a, b in found.missing for s in range(a, min(b, 1000) + 1)}
            assert not named & kept.keys()
        shutil.rmtree(ram / "case")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MIB, peak


def scrambled(content: bytes, rng: Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.randrange(1, 30)):
        place = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[place] ^= 1 << rng.randrange(8)
            case 1:
                data[place : place + 200] = rng.randbytes(200)
            case 2:
                here, other = (n // 2048 * 2048 for n in (place, rng.randrange(len(data))))
                data[here : here + 2048] = data[other : other + 2048]  # written to a wrong place
            case _:
                data[place : place + 512] = bytes(512)
    return bytes(data)


def test_bytes_that_never_were_a_ledger_are_read_without_an_error(tmp_path: Path) -> None:
    rng = Random(3)
    path = tmp_path / "ledger"
    for n in range(30):
        path.write_bytes(rng.randbytes(rng.randrange(1, 20_000)))
        (tmp_path / "ledger-wal").write_bytes(rng.randbytes(rng.randrange(1, 20_000)))
        with carve(path, ledger="?", hash_name=HashName.SHA256) as found:
            assert found.is_foreign, n
            assert list(found.entries) == []


def test_very_many_gaps_are_joined_to_a_few_that_cover_them() -> None:
    gaps = [(n, n + n % 5) for n in range(1, 50_000, 17)]
    joined = bounded(gaps)
    assert len(joined) == MAX_GAPS
    assert all(any(a <= first and last <= b for a, b in joined) for first, last in gaps)
    assert bounded(gaps[:50]) == tuple(gaps[:50])
