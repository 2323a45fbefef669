"""How often an address may call: a token bucket for each client. Pure.

A bucket holds `burst` tokens and is refilled with `per_s` tokens each second; a call takes one.
Only the `MAX_CLIENTS` clients that called last are remembered. A client that was dropped starts
again with a full bucket, so with more than 256 active addresses the limit is weaker.
"""

from typing import NamedTuple

MAX_CLIENTS = 256


class Rate(NamedTuple):
    """`burst` calls in a row, and `per_s` calls each second in the long run."""

    burst: float
    per_s: float


class RateLimiter:
    """A bucket of one `rate` for each client. `now_s` is any clock that never goes back."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._tokens: dict[str, tuple[float, float]] = {}
        """For each client: the tokens in its bucket, and when they were counted."""

    def take(self, client: str, now_s: float) -> bool:
        """Take one token out of the client's bucket; False when it is empty."""
        tokens, since_s = self._tokens.pop(client, (self._rate.burst, now_s))
        tokens = min(self._rate.burst, tokens + (now_s - since_s) * self._rate.per_s)
        granted = tokens >= 1
        self._tokens[client] = (tokens - granted, now_s)
        if len(self._tokens) > MAX_CLIENTS:
            del self._tokens[next(iter(self._tokens))]
        return granted
