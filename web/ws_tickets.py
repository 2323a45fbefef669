"""Tickets: what a browser sends in place of the token where it cannot set a header. Pure.

A browser's WebSocket carries no `Authorization` header, and a token in an address would end up in
histories and logs. So the page requests a ticket with its token and connects with the ticket, which
is valid once and for a short time only.
"""

from collections.abc import Callable

VALID_S = 30
MAX_TICKETS = 64


class Tickets:
    """The tickets that are not used yet. `draw` makes one that cannot be guessed."""

    def __init__(self, draw: Callable[[], str]) -> None:
        self._draw = draw
        self._until_s: dict[str, float] = {}

    def issue(self, now_s: float) -> str:
        """A new ticket. When there are more than `MAX_TICKETS`, the oldest becomes invalid."""
        ticket = self._draw()
        self._until_s[ticket] = now_s + VALID_S
        if len(self._until_s) > MAX_TICKETS:
            del self._until_s[next(iter(self._until_s))]
        return ticket

    def redeem(self, ticket: str, now_s: float) -> bool:
        """Use up a ticket; False for one that was used, has expired or was never issued."""
        return self._until_s.pop(ticket, now_s) > now_s
