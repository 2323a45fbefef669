"""Keys of input devices: the driver on devices that come, go, are refused and lose events."""

import errno
import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from device.board.driver_options import InputOptions
from device.board.keypad import load_keypad
from device.board.profile import load_profile, read_options
from device.drivers.evdev_keys import InputKeys, build
from device.drivers.kernel_clocks import KernelBoot
from device.errors import ConfigError, PadCode
from device.events import Press
from device.ports import BootClock, FaultReport
from sync.entries import Level
from tests.rigs.keys.fake_evdev import QUEUE, FakeKernel, FakePad
from tests.rigs.time.wait import until

PATIENCE_S = 20.0
PAD = load_keypad("input-digits-rising")
CODES = {key.name: key.code for key in PAD.key}
DIGITS = set(CODES.values())
LETTER, ENTER = 30, 28
PROFILE = msgspec.structs.replace(load_profile("linux-input").keys, stuck_s=0.5)
OPTIONS = InputOptions(name="ACME Keypad", model=PAD.name)


SLOW = ("satisfied", Level.SATISFIED)
"""What the press of a bench that took longer than the debounce time is."""


class Bench:
    """A driver that runs, the kernel below it, and what came out."""

    def __init__(self, kernel: FakeKernel, boot: BootClock | None = None) -> None:
        self.kernel = kernel
        self.keys = InputKeys(
            PAD,
            PROFILE,
            OPTIONS,
            boot or KernelBoot(),
            sysfs=kernel.sysfs,
            dev=kernel.dev,
            retry_s=0.02,
        )
        self.presses: queue.Queue[Press] = queue.Queue()
        self.faults: queue.Queue[FaultReport] = queue.Queue()

    def plug(self) -> FakePad:
        return self.kernel.plug("ACME Keypad", DIGITS | {LETTER, ENTER})

    def armed(self) -> None:
        until(lambda: self.keys.armed, PATIENCE_S, "the device is held")

    def pressed(self) -> Press:
        return self.presses.get(timeout=PATIENCE_S)

    def fault(self) -> FaultReport:
        return self.faults.get(timeout=PATIENCE_S)

    def gone(self) -> str:
        fault = self.fault()
        assert (fault.code, fault.broken) == (PadCode.KEYS_GONE, True)
        return fault.detail

    def mended(self, detail: str) -> None:
        assert self.fault() == FaultReport(PadCode.KEYS_GONE, False, detail)


@contextmanager
def running(folder: Path) -> Iterator[tuple[Bench, FakePad]]:
    with FakeKernel(folder / "kernel").installed() as kernel:
        bench = Bench(kernel)
        pad = bench.plug()
        with started(bench):
            bench.armed()
            yield bench, pad


@contextmanager
def without_a_pad(folder: Path) -> Iterator[Bench]:
    with FakeKernel(folder / "kernel").installed() as kernel, started(Bench(kernel)) as bench:
        yield bench


@contextmanager
def started(bench: Bench) -> Iterator[Bench]:
    bench.keys.start(bench.presses.put, bench.faults.put)
    try:
        yield bench
    finally:
        bench.keys.stop()


def test_every_key_is_one_press_with_its_level_and_the_kernels_time(tmp_path: Path) -> None:
    with running(tmp_path) as (bench, pad):
        for _ in range(3):
            for name, code in CODES.items():
                before_ms = KernelBoot().mono_ms()
                pad.press(code)
                after_ms = KernelBoot().mono_ms()
                press = bench.pressed()
                assert (press.key, press.level, press.source) == (name, Level(name), "evdev")
                assert before_ms <= press.mono_ms <= after_ms
    assert bench.presses.empty()
    assert bench.faults.empty()


def test_two_keys_are_never_a_level_and_a_held_key_repeats_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as (bench, pad):
        pad.press(*sorted(DIGITS)[:2])
        assert bench.pressed().level is None
        pad.hold(CODES["satisfied"])
        for _ in range(5):
            pad.repeat(CODES["satisfied"])
        assert bench.pressed().level is Level.SATISFIED
        pad.let_go(CODES["satisfied"])
    assert bench.presses.empty()


def test_a_key_that_is_held_too_long_is_a_fault_until_it_is_up(tmp_path: Path) -> None:
    """No event comes meanwhile: the driver looks at the clock by itself."""
    with running(tmp_path) as (bench, pad):
        pad.hold(CODES["satisfied"])
        assert bench.pressed().level is Level.SATISFIED
        assert bench.fault() == FaultReport(PadCode.KEY_STUCK, True, "satisfied")
        pad.let_go(CODES["satisfied"])
        assert bench.fault() == FaultReport(PadCode.KEY_STUCK, False, "satisfied")


def test_a_key_that_is_down_when_the_device_is_found_is_no_press(tmp_path: Path) -> None:
    with FakeKernel(tmp_path / "kernel").installed() as kernel:
        bench = Bench(kernel)
        pad = bench.plug()
        pad.hold(CODES["very_satisfied"])
        bench.keys.start(bench.presses.put, bench.faults.put)
        bench.armed()
        pad.let_go(CODES["very_satisfied"])
        pad.press(CODES["dissatisfied"])
        assert bench.pressed().level is Level.DISSATISFIED
        bench.keys.stop()
    assert bench.presses.empty()


def test_a_key_that_is_down_when_the_device_is_found_can_be_stuck(tmp_path: Path) -> None:
    """No event ever comes: the driver looks at the clock from the start."""
    with FakeKernel(tmp_path / "kernel").installed() as kernel:
        bench = Bench(kernel)
        bench.plug().hold(CODES["very_satisfied"])
        bench.keys.start(bench.presses.put, bench.faults.put)
        assert bench.fault() == FaultReport(PadCode.KEY_STUCK, True, "very_satisfied")
        bench.keys.stop()
    assert bench.presses.empty()


def test_an_unknown_key_is_logged_and_no_level_and_an_ignored_one_is_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), running(tmp_path) as (bench, pad):
        pad.press(LETTER)
        press = bench.pressed()
        assert (press.key, press.level) == ("unknown_1e", None)
        pad.press(ENTER)
        pad.press(CODES["satisfied"])
        assert bench.pressed().level is Level.SATISFIED
    assert caplog.text.count("key code 0x1e is not in the pad's key map") == 1
    assert bench.presses.empty()


def test_events_that_the_kernel_could_not_keep_make_no_level(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader is held up in its callback while the pad floods its queue."""
    with caplog.at_level(logging.WARNING), FakeKernel(tmp_path / "kernel").installed() as kernel:
        bench = Bench(kernel)
        pad = bench.plug()
        inside, go_on = threading.Event(), threading.Event()

        def slow(press: Press) -> None:
            bench.presses.put(press)
            inside.set()
            go_on.wait(PATIENCE_S)

        bench.keys.start(slow, bench.faults.put)
        bench.armed()
        pad.press(CODES["satisfied"])
        bench.pressed()
        assert inside.wait(PATIENCE_S)
        for _ in range(QUEUE):
            pad.press(CODES["dissatisfied"])
        pad.hold(CODES["very_satisfied"])  # it is not known what else was down
        go_on.set()
        until(lambda: "events were lost" in caplog.text, PATIENCE_S, "it is noticed")
        pad.let_go(CODES["very_satisfied"])
        pad.press(CODES["very_dissatisfied"])
        found = [bench.pressed()]
        while found[-1].level is not Level.VERY_DISSATISFIED:
            found.append(bench.pressed())
        bench.keys.stop()
    assert Level.VERY_SATISFIED not in {press.level for press in found}


# --- devices that come and go -------------------------------------------------------------------


def test_a_device_unplugged_and_plugged_in_elsewhere_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as (bench, first):
        pad = first
        for _ in range(3):
            pad.press(CODES["satisfied"])
            assert bench.pressed().level is Level.SATISFIED
            pad.unplug()
            detail = bench.gone()
            assert detail == 'no input device of this name "ACME Keypad"; there is none at all'
            pad = bench.plug()
            bench.mended(detail)
            bench.armed()
        assert pad.node.name == "event3"
    assert bench.presses.empty()
    assert bench.faults.empty()


def test_a_key_that_went_down_just_before_the_plug_was_pulled_is_no_level_and_not_stuck(
    tmp_path: Path,
) -> None:
    """A second key may be among the unread events."""
    with running(tmp_path) as (bench, pad):
        pad.hold(CODES["satisfied"])
        # What is unread when the plug is pulled is lost: the kernel says ENODEV and nothing more.
        until(lambda: not pad.readers[0].queue, PATIENCE_S, "it is read", every_s=0.001)
        pad.unplug()
        press = bench.pressed()
        assert (press.key, press.level) in (("satisfied+lost", None), SLOW)
        detail = bench.gone()
        again = bench.plug()
        bench.mended(detail)
        bench.armed()
        again.press(CODES["dissatisfied"])
        assert bench.pressed().level is Level.DISSATISFIED
    assert bench.presses.empty()
    assert bench.faults.empty()


def test_a_device_that_is_not_there_at_the_start_is_a_fault_until_it_comes(tmp_path: Path) -> None:
    with without_a_pad(tmp_path) as bench:
        detail = bench.gone()
        pad = bench.plug()
        bench.mended(detail)
        bench.armed()
        pad.press(CODES["satisfied"])
        assert bench.pressed().level is Level.SATISFIED


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EACCES, "make the pad known to udev"),
        (errno.EPERM, "the agent's unit must allow the devices char-input"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_device_that_may_not_be_opened_says_what_to_do(
    tmp_path: Path, number: int, says: str
) -> None:
    with without_a_pad(tmp_path) as bench:
        missing = bench.gone()
        bench.kernel.refused["event0"] = number
        pad = bench.plug()
        detail = bench.gone()
        assert detail.startswith(f"{pad.node}: ")
        assert says in detail
        bench.mended(missing)  # only after the new one stands: the window never opened
        bench.kernel.refused.clear()
        bench.mended(detail)


def test_a_device_that_another_program_holds_is_a_fault_until_it_lets_go(tmp_path: Path) -> None:
    with running(tmp_path) as (first, pad):
        second = Bench(first.kernel)
        second.keys.start(second.presses.put, second.faults.put)
        detail = second.gone()
        assert f"{pad.node}: another program has grabbed it" in detail
        first.keys.stop()
        second.mended(detail)
        second.armed()
        pad.press(CODES["satisfied"])
        assert second.pressed().level is Level.SATISFIED
        second.keys.stop()
    assert first.presses.empty()


def test_no_other_program_reads_what_is_pressed(tmp_path: Path) -> None:
    with running(tmp_path) as (bench, pad):
        console = bench.kernel.evdev.InputDevice(str(pad.node))
        pad.press(CODES["satisfied"])
        bench.pressed()
        with pytest.raises(BlockingIOError):
            console.read()
        bench.keys.stop()
        pad.press(CODES["satisfied"])
        assert len(list(console.read())) == 4  # the control: ungrabbed, it does
        console.close()


def test_a_device_pulled_out_while_it_is_set_up_is_a_fault_too(tmp_path: Path) -> None:
    with without_a_pad(tmp_path) as bench:
        bench.gone()
        pulled = threading.Event()

        def pull(pad: FakePad) -> None:
            bench.kernel.opening = lambda _: None
            pad.unplug()
            pulled.set()

        bench.kernel.opening = pull
        bench.plug()
        assert pulled.wait(PATIENCE_S)
        again = bench.plug()
        bench.armed()
        again.press(CODES["satisfied"])
        assert bench.pressed().level is Level.SATISFIED


def test_a_device_that_fails_while_it_is_still_listed_is_called_unplugged(tmp_path: Path) -> None:
    with running(tmp_path) as (bench, pad):
        with bench.kernel.lock:
            pad.gone = True
            for reader in pad.readers:
                reader.hang_up()
        assert bench.gone() == f"{pad.node}: unplugged"
    assert not pad.readers


def test_two_devices_that_match_are_a_fault_until_one_is_unplugged(tmp_path: Path) -> None:
    with FakeKernel(tmp_path / "kernel").installed() as kernel:
        bench = Bench(kernel)
        kernel.plug("ACME Keypad", {ENTER})  # has none of the keys
        first, second = bench.plug(), bench.plug()
        bench.keys.start(bench.presses.put, bench.faults.put)
        detail = bench.gone()
        assert detail.startswith('2 input devices of name "ACME Keypad": event1')
        assert not first.readers + second.readers
        first.unplug()
        bench.mended(detail)
        bench.armed()
        second.press(CODES["satisfied"])
        assert bench.pressed().level is Level.SATISFIED
        bench.keys.stop()


# --- stopping, threads, options -----------------------------------------------------------------


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_stopping_lets_the_device_go_and_leaves_no_file_open(tmp_path: Path) -> None:
    before = open_files()
    with running(tmp_path) as (bench, pad):
        bench.keys.stop()
        assert pad.grabbed_by is None
        assert not pad.readers
    assert open_files() == before


def test_a_driver_that_was_stopped_can_be_started_again(tmp_path: Path) -> None:
    with running(tmp_path) as (bench, pad):
        bench.keys.stop()
        bench.keys.start(bench.presses.put, bench.faults.put)
        bench.armed()
        pad.press(CODES["satisfied"])
        assert bench.pressed().level is Level.SATISFIED


def test_a_mistake_in_the_driver_ends_its_thread_and_is_seen(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        boot = "bench"

        def mono_ms(self) -> int:
            raise ZeroDivisionError("a mistake")

    with FakeKernel(tmp_path / "kernel").installed() as kernel, caplog.at_level(logging.ERROR):
        bench = Bench(kernel, Broken())
        pad = bench.plug()
        bench.keys.start(bench.presses.put, bench.faults.put)
        assert bench.gone() == "its thread ended: a mistake"
        bench.keys.stop()
        assert pad.grabbed_by is None
    assert "the keys' thread ended" in caplog.text


def mistakes(table: dict[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_options(load_profile("linux-input"), {"keys": table})
    return caught.value.detail.split("\n  ")[1:]


def test_a_wrong_table_is_reported_line_by_line() -> None:
    model = "input-digits-rising"
    assert mistakes({"model": model}) == ["keys: exactly one of name and phys must be given"]
    both = {"name": "a", "phys": "b", "model": model}
    assert mistakes(both) == ["keys: exactly one of name and phys must be given"]
    assert mistakes({"name": "", "model": model})[0] == (
        'keys.name = "": must be a text of 1 to 255 characters'
    )
    assert mistakes({"name": "a", "model": "68-rising"}) == [
        'keys.model = "68-rising": a key map of "68" codes; this needs "input"'
    ]


def test_a_serial_pad_refuses_a_map_of_input_devices() -> None:
    table = {"port": "/dev/null", "address": 1, "model": "input-gpio-keys"}
    with pytest.raises(ConfigError, match=r'"input-gpio-keys": .* "input" codes; this needs "68"'):
        read_options(load_profile("linux-68"), {"keys": table})


def test_the_board_takes_its_key_map_by_name() -> None:
    assert isinstance(build(PROFILE, OPTIONS, KernelBoot()), InputKeys)
    with pytest.raises(ConfigError, match='this needs "input"'):
        build(PROFILE, InputOptions(name="x", model="68-rising"), KernelBoot())
