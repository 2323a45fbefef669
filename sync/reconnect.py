"""How long a client waits before it connects again, and when to suspect a second one. Pure.

A connection that the broker accepts has achieved nothing yet: a broker may accept and then refuse
everything, and two clients with one id are accepted in turn, each ending the other's connection.
So the back-off starts anew only after a connection that achieved something, which the caller
judges. Full jitter spreads thousands of clients that lost the same broker at the same moment.

A broker may say that a session was taken over (0x8E); many only end the connection. Several
connections in a row that ended within seconds and moved nothing look the same, and are treated the
same: longer waits, and an obstacle that is shown.
"""

from random import Random

from sync.obstacles import SESSION_TAKEN_OVER

BRIEF_MS = 10_000
"""A connection that ended sooner was brief."""
BRIEF_MAX = 5
"""So many brief connections in a row that moved nothing look like a second client."""
HELD_MS = 300_000
"""A connection that lasted so long shows that no other client takes it over: longer than two
clients that back off from each other ever leave each other alone."""


def full_jitter_ms(rng: Random, attempt: int, base_ms: int, longest_ms: int) -> int:
    """A wait in milliseconds, uniform between 0 and base·2^attempt, at most `longest_ms`."""
    return int(rng.uniform(0, min(longest_ms, base_ms * 2 ** min(attempt, 16))))


class Reconnect:
    """The waits of one client. All times are monotonic milliseconds."""

    def __init__(self, rng: Random, base_ms: int, longest_ms: int) -> None:
        self._rng = rng
        self._base_ms = base_ms
        self._longest_ms = longest_ms
        self._attempt = 0
        self._brief = 0
        self._since_ms: int | None = None

    @property
    def contested(self) -> bool:
        """Whether another client seems to use the same id."""
        return self._brief >= BRIEF_MAX

    @property
    def settles_ms(self) -> int | None:
        """When the present connection will have shown that no other client takes it over."""
        if self._since_ms is None or not self._brief:
            return None
        return self._since_ms + HELD_MS

    def connected(self, now_ms: int) -> None:
        """The broker accepted a connection."""
        self._since_ms = now_ms

    def settled(self, now_ms: int) -> bool:
        """True once for a connection that has lasted: nobody else uses the id, any more."""
        if self.settles_ms is None or now_ms < self.settles_ms:
            return False
        self._brief = 0
        return True

    def ended(
        self,
        now_ms: int,
        *,
        achieved: bool,
        moved: bool,
        waits: bool = False,
        code: int | None = None,
        broke: bool = False,
    ) -> int:
        """A connection ended, or could not be made; returns how long to wait, in milliseconds.

        `achieved`: it did what connections are for. `moved`: more than that, something of this
        client's own got through, and `waits`: there is more of it. `code`: the broker's reason
        code. `broke`: it ended without one.
        """
        lasted_ms = None if self._since_ms is None else now_ms - self._since_ms
        self.settled(now_ms)
        self._since_ms = None
        if code == SESSION_TAKEN_OVER:
            self._brief = max(self._brief + 1, BRIEF_MAX)
        elif broke and lasted_ms is not None and lasted_ms < BRIEF_MS and not moved:
            self._brief += 1
        self._attempt = 0 if achieved else self._attempt + 1
        if not self.contested:
            # A link that is cut while it delivers: what waits between two cuts is lost time.
            base_ms = self._base_ms // 4 if moved and waits else self._base_ms
            return full_jitter_ms(self._rng, self._attempt, base_ms, self._longest_ms)
        # Both clients must leave the other time to be seen: no wait near zero.
        attempt = max(self._attempt, self._brief)
        half_ms: int = min(self._longest_ms, self._base_ms * 2 ** min(attempt, 16)) // 2
        return half_ms + full_jitter_ms(self._rng, 0, half_ms, half_ms)
