"""A queueing system's commands over MQTT: to invite, to withdraw, and to ask for a standing.

They are granted as by the HTTP API, and refused in the same words. MQTT may deliver late, and an
invitation that is shown after its citizen has left would be answered by the next one. So it carries
the time at which it was sent; one that is too old is refused, and so is every one while the pad
does not know the time.

One that was sent before this agent started is refused too: the agent before may have carried it
out, and its memory of commands that are delivered twice is lost. Every other command may be
delivered again after a restart and changes nothing.
"""

from collections.abc import Callable

from device.events import Refusal
from device.ports import Desk, Granted
from sync.desk_fields import InviteFields
from sync.entries import At, Service
from sync.identity_text import comparable
from sync.messages import VERSION, Command, CommandResult, Order

MAX_AGE_MS = 10_000
"""The greatest age of an invitation, and the greatest difference of two clocks. Longer than a
working network takes; shorter than the next citizen takes to sit down."""

MAX_BY_CHARS = 64
"""Of the name of who gave a command: it goes into an entry, whose size is bounded."""

LATE, NO_TIME, UNKNOWN_WINDOW, MALFORMED = "late", "clock-unknown", "unknown-window", "malformed"

ORDERS = (Order.INVITE, Order.WITHDRAW, Order.STANDING)
"""The commands that are carried out here."""


class MqttCommands:
    """To be made when the agent starts to receive commands. `now`: the pad's time."""

    def __init__(self, desk: Desk, now: Callable[[], At]) -> None:
        self._desk = desk
        self._now = now
        self._began_mono_ms = now().mono

    async def carry_out(self, command: Command) -> CommandResult:
        """Carry out one of `ORDERS`; the result never tells a level (law 7)."""
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
                return self._result(invitation, refusal)
        return self._result(invitation)

    async def _invite(self, ask: InviteFields | None, by: str) -> CommandResult:
        if ask is None:
            return _refused(MALFORMED, "the order invite says in `ask` for what")
        untimely = self._refuse_untimely(ask.sent)
        if untimely is not None:
            return untimely
        if ask.window is not None and ask.window != self._desk.window().window:
            return _refused(UNKNOWN_WINDOW, f"this is the pad of {self._desk.window().window!r}")
        service = Service(case=ask.case, matter=ask.matter, step=ask.step)
        outcome = await self._desk.invite(service, ask.clerk, by, again=ask.again)
        if not isinstance(outcome, Granted):
            return _refused(outcome.value)
        return self._result(outcome.invitation)

    def _refuse_untimely(self, sent_ms: int) -> CommandResult | None:
        """The refusal of an invitation that is too old or from the future; None for a current
        one.
        """
        now = self._now()
        now_ms = now.utc
        if now_ms is None:
            return _refused(NO_TIME, "the pad does not know the time, so not whether this is late")
        if abs(now_ms - sent_ms) > MAX_AGE_MS:
            off_s = (now_ms - sent_ms) / 1000
            side = "before" if off_s > 0 else "after"
            most_s = MAX_AGE_MS // 1000
            return _refused(
                LATE, f"sent {abs(off_s):.1f} s {side} the pad's time; at most {most_s} s"
            )
        if sent_ms < now_ms - (now.mono - self._began_mono_ms):
            return _refused(LATE, "sent before the pad was started, which may have heard it before")
        return None

    def _result(self, invitation: str, refusal: Refusal | None = None) -> CommandResult:
        """The result with the standing of an invitation, and why the command was refused, if it
        was.
        """
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
    """The source that entries name for who gave a command over MQTT: in the canonical form, so that
    one sender is one name, however it is written.
    """
    return f"mqtt:{comparable(by)[:MAX_BY_CHARS]}"


def _refused(code: str, detail: str | None = None) -> CommandResult:
    return CommandResult(v=VERSION, done=False, code=code, detail=detail)
