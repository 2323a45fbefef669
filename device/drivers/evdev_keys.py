"""Keys that are a Linux input device: USB pads that type, or pins that the kernel reads.

The one door to python-evdev. The device is grabbed, so that its digits are not typed into a console
as well, and stamps its events with CLOCK_BOOTTIME, so that a press carries the moment of its
interrupt and not of this thread. A device that is not there, or is unplugged, or cannot be had, is
a fault (K03) with its reason; it is looked for every second and goes on by itself under whatever
event node it comes back.
"""

import contextlib
import errno
import fcntl
import logging
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import evdev
from evdev import ecodes

from device.board.driver_options import InputOptions
from device.board.keypad import Keypad, load_keypad
from device.board.profile import KeysProfile
from device.drivers.chords import DOWN, Chords, Happening
from device.drivers.input_nodes import SYSFS, Node, find_node
from device.errors import DriverError, PadCode
from device.events import Press
from device.ports import BootClock, FaultReport, OnFault, OnPress

log = logging.getLogger(__name__)

Deliver = Callable[[Iterable[Happening]], None]

SOURCE = "evdev"
"""What presses name as their source."""

RETRY_S = 1.0
"""Between two looks for the device."""

DEV = Path("/dev/input")

EVIOCSCLOCKID = 0x400445A0
"""_IOW('E', 0xa0, int) of linux/input.h on x86 and ARM; CLOCK_BOOTTIME since Linux 3.16."""

REMEDIES = {
    errno.EACCES: "permission denied; make the pad known to udev, see docs/hardware.md",
    errno.EPERM: "permission denied; the agent's unit must allow the devices char-input",
    errno.EBUSY: "another program has grabbed it; `fuser` on this path names it",
    errno.ENODEV: "unplugged",
    errno.ENOENT: "its node is not in /dev yet",
}
"""What to do, or to wait for, when the device cannot be had."""


class InputKeys:
    """The keys of one pad, read by their own thread."""

    def __init__(
        self,
        keypad: Keypad,
        profile: KeysProfile,
        options: InputOptions,
        boot: BootClock,
        *,
        sysfs: Path = SYSFS,
        dev: Path = DEV,
        retry_s: float = RETRY_S,
    ) -> None:
        self._keypad = keypad
        self._strokes = Chords(keypad, profile, SOURCE)
        self._options = options
        self._boot = boot
        self._sysfs = sysfs
        self._dev = dev
        self._retry_s = retry_s
        self._ending = threading.Event()
        self._wake: int | None = None
        self._thread: threading.Thread | None = None
        self._fault: str | None = None
        self._lost = False
        self.armed = False
        """The device is held, and a key that goes down from now on is a press."""

    @property
    def alive(self) -> bool:
        """Whether the thread that `start` began still runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Begin to look for the device and to read; one that is not there is a fault, no error."""
        self._ending.clear()
        awake, self._wake = os.pipe()
        self._thread = threading.Thread(
            target=self._run, args=(awake, on_press, on_fault), name="keys", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Let the device go and deliver nothing more; safe to call twice."""
        self._ending.set()
        if self._wake is not None:
            os.close(self._wake)  # the other end hangs up, which `poll` tells at once
            self._wake = None
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    # --- the thread -------------------------------------------------------------------------

    def _run(self, awake: int, on_press: OnPress, on_fault: OnFault) -> None:
        def deliver(happenings: Iterable[Happening]) -> None:
            for happening in happenings:
                if isinstance(happening, Press):
                    on_press(happening)
                else:
                    on_fault(happening)

        try:
            while not self._ending.is_set():
                self._once(awake, deliver, on_fault)
        except Exception as error:
            log.exception("the keys' thread ended")
            on_fault(FaultReport(PadCode.KEYS_GONE, True, f"its thread ended: {error}"))
        finally:
            os.close(awake)

    def _once(self, awake: int, deliver: Deliver, on_fault: OnFault) -> None:
        """From finding the device to losing it."""
        try:
            node = find_node(self._keypad, self._options, self._sysfs)
            try:
                with self._opened(node) as device:
                    self._report(on_fault, None)
                    self.armed = True
                    self._listen(device, awake, deliver)
            finally:
                self.armed = False
                deliver(self._strokes.end())
        except DriverError as error:
            self._report(on_fault, error.detail)
            self._ending.wait(self._retry_s)

    # The quotes: evdev before 2.0 has no type of device paths.
    @contextlib.contextmanager
    def _opened(self, node: Node) -> Iterator["evdev.InputDevice[str]"]:
        """The device, ours alone; what it refuses, then and later, becomes a DriverError."""
        path = self._dev / node.event
        try:
            with contextlib.closing(evdev.InputDevice(str(path))) as device:
                device.grab()
                fcntl.ioctl(device.fd, EVIOCSCLOCKID, struct.pack("i", time.CLOCK_BOOTTIME))
                self._strokes.begin(self._boot.mono_ms(), device.active_keys())
                self._lost = False
                yield device
        except DriverError:
            raise
        except OSError as error:
            if error.errno == errno.ENODEV:
                # Mostly it is out of sysfs by now, and who reads the fault is told what there is.
                log.warning("%s: unplugged", path)
                find_node(self._keypad, self._options, self._sysfs)
            says = REMEDIES.get(error.errno or 0, str(error))
            raise DriverError(f"{path}: {says}", PadCode.KEYS_GONE) from error

    def _listen(self, device: "evdev.InputDevice[str]", awake: int, deliver: Deliver) -> None:
        poller = select.poll()
        for fd in (device.fd, awake):
            poller.register(fd, select.POLLIN)
        past_ms = self._boot.mono_ms()
        while not self._ending.is_set():
            poller.poll(self._strokes.rest_ms(past_ms))
            # The clock first: then there is no event of before this moment that is still unread.
            # One millisecond for the one that the kernel has stamped and not yet queued.
            past_ms = self._boot.mono_ms() - 1
            self._read(device, deliver)
            deliver(self._strokes.tick(past_ms))

    def _read(self, device: "evdev.InputDevice[str]", deliver: Deliver) -> None:
        """Every event that waits; OSError (ENODEV) when the device has been unplugged."""
        while True:
            try:
                events = list(device.read())
            except BlockingIOError:
                return
            for event in events:
                mono_ms = event.sec * 1000 + event.usec // 1000
                if event.type == ecodes.EV_SYN and event.code == ecodes.SYN_DROPPED:
                    self._lost = True
                elif self._lost:
                    # What stands between here and the next report is the rest of a lost packet.
                    if event.type == ecodes.EV_SYN and event.code == ecodes.SYN_REPORT:
                        self._lost = False
                        log.warning("%s: events were lost", device.path)
                        deliver(self._strokes.resync(mono_ms, device.active_keys()))
                elif event.type == ecodes.EV_KEY:
                    if event.value == DOWN and not self._strokes.knows(event.code):
                        # Refused, not guessed (law 1).
                        says = "key code 0x%02x is not in the pad's key map"
                        log.warning(f"%s: {says}", device.path, event.code)
                    deliver(self._strokes.feed(mono_ms, event.code, event.value))

    def _report(self, on_fault: OnFault, fault: str | None) -> None:
        """Say once what is wrong now, before taking back what was: the window stays closed."""
        before, self._fault = self._fault, fault
        if fault is not None and fault != before:
            on_fault(FaultReport(PadCode.KEYS_GONE, True, fault))
        if before is not None and fault != before:
            on_fault(FaultReport(PadCode.KEYS_GONE, False, before))


def build(profile: KeysProfile, options: InputOptions, boot: BootClock) -> InputKeys:
    """The keys of a profile; `start` opens the device. Raises ConfigError for the key map."""
    return InputKeys(load_keypad(options.model, "input"), profile, options, boot)
