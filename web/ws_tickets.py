"""Tickets: what a browser shows instead of the token where it cannot send a header. Pure.

A browser's WebSocket carries no `Authorization`, and a token in an address would end in histories
and logs. So the page asks for a ticket with its token, and shows that: good once, and soon.
"""

from collections.abc import Callable

GOOD_FOR_S = 30
TICKETS_KEPT = 64


class Tickets:
    """The tickets that nobody has used yet. `draw` makes one that cannot be guessed."""

    def __init__(self, draw: Callable[[], str]) -> None:
        self._draw = draw
        self._until_s: dict[str, float] = {}

    def issue(self, now_s: float) -> str:
        """A new ticket. Of more than `TICKETS_KEPT`, the oldest is good no more."""
        ticket = self._draw()
        self._until_s[ticket] = now_s + GOOD_FOR_S
        if len(self._until_s) > TICKETS_KEPT:
            del self._until_s[next(iter(self._until_s))]
        return ticket

    def redeem(self, ticket: str, now_s: float) -> bool:
        """Use a ticket up; False for one that was used, is too old or was never issued."""
        return self._until_s.pop(ticket, now_s) > now_s
