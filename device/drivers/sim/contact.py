"""One simulated contact: its level over time, with the bounce of a real one. Pure, seeded.

Times are milliseconds of the board's boot clock and may be fractions.
"""

import random
from bisect import bisect_right

GAP_MS = 40.0
"""The least time from a release to the next press."""


class Contact:
    """A line that a press closes and a release opens. Not thread-safe: its owner holds the lock."""

    def __init__(self, rng: random.Random, bounce_ms: float) -> None:
        self._rng = rng
        self._bounce_ms = bounce_ms
        self._edges: list[float] = []
        self.held = False
        """The key stays down until `release`."""

    def down(self, now_ms: float) -> bool:
        """Whether the line is down at this moment."""
        return bool(bisect_right(self._edges, now_ms) & 1)

    def next_edge_ms(self, now_ms: float) -> float | None:
        """When the line changes next; None if no change is planned."""
        place = bisect_right(self._edges, now_ms)
        return self._edges[place] if place < len(self._edges) else None

    def press(self, now_ms: float, hold_ms: float) -> None:
        """Press now, or `GAP_MS` after the press before, and hold for `hold_ms`."""
        start_ms = self._start_ms(now_ms)
        self._change(start_ms)
        self._change(max(start_ms + hold_ms, self._edges[-1]))

    def hold(self, now_ms: float) -> None:
        """Press and stay down until `release`."""
        if not self.held:
            self._change(self._start_ms(now_ms))
            self.held = True

    def release(self, now_ms: float) -> None:
        """End a `hold`."""
        if self.held:
            self._change(max(now_ms, self._edges[-1]))
            self.held = False

    def chatter(self, now_ms: float, for_ms: float) -> None:
        """A worn contact: it opens and closes for `for_ms`, then stays up."""
        at_ms = start_ms = self._start_ms(now_ms)
        while at_ms < start_ms + for_ms or len(self._edges) % 2:
            self._edges.append(at_ms)
            at_ms += self._rng.uniform(0.5, 6.0)

    def _start_ms(self, now_ms: float) -> float:
        passed = bisect_right(self._edges, now_ms)
        # Of the past only the last press and its release are still needed.
        del self._edges[: max(0, passed - passed % 2 - 2)]
        return max(now_ms, self._edges[-1] + GAP_MS) if self._edges else now_ms

    def _change(self, at_ms: float) -> None:
        """Open or close: an odd number of edges within the bounce time."""
        more = 2 * self._rng.randrange(0, 5) if self._bounce_ms else 0
        bounces = sorted(at_ms + self._rng.uniform(0, self._bounce_ms) for _ in range(more))
        self._edges += [at_ms, *bounces]
