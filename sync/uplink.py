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
from sync.connection_log import ConnectionLog
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
)
from sync.entries import HashName
from sync.messages import (
    MAX_PACKET_DOWN_BYTES,
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
    BrokerLimits,
    Connected,
    Connection,
    ConnectionEndedError,
    Disconnected,
    Event,
    Incoming,
    Outgoing,
    PacketTooLargeError,
    load,
)
from sync.obstacle_reports import ObstacleReports
from sync.obstacles import (
    NO_MATCHING_SUBSCRIBERS,
    PACKET_TOO_LARGE,
    QOS_NOT_SUPPORTED,
    RETAIN_NOT_SUPPORTED,
    Obstacle,
    obstacle_of,
)
from sync.reconnect import Reconnect
from sync.uplink_ports import EntrySource, UplinkObserver

__all__ = ["BrokerAddress", "EntrySource", "LedgerSegment", "Uplink", "UplinkObserver"]

log = logging.getLogger(__name__)

RECONNECT_BASE_MS = 1_000
RECEIVE_MAXIMUM = 32
"""Messages that the broker may have sent and the loop not dealt with yet."""
INBOX_BYTES = 1024 * 1024
"""What these may take; then nothing is read from the socket until there is room."""
ANSWER_MS = 180_000
"""A broker that acknowledges nothing for so long is given up, even when it answers pings. A batch
of the greatest size takes a minute over the slowest links (4 KiB/s)."""
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
        rng = rng or random.SystemRandom()
        self._reconnect = Reconnect(rng, RECONNECT_BASE_MS, int(reconnect_max_s * 1000))
        self._log = ConnectionLog(log, "uplink", str(broker))
        self._obstacles = ObstacleReports(observer)
        self._retains = True  # whether the broker keeps retained messages
        self._birth: int | None = None  # the packet id of the last birth
        self._answered_ms = 0  # when the broker last acknowledged something, or had nothing to
        self._mono_ms = mono_ms or (lambda: time.monotonic_ns() // 1_000_000)
        self._delivery = Delivery(rng, settings or DeliverySettings(probe_ms=int(probe_s * 1000)))
        self._ledger = ""
        self._events: EventQueue | None = None
        self._connection: Connection | None = None
        self._connected = False
        self._batches: set[int] = set()  # packet ids of batches without a PUBACK
        self._answers: set[int] = set()  # packet ids of commands' answers without a PUBACK
        self._reported: Reported | None = None
        self._commands = Commands(observer, lambda m: self._answers.add(self._send_message(m)))
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
        while not self._stopping.is_set():
            ended = Disconnected("the session failed")
            self._log.connecting()
            try:
                await self._hold_session()
            except ConnectionEndedError as error:
                ended = error.event
            except Exception:  # the task's outermost frame: the next session starts afresh
                log.exception("uplink: the session failed")
            if not self._stopping.is_set():
                wait_ms = self._judge(ended)
                self._end_session()
                await self._wait_or_stop(wait_ms / 1000)
        self._end_session()

    def _judge(self, ended: Disconnected) -> int:
        """What the end of a session means for the next; returns how long to wait, in ms."""
        delivery, code = self._delivery, ended.code
        achieved, moved = delivery.achieved, delivery.moved
        obstacle = obstacle_of(code)
        if code == PACKET_TOO_LARGE:
            seq = delivery.packet_refused()
            if seq is not None:
                self._obstacles.entry_too_long(seq, ended.reason)
        elif code == RETAIN_NOT_SUPPORTED and self._retains:
            self._retains, achieved, obstacle = False, True, None  # again at once, without
        wait_ms = self._reconnect.ended(
            self._mono_ms(),
            achieved=achieved,
            moved=moved,
            waits=delivery.mark < delivery.head,
            code=code,
            broke=ended.broke,
        )
        if self._reconnect.contested:
            obstacle = Obstacle.DUPLICATE
        if obstacle is not None:
            self._obstacles.stands(obstacle, ended.reason)
        if self._log.lost(ended.reason, wait_ms):
            self._observer.unreachable(ended.reason)
        return wait_ms

    async def _wait_or_stop(self, wait_s: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), wait_s)
        except TimeoutError:
            return

    async def _hold_session(self) -> None:
        """One connection, from connect to stop. Raises ConnectionEndedError when it is lost."""
        self._session += 1
        events = self._events = EventQueue()
        self._check_source()
        will = self._state(Status.LOST)
        connection = self._connection = Connection(
            self._broker,
            self._pad,
            _onto_loop(events),
            keepalive_s=self._keepalive_s,
            packet_bytes=MAX_PACKET_DOWN_BYTES,
            receive_maximum=RECEIVE_MAXIMUM,
            inbox_bytes=INBOX_BYTES,
            will=Outgoing(Topic.STATE.of(self._pad), write_message(will), self._retains),
        )
        connection.open()
        limits = await self._await_up(events)
        if limits is None:
            return
        self._begin(connection, limits)
        while not self._stopping.is_set():
            while not events.empty():
                await self._take(events.get_nowait())
                await asyncio.sleep(0)  # a flood of messages leaves the desk its turns
            self._check_source()
            await self._step(events)
        await self._announce_stop(events)

    async def _await_up(self, events: EventQueue) -> BrokerLimits | None:
        """The broker's limits once it has accepted the connection; None when the pad stops."""
        deadline_s = 2 * CONNECT_TIMEOUT_S  # one for TCP, one for the broker's answer
        try:
            async with asyncio.timeout(deadline_s):
                while not self._stopping.is_set():
                    item = await events.get()
                    if isinstance(item, Disconnected):
                        raise ConnectionEndedError(item)
                    if isinstance(item, Connected):
                        return item.limits
        except TimeoutError:
            problem = f"the broker did not answer within {deadline_s:.0f} s"
            raise ConnectionEndedError(Disconnected(problem)) from None
        return None

    def _begin(self, connection: Connection, limits: BrokerLimits) -> None:
        """The broker accepts: subscribe, and begin to deliver."""
        now_ms = self._mono_ms()
        if limits.maximum_qos < 1:
            problem = "the broker offers QoS 0 only (Maximum QoS 0), which may lose messages"
            raise ConnectionEndedError(Disconnected(problem, QOS_NOT_SUPPORTED))
        self._reconnect.connected(now_ms)
        self._log.connected(f" as {limits.assigned_id}" if limits.assigned_id else "")
        self._retains = limits.retain
        self._answered_ms = now_ms
        self._connected = True
        connection.subscribe(
            [topic.of(self._pad) for topic in (Topic.RECEIPT, Topic.DESIRED, Topic.COMMAND)]
        )
        self._observer.connected(True)
        if self._reported is not None:
            self._publish(Topic.REPORTED, self._reported, retained=True)
        session = f"{self._boots}.{self._session}"
        self._delivery.connected(session, now_ms, limits.receive_maximum)

    async def _announce_stop(self, events: EventQueue) -> None:
        """Publish `stopped` and disconnect, so that the broker does not send the will."""
        stopped = self._publish(Topic.STATE, self._state(Status.STOPPED), retained=True)
        item: Event | None = None
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
        self._answers.clear()
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
            self._publish_birth()
        elif isinstance(step, SendEntries):
            await self._send(step)
        else:
            await self._wait(step, events)

    def _publish_birth(self) -> None:
        birth = write_message(self._state(Status.ONLINE))
        try:
            self._birth = self._send_message(
                Outgoing(Topic.STATE.of(self._pad), birth, self._retains)
            )
        except PacketTooLargeError as error:
            self._obstacles.stands(Obstacle.TOO_SMALL, str(error))
            raise ConnectionEndedError(Disconnected(str(error))) from error
        self._delivery.birth_published(self._mono_ms())

    async def _wait(self, step: Wait, events: EventQueue) -> None:
        now_ms = self._mono_ms()
        if self._reconnect.settled(now_ms):
            self._obstacles.over(Obstacle.DUPLICATE)
        if self._connection is None or not self._connection.unacknowledged:
            self._answered_ms = now_ms
        elif now_ms - self._answered_ms >= ANSWER_MS:
            problem = f"the broker has acknowledged nothing for {ANSWER_MS // 1000} s"
            raise ConnectionEndedError(Disconnected(problem))
        dates = (step.until_ms, self._reconnect.settles_ms, self._answered_ms + ANSWER_MS)
        until_ms = min(date for date in dates if date is not None)
        try:
            async with asyncio.timeout(max(0, until_ms - now_ms) / 1000):
                item = await events.get()
        except TimeoutError:
            return
        await self._take(item)

    async def _send(self, step: SendEntries) -> None:
        ledger, hash_name = self._ledger, self._source.hash_name
        segment = await self._source.read(*step)
        if ledger != self._source.ledger_id:
            return  # a new ledger was opened during the read
        payload = b""
        if segment.entries:
            if len(segment.entries) < LONG_ENTRIES:
                payload, deflated = _write(ledger, segment, hash_name)
            else:
                payload, deflated = await asyncio.to_thread(_write, ledger, segment, hash_name)
            batch = Outgoing(Topic.ENTRIES.of(self._pad), payload, deflated=deflated)
            try:
                self._batches.add(self._send_message(batch))
            except PacketTooLargeError as error:
                seq = self._delivery.too_long(segment, self._mono_ms())
                if seq is not None:
                    self._obstacles.entry_too_long(seq, error)
                return
        self._delivery.sent(segment, self._mono_ms(), len(payload))

    async def _take(self, item: Event | None) -> None:
        if isinstance(item, Disconnected):
            raise ConnectionEndedError(item)
        if isinstance(item, Incoming):
            try:
                await self._dispatch(item)
            except ContractError as error:
                self._log.warn(f"a message on {item.topic} was not understood: {error}")
            if self._connection is not None:
                self._connection.ack(item.mid)
        elif isinstance(item, Acked):
            self._acknowledged(item)

    def _acknowledged(self, ack: Acked) -> None:
        self._answered_ms = self._mono_ms()
        if ack.refusal is not None:
            self._log.warn(f"the broker refused a message: {ack.refusal}")
            obstacle = obstacle_of(ack.code)
            # Not for an answer: the command's sender named its topic.
            if obstacle is not None and ack.mid not in self._answers:
                self._obstacles.stands(obstacle, ack.refusal)
        elif ack.code == NO_MATCHING_SUBSCRIBERS and ack.mid == self._birth:
            self._observer.unreachable("no receiver of the province listens at the broker")
        self._answers.discard(ack.mid)
        if ack.mid in self._batches:
            self._batches.discard(ack.mid)
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
        if self._delivery.achieved:
            self._obstacles.achieved(self._delivery.mark)
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
        """Publish now, or not at all: there will be a newer message of this kind."""
        if not self._connected:
            return None
        retained = retained and self._retains
        try:
            return self._send_message(
                Outgoing(topic.of(self._pad), write_message(message), retained)
            )
        except PacketTooLargeError as error:
            self._log.warn(str(error))
        except ConnectionError:
            log.debug("uplink: nothing was published, the connection has ended")
        return None

    def _send_message(self, message: Outgoing) -> int:
        """Raises ConnectionError and PacketTooLargeError."""
        if self._connection is None:
            raise ConnectionEndedError(Disconnected("no connection"))
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
