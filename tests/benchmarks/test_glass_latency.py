"""A press until thanks is on the glass: what is measured, and the row that it becomes."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.glass_latency import row_of
from benchmarks.pads.glass_pad import TimedWire
from tests.rigs.display.oled_chip import Chip
from tests.rigs.source import source_tree


def test_the_row_is_the_median_of_the_rounds_ratios_and_p99_of_all() -> None:
    row = row_of([[0.033, 0.033], [0.044, 0.044]], [[0.030, 0.030], [0.040, 0.040]])
    assert row.ratio == pytest.approx(1.1)
    assert row.ours == "p50 38.5 ms, p99 44 ms"
    assert row.verdict == "yes"
    assert row_of([[0.041]], [[0.030]]).verdict == "**no**"


def test_a_message_takes_as_long_as_its_bits_at_400_khz() -> None:
    wire = TimedWire(Chip("sh1106"))
    start_s = time.perf_counter()
    wire.carry(0x3C, bytes([0x40, *bytes(399)]))
    assert time.perf_counter() - start_s >= 401 * 9 / 400_000


def test_a_pressed_pad_thanks_on_the_glass_no_sooner_than_debounce_and_bus_allow(
    tmp_path: Path,
) -> None:
    orders = [{"of": of, "count": 1, "pause_s": 0.1} for of in ("press", "bare")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pads.glass_pad", str(tmp_path)],
        cwd=source_tree.ROOT,
        input="".join(json.dumps(order) + "\n" for order in orders),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    _, press, bare = map(json.loads, done.stdout.splitlines())
    assert 0.005 < press["bus_s"][0] < 0.025
    assert press["took_s"][0] > 0.020 + press["bus_s"][0]
    assert bare["took_s"][0] > 0
