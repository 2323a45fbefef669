"""What is measured of keys becomes rows: with the intended wait and without it."""

import json
import subprocess
import sys

import pytest

from benchmarks.key_latency import PATIENCE_S, rows_of
from tests.rigs.source import source_tree


def test_the_wait_that_is_intended_is_told_apart() -> None:
    whole, without, cpu = rows_of(
        "gpio", {"ours": [[0.024, 0.026]], "bare": [[0.001]], "cpu": [0.02, 0.01]}
    )
    assert (whole.ours, whole.theirs) == ("p50 25 ms, p99 26 ms", "p50 1 ms, p99 1 ms")
    assert whole.ratio == pytest.approx(25)
    assert without.ours == "p50 5 ms, p99 6 ms"
    assert without.ratio == pytest.approx(5)
    assert "20 ms of debounce" in without.what
    assert (cpu.ours, cpu.ratio) == ("2 % of a core", 2)


def test_what_waits_for_nothing_has_one_row() -> None:
    assert len(rows_of("serial", {"ours": [[0.002]], "bare": [[0.001]]})) == 1


def test_both_readers_of_a_serial_line_see_every_press() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pads.key_readers", "serial", "1", "6"],
        cwd=source_tree.ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    found = json.loads(done.stdout)
    assert {way: [len(part) for part in found[way]] for way in found} == {"ours": [6], "bare": [6]}
    assert all(took > 0 for part in found["ours"] + found["bare"] for took in part)
