"""The desk of a hall's queueing system that asks over MQTT: orders to invite, to withdraw, and to
tell what became of an invitation.

It is granted what the HTTP API grants, and refused in the same words. MQTT may deliver late, and an
invitation that lights up when its citizen has gone would be answered by the next one. So it carries
the time at which it was sent, and one that is not of now is not shown; nor is any by a pad that
does not know the time.

Nor is one that was sent before this agent began: the agent before may have carried it out, and what
it remembered of orders that come again is gone. Everything else may come again after a restart and
changes nothing.
"""

from collections.abc import Callable

from device.events import Refusal
from device.ports import Desk, Granted
from sync.desk_fields import InviteFields
from sync.entries import At, Service
from sync.messages import VERSION, Command, CommandResult, Order

GOOD_MS = 10_000
"""So old an invitation may be, and so far two clocks may be apart. Longer than any network takes
that works; shorter than the next citizen takes to sit down."""

MAX_BY_CHARS = 64
"""Of whoever gave an order; it goes into an entry, and an entry has bounds."""

LATE, NO_TIME, UNKNOWN_WINDOW, MALFORMED = "late", "clock-unknown", "unknown-window", "malformed"

ORDERS = (Order.INVITE, Order.WITHDRAW, Order.STANDING)
"""The orders that are carried out here."""


class MqttCommands:
    """To be made when the agent begins to hear orders. `now`: the pad's time."""

    def __init__(self, desk: Desk, now: Callable[[], At]) -> None:
        self._desk = desk
        self._now = now
        self._began_mono_ms = now().mono

    async def carry_out(self, command: Command) -> CommandResult:
        """Carry out one of `ORDERS`; the answer never tells a level (law 7)."""
        by = source_of(command.by)
        if command.order is Order.INVITE:
            return await self._invite(command.ask, by)
        invitation = command.invitation
        if invitation is None:
            return _refused(MALFORMED, f"the order {command.order.value} names its `invitation`")
        if command.order is Order.WITHDRAW:
            reason = f"{by}: {command.reason}" if command.reason else by
            refusal = await self._desk.withdraw(invitation, reason)
            if refusal is not None:
                return self._told(invitation, refusal)
        return self._told(invitation)

    async def _invite(self, ask: InviteFields | None, by: str) -> CommandResult:
        if ask is None:
            return _refused(MALFORMED, "the order invite says in `ask` for what")
        untimely = self._untimely(ask.sent)
        if untimely is not None:
            return untimely
        if ask.window is not None and ask.window != self._desk.window().window:
            return _refused(UNKNOWN_WINDOW, f"this is the pad of {self._desk.window().window!r}")
        service = Service(case=ask.case, matter=ask.matter, step=ask.step)
        outcome = await self._desk.invite(service, ask.clerk, by, again=ask.again)
        if not isinstance(outcome, Granted):
            return _refused(outcome.value)
        return self._told(outcome.invitation)

    def _untimely(self, sent_ms: int) -> CommandResult | None:
        """Why an invitation is not of now; None for one that is."""
        now = self._now()
        now_ms = now.utc
        if now_ms is None:
            return _refused(NO_TIME, "the pad does not know the time, so not whether this is late")
        if abs(now_ms - sent_ms) > GOOD_MS:
            off_s = (now_ms - sent_ms) / 1000
            side = "before" if off_s > 0 else "after"
            most_s = GOOD_MS // 1000
            return _refused(
                LATE, f"sent {abs(off_s):.1f} s {side} the pad's time; at most {most_s} s"
            )
        if sent_ms < now_ms - (now.mono - self._began_mono_ms):
            return _refused(LATE, "sent before the pad was started, which may have heard it before")
        return None

    def _told(self, invitation: str, refusal: Refusal | None = None) -> CommandResult:
        """What became of an invitation, beside the reason why an order was refused."""
        standing = self._desk.standing(invitation)
        if standing is None:
            return _refused(Refusal.UNKNOWN.value)
        return CommandResult(
            v=VERSION,
            done=refusal is None,
            code=refusal.value if refusal else None,
            invitation=invitation,
            standing=standing,
        )


def source_of(by: str) -> str:
    """What entries name as the source of whoever gave an order over MQTT."""
    return f"mqtt:{by[:MAX_BY_CHARS]}"


def _refused(code: str, detail: str | None = None) -> CommandResult:
    return CommandResult(v=VERSION, done=False, code=code, detail=detail)
