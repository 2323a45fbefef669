"""The pad's side of the province: what it receives, and what it answers.

The uplink transmits messages; this module decides what follows from them. A receipt moves the mark,
a refusal becomes a fault, a diverged ledger is followed by a new one, a desired configuration is
put into force, a command is carried out. Everything runs on the agent's loop.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from device.errors import LedgerError, PadCode, PadError
from device.events import Refusal
from device.ledger.writer import Writer
from device.link.desired_config import DesiredConfig
from device.link.mqtt_commands import MAX_BY_CHARS, ORDERS, MqttCommands
from device.loop_bridge import raise_in_loop
from device.pad import Pad
from sync.entries import Configured, Entry
from sync.messages import (
    VERSION,
    Command,
    CommandResult,
    Desired,
    Health,
    Order,
    Problem,
    Reported,
)
from sync.obstacles import Obstacle

log = logging.getLogger(__name__)

SILENT_MS = 60 * 60 * 1000
"""A backlog that has not moved for an hour is a fault (N01), for a technician to look at."""

REASON_QUIET_MS = 60 * 60 * 1000
"""So long the detail of N01 stays, though the reason changes: each change is two entries."""

OBSTACLE_CODES = {
    Obstacle.REFUSED: PadCode.BROKER_REFUSED,
    Obstacle.DUPLICATE: PadCode.ID_TWICE,
    Obstacle.LACKING: PadCode.BROKER_LACKS,
    Obstacle.TOO_SMALL: PadCode.BROKER_TOO_SMALL,
}

DESIRED_QUIET_S = 1.0
"""How long nothing further is put into force, or reported, after a desired configuration came."""

CANDIDATES_MAX = 8
"""Desired configurations that wait to be judged: those of the highest versions."""

RECORD_RETRY_S = 1.0
"""The delay before a `configured` entry that the ledger's queue had no room for is tried again."""

ROLLOVER_RETRY_S = 5.0
"""The delay before a new ledger that the card refused is tried again."""


STOP_S = 2.0
"""How long a stop waits for a desired configuration that is being stored."""


class Publisher(Protocol):
    """What the link publishes through: the uplink."""

    def publish_reported(self, reported: Reported, /) -> None:
        """Publish the configuration in force."""

    def publish_health(self, health: Health, /) -> None:
        """Publish a health report."""

    def entries_added(self) -> None:
        """There is something new to send, or a new ledger to send from."""


class ProvinceLink:
    """Answers the uplink (`sync.uplink_ports.UplinkObserver`). `health` makes a health report.

    To be given its uplink with `attach` before that starts.
    """

    def __init__(
        self,
        pad: Pad,
        writer: Writer,
        desired_config: DesiredConfig,
        *,
        health: Callable[[], Health],
    ) -> None:
        self._pad = pad
        self._writer = writer
        self._desired_config = desired_config
        self._health = health
        self._uplink: Publisher | None = None
        self._commands = MqttCommands(pad, pad.clock.at)
        self._refused: Problem | None = None
        self._rollover: asyncio.Task[None] | None = None
        self._candidates: dict[int, Desired] = {}  # by version
        self._quiet_until_s = 0.0
        self._accepting: asyncio.Task[None] | None = None
        self._moved_ms = pad.clock.at().mono
        self._reason = ""
        self._silent_since_ms: int | None = None  # when N01 was raised, or its detail renewed
        self._silent_reason = ""
        self.online = False

    def attach(self, uplink: Publisher) -> None:
        """Publish through `uplink` from now on."""
        self._uplink = uplink

    def receipted(self, seq: int) -> None:
        """All entries up to `seq` are committed at the province."""
        if seq > self._writer.receipted or seq == self._writer.head_seq:
            self._moved_ms = self._pad.clock.at().mono
            self._pad.clear_fault(PadCode.PROVINCE_SILENT)
            self._silent_since_ms = None
            if self._refused is not None:
                self._pad.clear_fault(PadCode.PROVINCE_REFUSED, self._refused.value)
                self._refused = None
        self._writer.mark_receipted(seq)

    def refused(self, problem: Problem, detail: str) -> None:
        """The province refused a batch; every entry stays in the ledger and is sent again."""
        log.warning("the province refused a batch: %s (%s)", problem.value, detail)
        if self._refused is not None and self._refused is not problem:
            self._pad.clear_fault(PadCode.PROVINCE_REFUSED, self._refused.value)
        self._refused = problem
        self._pad.raise_fault(PadCode.PROVINCE_REFUSED, problem.value)

    def diverged(self, detail: str) -> None:
        """The province holds another history of this ledger: go on in a new ledger, which carries
        the entries that the province lacks.
        """
        if self._rollover is None or self._rollover.done():
            log.error("the province holds another history of this ledger: %s", detail)
            self._pad.raise_fault(PadCode.LEDGER_DIVERGED, detail)
            self._rollover = asyncio.ensure_future(self._open_new_ledger())
            self._rollover.add_done_callback(raise_in_loop)

    def unreachable(self, reason: str) -> None:
        """Why the province cannot be reached; N01 names it once that has lasted."""
        self._reason = reason

    def obstructed(self, obstacle: Obstacle, detail: str) -> None:
        """Somebody must change something before anything gets through: N03 to N06."""
        self._pad.raise_fault(OBSTACLE_CODES[obstacle], detail)

    def unobstructed(self, obstacle: Obstacle) -> None:
        """That is over."""
        self._pad.clear_fault(OBSTACLE_CODES[obstacle])

    def connected(self, up: bool) -> None:
        """The broker is there, or gone."""
        if up and not self.online:
            self._report()
        self.online = up

    def desired(self, desired: Desired) -> None:
        """A desired configuration came; it is put into force when it is newer and within bounds.

        Judging and storing it takes time, so that happens in a task, once in `DESIRED_QUIET_S` at
        most. Of those that come meanwhile and are acceptable only the newest is stored; one that is
        refused replaces none of them.
        """
        if desired.version > self._desired_config.version:
            self._candidates[desired.version] = desired
            if len(self._candidates) > CANDIDATES_MAX:
                del self._candidates[min(self._candidates)]
        if self._accepting is None or self._accepting.done():
            self._accepting = asyncio.ensure_future(self._accept_desired())
            self._accepting.add_done_callback(raise_in_loop)

    async def command(self, command: Command) -> CommandResult:
        """Carry out a command; the result says whether it was done, and if not, why."""
        if command.order in ORDERS:
            return await self._commands.carry_out(command)
        refusal: Refusal | None = None
        match command.order:
            case Order.IDENTIFY:
                self._pad.identify()
            case Order.PAUSE:
                refusal = await self._pad.pause(f"command:{command.by[:MAX_BY_CHARS]}")
            case Order.RESUME:
                refusal = await self._pad.resume(f"command:{command.by[:MAX_BY_CHARS]}")
            case Order.REPORT_HEALTH:
                if self._uplink is not None:
                    self._uplink.publish_health(self._health())
        return CommandResult(
            v=VERSION, done=refusal is None, code=refusal.value if refusal else None
        )

    def record_configured(self) -> "asyncio.Future[Entry]":
        """Record which desired configuration is in force; done once that is durable."""
        version, digest = self._desired_config.version, self._desired_config.digest
        return self._pad.record(Configured(at=self._pad.clock.at(), version=version, digest=digest))

    async def stop(self) -> None:
        """Wait, for `STOP_S` at most, until a desired configuration that is being stored is in
        force and on record; called after the uplink and before the pad are stopped. When the card
        takes longer, the next start finds the stored file and records it.
        """
        tasks = [task for task in (self._accepting, self._rollover) if task is not None]
        if self._accepting is not None:
            await asyncio.wait([self._accepting], timeout=STOP_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def watch(self) -> None:
        """Called every second: a backlog that the province has not taken for an hour is a fault."""
        now = self._pad.clock.at().mono
        if self._writer.receipted >= self._writer.head_seq:
            self._moved_ms = now
        elif now - self._moved_ms > SILENT_MS:
            self._raise_silent(now)

    def _raise_silent(self, now_ms: int) -> None:
        if self._silent_since_ms is not None:
            quiet = now_ms - self._silent_since_ms < REASON_QUIET_MS
            if quiet or self._reason == self._silent_reason:
                return
            self._pad.clear_fault(PadCode.PROVINCE_SILENT, self._silent_reason)
        self._silent_since_ms, self._silent_reason = now_ms, self._reason
        self._pad.raise_fault(PadCode.PROVINCE_SILENT, self._reason)

    async def _open_new_ledger(self) -> None:
        """Open the new ledger. A card that refuses is a fault, and is tried again until it accepts;
        meanwhile the old ledger is used.
        """
        reported: PadError | None = None
        while True:
            try:
                await self._writer.roll_over("diverged")
                break
            except PadError as error:
                if reported is None or (error.code, error.detail) != (
                    reported.code,
                    reported.detail,
                ):
                    self._pad.raise_fault(error.code, error.detail)
                    if reported is not None:
                        self._pad.clear_fault(reported.code, reported.detail)
                    reported = error
            await asyncio.sleep(ROLLOVER_RETRY_S)
        if reported is not None:
            self._pad.clear_fault(reported.code, reported.detail)
        if self._uplink is not None:
            self._uplink.entries_added()

    async def _accept_desired(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(0.0, self._quiet_until_s - loop.time()))
            candidates, self._candidates = self._candidates, {}
            acceptable = (
                candidates[version]
                for version in sorted(candidates, reverse=True)
                if self._desired_config.is_acceptable(candidates[version])
            )
            newest = next(acceptable, None)
            if newest is None or await self._store_desired(newest):
                self._report()
            self._quiet_until_s = loop.time() + DESIRED_QUIET_S
            if not self._candidates:
                return

    async def _store_desired(self, desired: Desired) -> bool:
        """Put it into force and on record; False when it cannot be stored."""
        try:
            changed = await self._desired_config.accept(desired)
        except OSError as error:
            log.error("a desired configuration could not be stored: %s", error)
            return False
        if changed:
            await self._record_until_durable()
        return True

    async def _record_until_durable(self) -> None:
        """Put what is in force on record, however long the card or its queue takes: no other
        configuration comes into force before.
        """
        while True:
            try:
                await self.record_configured()
                return
            except LedgerError:
                await asyncio.sleep(RECORD_RETRY_S)

    def _report(self) -> None:
        if self._uplink is not None:
            self._uplink.publish_reported(self._desired_config.report())
