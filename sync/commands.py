"""The orders that come to a pad over MQTT: each is carried out once, and answered to whoever asked.

MQTT promises to deliver at least once, so an order may come twice: a sender that has not heard of
its delivery sends it again. One that asks or withdraws is known by its bytes and its correlation
data; what comes again gets the first answer again, and nothing else happens. Other orders may be
carried out as often as they come.

An order that outlived its MQTT 5 expiry on the way through this pad is passed over without a word,
as a broker does it.
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
    write_message,
)
from sync.mqtt import Incoming, Outgoing
from sync.uplink_ports import UplinkObserver

log = logging.getLogger(__name__)

ONCE = (Order.INVITE, Order.WITHDRAW)
"""What must not happen twice."""

ANSWERS_KEPT = 64

Key = tuple[bytes, bytes | None, str | None]


class Commands:
    """Hears orders and answers them, on the loop. `answer` publishes, or raises ConnectionError."""

    def __init__(
        self,
        listener: UplinkObserver,
        answer: Callable[[Outgoing], object],
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listener = listener
        self._answer = answer
        self._now_s = now_s
        self._given: dict[Key, asyncio.Task[CommandResult]] = {}
        self._running: set[asyncio.Task[None]] = set()

    def hear(self, message: Incoming) -> None:
        """A message on the pad's topic for commands."""
        if message.retained:  # an old order, repeated by the broker at every connection
            log.warning("uplink: a retained command was ignored")
            return
        if message.good_until_s is not None and self._now_s() > message.good_until_s:
            log.warning("uplink: a command came after its expiry and was ignored")
            return
        task = asyncio.create_task(self._obey(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def stop(self) -> None:
        """Leave undone what is not done yet."""
        for task in (*self._running, *self._given.values()):
            task.cancel()

    async def _obey(self, message: Incoming) -> None:
        try:
            result = await self._result(message)
        except ContractError as error:
            result = CommandResult(
                v=VERSION, done=False, code=error.problem.value, detail=error.detail
            )
        if not message.response_topic:
            return
        try:
            self._answer(
                Outgoing(
                    message.response_topic,
                    write_message(result),
                    correlation=message.correlation,
                )
            )
        except (ConnectionError, ValueError) as error:
            log.warning("uplink: a command's answer could not be sent: %s", error)

    async def _result(self, message: Incoming) -> CommandResult:
        command = read_message(Command, message.payload)
        if command.order not in ONCE:
            return await self._listener.command(command)
        key = (message.payload, message.correlation, message.response_topic)
        task = self._given.get(key)
        if task is None:
            task = self._given[key] = asyncio.ensure_future(self._listener.command(command))
            while len(self._given) > ANSWERS_KEPT:
                del self._given[next(iter(self._given))]
        return await task
