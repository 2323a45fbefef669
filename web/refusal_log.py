"""What the desk refused at its door: counted always, logged without flooding the card. Pure.

A line says what was refused, to whom and where; never a token, never what was asked for, so never
a level either. The first of its kind is told at once, the next ones together, once a minute.
"""

from collections import Counter

QUIET_S = 60.0
KINDS_KEPT = 256


class RefusalLog:
    """Every refusal since the start, by its error's word."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    @property
    def total(self) -> int:
        """How many there were; goes into the health report."""
        return self.counts.total()

    def note(self, error: str, caller: str, place: str, now_s: float) -> str | None:
        """Count a refusal; the line for the log, or None while its kind is kept quiet.

        `caller`: an address. `place`: one of our own paths, never the caller's words.
        """
        self.counts[error] += 1
        told_s, since = self._told.pop((error, caller), (now_s - QUIET_S, 0))
        is_due = now_s - told_s >= QUIET_S
        self._told[error, caller] = (now_s, 0) if is_due else (told_s, since + 1)
        if len(self._told) > KINDS_KEPT:
            del self._told[next(iter(self._told))]
        if not is_due:
            return None
        more = f", and {since} times since the line before" if since else ""
        return f"refused {error} to {caller} at {place}{more}"
