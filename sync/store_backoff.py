"""Who waits, and until when, after the store could not take something. Pure: time is an argument.

A pad whose messages failed waits alone, and is tried alone until it succeeds, so that it delays no
other. When nothing at all can be stored, all wait. How often something failed decides only when it
is tried again, never whether it is kept.
"""

from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from sync.reconnect import full_jitter_ms

GROUP_MAX = 64
"""Messages in one transaction, at most: those that arrived while the last transaction ran."""
STORE_BASE_MS = 250
STORE_MAX_MS = 15_000
BLOCKED_MAX_MS = 1_000
DOWN_AFTER = 3
"""When so many pads have failed, with nothing stored since, all wait; `BLOCKED_MAX_MS` at most,
because the next pad may be one that can be stored."""
HELD_RETRY_S = 0.01
HELD_RETRY_MAX_S = 1.0
HELD_SAID_S = 2.0
"""How long another transaction may hold a pad until it is worth a log line; another receiver takes
milliseconds."""


class _Alone(NamedTuple):
    since_s: float
    tries: int


class StoreBackoff:
    """One receiver's waits. All times are monotonic seconds; not thread-safe."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._alone: dict[str, _Alone] = {}
        self._failing: set[str] = set()
        """Pads that have failed since something was stored."""
        self._downs = 0
        self.down_until_s = 0.0
        """Until when nothing is tried."""
        self.group_max = GROUP_MAX
        """Messages in the next group: fewer may fit a small disk, or a time limit."""

    def is_alone(self, pad: str) -> bool:
        """Whether the pad is to be tried without the others."""
        return pad in self._alone

    def failed(self, pad: str, messages: int, now_s: float) -> float:
        """A pad's messages failed alone; when they are tried again."""
        self.group_max = max(1, messages // 2)
        return now_s + self._jitter_s(self._count(pad, now_s).tries, STORE_MAX_MS)

    def is_blocked(self, pad: str) -> bool:
        """Whether this pad's failure shows that nobody can be stored."""
        self._failing.add(pad)
        return len(self._failing) >= DOWN_AFTER

    def held(self, pad: str, now_s: float) -> tuple[float, bool]:
        """Another transaction holds the pad: when it is tried again, and whether to say so."""
        alone = self._count(pad, now_s)
        retry_s = min(HELD_RETRY_S * 2 ** min(alone.tries - 1, 10), HELD_RETRY_MAX_S)
        return now_s + retry_s, now_s - alone.since_s >= HELD_SAID_S

    def store_down(self, now_s: float, longest_ms: int = STORE_MAX_MS) -> None:
        """Nothing can be stored."""
        self._downs += 1
        self.down_until_s = now_s + self._jitter_s(self._downs, longest_ms)

    def stored(self, pads: Iterable[str]) -> tuple[list[str], bool]:
        """A transaction with messages of `pads` was committed: which of them had waited alone, and
        whether all had waited.
        """
        works_again = [pad for pad in pads if self._alone.pop(pad, None) is not None]
        was_down, self._downs = self._downs > 0, 0
        self._failing.clear()
        self.group_max = min(GROUP_MAX, self.group_max * 2)
        return works_again, was_down

    def _count(self, pad: str, now_s: float) -> _Alone:
        before = self._alone.get(pad, _Alone(now_s, 0))
        self._alone[pad] = _Alone(before.since_s, before.tries + 1)
        return self._alone[pad]

    def _jitter_s(self, tries: int, longest_ms: int) -> float:
        return full_jitter_ms(self._rng, tries, STORE_BASE_MS, longest_ms) / 1000
