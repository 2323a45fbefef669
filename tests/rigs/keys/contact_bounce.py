"""Waveforms of real contacts for debounce tests, as edges on a time line in milliseconds."""

import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from device.drivers.debounce import Debounce
from device.drivers.key_events import KeyEvent
from device.events import Press
from device.ports import FaultReport


@dataclass
class Contacts:
    """Toggles of each line in order of time; `at` gives the mask of a moment."""

    toggles: dict[int, list[float]] = field(default_factory=dict)

    def at(self, mono_ms: float) -> int:
        mask = 0
        for bit, edges in self.toggles.items():
            mask |= (bisect_right(edges, mono_ms) & 1) << bit
        return mask

    def edge(self, bit: int, at_ms: float, rng: random.Random, bounce_ms: float = 10.0) -> None:
        """The contact closes or opens: an odd number of toggles within `bounce_ms`."""
        count = 2 * rng.randrange(0, 6) + 1
        edges = sorted(at_ms + rng.uniform(0, bounce_ms) for _ in range(count))
        self.toggles.setdefault(bit, []).extend([at_ms, *edges[1:]])

    def press(
        self, bit: int, at_ms: float, hold_ms: float, rng: random.Random, bounce_ms: float = 10.0
    ) -> None:
        self.edge(bit, at_ms, rng, bounce_ms)
        self.edge(bit, at_ms + hold_ms, rng, bounce_ms)

    def glitch(self, bit: int, at_ms: float, length_ms: float) -> None:
        self.toggles.setdefault(bit, []).extend([at_ms, at_ms + length_ms])


def sampled(debounce: Debounce, contacts: Contacts, moments: Iterable[int]) -> Iterator[KeyEvent]:
    for mono_ms in moments:
        yield from debounce.feed(mono_ms, contacts.at(mono_ms))


def presses(events: Iterable[KeyEvent]) -> list[Press]:
    return [event for event in events if isinstance(event, Press)]


def faults(events: Iterable[KeyEvent]) -> list[FaultReport]:
    return [event for event in events if isinstance(event, FaultReport)]
