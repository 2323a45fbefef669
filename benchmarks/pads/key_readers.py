"""Keys alone, and beside them a bare reader of the same device: from the edge to the event.

Arguments: `gpio`, `evdev` (both on devices of a real kernel, inside the tests' machine) or
`serial`, the number of rounds, and how many presses a round. One JSON line comes out:
{"ours": [[s, …], …], "bare": [[s, …], …]}, seconds by round, and for `gpio` also the CPU time of
scanning as part of a core, {"cpu": [ours, bare]}.

Ours is the driver as shipped, until the event is in the hands of whoever takes it. A bare reader
does the least that can be done: a busy loop on the pin, a blocking read of the node, a blocking
read of the line. They alternate round by round, and one program presses for both.
"""

import contextlib
import json
import os
import queue
import random
import select
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any, Protocol

from benchmarks.json_lines import ask
from benchmarks.procfs import thread_cpu_ns
from benchmarks.sample_ratings import SEED
from benchmarks.scratch import running
from device.board.keypad import load_keypad
from device.board.profile import load_profile
from device.drivers.registry import build_board
from tests.rigs.time.wait import until

PAUSE_S = (0.03, 0.09)
"""Before each press, so that it falls anywhere between two scans."""
CPU_S = 4.0
PATIENCE_S = 60.0


class Device(Protocol):
    """One way of being pressed. `keys`: how many; `arrived` is called with the moment, in ns."""

    keys: int
    presser: "Popen[str]"

    def ours(self, arrived: Callable[[int], None]) -> contextlib.AbstractContextManager[Any]:
        """The driver, armed; gives the driver."""

    def bare(self, arrived: Callable[[int], None]) -> contextlib.AbstractContextManager[Any]:
        """The bare reader, reading."""


@contextlib.contextmanager
def driven(keys: Any, arrived: Callable[[int], None]) -> Iterator[Any]:
    """The driver runs."""
    keys.start(lambda _: arrived(time.monotonic_ns()), lambda _: None)
    try:
        until(lambda: getattr(keys, "armed", True), PATIENCE_S, "the keys are armed")
        yield keys
    finally:
        keys.stop()


@contextlib.contextmanager
def reading(read: Callable[[threading.Event], None]) -> Iterator[None]:
    """A thread runs `read` until its event is set."""
    ending = threading.Event()
    thread = threading.Thread(target=read, args=(ending,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(PATIENCE_S)


class Pins:
    """Five keys on lines of gpio-sim."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path) -> None:
        from tests.rigs.keys.kernel_keys import GpioRig

        self._rig = GpioRig()
        self._lines: list[int] = list(self._rig.lines.values())
        self.keys = len(self._lines)
        files = [str(self._rig.chip.pull_file(line)) for line in self._lines]
        self.presser = stack.enter_context(presser(folder, "lines", *files))
        ask(self.presser, None, PATIENCE_S)

    def ours(self, arrived: Callable[[int], None]) -> contextlib.AbstractContextManager[Any]:
        """Scanned and debounced."""
        return driven(self._rig.keys, arrived)

    @contextlib.contextmanager
    def bare(self, arrived: Callable[[int], None]) -> Iterator[None]:
        """One pin after the other, without a pause."""
        with self._claimed() as pins:

            def read(ending: threading.Event) -> None:
                for line in _cycle(self._lines, ending):
                    while pins.input(line) and not ending.is_set():
                        pass
                    if not ending.is_set():
                        arrived(time.monotonic_ns())

            with reading(read):
                yield

    def cpu(self) -> list[float]:
        """Of our scan and of a bare one at the same pace, as part of a core."""
        profile = load_profile("rpi-4").keys
        with driven(self._rig.keys, lambda _: None):
            ours = self._used("keys")
        with self._claimed() as pins:

            def read(ending: threading.Event) -> None:
                threading.current_thread().name = "bare"
                while not ending.is_set():
                    for line in self._lines:
                        pins.input(line)
                    time.sleep(profile.scan_ms / 1000)

            with reading(read):
                bare = self._used("bare")
        return [ours, bare]

    @contextlib.contextmanager
    def _claimed(self) -> Iterator[Any]:
        from RPi import GPIO

        GPIO.setwarnings(False)
        GPIO.setmode(GPIO.BCM)
        for line in self._lines:
            GPIO.setup(line, GPIO.IN, pull_up_down=GPIO.PUD_UP)
        yield GPIO
        GPIO.cleanup()

    @staticmethod
    def _used(name: str) -> float:
        thread = next(thread for thread in threading.enumerate() if thread.name == name)
        assert thread.native_id is not None
        before_ns, start_ns = thread_cpu_ns(thread.native_id), time.monotonic_ns()
        threading.Event().wait(CPU_S)
        used_ns = thread_cpu_ns(thread.native_id) - before_ns
        return used_ns / (time.monotonic_ns() - start_ns)


class Input:
    """A pad of uinput's."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path) -> None:
        model, name = "input-digits-rising", "ratingpad bench keypad"
        codes = [str(key.code) for key in load_keypad(model).key]
        self.keys = len(codes)
        self.presser = stack.enter_context(presser(folder, "input", name, *codes))
        self._path = ask(self.presser, None, PATIENCE_S)["path"]
        self._table = {"name": name, "model": model}

    def ours(self, arrived: Callable[[int], None]) -> contextlib.AbstractContextManager[Any]:
        """Grabbed, stamped, and held back until a second key could have come."""
        return driven(build_board(load_profile("linux-input"), {"keys": self._table}).keys, arrived)

    def bare(self, arrived: Callable[[int], None]) -> contextlib.AbstractContextManager[None]:
        """`read` on the node; a packet is the key and its report, 24 bytes each."""

        def read(ending: threading.Event) -> None:
            node = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
            while not ending.is_set():
                if select.select([node], [], [], 0.1)[0]:
                    packet = os.read(node, 4096)
                    at_ns = time.monotonic_ns()
                    if packet[20:24] == b"\1\0\0\0":  # the first event's value: down
                        arrived(at_ns)
            os.close(node)

        return reading(read)


class Serial:
    """A "68" pad on a pseudo-terminal."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path) -> None:
        model = "68-rising"
        codes = [str(key.code) for key in load_keypad(model).key]
        self.keys = len(codes)
        self.presser = stack.enter_context(presser(folder, "serial", *codes))
        line = ask(self.presser, None, PATIENCE_S)
        self._path, self._bytes = line["path"], line["frame"]
        self._table = {"port": self._path, "model": model, "address": 3}

    @contextlib.contextmanager
    def ours(self, arrived: Callable[[int], None]) -> Iterator[Any]:
        """Parsed, answered, and handed on."""
        keys = build_board(load_profile("linux-68"), {"keys": self._table}).keys
        with driven(keys, arrived):
            until(lambda: _is_open(self._path), PATIENCE_S, "the line is open")
            yield keys

    @contextlib.contextmanager
    def bare(self, arrived: Callable[[int], None]) -> Iterator[None]:
        """`read` of as many bytes as a frame has, by pyserial."""
        import serial

        with serial.serial_for_url(self._path, baudrate=9600, timeout=0.1) as line:

            def read(ending: threading.Event) -> None:
                while not ending.is_set():
                    if len(line.read(self._bytes)) == self._bytes:
                        arrived(time.monotonic_ns())

            with reading(read):
                yield


def presser(folder: Path, *arguments: str) -> "contextlib.AbstractContextManager[Popen[str]]":
    """The program that presses."""
    command = [sys.executable, "-m", "benchmarks.pads.presser", *arguments]
    return running(command, cwd=Path.cwd(), log=folder / "presser.log")


def _cycle(lines: list[int], ending: threading.Event) -> Iterator[int]:
    while not ending.is_set():
        yield from lines


def _is_open(path: str) -> bool:
    """Whether this process has the path open."""
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the folder's own, which is closed by now
            if link.readlink() == Path(path):
                return True
    return False


def block(device: Device, way: str, count: int, rng: random.Random) -> list[float]:
    """Seconds from edge to event of `count` presses in one way, "ours" or "bare"."""
    arrivals: queue.Queue[int] = queue.Queue()
    took: list[float] = []
    with getattr(device, way)(arrivals.put) as keys:
        for number in range(count):
            threading.Event().wait(rng.uniform(*PAUSE_S))
            if keys is not None:
                until(lambda: getattr(keys, "armed", True), PATIENCE_S, "armed")
            place = number % device.keys
            at_ns = ask(device.presser, {"down": place}, PATIENCE_S)["at_ns"]
            took.append((arrivals.get(timeout=PATIENCE_S) - at_ns) / 1e9)
            ask(device.presser, {"up": place}, PATIENCE_S)
    return took


DEVICES: dict[str, Callable[[contextlib.ExitStack, Path], Device]] = {
    "gpio": Pins,
    "evdev": Input,
    "serial": Serial,
}


def main() -> None:
    """Measure one of them."""
    kind, rounds, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(SEED)
    found: dict[str, Any] = {"ours": [], "bare": []}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        device = DEVICES[kind](stack, folder)
        for turn in range(rounds):
            for way in ("ours", "bare") if turn % 2 else ("bare", "ours"):
                found[way].append(block(device, way, count, rng))
        if isinstance(device, Pins):
            found["cpu"] = device.cpu()
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
