"""A power cut at every step of every operation that writes to a ledger."""

import itertools
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import new_file, record_index, salvage
from device.ledger.ledger import Ledger
from device.ledger.new_file import Begun, NewFile
from device.ledger.verify import verify
from sync.entries import Salvaged, read_body
from tests.rigs.disk.crash_states import CrashState, Trace, ram_folder, record, states
from tests.rigs.ledger.ledger_process import at, open_in, rated

pytestmark = pytest.mark.strace

STATES = int(os.environ.get("RATINGPAD_CRASH_STATES", "2500"))
"""At least so many different crash states are checked; `make test-rigs` sets 100,000 and more."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def ram() -> Iterator[Path]:
    with ram_folder() as folder:
        yield folder


def run_child(root: Path, scenario: str, presses: int, synchronous: str = "FULL") -> Trace:
    root.mkdir(exist_ok=True)
    trace = record(
        [
            sys.executable,
            "-m",
            "tests.rigs.ledger.ledger_process",
            str(root),
            scenario,
            str(presses),
            synchronous,
        ],
        root,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert trace.exit_code == 0
    return trace


def digests_in(ledger: Ledger) -> dict[tuple[str, int], str]:
    """The digest of each (ledger, seq) that is in the file, salvaged entries included."""
    known = {}
    after = 0
    while chunk := ledger.read(after, 1000, 1 << 20).entries:
        for entry in chunk:
            known[ledger.id, entry.seq] = entry.digest.hex()
            body = read_body(entry.body)
            if isinstance(body, Salvaged):
                known[body.ledger, body.seq] = body.digest
        after = chunk[-1].seq
    return known


def outcome(state: CrashState, folder: Path) -> str:
    """Open the files after the power cut: `ok`, or what is wrong."""
    state.materialise(folder)
    try:
        ledger = open_in(folder)
    except LedgerError as error:
        return f"unreadable: {error.code.name}"
    try:
        rolling_over = (folder / "ledger.superseded-1").exists()
        was_cut = ledger.opened_because is not None and ledger.opened_code is PadCode.LEDGER_CUT
        if ledger.opened_because is not None and not rolling_over and not was_cut:
            return "taken for damaged"
        known = digests_in(ledger)
    finally:
        ledger.close()
    receipted: dict[str, int] = {}
    thanked: dict[tuple[str, int], str] = {}
    for line in state.acked:
        match line.decode().split():
            case "receipted", name, seq:
                receipted[name] = int(seq)
            case "thanks", name, seq, digest:
                thanked[name, int(seq)] = digest
    for (name, place), digest in thanked.items():
        at_the_province = place <= receipted.get(name, 0)
        if known.get((name, place)) != digest and not at_the_province:
            return "missing, and noticed" if was_cut else "a thanked entry is missing"
        if at_the_province and known.get((name, place), digest) != digest:
            return "an entry has changed"
    return "a false alarm" if was_cut else "ok"


def check_all(
    trace: Trace, folder: Path, *, wanted: int = 0, start: int = 0, lying_card: bool = False
) -> Counter[str]:
    """The outcomes of all different states; with more random ones until there are `wanted`."""
    folder.mkdir()
    outcomes: Counter[str] = Counter()
    seen: set[bytes] = set()
    for seed in itertools.count():
        before = len(seen)
        for state in states(trace, seed=seed, start=start, some=2, torn=4, lying_card=lying_card):
            fingerprint = state.fingerprint()
            if fingerprint not in seen:
                seen.add(fingerprint)
                outcomes[outcome(state, folder)] += 1
        if len(seen) >= wanted or len(seen) == before:
            return outcomes
    raise AssertionError("endless")


@pytest.mark.timeout(3600)
def test_no_power_cut_in_any_use_of_a_ledger_loses_a_thanked_entry(ram: Path) -> None:
    trace = run_child(ram / "pad", "life", 12)
    began = time.perf_counter()
    outcomes = check_all(trace, ram / "after", wanted=STATES)
    took_s = time.perf_counter() - began
    total = outcomes.total()
    print(f"{total} different crash states, {total / took_s:.0f} checked a second")
    assert outcomes == {"ok": total}
    assert total >= STATES


def test_a_rollover_that_is_cut_anywhere_and_begun_again_carries_each_entry_once(ram: Path) -> None:
    trace = run_child(ram / "pad", "rolled-over", 8)
    began = max(n for n, step in enumerate(trace.steps, 1) if step.data.startswith(b"thanks"))
    for _ in range(100):
        at()  # the ids are counted, and must not be the child's
    (ram / "after").mkdir()
    seen: set[bytes] = set()
    begun_again = 0
    for state in states(trace, seed=4, start=began, some=2, torn=2):
        if state.fingerprint() in seen:
            continue
        seen.add(state.fingerprint())
        state.materialise(ram / "after")
        acked = [line.decode().split() for line in state.acked]
        thanked = {int(words[2]): words[3] for words in acked if words[0] == "thanks"}
        [receipted] = [int(words[2]) for words in acked if words[0] == "receipted"]
        old = acked[0][1]
        ledger = open_in(ram / "after")
        if ledger.id == old:
            begun_again += 1
            ledger.roll_over("diverged")
        entries = ledger.read(0, 1000, 1 << 20).entries
        ledger.close()
        about = (state.cut, state.mode)
        bodies = [read_body(entry.body) for entry in entries]
        carried = [(b.ledger, b.seq, b.digest) for b in bodies if isinstance(b, Salvaged)]
        waiting = {(old, seq, digest) for seq, digest in thanked.items() if seq > receipted}
        assert sorted(carried) == sorted(waiting), about
        assert len(bodies) == 1 + len(carried), about
        asides = {p.name for p in (ram / "after").glob("ledger.*[0-9]")}
        assert asides == {"ledger.superseded-1"}, about
        assert not [*(ram / "after").glob("ledger.new*")], about
        for name in ("ledger", "ledger.superseded-1"):
            assert verify(ram / "after" / name).intact, about
    print(f"{len(seen)} crash states of a rollover, {begun_again} began again")
    assert 20 < begun_again < len(seen) - 20


def damaged_pad(ram: Path) -> dict[tuple[str, int], str]:
    """A ledger of 40 entries of which SQLite reads only half; returns all that were in it."""
    (ram / "pad").mkdir()
    ledger = open_in(ram / "pad")
    for n in range(40):
        if n == 15:
            ledger.checkpoint()
        ledger.append(rated(n))
    original = digests_in(ledger)
    shutil.copy(ram / "pad" / "ledger-wal", ram / "kept-wal")
    shutil.copy(ram / "pad" / "ledger", ram / "kept")
    ledger.close()
    content = bytearray((ram / "kept-wal").read_bytes())
    content[len(content) // 2] ^= 1
    (ram / "pad" / "ledger-wal").write_bytes(content)
    shutil.copy(ram / "kept", ram / "pad" / "ledger")
    return original


def check_salvaged(folder: Path, original: dict[tuple[str, int], str], about: object) -> None:
    """Open the ledger: it holds the original's entries, each once, and there is one old file."""
    ledger = open_in(folder)
    known = digests_in(ledger)
    entries = ledger.read(0, 1000, 1 << 20).entries
    ledger.close()
    bodies = [read_body(entry.body) for entry in entries]
    carried = Counter((b.ledger, b.seq) for b in bodies if isinstance(b, Salvaged))
    lost = {place for place in original if known.get(place) != original[place]}
    assert len(lost) <= 1, (about, sorted(lost))
    assert set(carried.values()) == {1}, (about, carried)
    assert not carried.keys() - original.keys(), about
    assert [p.name for p in folder.glob("ledger.damaged-*[0-9]")] == ["ledger.damaged-1"], about
    assert not [*folder.glob("ledger.new*"), *folder.glob("ledger.salvage*")], about
    assert verify(folder / "ledger").intact


@pytest.fixture
def went_on(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """In small steps: how many entries an interrupted salvage had written, each time one goes on"""
    found: list[int] = []
    begun = NewFile.begun

    def noting(self: NewFile, source: bytes) -> Begun | None:
        there = begun(self, source)
        if there is not None:
            found.append(there.head)
        return there

    monkeypatch.setattr(NewFile, "begun", noting)
    monkeypatch.setattr(record_index, "PAGES_A_STEP", 2)
    monkeypatch.setattr(salvage, "ROWS_A_STEP", 5)
    monkeypatch.setattr(new_file, "ENTRIES_A_BATCH", 4)
    return found


def test_no_power_cut_during_a_salvage_loses_more_than_the_damage_did(
    ram: Path, went_on: list[int]
) -> None:
    original = damaged_pad(ram)
    trace = run_child(ram / "pad", "small-steps", 1)
    assert trace.count("rename") == 4  # the file, its WAL and its note; then the new file
    (ram / "after").mkdir()
    seen: set[bytes] = set()
    rng = Random(5)
    for state in states(trace, seed=3, start=1, some=1, torn=1):
        if state.fingerprint() in seen or (STATES < 50_000 and rng.random() > 0.3):
            continue
        seen.add(state.fingerprint())
        state.materialise(ram / "after")
        check_salvaged(ram / "after", original, (state.cut, state.mode))
    print(f"{len(seen)} crash states of a salvage, {len(went_on)} went on")
    assert len(seen) > 50
    assert len(went_on) > 8
    assert max(went_on) > 20


def test_a_salvage_that_is_cut_again_and_again_goes_on_each_time(
    ram: Path, went_on: list[int]
) -> None:
    original = damaged_pad(ram)
    rng = Random(11)
    for _ in range(20 if STATES > 50_000 else 2):
        folder = shutil.copytree(ram / "pad", ram / "cut")
        for _ in range(4):
            trace = run_child(folder, "small-steps", 0)
            before_the_end = next(
                (n for n, s in enumerate(trace.steps, 1) if s.what == "rename"), len(trace.steps)
            )
            cut = rng.randint(before_the_end // 8, before_the_end // 2)
            state = next(s for s in states(trace, seed=rng.randrange(99), start=cut, some=1))
            state.materialise(folder)
        check_salvaged(folder, original, folder)
        shutil.rmtree(folder)
    assert len(went_on) >= 2


@pytest.mark.parametrize(("synchronous", "lying"), [("NORMAL", False), ("FULL", True)])
def test_control_a_ledger_that_does_not_sync_is_noticed(
    ram: Path, synchronous: str, lying: bool
) -> None:
    trace = run_child(ram / "pad", "presses", 5, synchronous)
    started = next(n for n, step in enumerate(trace.steps, 1) if step.what == "ack")
    outcomes = check_all(trace, ram / "after", wanted=1500, start=started, lying_card=lying)
    print(f"synchronous={synchronous}, lying card: {lying}: {dict(outcomes)}")
    assert outcomes["a thanked entry is missing"] + outcomes["missing, and noticed"] > 5
    # The note is not synced either: where it outlives the entries, the next start tells.
    assert not lying or outcomes["missing, and noticed"] > 1
    assert outcomes.total() - outcomes["ok"] > 100
