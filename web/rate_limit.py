"""How often somebody may call: a token bucket for each caller. Pure.

A bucket holds `burst` calls and gets `per_s` of them back each second. Only the callers heard of
last are remembered: one that is forgotten begins again with a full bucket, which a patient
caller has anyway.
"""

from typing import NamedTuple

CALLERS_KEPT = 256


class Rate(NamedTuple):
    """So many calls at once, and so many a second for ever."""

    burst: float
    per_s: float


class RateLimiter:
    """A bucket of one `rate` for each caller. `now_s` is any clock that never goes back."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._levels: dict[str, tuple[float, float]] = {}

    def take(self, caller: str, now_s: float) -> bool:
        """Take one call out of the caller's bucket; False when there is none left."""
        level, since_s = self._levels.pop(caller, (self._rate.burst, now_s))
        level = min(self._rate.burst, level + (now_s - since_s) * self._rate.per_s)
        granted = level >= 1
        self._levels[caller] = (level - granted, now_s)
        if len(self._levels) > CALLERS_KEPT:
            del self._levels[next(iter(self._levels))]
        return granted
