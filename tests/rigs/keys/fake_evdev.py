"""Input devices as the kernel's evdev gives them, without a kernel: nodes, events, unplugging.

`FakeKernel` replaces what the driver uses of the outside: sysfs and /dev (as folders), the `evdev`
module and `fcntl.ioctl`. As in the kernel, every reader has a queue of its own that overflows, a
grab leaves the others without events, events are stamped by the clock that the reader has chosen,
and a device that is unplugged releases its keys and fails with ENODEV for those who have it open.
"""

import contextlib
import errno
import os
import struct
import time
import types
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import RLock
from typing import NamedTuple
from unittest import mock

from evdev import ecodes

from device.drivers import evdev_keys

QUEUE = 64
"""Events that wait for one reader; evdev gives a keyboard 64."""


class Event(NamedTuple):
    sec: int
    usec: int
    type: int
    code: int
    value: int


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class FakeDevice:
    """What `evdev.InputDevice` is to the driver."""

    def __init__(self, pad: "FakePad", path: str) -> None:
        self.path = path
        self.pad = pad
        self.clock = time.CLOCK_REALTIME
        self.queue: deque[Event] = deque()
        self._bell: int | None
        self.fd, self._bell = os.pipe2(os.O_NONBLOCK)
        pad.readers.append(self)

    def grab(self) -> None:
        with self.pad.lock:
            self.pad.check()
            if self.pad.grabbed_by not in (None, self):
                raise failure(errno.EBUSY)
            self.pad.grabbed_by = self

    def active_keys(self) -> list[int]:
        with self.pad.lock:
            self.pad.check()
            # As the kernel does: what the bitmap shows does not come again as events.
            kept = [event for event in self.queue if event.type != ecodes.EV_KEY]
            self.queue = deque(kept)
            return sorted(self.pad.down)

    def read(self) -> Iterator[Event]:
        with self.pad.lock:
            self.pad.check()
            with contextlib.suppress(BlockingIOError):
                os.read(self.fd, 1 << 16)
            if not self.queue:
                raise BlockingIOError(errno.EAGAIN, "nothing waits")
            events = list(self.queue)
            self.queue.clear()
        return iter(events)

    def close(self) -> None:
        with self.pad.lock:
            if self in self.pad.readers:
                self.pad.readers.remove(self)
                os.close(self.fd)
                self.hang_up()
            if self.pad.grabbed_by is self:
                self.pad.grabbed_by = None

    def put(self, kind: int, code: int, value: int) -> None:
        stamp_us = time.clock_gettime_ns(self.clock) // 1000
        event = Event(*divmod(stamp_us, 1_000_000), kind, code, value)
        if len(self.queue) >= QUEUE:
            self.queue.clear()
            self.queue.append(event._replace(type=ecodes.EV_SYN, code=ecodes.SYN_DROPPED, value=0))
        self.queue.append(event)
        assert self._bell is not None
        os.write(self._bell, b".")

    def hang_up(self) -> None:
        if self._bell is not None:
            os.close(self._bell)
            self._bell = None


class FakePad:
    """One device that is plugged in, and its keys."""

    def __init__(self, lock: RLock, folder: Path, node: Path) -> None:
        self.lock = lock
        self.folder = folder
        self.node = node
        self.down: set[int] = set()
        self.readers: list[FakeDevice] = []
        self.grabbed_by: object = None
        self.gone = False

    def check(self) -> None:
        if self.gone:
            raise failure(errno.ENODEV)

    def press(self, *codes: int) -> None:
        """Down and up without a pause, as a pad does that types."""
        self.hold(*codes)
        self.let_go(*codes)

    def hold(self, *codes: int) -> None:
        self._send([(code, 1) for code in codes])

    def let_go(self, *codes: int) -> None:
        self._send([(code, 0) for code in codes])

    def repeat(self, code: int) -> None:
        self._send([(code, 2)])

    def unplug(self) -> None:
        with self.lock:
            self.let_go(*self.down)
            self.gone = True
            for path in sorted(self.folder.rglob("*"), reverse=True):
                path.unlink() if path.is_file() else path.rmdir()
            self.folder.rmdir()
            self.node.unlink(missing_ok=True)
            for reader in self.readers:
                reader.hang_up()

    def _send(self, keys: list[tuple[int, int]]) -> None:
        with self.lock:
            for code, value in keys:
                if (code in self.down) is not (value == 1):
                    (self.down.add if value == 1 else self.down.discard)(code)
                    self._put(ecodes.EV_KEY, code, value)
            self._put(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)

    def _put(self, kind: int, code: int, value: int) -> None:
        for reader in self.readers:
            if self.grabbed_by in (None, reader):
                reader.put(kind, code, value)


class FakeKernel:
    """The folders and modules that the driver sees. `refused`: event names that may not be opened.

    `opening` is called with each device that is opened, before anything else is asked of it.
    """

    def __init__(self, folder: Path) -> None:
        self.sysfs, self.dev = folder / "sys", folder / "dev"
        self.sysfs.mkdir(parents=True)
        self.dev.mkdir()
        self.lock = RLock()
        self.refused: dict[str, int] = {}
        self.opening: Callable[[FakePad], None] = lambda _: None
        self._number = 0
        self._pads: dict[str, FakePad] = {}
        self.evdev = types.SimpleNamespace(InputDevice=self._open)
        self.fcntl = types.SimpleNamespace(ioctl=self._ioctl)

    def plug(self, name: str, keys: set[int], phys: str = "usb-bench/input0") -> FakePad:
        """Plug a device in, under the next free event node."""
        event = f"event{self._number}"
        self._number += 1
        folder = self.sysfs / event
        device = folder / "device"
        (device / "capabilities").mkdir(parents=True)
        bits = sum(1 << code for code in keys)
        words: list[str] = []
        while bits or not words:
            words.append(f"{bits & (1 << 64) - 1:x}")
            bits >>= 64
        (device / "capabilities" / "key").write_text(" ".join(reversed(words)) + "\n")
        (device / "phys").write_text(f"{phys}\n")
        (device / "name").write_text(f"{name}\n")
        node = self.dev / event
        node.touch()
        self._pads[str(node)] = pad = FakePad(self.lock, folder, node)
        return pad

    def _open(self, path: str) -> FakeDevice:
        if not Path(path).exists():
            raise failure(errno.ENOENT)
        if Path(path).name in self.refused:
            raise failure(self.refused[Path(path).name])
        pad = self._pads[path]
        self.opening(pad)
        pad.check()
        return FakeDevice(pad, path)

    def _ioctl(self, fd: int, request: int, argument: bytes) -> int:
        reader = next(
            reader for pad in self._pads.values() for reader in pad.readers if reader.fd == fd
        )
        reader.pad.check()
        assert request == 0x400445A0  # EVIOCSCLOCKID
        reader.clock = struct.unpack("i", argument)[0]
        return 0

    @contextlib.contextmanager
    def installed(self) -> Iterator["FakeKernel"]:
        """The driver sees this kernel."""
        with mock.patch.multiple(evdev_keys, evdev=self.evdev, fcntl=self.fcntl):
            yield self
