"""How often an address may call: a token bucket for each caller. Pure.

A bucket holds `burst` calls and is refilled with `per_s` calls each second. Only the
`MAX_CALLERS` callers that called last are remembered. A caller that was dropped starts again with a
full bucket, which one that has waited that long has anyway.
"""

from typing import NamedTuple

MAX_CALLERS = 256


class Rate(NamedTuple):
    """`burst` calls in a row, and `per_s` calls a second without a limit in time."""

    burst: float
    per_s: float


class RateLimiter:
    """A bucket of one `rate` for each caller. `now_s` is any clock that never goes back."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._levels: dict[str, tuple[float, float]] = {}
        """For each caller: the calls in its bucket, and when that was computed."""

    def take(self, caller: str, now_s: float) -> bool:
        """Take one call out of the caller's bucket; False when it is empty."""
        level, since_s = self._levels.pop(caller, (self._rate.burst, now_s))
        level = min(self._rate.burst, level + (now_s - since_s) * self._rate.per_s)
        granted = level >= 1
        self._levels[caller] = (level - granted, now_s)
        if len(self._levels) > MAX_CALLERS:
            del self._levels[next(iter(self._levels))]
        return granted
