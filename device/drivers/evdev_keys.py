"""Keys that are a Linux input device: USB key pads that type, or pins that the kernel reads.

The only module that imports python-evdev. The device is grabbed, so that its digits are not typed
into a console as well. Its events carry CLOCK_BOOTTIME, so that the time of a press is that of its
interrupt and not of this thread. A device that is missing, unplugged or refused is a fault (K03)
with its reason. The driver looks for it every second and continues when it is back, also under
another event node.
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
from device.drivers.chords import DOWN, Chords
from device.drivers.input_nodes import SYSFS, Node, find_node
from device.drivers.key_events import KeyEvent, deliver
from device.errors import DriverError, PadCode
from device.loop_bridge import join_thread
from device.ports import BootClock, FaultReport, OnFault, OnPress

log = logging.getLogger(__name__)

OnEvents = Callable[[Iterable[KeyEvent]], None]

SOURCE = "evdev"
"""The source that is stated in presses."""

RETRY_S = 1.0
"""Between two attempts to open the device."""

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
"""The reason and the remedy, by the error that refuses the device."""


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
        self._chords = Chords(keypad, profile, SOURCE)
        self._options = options
        self._boot = boot
        self._sysfs = sysfs
        self._dev = dev
        self._retry_s = retry_s
        self._ending = threading.Event()
        self._wake_fd: int | None = None
        self._thread: threading.Thread | None = None
        self._fault: str | None = None
        self._lost = False
        self.armed = False
        """The device is open and grabbed; a key that goes down from now on is a press."""

    @property
    def alive(self) -> bool:
        """Whether the thread that `start` began still runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Start the thread that opens and reads the device; a missing one is a fault, no error."""
        self._ending.clear()
        woken_fd, self._wake_fd = os.pipe()
        self._thread = threading.Thread(
            target=self._run, args=(woken_fd, on_press, on_fault), name="keys", daemon=True
        )
        self._thread.start()

    def set_apart(self, names: frozenset[str]) -> None:
        """Take the presses of these keys apart, without a level, from the next event on."""
        self._chords.apart = names

    def stop(self) -> None:
        """Close the device and deliver nothing more; safe to call twice."""
        self._ending.set()
        if self._wake_fd is not None:
            os.close(self._wake_fd)  # POLLHUP at the other end ends the thread's `poll`
            self._wake_fd = None
        if self._thread is not None and self._thread is not threading.current_thread():
            join_thread(self._thread)
        self._thread = None

    # --- the thread -------------------------------------------------------------------------

    def _run(self, woken_fd: int, on_press: OnPress, on_fault: OnFault) -> None:
        def on_events(events: Iterable[KeyEvent]) -> None:
            deliver(events, on_press, on_fault)

        try:
            while not self._ending.is_set():
                self._read_until_lost(woken_fd, on_events, on_fault)
        except Exception as error:
            log.exception("the keys' thread ended")
            on_fault(FaultReport(PadCode.KEYS_GONE, True, f"its thread ended: {error}"))
        finally:
            os.close(woken_fd)

    def _read_until_lost(self, woken_fd: int, on_events: OnEvents, on_fault: OnFault) -> None:
        """Find the device and read it until it is lost or `stop` is called."""
        try:
            node = find_node(self._keypad, self._options, self._sysfs)
            try:
                with self._opened(node) as device:
                    self._report(on_fault, None)
                    self.armed = True
                    self._listen(device, woken_fd, on_events)
            finally:
                self.armed = False
                on_events(self._chords.end())
        except DriverError as error:
            self._report(on_fault, error.detail)
            self._ending.wait(self._retry_s)

    # The quotes: evdev before 2.0 has no type of device paths.
    @contextlib.contextmanager
    def _opened(self, node: Node) -> Iterator["evdev.InputDevice[str]"]:
        """The device, open and grabbed. An OSError, also one while it is read, is a DriverError."""
        path = self._dev / node.event
        try:
            with contextlib.closing(evdev.InputDevice(str(path))) as device:
                device.grab()
                fcntl.ioctl(device.fd, EVIOCSCLOCKID, struct.pack("i", time.CLOCK_BOOTTIME))
                self._chords.begin(self._boot.mono_ms(), device.active_keys())
                self._lost = False
                yield device
        except DriverError:
            raise
        except OSError as error:
            if error.errno == errno.ENODEV:
                # It is usually out of sysfs by now; then find_node's error lists what there is.
                log.warning("%s: unplugged", path)
                find_node(self._keypad, self._options, self._sysfs)
            reason = REMEDIES.get(error.errno or 0, str(error))
            raise DriverError(f"{path}: {reason}", PadCode.KEYS_GONE) from error

    def _listen(self, device: "evdev.InputDevice[str]", woken_fd: int, on_events: OnEvents) -> None:
        poller = select.poll()
        for fd in (device.fd, woken_fd):
            poller.register(fd, select.POLLIN)
        past_ms = self._boot.mono_ms()
        while not self._ending.is_set():
            poller.poll(self._chords.rest_ms(past_ms))
            # `tick` may only be called up to a time before which every event has been read. So the
            # clock is read before the events, and one millisecond is taken off for an event that
            # the kernel has stamped but not yet queued.
            past_ms = self._boot.mono_ms() - 1
            self._read(device, on_events)
            on_events(self._chords.tick(past_ms))

    def _read(self, device: "evdev.InputDevice[str]", on_events: OnEvents) -> None:
        """Deliver all events in the queue. Raises OSError (ENODEV) when the device is unplugged."""
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
                    # Up to the next SYN_REPORT, events belong to an incomplete packet (Linux,
                    # Documentation/input/event-codes.rst); then the keys are read anew.
                    if event.type == ecodes.EV_SYN and event.code == ecodes.SYN_REPORT:
                        self._lost = False
                        log.warning("%s: events were lost", device.path)
                        on_events(self._chords.resync(mono_ms, device.active_keys()))
                elif event.type == ecodes.EV_KEY:
                    if event.value == DOWN and not self._chords.knows(event.code):
                        # Never a level by guess (law 1).
                        text = "%s: key code 0x%02x is not in the pad's key map"
                        log.warning(text, device.path, event.code)
                    on_events(self._chords.feed(mono_ms, event.code, event.value))

    def _report(self, on_fault: OnFault, fault: str | None) -> None:
        """Report a change. A new fault is raised before the old one is cleared, so that the window
        does not open between them.
        """
        before, self._fault = self._fault, fault
        if fault is not None and fault != before:
            on_fault(FaultReport(PadCode.KEYS_GONE, True, fault))
        if before is not None and fault != before:
            on_fault(FaultReport(PadCode.KEYS_GONE, False, before))


def build(profile: KeysProfile, options: InputOptions, boot: BootClock) -> InputKeys:
    """The keys of a profile; `start` opens the device. Raises ConfigError for the key map."""
    return InputKeys(load_keypad(options.model, "input"), profile, options, boot)
