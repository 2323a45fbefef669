"""The port between desks and the pad. Pure.

A desk is whatever stands for the clerk: the hall's queueing system over HTTP, a bus, a key. It
wishes; the pad grants or refuses. What comes back never tells a level, nor differs by one (law 7).
"""

from typing import NamedTuple, Protocol

from device.events import Refusal, Standing
from sync.entries import Channel, Service


class Invited(NamedTuple):
    """The wish was granted. `created` is False when the same invitation was open already."""

    invitation: str
    created: bool


class WindowNow(NamedTuple):
    """The window at this moment.

    `state`: ready, busy, paused, fault or unbound. `invitation`: the one on the screen, if any.
    `fault`: the code on the screen, if any.
    """

    window: str
    state: str
    invitation: str | None = None
    fault: str | None = None


class Desk(Protocol):
    """What the pad grants to a desk. Called on the agent's loop; a wish that is granted is durable
    when the call returns.
    """

    async def invite(
        self,
        service: Service,
        clerk: str | None,
        source: str,
        *,
        again: bool = False,
        channel: Channel = Channel.HALL_PAD,
    ) -> Invited | Refusal:
        """Ask for a rating. The same case and step, while it is open, is the same invitation; once
        it is rated it is refused, unless `again` asks for one more, which is recorded.
        """

    async def withdraw(self, invitation: str, reason: str) -> Refusal | None:
        """Take an open invitation back; None when it is done."""

    async def pause(self, by: str) -> Refusal | None:
        """Close the window; None when it is closed, even if it was so before."""

    async def resume(self, by: str) -> Refusal | None:
        """Open the window; None when it is open, even if it was so before."""

    def standing(self, invitation: str) -> Standing | None:
        """What became of an invitation; None for one that the pad does not remember."""

    def window(self) -> WindowNow:
        """The window at this moment."""

    async def settle(self, timeout_s: float, /) -> bool:
        """Wait until no entry is on its way to the card; False when that takes longer."""
