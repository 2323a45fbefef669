"""Simulated keys: contacts that bounce, read by a scanning thread as real ones are.

The thread samples every `scan_ms` while a line changes or is being debounced. Otherwise it waits on
a condition, so that an idle pad takes no CPU time.
"""

import logging
import random
import threading
from collections.abc import Callable

from device.board.profile import KeysProfile
from device.drivers.debounce import Debounce
from device.drivers.key_events import deliver
from device.drivers.sim.contact import Contact
from device.errors import PadCode
from device.loop_bridge import join_thread
from device.ports import FaultReport, OnFault, OnPress

log = logging.getLogger(__name__)

SOURCE = "keys"
"""The source that is stated in presses."""


class SimKeys:
    """The keys of the simulated board; any thread may call the methods that operate them."""

    def __init__(
        self, profile: KeysProfile, now_ms: Callable[[], float], seed: int, bounce_ms: float
    ) -> None:
        self._profile = profile
        self._now_ms = now_ms
        self._rng = random.Random(seed)
        self._contacts = {key.name: Contact(self._rng, bounce_ms) for key in profile.key}
        self._debounce = Debounce(profile, SOURCE)
        self._moved = threading.Condition()
        self._running = False
        self._thread: threading.Thread | None = None
        self._before_armed: list[Callable[[], None]] | None = []
        self.at_rest = False
        """No line changes, none is going to, and the next key that goes down is a press."""
        self.samples = 0
        """How often the lines have been read; does not change while no line does."""

    # --- the port ---------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the thread that `start` began still runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Begin to scan."""
        apart, self._debounce = self._debounce.apart, Debounce(self._profile, SOURCE)
        self._debounce.apart = apart
        self._running = True
        self._thread = threading.Thread(
            target=self._scan, args=(on_press, on_fault), name="keys", daemon=True
        )
        self._thread.start()

    def set_apart(self, names: frozenset[str]) -> None:
        """Take the presses of these keys apart, without a level, from the next sample on."""
        self._debounce.apart = names

    def stop(self) -> None:
        """End the scan; safe to call twice."""
        with self._moved:
            self._running = False
            self._moved.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            join_thread(self._thread)
        self._thread = None

    # --- operating the keys -----------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The names of all keys."""
        return list(self._contacts)

    def press(self, names: list[str], hold_ms: float) -> None:
        """Press one key, or several together, each up to 5 ms after the first."""

        def press_all() -> None:
            for name in names:
                late_ms = self._rng.uniform(0, 5) if len(names) > 1 else 0.0
                self._contacts[name].press(self._now_ms() + late_ms, hold_ms)

        self._operate(press_all)

    def stick(self, name: str, on: bool) -> None:
        """Let a key stay down (`on`), or release it."""
        contact = self._contacts[name]
        self._operate(lambda: (contact.hold if on else contact.release)(self._now_ms()))

    def chatter(self, name: str, for_ms: float) -> None:
        """Let a contact open and close for `for_ms`, as a worn one does."""
        self._operate(lambda: self._contacts[name].chatter(self._now_ms(), for_ms))

    def _operate(self, action: Callable[[], None]) -> None:
        """Do it now, or as soon as the keys are armed: a key that is down earlier is no press."""
        with self._moved:
            if self._before_armed is None:
                action()
            else:
                self._before_armed.append(action)
            self.at_rest = False
            self._moved.notify_all()

    # --- the scanning thread ----------------------------------------------------------------

    def _scan(self, on_press: OnPress, on_fault: OnFault) -> None:
        try:
            self._sample(on_press, on_fault)
        except Exception:
            log.exception("the keys' thread ended")
            on_fault(FaultReport(PadCode.KEYS_GONE, True, "the scanning thread ended"))

    def _sample(self, on_press: OnPress, on_fault: OnFault) -> None:
        debounce = self._debounce
        while True:
            with self._moved:
                if not self._running:
                    return
                now_ms = self._now_ms()
                lines = enumerate(self._contacts.values())
                mask = sum(contact.down(now_ms) << bit for bit, contact in lines)
            self.samples += 1
            deliver(debounce.feed(int(now_ms), mask), on_press, on_fault)
            with self._moved:
                if self._before_armed is not None and debounce.armed:
                    for action in self._before_armed:
                        action()
                    self._before_armed = None
                if self._running:
                    sleep_s = self._sleep_s(debounce, now_ms)
                    self.at_rest = sleep_s is None and debounce.armed
                    self._moved.wait(sleep_s)

    def _sleep_s(self, debounce: Debounce, sampled_ms: float) -> float | None:
        """The time to the next sample; None: until a key is operated."""
        rest_ms = debounce.rest_ms(int(sampled_ms))
        due: list[float] = [] if rest_ms is None else [rest_ms]
        for contact in self._contacts.values():
            edge_ms = contact.next_edge_ms(sampled_ms)
            if edge_ms is not None:
                due.append(edge_ms - sampled_ms)
        return max(self._profile.scan_ms, min(due)) / 1000 if due else None
