"""Serial key pads: the driver on real lines, with the codec itself as the pad at the far end."""

import logging
import queue
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import serial

from device.board.driver_options import SerialOptions
from device.board.keypad import Keypad, load_keypad
from device.drivers.serial68 import SerialKeys
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from device.serial.frame68 import PRESS, Frame
from sync.entries import Level
from tests.rigs.serial.serial_keypad import (
    LINKS,
    PATIENCE_S,
    Late,
    Plain,
    PtyLine,
    SerialKeypad,
    SocketLine,
)
from tests.rigs.serial.serial_server import TerminalServer
from tests.rigs.time.wait import until

WINDOW = 3
RISING = load_keypad("68-rising")
SOON = {"silence_s": 0.05, "retry_s": 0.02}


class BenchBoot:
    """A boot clock that stands still unless it is moved on."""

    boot = "bench"

    def __init__(self) -> None:
        self.now_ms = 50_000

    def mono_ms(self) -> int:
        return self.now_ms


class Bench:
    """A driver that runs, what came out of it, and its clock."""

    def __init__(self, port: str, keypad: Keypad = RISING) -> None:
        self.boot = BenchBoot()
        options = SerialOptions(port=port, model=keypad.name, address=WINDOW)
        self.keys = SerialKeys(keypad, options, self.boot, **SOON)
        self.presses: queue.Queue[Press] = queue.Queue()
        self.faults: queue.Queue[FaultReport] = queue.Queue()

    def pressed(self) -> Press:
        return self.presses.get(timeout=PATIENCE_S)

    def fault(self) -> FaultReport:
        return self.faults.get(timeout=PATIENCE_S)


@contextmanager
def running(port: str, keypad: Keypad = RISING) -> Iterator[Bench]:
    bench = Bench(port, keypad)
    bench.keys.start(bench.presses.put, bench.faults.put)
    try:
        yield bench
    finally:
        bench.keys.stop()


@pytest.fixture
def line(tmp_path: Path) -> Iterator[PtyLine]:
    one = PtyLine(tmp_path / "pad")
    yield one
    one.pull()


# --- one story, four links ----------------------------------------------------------------------

STORY = [4, 3, 3, 0, 9, 2, 1, 1, 1, 4]
"""Every key, some twice and thrice, and a code that the pad's model does not have."""
CALLER = Frame(0x05, 0x0A, Frame(0x80 + WINDOW, PRESS, b"\x04").to_bytes() + b"\x68\x16\x68")
NEXT_WINDOW = Frame(0x80 + WINDOW + 1, PRESS, b"\x00")


MARK = 0xE0
"""Unknown codes from here on mark the steps of the story: sent over the good line, behind all."""


def played(bench: Bench, pad: SerialKeypad) -> list[Press]:
    """Play the story, with other traffic of the shared bus in between; the presses that came."""
    found: list[Press] = []
    marker = SerialKeypad(WINDOW, pad.line)
    marker.press(MARK - 1)  # the line is open
    for step, code in enumerate(STORY):
        pad.send(CALLER)
        pad.press(code)
        pad.send(NEXT_WINDOW)
        pad.link.settle()
        marker.press(MARK + step)
        while (press := bench.pressed()).key != f"unknown_{MARK + step:02x}":
            found.append(press)
        pad.forget()
        bench.boot.now_ms += RISING.resend_ms + 1
    bench.keys.stop()
    found += [bench.presses.get_nowait() for _ in range(bench.presses.qsize())]
    return [press for press in found if not press.key.startswith(("unknown_d", "unknown_e"))]


@pytest.mark.parametrize("link", LINKS)
def test_each_physical_press_is_one_press_over_any_link(link: str, line: PtyLine) -> None:
    pad = SerialKeypad(WINDOW, line, LINKS[link]())
    with running(str(line.link)) as bench:
        found = played(bench, pad)
    keys = RISING.by_code()
    wanted = [
        (keys[code].name, keys[code].level) if code in keys else ("unknown_09", None)
        for code in STORY
    ]
    assert [(press.key, press.level) for press in found] == wanted
    assert {press.source for press in found} == {"serial68"}
    if link in ("lossy", "late"):
        assert pad.sent > 3 * len(STORY)  # the links did their worst: presses were sent again
    assert bench.faults.empty()


def test_control_a_host_that_counts_every_frame_counts_too_many(line: PtyLine) -> None:
    counts_all = msgspec.structs.replace(RISING, resend_ms=-1)
    with running(str(line.link), counts_all) as bench:
        assert len(played(bench, SerialKeypad(WINDOW, line, Late()))) > len(STORY)


# --- key maps -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "level"),
    [("68-rising", Level.VERY_SATISFIED), ("68-falling", Level.VERY_DISSATISFIED)],
)
def test_the_same_code_means_what_the_model_says(line: PtyLine, model: str, level: Level) -> None:
    with running(str(line.link), load_keypad(model)) as bench:
        SerialKeypad(WINDOW, line).press(4)
        assert bench.pressed().level is level


def test_an_unknown_code_is_answered_and_logged_and_never_a_level(
    line: PtyLine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), running(str(line.link)) as bench:
        SerialKeypad(WINDOW, line).press(0xA5)
        press = bench.pressed()
    assert (press.key, press.level, press.mono_ms) == ("unknown_a5", None, 50_000)
    assert "key code 0xa5 is not in the pad's key map" in caplog.text


# --- cables -------------------------------------------------------------------------------------


def test_an_adapter_pulled_out_is_a_fault_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    before = PtyLine(tmp_path / "pad")
    with running(str(before.link)) as bench:
        SerialKeypad(WINDOW, before).press(4)
        bench.pressed()
        before.pull()
        fault = bench.fault()
        assert (fault.code, fault.broken) == (PadCode.KEYS_GONE, True)
        assert fault.detail.startswith(str(before.link))
        after = PtyLine(tmp_path / "pad")
        assert bench.fault() == FaultReport(PadCode.KEYS_GONE, False, "")
        SerialKeypad(WINDOW, after).press(0)
        assert bench.pressed().level is Level.VERY_DISSATISFIED
        after.pull()
        assert bench.fault().broken
    assert bench.presses.empty()
    assert bench.faults.empty()


def test_a_line_that_is_not_there_at_the_start_is_a_fault_until_it_comes(tmp_path: Path) -> None:
    with running(str(tmp_path / "pad")) as bench:
        assert bench.fault().broken
        line = PtyLine(tmp_path / "pad")
        assert not bench.fault().broken
        SerialKeypad(WINDOW, line).press(3)
        assert bench.pressed().level is Level.SATISFIED
        line.pull()


def test_half_a_frame_before_the_plug_was_pulled_does_not_spoil_the_next(tmp_path: Path) -> None:
    before = PtyLine(tmp_path / "pad")
    with running(str(before.link)) as bench:
        SerialKeypad(WINDOW, before).press(4)
        before.write(bytes.fromhex("ff 68 03 03 68 83"))
        until(before.taken, PATIENCE_S, "half a frame is read")
        before.pull()
        bench.fault()
        after = PtyLine(tmp_path / "pad")
        bench.fault()
        bench.boot.now_ms += 5_000
        SerialKeypad(WINDOW, after).press(4)
        assert [bench.pressed().level for _ in range(2)] == [Level.VERY_SATISFIED] * 2
        after.pull()


def test_a_line_that_somebody_else_holds_is_a_fault_until_it_is_released(line: PtyLine) -> None:
    with running(str(line.link)) as first:
        SerialKeypad(WINDOW, line).press(4)
        first.pressed()
        with running(str(line.link)) as second:
            fault = second.fault()
            assert fault.broken
            assert "lock" in fault.detail
            first.keys.stop()
            assert not second.fault().broken


def test_an_adapter_pulled_out_while_it_is_set_up_is_a_fault_too(
    line: PtyLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """termios.error is not an OSError: see the control at the end."""
    opened, calls = serial.serial_for_url, iter(range(2))

    def pulled_once(*args: Any, **kwargs: Any) -> serial.Serial:
        if next(calls, None) == 0:
            raise termios.error(5, "Input/output error")
        return opened(*args, **kwargs)

    monkeypatch.setattr(serial, "serial_for_url", pulled_once)
    with running(str(line.link)) as bench:
        assert "Input/output error" in bench.fault().detail
        assert not bench.fault().broken
    assert not issubclass(termios.error, OSError)


def test_a_serial_server_is_a_line_like_any_other() -> None:
    server = SocketLine()
    try:
        with running(server.url) as bench:
            server.connected()
            SerialKeypad(WINDOW, server).press(2)
            assert bench.pressed().level is Level.BASICALLY_SATISFIED
            server.pull()
            assert bench.fault().broken
            server.connected()
            assert not bench.fault().broken
            SerialKeypad(WINDOW, server).press(1)
            assert bench.pressed().level is Level.DISSATISFIED
    finally:
        server.close()


def test_a_serial_server_that_speaks_rfc2217_is_lost_with_its_power_and_found_again(
    line: PtyLine,
) -> None:
    """pyserial's own server: a client must negotiate the speed, and may ask for less than a tty."""
    server = TerminalServer(line.link)
    try:
        with running(server.url) as bench:
            SerialKeypad(WINDOW, line).press(2)
            assert bench.pressed().level is Level.BASICALLY_SATISFIED
            assert server.speed == RISING.baud
            server.power_off()
            fault = bench.fault()
            assert (fault.code, fault.broken) == (PadCode.KEYS_GONE, True)
            assert fault.detail.startswith(server.url)
            server.power_on()
            assert bench.fault() == FaultReport(PadCode.KEYS_GONE, False, "")
            bench.boot.now_ms += RISING.resend_ms + 1
            SerialKeypad(WINDOW, line).press(1)
            assert bench.pressed().level is Level.DISSATISFIED
        assert server.clients == 2
        assert bench.presses.empty()
    finally:
        server.power_off()


# --- the thread ---------------------------------------------------------------------------------


def test_a_mistake_in_the_driver_ends_its_thread_and_is_seen(
    line: PtyLine, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_: Press) -> None:
        raise ZeroDivisionError("a mistake")

    bench = Bench(str(line.link))
    bench.keys.start(breaks, bench.faults.put)
    SerialKeypad(WINDOW, line, Plain()).press(4)
    assert bench.fault() == FaultReport(PadCode.KEYS_GONE, True, "its thread ended: a mistake")
    bench.keys.stop()
    assert "the thread of the keys ended" in caplog.text


@pytest.mark.parametrize("plugged", [True, False])
def test_stopping_leaves_no_thread_and_lets_the_line_go(tmp_path: Path, plugged: bool) -> None:
    before = set(threading.enumerate())
    line = PtyLine(tmp_path / "pad")
    if not plugged:
        line.pull()
    stopped: list[Callable[[], None]] = []
    with running(str(line.link)) as bench:
        stopped.append(bench.keys.stop)
    stopped[0]()
    assert set(threading.enumerate()) <= before
    line.pull()
