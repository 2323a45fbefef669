"""Keys on pins: the driver on contacts that bounce, with pins that are lost and found."""

import importlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from device.board.profile import KeysProfile, load_profile
from device.drivers.kernel_clocks import KernelBoot
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from sync.entries import Level
from tests.rigs.board.fake_rpi import FakePi, installed
from tests.rigs.time.wait import until

PATIENCE_S = 20.0
KEYS = msgspec.structs.replace(load_profile("simulated").keys, stuck_s=0.5)
LINES = {key.name: key.line for key in KEYS.key}
FIRST, SECOND, *_ = LINES.values()


@dataclass
class Bench:
    """A driver that runs, the pins under it, and what came out."""

    pi: FakePi
    keys: Any
    presses: "queue.Queue[Press]" = field(default_factory=queue.Queue)
    faults: "queue.Queue[FaultReport]" = field(default_factory=queue.Queue)

    def pressed(self) -> Press:
        return self.presses.get(timeout=PATIENCE_S)

    def fault(self) -> FaultReport:
        return self.faults.get(timeout=PATIENCE_S)

    def press(self, *lines: int) -> None:
        """Fingers come when the driver is armed, and stay until it has felt them."""
        until(lambda: self.keys.armed, PATIENCE_S, "armed")
        self.pi.press_until(lambda: not self.keys.armed, *lines)

    def settle(self) -> None:
        """Wait until no contact changes and the keys are armed for the next press."""
        until(lambda: self.pi.at_rest() and self.keys.armed, PATIENCE_S, "rest")


class SampleClock:
    """A boot clock that goes on by `scan_ms` whenever the driver reads it.

    A busy machine runs the driver's thread late. By the real clock its samples are then so rare
    that a contact which moves between them looks settled, or that nothing is known of it.
    """

    boot = "bench"

    def __init__(self, scan_ms: int) -> None:
        self._scan_ms = scan_ms
        self._ms = 1_000

    def mono_ms(self) -> int:
        """For the driver."""
        self._ms += self._scan_ms
        return self._ms

    def now_ms(self) -> float:
        """For the contacts."""
        return self._ms


@contextmanager
def running(
    profile: KeysProfile = KEYS,
    before: Callable[[FakePi], None] = lambda _: None,
    clock: SampleClock | None = None,
) -> Iterator[Bench]:
    with installed(FakePi(now_ms=clock.now_ms) if clock else None) as pi:
        for key in profile.key:
            pi.wire(key.line, to_ground=profile.active_low)
        before(pi)
        module = importlib.import_module("device.drivers.gpio_keys")
        bench = Bench(pi, module.GpioKeys(profile, clock or KernelBoot(), retry_s=0.02))
        bench.keys.start(bench.presses.put, bench.faults.put)
        try:
            yield bench
        finally:
            bench.keys.stop()
            assert pi.pulls == {}


@pytest.mark.parametrize("active_low", [True, False])
def test_every_key_however_it_bounces_is_one_press_with_its_level(active_low: bool) -> None:
    with running(msgspec.structs.replace(KEYS, active_low=active_low)) as bench:
        for _ in range(3):
            for key in KEYS.key:
                bench.settle()
                before_ms = KernelBoot().mono_ms()
                bench.press(key.line)
                press = bench.pressed()
                assert (press.key, press.level, press.source) == (key.name, key.level, "gpio")
                assert before_ms <= press.mono_ms <= KernelBoot().mono_ms()
        bench.settle()
    assert bench.presses.empty()
    assert bench.faults.empty()


def test_keys_wired_the_other_way_round_than_the_profile_says_are_seen_at_once() -> None:
    """All of them stay down: stuck, and no press."""
    with installed() as pi:
        for key in KEYS.key:
            pi.wire(key.line)
            pi.stick(key.line, True)
        module = importlib.import_module("device.drivers.gpio_keys")
        bench = Bench(pi, module.GpioKeys(KEYS, KernelBoot()))
        bench.keys.start(bench.presses.put, bench.faults.put)
        found = {bench.fault() for _ in KEYS.key}
        bench.keys.stop()
    assert found == {FaultReport(PadCode.KEY_STUCK, True, name) for name in LINES}
    assert bench.presses.empty()


def test_two_keys_are_never_a_level() -> None:
    with running() as bench:
        bench.settle()
        bench.press(FIRST, SECOND)
        press = bench.pressed()
        assert (press.key, press.level) == ("very_satisfied+satisfied", None)
        bench.settle()
    assert bench.presses.empty()


def test_a_stuck_key_is_named_the_others_go_on_and_it_mends() -> None:
    with running() as bench:
        bench.settle()
        bench.pi.stick(FIRST, True)
        assert bench.pressed().key == "very_satisfied"
        assert bench.fault() == FaultReport(PadCode.KEY_STUCK, True, "very_satisfied")
        until(lambda: bench.keys.armed, PATIENCE_S, "the others are armed")
        bench.press(SECOND)
        assert bench.pressed().level is Level.SATISFIED
        bench.pi.stick(FIRST, False)
        assert bench.fault() == FaultReport(PadCode.KEY_STUCK, False, "very_satisfied")


def test_a_chattering_key_is_named() -> None:
    with running(clock=SampleClock(KEYS.scan_ms)) as bench:
        bench.settle()
        bench.pi.chatter(FIRST, 5000)
        assert bench.fault() == FaultReport(PadCode.KEY_CHATTER, True, "very_satisfied")
    assert bench.presses.empty()


# --- pins that are lost -------------------------------------------------------------------------


def test_a_pin_that_another_process_holds_is_a_fault_until_it_is_released() -> None:
    def taken(pi: FakePi) -> None:
        pi.elsewhere.add(SECOND)

    with running(before=taken) as bench:
        detail = f"GPIO {SECOND}: cannot be claimed: GPIO busy"
        assert bench.fault() == FaultReport(PadCode.KEYS_GONE, True, detail)
        assert FIRST not in bench.pi.pulls  # all or none
        bench.pi.elsewhere.clear()
        assert bench.fault() == FaultReport(PadCode.KEYS_GONE, False, "")
        bench.settle()
        bench.press(SECOND)
        assert bench.pressed().level is Level.SATISFIED
    assert bench.faults.empty()


def test_a_pin_that_cannot_be_read_is_one_fault_however_often_it_is_tried() -> None:
    with running() as bench:
        bench.settle()
        bench.pi.dead.add(FIRST)
        detail = f"GPIO {FIRST}: cannot be read: GPIO read/write failed"
        assert bench.fault() == FaultReport(PadCode.KEYS_GONE, True, detail)
        tries = bench.pi.opened
        until(lambda: bench.pi.opened > tries + 3, PATIENCE_S, "it is tried again")
        bench.pi.dead.clear()
        assert bench.fault() == FaultReport(PadCode.KEYS_GONE, False, "")
        bench.settle()
        bench.press(FIRST)
        assert bench.pressed().level is Level.VERY_SATISFIED
    assert bench.faults.empty()


def test_a_key_that_went_down_while_the_pins_were_lost_is_no_press() -> None:
    with running() as bench:
        bench.settle()
        bench.pi.dead.add(SECOND)
        bench.fault()
        bench.pi.stick(FIRST, True)
        bench.pi.dead.clear()
        bench.fault()
        reads = bench.pi.reads
        until(lambda: bench.pi.reads > reads + 100, PATIENCE_S, "it is scanned for long enough")
        bench.pi.stick(FIRST, False)
        bench.settle()
        bench.press(SECOND)
        assert bench.pressed().level is Level.SATISFIED
    assert bench.presses.empty()


# --- time ---------------------------------------------------------------------------------------


class Starved:
    """A boot clock that lets the bench hold the scanning thread between two samples.

    `hold` makes the next reading wait until `release`; meanwhile the contacts go on.
    """

    boot = "bench"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()
        self._real = KernelBoot()

    def mono_ms(self) -> int:
        if not self.gate.is_set():
            self.waiting.set()
            self.gate.wait(PATIENCE_S)
        return self._real.mono_ms()


def test_a_thread_that_starved_between_two_glitches_makes_no_press_of_them() -> None:
    clock = Starved()
    with installed(FakePi(now_ms=clock._real.mono_ms)) as pi:
        for key in KEYS.key:
            pi.wire(key.line, bounce_ms=0)
        module = importlib.import_module("device.drivers.gpio_keys")
        bench = Bench(pi, module.GpioKeys(KEYS, clock))
        bench.keys.start(bench.presses.put, bench.faults.put)
        bench.settle()
        for _ in range(5):
            pi.press(FIRST, hold_ms=8)  # shorter than the debounce time, longer than a scan
            reads = pi.reads
            until(lambda reads=reads: pi.reads > reads + 5, PATIENCE_S, "sampled", every_s=0.001)
            clock.gate.clear()
            assert clock.waiting.wait(PATIENCE_S)
            until(pi.at_rest, PATIENCE_S, "the first glitch is over")
            end_ms = clock._real.mono_ms() + 60
            until(lambda end_ms=end_ms: clock._real.mono_ms() > end_ms, PATIENCE_S, "starved")
            pi.press(FIRST, hold_ms=8)
            clock.waiting.clear()
            clock.gate.set()
            bench.settle()
        bench.keys.stop()
    assert bench.presses.empty()


class SuspendedOnce:
    """A boot clock of 2 ms a reading; the thread is late at 2006 ms, and again before the pins."""

    boot = "bench"

    def __init__(self) -> None:
        self.ms = 1_000

    def mono_ms(self) -> int:
        self.ms = 2_022 if self.ms == 2_006 else self.ms + 2
        return self.ms

    def now_ms(self) -> float:
        if 2_022 <= self.ms < 2_050:
            self.ms = 2_050
        return self.ms


def test_a_thread_suspended_before_it_reads_the_pins_makes_no_press_of_two_glitches() -> None:
    clock = SuspendedOnce()
    with installed(FakePi(now_ms=clock.now_ms)) as pi:
        for key in KEYS.key:
            pi.wire(key.line, bounce_ms=0)
        clock.ms = 2_000
        pi.press(FIRST, hold_ms=8)
        pi.press(FIRST, hold_ms=8)  # from 2048 to 2056 ms
        clock.ms = 1_000
        module = importlib.import_module("device.drivers.gpio_keys")
        bench = Bench(pi, module.GpioKeys(KEYS, clock))
        bench.keys.start(bench.presses.put, bench.faults.put)
        until(lambda: clock.ms > 2_200, PATIENCE_S, "both glitches are over")
        bench.keys.stop()
    assert bench.presses.empty()


# --- the thread ---------------------------------------------------------------------------------


def test_a_mistake_in_the_driver_ends_its_thread_and_is_seen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken:
        boot = "bench"

        def mono_ms(self) -> int:
            raise ZeroDivisionError("a mistake")

    with installed() as pi, caplog.at_level(logging.ERROR):
        module = importlib.import_module("device.drivers.gpio_keys")
        bench = Bench(pi, module.GpioKeys(KEYS, Broken()))
        bench.keys.start(bench.presses.put, bench.faults.put)
        assert bench.fault() == FaultReport(PadCode.KEYS_GONE, True, "its thread ended: a mistake")
        bench.keys.stop()
        assert pi.pulls == {}
    assert "the keys' thread ended" in caplog.text
