"""A power cut at every step of every operation that writes to a ledger."""

import itertools
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import LedgerError, PadCode
from device.ledger.ledger import Ledger
from sync.entries import Salvaged, read_body
from tests.rigs.disk.crash_states import CrashState, Trace, ram_folder, record, states
from tests.rigs.ledger.ledger_process import open_in, rated

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


def test_no_power_cut_during_a_salvage_loses_more_than_the_damage_did(ram: Path) -> None:
    (ram / "pad").mkdir()
    ledger = open_in(ram / "pad")
    for n in range(40):
        ledger.append(rated(n))
    original = digests_in(ledger)
    shutil.copy(ram / "pad" / "ledger-wal", ram / "kept-wal")
    shutil.copy(ram / "pad" / "ledger", ram / "kept")
    ledger.close()
    content = bytearray((ram / "kept-wal").read_bytes())
    content[len(content) // 2] ^= 1  # SQLite reads only half of the entries now
    (ram / "pad" / "ledger-wal").write_bytes(content)
    shutil.copy(ram / "kept", ram / "pad" / "ledger")
    trace = run_child(ram / "pad", "presses", 1)
    assert trace.count("rename") == 4  # the file, its WAL and its note; then the new file
    (ram / "after").mkdir()
    seen: set[bytes] = set()
    for state in states(trace, seed=3, start=1, some=8, torn=8):
        if state.fingerprint() in seen:
            continue
        seen.add(state.fingerprint())
        state.materialise(ram / "after")
        again = open_in(ram / "after")
        known = digests_in(again)
        again.close()
        lost = {place for place in original if known.get(place) != original[place]}
        assert len(lost) <= 1, (state.cut, state.mode, sorted(lost))
        aside = [p.name for p in (ram / "after").glob("ledger.damaged-*[0-9]")]
        assert aside == ["ledger.damaged-1"], (state.cut, state.mode)
    print(f"{len(seen)} crash states of a salvage")
    assert len(seen) > 50


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
