"""Keys between pins of the header and ground, or the supply, read every few milliseconds.

All pins are sampled together every `scan_ms`; `Debounce` evaluates the samples. The kernel's edge
events are not used: a contact that bounces for long overflows their queue of 16, and after a lost
edge a key would seem to stay down.

One pin that cannot be claimed or read is a fault of all keys (K03): a rating with four of the five
levels would not be fair. All pins are then released, and claimed again every second.
"""

import logging
import threading
import time

from device.board.profile import KeysProfile
from device.drivers.debounce import Debounce
from device.drivers.key_events import deliver
from device.drivers.rpi_pins import Pins
from device.errors import DriverError, PadCode
from device.loop_bridge import join_thread
from device.ports import BootClock, FaultReport, OnFault, OnPress

log = logging.getLogger(__name__)

SOURCE = "gpio"
"""The source that is stated in presses."""

RETRY_S = 1.0
"""Between two attempts to claim the pins."""


class GpioKeys:
    """The keys of one pad, sampled by their own thread."""

    def __init__(self, profile: KeysProfile, boot: BootClock, *, retry_s: float = RETRY_S) -> None:
        self._lines = [key.line for key in profile.key]
        self._active_low = profile.active_low
        self._scan_s = profile.scan_ms / 1000
        self._late_ms = profile.debounce_ms // 2
        self._boot = boot
        self._retry_s = retry_s
        self._pins = Pins("keys", PadCode.KEYS_GONE)
        # After a whole debounce time without a sample nothing is known of what happened in it.
        self._debounce = Debounce(profile, SOURCE, gap_ms=profile.debounce_ms)
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._gone = False

    @property
    def alive(self) -> bool:
        """Whether the thread that `start` began still runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Start the thread that claims and scans the pins; a taken pin is a fault, no error."""
        self._ending.clear()
        self._thread = threading.Thread(
            target=self._run, args=(on_press, on_fault), name="keys", daemon=True
        )
        self._thread.start()

    def set_apart(self, names: frozenset[str]) -> None:
        """Take the presses of these keys apart, without a level, from the next sample on."""
        self._debounce.apart = names

    def stop(self) -> None:
        """Release the pins and deliver nothing more; safe to call twice."""
        self._ending.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            join_thread(self._thread)
        self._thread = None

    @property
    def armed(self) -> bool:
        """Whether all keys have been seen up and the next one down is a press."""
        return self._debounce.armed

    # --- the thread -------------------------------------------------------------------------

    def _run(self, on_press: OnPress, on_fault: OnFault) -> None:
        try:
            while not self._ending.is_set():
                self._scan_until_lost(on_press, on_fault)
        except Exception as error:
            log.exception("the keys' thread ended")
            on_fault(FaultReport(PadCode.KEYS_GONE, True, f"its thread ended: {error}"))
        finally:
            self._pins.release_all()

    def _scan_until_lost(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Claim the pins and scan them until one fails or `stop` is called."""
        try:
            for line in self._lines:
                self._pins.claim_input(line, pull_up=self._active_low)
            self._scan(on_press, on_fault)
        except DriverError as error:
            self._pins.release_all()
            self._report(on_fault, gone=True, detail=error.detail)
            self._ending.wait(self._retry_s)

    def _scan(self, on_press: OnPress, on_fault: OnFault) -> None:
        self._debounce.restart(self._boot.mono_ms())
        while not self._ending.is_set():
            mono_ms = self._boot.mono_ms()
            mask = self._sample()
            self._report(on_fault, gone=False, detail="")
            # If the thread was suspended while it read the pins, nobody knows when they were so:
            # the sample is not used, and the gap that it leaves shows in the next one.
            if self._boot.mono_ms() - mono_ms <= self._late_ms:
                deliver(self._debounce.feed(mono_ms, mask), on_press, on_fault)
            # Not `self._ending.wait`, which takes three times the CPU time of a sleep; `stop` waits
            # for one scan period instead.
            time.sleep(self._scan_s)

    def _sample(self) -> int:
        """The keys that are down, key i as bit i."""
        mask = 0
        for bit, line in enumerate(self._lines):
            if self._pins.read(line) != self._active_low:
                mask |= 1 << bit
        return mask

    def _report(self, on_fault: OnFault, *, gone: bool, detail: str) -> None:
        """Report only a change: the pins were lost, or are back."""
        if gone != self._gone:
            self._gone = gone
            on_fault(FaultReport(PadCode.KEYS_GONE, gone, detail))


def build(profile: KeysProfile, _: object, boot: BootClock) -> GpioKeys:
    """The keys of a profile. `start` claims the pins."""
    return GpioKeys(profile, boot)
