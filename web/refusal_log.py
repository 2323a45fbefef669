"""Which refused requests are worth a line in the log; all of them are counted. Pure.

A line says what was refused, to which address and at which path; never a token or anything else
that the client sent, so never a level either. The first refusal of its kind is logged immediately.
The next ones are logged together, once a minute, and all kinds together have so many lines at most,
so that a flood cannot fill the card, not even one from ever new addresses.
"""

from collections import Counter

from web.rate_limit import Rate, RateLimiter

INTERVAL_S = 60.0
MAX_KINDS = 256
LINES = Rate(burst=60, per_s=0.1)
"""Of all kinds together."""


class RefusalLog:
    """Every refusal since the start, by its error's name."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._logged: dict[tuple[str, str], tuple[float, int]] = {}
        """For each error and client: when it was last logged, and how often it came since."""
        self._lines = RateLimiter(LINES)
        self._left_out = 0

    @property
    def total(self) -> int:
        """How many there were; goes into the health report."""
        return self.counts.total()

    def note(self, error: str, client: str, place: str, now_s: float) -> str | None:
        """Count a refusal. Returns the line for the log, or None when its kind was logged less than
        `INTERVAL_S` ago, or there were too many lines.

        `client`: an address. `place`: one of our own paths, never a path that the client sent.
        """
        self.counts[error] += 1
        logged_s, since = self._logged.pop((error, client), (now_s - INTERVAL_S, 0))
        is_due = now_s - logged_s >= INTERVAL_S
        self._logged[error, client] = (now_s, 0) if is_due else (logged_s, since + 1)
        if len(self._logged) > MAX_KINDS:
            del self._logged[next(iter(self._logged))]
        if not is_due:
            return None
        if not self._lines.take("", now_s):
            self._left_out += 1
            return None
        more = f", and {since} times since the line before" if since else ""
        if self._left_out:
            more += f"; {self._left_out} lines of other kinds were left out"
            self._left_out = 0
        return f"refused {error} to {client} at {place}{more}"
