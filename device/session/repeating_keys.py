"""Which keys are pressed again and again while nobody is asked? Pure: time is an argument.

A loose contact, a wet key pad or a screen with ghost touches presses by itself, cleanly, so that no
debouncing sees it. Such a key rates whoever is invited next. Its sign is that it is pressed when no
press is asked for, and goes on.

A key *repeats* (K06) once that has happened `MANY` times within `MANY_MS`. Whoever is impatient
presses a key some three times too often before the invitation or after thanks, and a window serves
three people a minute at most: fewer than `MANY`. A child that plays with one key reaches it as a
faulty key does, and is no more a rating.

A key that presses every few seconds reaches it by `SLOW_MANY` within `SLOW_MS`. There, presses
within `BURST_MS` of each other count as one, so that impatient people, who press in bursts before
and after their rating, stay below it even at that window.

It repeats until it has been quiet for `QUIET_MS`, or for `QUIET_GAPS` times the mean time between
its presses, whichever is longer: a key that presses every 8 s is not over after 10 s. Every press
counts for that, asked for or not.
"""

from collections import deque
from dataclasses import dataclass, field

MANY = 20
MANY_MS = 60_000
SLOW_MANY = 100
SLOW_MS = 900_000
"""One press every 9 s for a quarter of an hour."""
BURST_MS = 2_000

QUIET_MS = 10_000
QUIET_GAPS = 4

NAMES_KEPT = 64
"""More than any pad has keys; a broken serial line sends up to 256 codes."""


@dataclass(slots=True)
class _Key:
    """One key: its last presses that nobody asked for, and how long it must be quiet."""

    times_ms: deque[int] = field(default_factory=lambda: deque(maxlen=MANY))
    bursts_ms: deque[int] = field(default_factory=lambda: deque(maxlen=SLOW_MANY))
    last_ms: int = 0
    quiet_ms: int | None = None
    """None while the key does not repeat."""

    def repeats(self, mono_ms: int) -> bool:
        return self.quiet_ms is not None and mono_ms - self.last_ms < self.quiet_ms


class RepeatingKeys:
    """The keys of one pad by name. Times: CLOCK_BOOTTIME in ms, of the edges."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}

    def note(self, name: str, mono_ms: int) -> bool:
        """A press that nobody asked for; True when the key repeats from now on."""
        key = self._keys.pop(name, None) or _Key()
        self._keys[name] = key
        while len(self._keys) > NAMES_KEPT:
            del self._keys[next(iter(self._keys))]
        if not key.bursts_ms or mono_ms - key.last_ms > BURST_MS:
            key.bursts_ms.append(mono_ms)
        key.times_ms.append(mono_ms)
        key.last_ms = max(key.last_ms, mono_ms)
        if key.quiet_ms is not None:
            return False
        gap_ms = _gap_ms(key.times_ms, MANY_MS) or _gap_ms(key.bursts_ms, SLOW_MS)
        if gap_ms is None:
            return False
        key.quiet_ms = max(QUIET_MS, QUIET_GAPS * gap_ms)
        return True

    def repeats(self, name: str, mono_ms: int) -> bool:
        """Whether a press at `mono_ms` is the key's own; of several (`a+b`), whether any is."""
        return any(
            key is not None and key.repeats(mono_ms) for key in map(self._keys.get, name.split("+"))
        )

    def take_quiet(self, mono_ms: int) -> list[str]:
        """The keys that have been quiet long enough; each is returned once, and begins anew."""
        quiet = [
            name
            for name, key in self._keys.items()
            if key.quiet_ms is not None and not key.repeats(mono_ms)
        ]
        for name in quiet:
            del self._keys[name]
        return quiet

    @property
    def due_ms(self) -> int | None:
        """When the first of the keys may be quiet; None while none repeats."""
        due = [
            key.last_ms + key.quiet_ms for key in self._keys.values() if key.quiet_ms is not None
        ]
        return min(due, default=None)


def _gap_ms(times_ms: deque[int], within_ms: int) -> int | None:
    """The mean time between the presses of a full queue, if all came within `within_ms`."""
    if len(times_ms) != times_ms.maxlen:
        return None
    span_ms = times_ms[-1] - times_ms[0]
    return max(span_ms // (len(times_ms) - 1), 1) if span_ms <= within_ms else None
