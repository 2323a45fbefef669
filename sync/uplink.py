"""The pad's end of the connection: does over MQTT what `delivery` decides, and calls an observer.

All state lives on the asyncio loop; paho's network thread only puts events into a queue of the
loop. Nothing here blocks the loop: paho is imported, and long batches are deflated, on another
thread, and connecting happens on paho's. The uplink reconnects without limit and never stops the
pad: whatever fails here, the entries stay in the ledger and are sent later.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress

from sync.commands import Commands
from sync.delivery import (
    Delivery,
    DeliverySettings,
    Diverged,
    LedgerSegment,
    PublishBirth,
    Receipted,
    Rejected,
    SendEntries,
    Wait,
    full_jitter_ms,
)
from sync.entries import HashName
from sync.messages import (
    VERSION,
    ContractError,
    Desired,
    Health,
    Message,
    Receipt,
    Reported,
    State,
    Status,
    Topic,
    deflate,
    read_message,
    read_topic,
    write_batch,
    write_message,
)
from sync.mqtt import (
    CONNECT_TIMEOUT_S,
    Acked,
    BrokerAddress,
    Connected,
    Connection,
    Disconnected,
    Event,
    Incoming,
    Outgoing,
    load,
)
from sync.uplink_ports import EntrySource, UplinkObserver

__all__ = ["BrokerAddress", "EntrySource", "LedgerSegment", "Uplink", "UplinkObserver"]

log = logging.getLogger(__name__)

RECONNECT_BASE_MS = 1_000
STOP_TIMEOUT_S = 2.0
"""How long `stop` waits until the broker has taken the `stopped` state and the connection ended."""
LONG_ENTRIES = 64
"""Batches of at least so many entries take a few milliseconds to write and deflate: another
thread does it."""


EventQueue = asyncio.Queue[Event | None]
"""The events of one connection, in their order. None wakes the loop: the ledger has grown, or
`stop` was called."""


class Uplink:
    """Delivers one pad's ledger, from `start` to `stop`. All methods are called on the loop.

    `boots` counts the pad's starts and must grow with each; with the uplink's own count of
    connections it makes births and wills comparable. `mono_ms`: any monotonic clock.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        pad: str,
        source: EntrySource,
        observer: UplinkObserver,
        *,
        boots: int,
        agent: str = "",
        board: str = "",
        keepalive_s: int = 30,
        reconnect_max_s: float = 60,
        probe_s: float = 5,
        settings: DeliverySettings | None = None,
        rng: random.Random | None = None,
        mono_ms: Callable[[], int] | None = None,
    ) -> None:
        self._broker = broker
        self._pad = pad
        self._source = source
        self._observer = observer
        self._about = {"agent": agent, "board": board}
        self._boots = boots
        self._session = 0
        self._keepalive_s = keepalive_s
        self._reconnect_max_ms = int(reconnect_max_s * 1000)
        self._rng = rng or random.SystemRandom()
        self._mono_ms = mono_ms or (lambda: time.monotonic_ns() // 1_000_000)
        self._delivery = Delivery(
            self._rng, settings or DeliverySettings(probe_ms=int(probe_s * 1000))
        )
        self._ledger = ""
        self._events: EventQueue | None = None
        self._connection: Connection | None = None
        self._connected = False
        self._batches: set[int] = set()  # packet ids of batches without a PUBACK
        self._reported: Reported | None = None
        self._commands = Commands(observer, self._send_message)
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect in the background, and return without waiting for it."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="uplink")

    def entries_added(self) -> None:
        """The ledger has new entries, or `source` has a new ledger. Call it on the loop."""
        if self._events is not None:
            self._events.put_nowait(None)

    def publish_health(self, health: Health) -> None:
        """Publish health; dropped while there is no connection, because the next is newer."""
        self._publish(Topic.HEALTH, health)

    def publish_reported(self, reported: Reported) -> None:
        """Publish the configuration in force, now and at every new connection."""
        self._reported = reported
        self._publish(Topic.REPORTED, reported, retained=True)

    async def stop(self) -> None:
        """Publish that the pad stops and disconnect, within `STOP_TIMEOUT_S`; then end."""
        self._stopping.set()
        self.entries_added()  # wakes the loop of the connection
        if self._task is not None:
            await self._task
            self._task = None
        self._commands.stop()

    # --- one connection after another ---

    async def _run(self) -> None:
        await asyncio.to_thread(load)
        attempt = 0
        while not self._stopping.is_set():
            reached = False
            try:
                reached = await self._hold_session()
            except ConnectionError as error:
                reached = self._delivery.flowing
                log.log(logging.DEBUG if attempt else logging.INFO, "uplink: %s", error)
            except Exception:  # the task's outermost frame: the next session starts afresh
                log.exception("uplink: the session failed")
            finally:
                self._end_session()
            attempt = 0 if reached else attempt + 1
            wait_ms = full_jitter_ms(self._rng, attempt, RECONNECT_BASE_MS, self._reconnect_max_ms)
            await self._wait_or_stop(wait_ms / 1000)

    async def _wait_or_stop(self, wait_s: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), wait_s)
        except TimeoutError:
            return

    async def _hold_session(self) -> bool:
        """One connection, from connect to stop. True once it stopped in order.

        Raises ConnectionError when it is lost.
        """
        self._session += 1
        events = self._events = EventQueue()
        self._check_source()
        will = Outgoing(Topic.STATE.of(self._pad), write_message(self._state(Status.LOST)), True)
        connection = self._connection = Connection(
            self._broker, self._pad, _onto_loop(events), keepalive_s=self._keepalive_s, will=will
        )
        connection.open()
        await self._await_up(events)
        if self._stopping.is_set():
            return False
        self._connected = True
        connection.subscribe(
            [topic.of(self._pad) for topic in (Topic.RECEIPT, Topic.DESIRED, Topic.COMMAND)]
        )
        self._observer.connected(True)
        if self._reported is not None:
            self._publish(Topic.REPORTED, self._reported, retained=True)
        self._delivery.connected(f"{self._boots}.{self._session}", self._mono_ms())
        while not self._stopping.is_set():
            while not events.empty():
                await self._take(events.get_nowait())
            self._check_source()
            await self._step(events)
        await self._announce_stop(events)
        return True

    async def _await_up(self, events: EventQueue) -> None:
        deadline_s = 2 * CONNECT_TIMEOUT_S  # one for TCP, one for the broker's answer
        try:
            async with asyncio.timeout(deadline_s):
                while not self._stopping.is_set():
                    item = await events.get()
                    if isinstance(item, Disconnected):
                        raise ConnectionError(item.reason)
                    if isinstance(item, Connected):
                        return
        except TimeoutError:
            raise ConnectionError(f"the broker did not answer within {deadline_s} s") from None

    async def _announce_stop(self, events: EventQueue) -> None:
        """Publish `stopped` and disconnect, so that the broker does not send the will."""
        stopped = self._publish(Topic.STATE, self._state(Status.STOPPED), retained=True)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                while True:
                    item = await events.get()
                    if isinstance(item, Disconnected) or (
                        isinstance(item, Acked) and item.mid == stopped
                    ):
                        break
                if self._connection is not None:
                    self._connection.close()
                while not isinstance(item, Disconnected):
                    item = await events.get()
        except TimeoutError:
            log.info("uplink: the broker did not acknowledge the stopped state")

    def _end_session(self) -> None:
        if self._connection is not None:
            self._connection.abort()
        self._connection = self._events = None
        self._batches.clear()
        self._delivery.disconnected()
        if self._connected:
            self._connected = False
            self._observer.connected(False)

    # --- within a session ---

    def _check_source(self) -> None:
        """Tell `delivery` which ledger is to be sent, and how far it reaches."""
        if self._source.ledger_id != self._ledger:
            self._ledger = self._source.ledger_id
            self._delivery.ledger_opened(self._ledger, self._source.head_seq, self._mono_ms())
        self._delivery.entries_added(self._source.head_seq)

    async def _step(self, events: EventQueue) -> None:
        step = self._delivery.step(self._mono_ms())
        if isinstance(step, PublishBirth):
            self._publish(Topic.STATE, self._state(Status.ONLINE), retained=True)
            self._delivery.birth_published(self._mono_ms())
        elif isinstance(step, SendEntries):
            await self._send(step)
        else:
            await self._wait(step, events)

    async def _wait(self, step: Wait, events: EventQueue) -> None:
        wait_s = None
        if step.until_ms is not None:
            wait_s = max(0.0, (step.until_ms - self._mono_ms()) / 1000)
        try:
            async with asyncio.timeout(wait_s):
                item = await events.get()
        except TimeoutError:
            return
        await self._take(item)

    async def _send(self, step: SendEntries) -> None:
        ledger, hash_name = self._ledger, self._source.hash_name
        segment = await self._source.read(*step)
        if ledger != self._source.ledger_id:
            return  # a new ledger was opened during the read
        if segment.entries:
            if len(segment.entries) < LONG_ENTRIES:
                payload, deflated = _write(ledger, segment, hash_name)
            else:
                payload, deflated = await asyncio.to_thread(_write, ledger, segment, hash_name)
            self._batches.add(
                self._send_message(
                    Outgoing(Topic.ENTRIES.of(self._pad), payload, deflated=deflated)
                )
            )
        self._delivery.sent(segment, self._mono_ms())

    async def _take(self, item: Event | None) -> None:
        if isinstance(item, Disconnected):
            raise ConnectionError(item.reason)
        if isinstance(item, Incoming):
            try:
                await self._dispatch(item)
            except ContractError as error:
                log.warning("uplink: a message on %s was not understood: %s", item.topic, error)
        elif isinstance(item, Acked):
            if item.refusal is not None:
                log.warning("uplink: the broker refused a message: %s", item.refusal)
            if item.mid in self._batches:
                self._batches.discard(item.mid)
                self._delivery.acked(self._mono_ms())

    async def _dispatch(self, message: Incoming) -> None:
        match read_topic(message.topic):
            case (self._pad, Topic.RECEIPT):
                await self._receipt(read_message(Receipt, message.payload))
            case (self._pad, Topic.DESIRED):
                if message.payload:  # an empty one clears the retained configuration
                    self._observer.desired(read_message(Desired, message.payload))
            case (self._pad, Topic.COMMAND):
                self._commands.receive(message)

    async def _receipt(self, receipt: Receipt) -> None:
        own_digest = self._delivery.digest_of(receipt.seq)
        within = 0 < receipt.seq <= self._delivery.head
        if own_digest is None and within and receipt.ledger == self._ledger:
            own_digest = await self._source.digest_at(receipt.seq)
        if self._source.ledger_id != self._ledger:
            return  # a new ledger was opened during the read
        outcome = self._delivery.received(receipt, own_digest, self._mono_ms())
        if isinstance(outcome, Receipted):
            self._observer.receipted(outcome.seq)
        elif isinstance(outcome, Rejected):
            self._observer.refused(outcome.problem, outcome.detail)
        elif isinstance(outcome, Diverged):
            self._observer.diverged(outcome.detail)

    def _state(self, status: Status) -> State:
        return State(
            v=VERSION,
            pad=self._pad,
            status=status,
            boots=self._boots,
            session=self._session,
            ledger=self._ledger,
            seq=self._source.head_seq,
            digest=self._source.head_digest.hex(),
            **self._about,
        )

    def _publish(self, topic: Topic, message: Message, *, retained: bool = False) -> int | None:
        if not self._connected:
            return None
        return self._send_message(Outgoing(topic.of(self._pad), write_message(message), retained))

    def _send_message(self, message: Outgoing) -> int:
        if self._connection is None:
            raise ConnectionError("no connection")
        return self._connection.publish(message)


def _onto_loop(events: EventQueue) -> Callable[[Event], None]:
    """A function for paho's thread that puts an event into the loop's queue."""
    loop = asyncio.get_running_loop()

    def put(event: Event) -> None:
        with suppress(RuntimeError):  # the loop is closed, the agent has ended
            loop.call_soon_threadsafe(events.put_nowait, event)

    return put


def _write(ledger: str, segment: LedgerSegment, hash_name: HashName) -> tuple[bytes, bool]:
    return deflate(
        write_batch(ledger, segment.entries, segment.prev, hash_name=hash_name, torn=segment.torn)
    )
