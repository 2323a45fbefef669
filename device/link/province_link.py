"""The pad's side of the province: what it hears, what it answers.

The uplink carries; this decides. A receipt moves the mark, a refusal becomes a fault, a history
that parted opens a new ledger, a wish is taken into force, a command is carried out. Everything
runs on the agent's loop.
"""

import asyncio
import logging
from collections.abc import Callable

from device.errors import PadCode, PadError
from device.events import Refusal
from device.ledger.writer import Writer
from device.link.desired_config import DesiredConfig
from device.link.mqtt_commands import MAX_BY_CHARS, ORDERS, MqttCommands
from device.loop_bridge import fail_aloud
from device.pad import Pad
from sync.entries import Configured
from sync.messages import VERSION, Command, CommandResult, Desired, Order, Problem, Reported

log = logging.getLogger(__name__)

SILENT_MS = 60 * 60 * 1000
"""A backlog that has not moved for an hour is worth a technician's look (N01)."""

PART_RETRY_S = 5.0
"""A new ledger that the card refuses is tried again this often."""


class ProvinceLink:
    """Hears the uplink (`sync.uplink.Listener`).

    `apply` puts a changed configuration into force. `report` publishes the one in force.
    `report_health` publishes health now. `on_renewed` hears that the writer has a new ledger.
    """

    def __init__(
        self,
        pad: Pad,
        writer: Writer,
        wishes: DesiredConfig,
        *,
        apply: Callable[[], None],
        report: Callable[[Reported], None],
        report_health: Callable[[], None],
        on_renewed: Callable[[], None],
    ) -> None:
        self._pad = pad
        self._writer = writer
        self._wishes = wishes
        self._apply = apply
        self._report = report
        self._report_health = report_health
        self._on_renewed = on_renewed
        self._orders = MqttCommands(pad, pad.clock.at)
        self._refused: Problem | None = None
        self._parting: asyncio.Task[None] | None = None
        self._moved_ms = pad.clock.at().mono
        self.online = False

    def receipted(self, seq: int) -> None:
        """All entries up to `seq` are committed at the province."""
        if seq > self._writer.receipted or seq == self._writer.head_seq:
            self._moved_ms = self._pad.clock.at().mono
            self._pad.clear_fault(PadCode.PROVINCE_SILENT)
            if self._refused is not None:
                self._pad.clear_fault(PadCode.PROVINCE_REFUSED, self._refused.value)
                self._refused = None
        self._writer.mark_receipted(seq)

    def refused(self, problem: Problem, detail: str) -> None:
        """The province did not take a batch; every entry stays here."""
        log.warning("the province refused a batch: %s (%s)", problem.value, detail)
        if self._refused is not None and self._refused is not problem:
            self._pad.clear_fault(PadCode.PROVINCE_REFUSED, self._refused.value)
        self._refused = problem
        self._pad.raise_fault(PadCode.PROVINCE_REFUSED, problem.value)

    def diverged(self, detail: str) -> None:
        """The province holds another history: go on in a new ledger, take along what it lacks."""
        if self._parting is None or self._parting.done():
            log.error("the ledgers parted: %s", detail)
            self._pad.raise_fault(PadCode.LEDGER_DIVERGED, detail)
            self._parting = asyncio.ensure_future(self._part())
            self._parting.add_done_callback(fail_aloud)

    def connected(self, up: bool) -> None:
        """The broker is there, or gone."""
        if up and not self.online:
            self._report(self._wishes.report())
        self.online = up

    def desired(self, desired: Desired) -> None:
        """A desired configuration came; it is in force when it is newer and within bounds."""
        try:
            changed = self._wishes.accept(desired)
        except OSError as error:
            log.error("a desired configuration could not be kept: %s", error)
            return
        if changed:
            self._apply()
            self._pad.record(
                Configured(
                    at=self._pad.clock.at(),
                    version=self._wishes.version,
                    digest=self._wishes.digest,
                )
            )
        self._report(self._wishes.report())

    async def command(self, command: Command) -> CommandResult:
        """Carry out an order; the answer says whether it was done, and if not, why."""
        if command.order in ORDERS:
            return await self._orders.carry_out(command)
        refusal: Refusal | None = None
        match command.order:
            case Order.IDENTIFY:
                self._pad.identify()
            case Order.PAUSE:
                refusal = await self._pad.pause(f"command:{command.by[:MAX_BY_CHARS]}")
            case Order.RESUME:
                refusal = await self._pad.resume(f"command:{command.by[:MAX_BY_CHARS]}")
            case Order.REPORT_HEALTH:
                self._report_health()
        return CommandResult(
            v=VERSION, done=refusal is None, code=refusal.value if refusal else None
        )

    def watch(self) -> None:
        """Called now and then: a backlog that nobody takes for an hour is a fault."""
        now = self._pad.clock.at().mono
        if self._writer.receipted >= self._writer.head_seq:
            self._moved_ms = now
        elif now - self._moved_ms > SILENT_MS:
            self._pad.raise_fault(PadCode.PROVINCE_SILENT)

    async def _part(self) -> None:
        """Open the new ledger; a card that refuses is a fault, and is tried again until it takes
        it. Meanwhile the old ledger goes on.
        """
        standing: PadError | None = None
        while True:
            try:
                await self._writer.succeed("diverged")
                break
            except PadError as error:
                if standing is None or (error.code, error.detail) != (
                    standing.code,
                    standing.detail,
                ):
                    self._pad.raise_fault(error.code, error.detail)
                    if standing is not None:
                        self._pad.clear_fault(standing.code, standing.detail)
                    standing = error
            await asyncio.sleep(PART_RETRY_S)
        if standing is not None:
            self._pad.clear_fault(standing.code, standing.detail)
        self._on_renewed()
