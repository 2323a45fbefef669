"""Simulated keys: contacts that bounce, read by a scanning thread as real ones are.

The thread samples every `scan_ms` while a line moves or a debounce is under way, and sleeps on a
condition otherwise, so that an idle pad costs nothing.
"""

import logging
import random
import threading
from collections.abc import Callable

from device.board.profile import KeysProfile
from device.drivers.debounce import Debounce
from device.drivers.sim.contact import Contact
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport, OnFault, OnPress

log = logging.getLogger(__name__)

SOURCE = "keys"
"""What presses name as their source."""


class SimKeys:
    """The keys of the simulated board; the finger's methods may be called from any thread."""

    def __init__(
        self, profile: KeysProfile, now_ms: Callable[[], float], seed: int, bounce_ms: float
    ) -> None:
        self._profile = profile
        self._now_ms = now_ms
        self._rng = random.Random(seed)
        self._contacts = {key.name: Contact(self._rng, bounce_ms) for key in profile.key}
        self._moved = threading.Condition()
        self._running = False
        self._thread: threading.Thread | None = None
        self._early: list[Callable[[], None]] | None = []
        self.at_rest = False
        """No line moves, none will, and the next finger is a press."""
        self.samples = 0
        """How often the lines have been read: it stands still while nothing moves."""

    # --- the port ---------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the thread that `start` began still runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Begin to scan."""
        self._running = True
        self._thread = threading.Thread(
            target=self._scan, args=(on_press, on_fault), name="keys", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the scan; safe to call twice."""
        with self._moved:
            self._running = False
            self._moved.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    # --- the finger -------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The names of all keys."""
        return list(self._contacts)

    def press(self, names: list[str], hold_ms: float) -> None:
        """Fingers on one or several keys at once, each a few milliseconds apart."""

        def fingers() -> None:
            for name in names:
                late_ms = self._rng.uniform(0, 5) if len(names) > 1 else 0.0
                self._contacts[name].press(self._now_ms() + late_ms, hold_ms)

        self._move(fingers)

    def stick(self, name: str, on: bool) -> None:
        """A key that does not come up again, until it does."""
        contact = self._contacts[name]
        self._move(lambda: (contact.hold if on else contact.let_go)(self._now_ms()))

    def chatter(self, name: str, for_ms: float) -> None:
        """A worn contact that finds no rest for a while."""
        self._move(lambda: self._contacts[name].chatter(self._now_ms(), for_ms))

    def _move(self, finger: Callable[[], None]) -> None:
        """Do it now, or as soon as the scan runs: a key down at the start would be no press."""
        with self._moved:
            if self._early is None:
                finger()
            else:
                self._early.append(finger)
            self.at_rest = False
            self._moved.notify_all()

    # --- the scanning thread ----------------------------------------------------------------

    def _scan(self, on_press: OnPress, on_fault: OnFault) -> None:
        try:
            self._watch(on_press, on_fault)
        except Exception:
            log.exception("the keys' thread ended")
            on_fault(FaultReport(PadCode.KEYS_GONE, True, "the scanning thread ended"))

    def _watch(self, on_press: OnPress, on_fault: OnFault) -> None:
        debounce = Debounce(self._profile, SOURCE)
        while True:
            with self._moved:
                if not self._running:
                    return
                now_ms = self._now_ms()
                lines = enumerate(self._contacts.values())
                mask = sum(contact.down(now_ms) << bit for bit, contact in lines)
            self.samples += 1
            for happening in debounce.feed(int(now_ms), mask):
                if isinstance(happening, Press):
                    on_press(happening)
                else:
                    on_fault(happening)
            with self._moved:
                if self._early is not None and debounce.armed:
                    for finger in self._early:
                        finger()
                    self._early = None
                if self._running:
                    sleep_s = self._sleep_s(debounce, now_ms)
                    self.at_rest = sleep_s is None and debounce.armed
                    self._moved.wait(sleep_s)

    def _sleep_s(self, debounce: Debounce, sampled_ms: float) -> float | None:
        """Until the next sample; None until a finger comes."""
        rest_ms = debounce.rest_ms(int(sampled_ms))
        due: list[float] = [] if rest_ms is None else [rest_ms]
        for contact in self._contacts.values():
            edge_ms = contact.next_edge_ms(sampled_ms)
            if edge_ms is not None:
                due.append(edge_ms - sampled_ms)
        return max(self._profile.scan_ms, min(due)) / 1000 if due else None
