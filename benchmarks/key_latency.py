"""From the edge of a key to the event in our hands, for each driver, against a bare reader.

`gpio` and `evdev` run on devices of a real kernel (gpio-sim, uinput) in the tests' machine, whose
processor is emulated: only the ratios mean something. `serial` runs here, on a pseudo-terminal.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.peers.install import ROOT
from benchmarks.result_table import Row, median, number, percentile, seconds
from benchmarks.run import Run
from benchmarks.scratch import BenchError
from device.board.profile import load_profile
from tests.conftest import NEEDS
from tests.rigs.vm.machine import Machine

PRESSES = 40
"""A round of each; 200 in five rounds."""
PATIENCE_S = 600.0

BARE = {
    "gpio": "RPi.GPIO read in a busy loop",
    "evdev": "read of the event node",
    "serial": "pyserial, read of a frame's bytes",
}
WAITS = {"gpio": "debounce", "evdev": "wait for a second key"}
"""What our drivers do for `debounce_ms`, on purpose."""
BOARDS = {"gpio": "rpi-4", "evdev": "linux-input"}

_NOTE = (
    "From just before a finger (a process of its own) moves the line until the press is in the"
    " hands of whoever takes the driver's events; the bare reader stops at the read that shows it."
    " Alternating by rounds; medians of the rounds' ratios, p99 over all rounds. gpio and evdev:"
    " gpio-sim and uinput of Debian's kernel in an emulated machine, many times slower than a Pi's"
    " processor; serial: a pseudo-terminal, which has no baud rate (a frame takes 10 ms at 9600)."
)
_CPU = (
    "Time on a CPU of the scanning thread, from the kernel's `schedstat`, as part of one (emulated)"
    " core; bare: RPi.GPIO's `input` of the same five pins and a sleep of the same length, in"
    " Python."
)


def rows(run: Run) -> list[Row]:
    """Edge to event for every driver; the CPU time of scanning."""
    found: list[Row] = []
    with machine() as vm:
        for kind in ("gpio", "evdev"):
            run.say(f"edges: {kind}, in the machine")
            readers = vm.start_module(
                "benchmarks.pads.key_readers", kind, str(run.rounds), str(PRESSES)
            )
            found += rows_of(kind, _samples(*readers.wait(PATIENCE_S)))
    run.say("edges: serial")
    command = [sys.executable, "-m", "benchmarks.pads.key_readers"]
    command += ["serial", str(run.rounds), str(PRESSES)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return found + rows_of("serial", _samples(done.returncode, done.stdout + done.stderr))


@contextlib.contextmanager
def machine() -> Iterator[Machine]:
    """The tests' machine. Raises BenchError where it cannot be had."""
    is_here, missing = NEEDS["kernel_vm"]
    if not is_here():
        raise BenchError(missing)
    with contextlib.ExitStack() as stack:
        with contextlib.redirect_stdout(sys.stderr):  # what it says when it fetches a kernel
            vm = stack.enter_context(Machine())
        yield vm


def _samples(code: int, output: str) -> dict[str, list[Any]]:
    """What `key_readers` has measured."""
    if code != 0:
        raise BenchError(f"key_readers ended with {code}: {output[-2000:]}")
    found: dict[str, list[Any]] = json.loads(output.splitlines()[-1])
    return found


def rows_of(kind: str, samples: dict[str, list[Any]]) -> list[Row]:
    """The rows of one driver."""
    ours, bare = samples["ours"], samples["bare"]
    found = [_row(f"key edge → press, {kind}", kind, ours, bare)]
    if kind in WAITS:
        wait_s = load_profile(BOARDS[kind]).keys.debounce_ms / 1000
        without = [[max(0.0, took - wait_s) for took in part] for part in ours]
        what = f"of it without its {number(wait_s * 1000)} ms of {WAITS[kind]}, {kind}"
        found.append(_row(what, kind, without, bare))
    if "cpu" in samples:
        mine, theirs = samples["cpu"]
        scan_ms = load_profile(BOARDS[kind]).keys.scan_ms
        found.append(
            Row(
                f"CPU of scanning five pins every {scan_ms} ms",
                f"{number(mine * 100)} % of a core",
                "RPi.GPIO, the same reads and sleeps",
                f"{number(theirs * 100)} % of a core",
                mine / theirs,
                "of the bare one",
                note=_CPU,
            )
        )
    return found


def _row(what: str, kind: str, ours: list[list[float]], bare: list[list[float]]) -> Row:
    """p50 by the median of the rounds' ratios; p99 of all."""
    ratios = [median(mine) / median(limit) for mine, limit in zip(ours, bare, strict=True)]
    all_ours, all_bare = ([took for part in parts for took in part] for parts in (ours, bare))
    late, late_bare = percentile(all_ours, 99), percentile(all_bare, 99)
    return Row(
        what,
        f"p50 {seconds(median(all_ours))}, p99 {seconds(late)}",
        BARE[kind],
        f"p50 {seconds(median(all_bare))}, p99 {seconds(late_bare)}",
        median(ratios),
        f"at p50, {number(late / late_bare)}× at p99",
        note=_NOTE,
    )
