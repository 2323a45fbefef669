"""The commands that come to a pad over MQTT: each is carried out once, and its sender answered.

MQTT delivers at least once, so a command may come twice: a sender without an acknowledgement sends
it again. An order to invite or to withdraw is recognised by its payload, correlation data and
response topic; when it comes again, the first result is published again and nothing else happens.
Other orders may be carried out any number of times.

A command whose MQTT 5 expiry ran out, or was 0, is dropped and not answered, as a broker does it.
So is a retained one, even if it was published while this pad listened: the broker would repeat it
at every connection.

A command whose response topic cannot be used (`response_topic.py`) is carried out and not answered,
as one without a response topic.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from sync.messages import (
    VERSION,
    Command,
    CommandResult,
    ContractError,
    Order,
    read_message,
    read_topic,
    write_message,
)
from sync.mqtt import Incoming, Outgoing
from sync.response_topic import is_response_topic
from sync.trouble_log import MinuteCount
from sync.uplink_ports import UplinkObserver

log = logging.getLogger(__name__)

ONCE = (Order.INVITE, Order.WITHDRAW)
"""The orders that must not be carried out twice."""

ANSWERS_KEPT = 64
"""Results that are remembered for commands that come again; the oldest is forgotten first."""

RUNNING_MAX = 256
"""Commands that are carried out at the same time; a card that hangs makes them wait."""
BUSY = "busy"

Key = tuple[bytes, bytes | None, str | None]


class Commands:
    """Carries out commands and publishes their results, on the loop.

    `publish` publishes a message; it raises ConnectionError without a connection, and ValueError
    for a topic that cannot be published to.
    """

    def __init__(
        self,
        observer: UplinkObserver,
        publish: Callable[[Outgoing], object],
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._observer = observer
        self._publish = publish
        self._now_s = now_s
        self._results: dict[Key, asyncio.Task[CommandResult]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._ignored_counts = MinuteCount(now_s)
        self._unanswered_counts = MinuteCount(now_s)

    def receive(self, message: Incoming) -> None:
        """Carry out a message from the pad's topic for commands, as a task; returns at once."""
        if message.retained:
            self._ignored("was retained")
            return
        if message.good_until_s is not None and self._now_s() >= message.good_until_s:
            self._ignored("came after its expiry")
            return
        if len(self._running) >= RUNNING_MAX:
            self._ignored(f"came while {RUNNING_MAX} were being carried out, and was refused")
            detail = f"{RUNNING_MAX} commands are being carried out"
            self._answer(message, CommandResult(v=VERSION, done=False, code=BUSY, detail=detail))
            return
        task = asyncio.create_task(self._execute(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def stop(self) -> None:
        """Cancel the commands that are still being carried out."""
        for task in (*self._running, *self._results.values()):
            task.cancel()

    async def _execute(self, message: Incoming) -> None:
        try:
            result = await self._result(message)
        except ContractError as error:
            result = CommandResult(
                v=VERSION, done=False, code=error.problem.value, detail=error.detail
            )
        self._answer(message, result)

    def _ignored(self, why: str) -> None:
        """Log it once a minute, with the number: whoever may command may do so without end."""
        count = self._ignored_counts.add()
        if count:
            log.warning("uplink: commands that were ignored: %d; the last one %s", count, why)

    def _unanswered(self, why: object) -> None:
        """Log it once a minute, as `_ignored`."""
        count = self._unanswered_counts.add()
        if count:
            log.warning("uplink: commands that were not answered: %d; the last one: %s", count, why)

    def _answer(self, message: Incoming, result: CommandResult) -> None:
        if not message.response_topic:
            return
        addressed = read_topic(message.topic)
        if addressed is None or not is_response_topic(message.response_topic, addressed[0]):
            self._unanswered("its response topic is none that a pad answers on")
            return
        try:
            self._publish(
                Outgoing(
                    message.response_topic,
                    write_message(result),
                    correlation=message.correlation,
                )
            )
        except (ConnectionError, ValueError) as error:
            self._unanswered(error)

    async def _result(self, message: Incoming) -> CommandResult:
        command = read_message(Command, message.payload)
        if command.order not in ONCE:
            return await self._observer.command(command)
        key = (message.payload, message.correlation, message.response_topic)
        # The task is kept, not its result: the same command may come again while it is carried out.
        task = self._results.get(key)
        if task is None:
            task = self._results[key] = asyncio.ensure_future(self._observer.command(command))
            while len(self._results) > ANSWERS_KEPT:
                del self._results[next(iter(self._results))]
        return await task
