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

Neither count has the presses, `IMPATIENT` at most, that follow a rating each within `BURST_MS` of
the one before: they are the citizen's.

A key that presses at a regular time, or nearly, may answer every invitation and so leave few
presses without an invitation. There all its presses count: it is *regular* when the gaps between
its last presses are nearly one length and it was pressed more often than anybody was asked
(`RUNS`). People who choose the same key one after another press once for each invitation; whoever
is impatient presses in bursts, whose gaps differ from those between the bursts. The numbers were
chosen by simulation (`tests/device/session/test_repeating_keys_regular.py`); docs/errors.md says
what they cannot see.

It repeats until it has been quiet for `QUIET_MS`, or for `QUIET_GAPS` times the mean time between
its presses, whichever is longer: a key that presses every 8 s is not over after 10 s. Every press
counts for that, asked for or not.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

MANY = 20
MANY_MS = 60_000
SLOW_MANY = 100
SLOW_MS = 900_000
"""One press every 9 s for a quarter of an hour."""
BURST_MS = 2_000
IMPATIENT = 4
"""Who presses six times in a row has rated, corrected, and pressed four times too often."""


@dataclass(frozen=True, slots=True)
class Run:
    """A number of presses in a row of one key, and what makes them regular."""

    presses: int
    spread: float
    """How far a gap may be from the median of the gaps, as a part of it."""
    alike: float
    """The part of the gaps that must be so near: the others are a citizen's own presses."""
    surplus: int
    """By how many the gaps must outnumber the invitations that began meanwhile."""


RUNS = (Run(12, 0.15, 1.0, 5), Run(24, 0.15, 0.8, 5), Run(24, 0.30, 0.9, 5))
RUN_LONGEST = 24
RUN_MS = 20_000
"""A shorter run is somebody who taps, or a key that reaches `MANY` in any case."""
PERIOD_MOST_MS = 60_000
SPAN_MOST = 1.3
"""How much longer than gaps of the median length a run may last: else it is bursts."""

QUIET_MS = 10_000
QUIET_GAPS = 4

NAMES_KEPT = 64
"""More than any pad has keys; a broken serial line sends up to 256 codes."""


@dataclass(slots=True)
class _Key:
    """One key: its last presses without an invitation, and how long it must be quiet."""

    times_ms: deque[int] = field(default_factory=lambda: deque(maxlen=MANY))
    bursts_ms: deque[int] = field(default_factory=lambda: deque(maxlen=SLOW_MANY))
    pressed: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=RUN_LONGEST))
    """Every press, asked for or not, with the number of invitations until then."""
    impatient: int = 0
    """How many more presses may be the citizen's who has just rated."""
    last_ms: int = 0
    quiet_ms: int = 0
    """0 while the key does not repeat."""

    def repeats(self, mono_ms: int) -> bool:
        return bool(self.quiet_ms) and mono_ms - self.last_ms < self.quiet_ms


class RepeatingKeys:
    """The keys of one pad by name. Times: CLOCK_BOOTTIME in ms, of the edges."""

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}
        self._repeating: dict[str, _Key] = {}
        """Those that repeat; apart, so that a look at them does not depend on who was pressed."""

    def note(
        self, name: str, mono_ms: int, *, asked: bool = False, invitations: int | None = None
    ) -> bool:
        """A press; True when the key repeats from now on.

        `asked`: it answered an invitation. `invitations`: how many have begun so far; None for a
        clerk's key, which may be pressed as regularly as people come.
        """
        # A new key is made each time: what is done must not depend on which key it was (law 7).
        key = self._keys.pop(name, _Key())
        self._keys[name] = key
        while len(self._keys) > NAMES_KEPT:
            del self._keys[next(iter(self._keys))]  # if it repeats, its end is still reported
        if asked:
            key.impatient = IMPATIENT
        elif key.impatient and mono_ms - key.last_ms <= BURST_MS:
            key.impatient -= 1
        else:
            key.impatient = 0
            if not key.bursts_ms or mono_ms - key.last_ms > BURST_MS:
                key.bursts_ms.append(mono_ms)
            key.times_ms.append(mono_ms)
        if invitations is not None:
            key.pressed.append((mono_ms, invitations))
        key.last_ms = max(key.last_ms, mono_ms)
        if key.quiet_ms:
            return False
        gap_ms = _gap_ms(key.times_ms, MANY_MS) or _gap_ms(key.bursts_ms, SLOW_MS)
        gap_ms = gap_ms or _period_ms(key.pressed)
        if gap_ms is None:
            return False
        key.quiet_ms = max(QUIET_MS, QUIET_GAPS * gap_ms)
        self._repeating[name] = key
        return True

    def repeats(self, name: str, mono_ms: int) -> bool:
        """Whether a press at `mono_ms` is the key's own; of several (`a+b`), whether any is."""
        unseen = _Key()
        return any(self._keys.get(part, unseen).repeats(mono_ms) for part in name.split("+"))

    def take_quiet(self, mono_ms: int) -> list[str]:
        """The keys that have been quiet long enough; each is returned once, and begins anew."""
        quiet = [name for name, key in self._repeating.items() if not key.repeats(mono_ms)]
        for name in quiet:
            self._keys.pop(name, None)
            del self._repeating[name]
        return quiet

    @property
    def due_ms(self) -> int | None:
        """When the first of the keys may be quiet; None while none repeats."""
        return min((key.last_ms + key.quiet_ms for key in self._repeating.values()), default=None)


def _gap_ms(times_ms: deque[int], within_ms: int) -> int | None:
    """The mean time between the presses of a full queue, if all came within `within_ms`."""
    if len(times_ms) != times_ms.maxlen:
        return None
    span_ms = times_ms[-1] - times_ms[0]
    return max(span_ms // (len(times_ms) - 1), 1) if span_ms <= within_ms else None


def _period_ms(presses: Sequence[tuple[int, int]]) -> int | None:
    """The median gap of the last presses, if they are regular; else None."""
    if len(presses) < min(run.presses for run in RUNS):
        return None  # before anything that takes a step for each press (law 7)
    times_ms = [mono_ms for mono_ms, _ in presses]
    gaps_ms = [after - before for before, after in pairwise(times_ms)]
    for run in RUNS:
        if len(presses) < run.presses:
            continue
        gaps = gaps_ms[1 - run.presses :]
        median_ms = sorted(gaps)[len(gaps) // 2]
        span_ms = times_ms[-1] - times_ms[-run.presses]
        invited = presses[-1][1] - presses[-run.presses][1]
        alike = sum(abs(gap - median_ms) <= run.spread * median_ms for gap in gaps)
        if (
            len(gaps) - invited >= run.surplus
            and alike >= run.alike * len(gaps)
            and RUN_MS <= span_ms <= SPAN_MOST * median_ms * len(gaps)
            and median_ms <= PERIOD_MOST_MS
        ):
            return median_ms
    return None
