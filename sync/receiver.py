"""The province's end of the connection: holds the subscription, one connection after another.

Receivers are members of a shared subscription and keep nothing: any may die at any moment. What
arrives goes to the store's worker (store_worker.py), which stores, answers and acknowledges it.

Threads: paho's thread puts messages into the worker's queue and all other events into one of the
receiver's, whose thread connects, subscribes and reconnects.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue

from sync.connection_log import ConnectionLog
from sync.messages import MAX_PACKET_UP_BYTES, Topic
from sync.mqtt import (
    Acked,
    BrokerAddress,
    BrokerLimits,
    Connected,
    Connection,
    ConnectionEndedError,
    Disconnected,
    Event,
    Incoming,
    Subscribed,
)
from sync.obstacles import QOS_NOT_SUPPORTED, Obstacle, obstacle_of
from sync.receiver_counts import ReceiverCounts
from sync.reconnect import Reconnect
from sync.store_port import Arrival, Store
from sync.store_worker import StoreWorker

__all__ = ["Arrival", "BrokerAddress", "Receiver", "Store"]

log = logging.getLogger(__name__)

UPWARD = (Topic.ENTRIES, Topic.STATE, Topic.HEALTH, Topic.REPORTED)
RECEIVE_MAXIMUM = 256
"""Unacknowledged messages that the broker may have out to one receiver (it may allow fewer)."""
INBOX_BYTES = 32 * 1024 * 1024
"""What messages may take that are not stored yet; then nothing is read from the broker until there
is room: as much as a hundred batches of the greatest size."""
PACKET_BYTES_MIN = 1024
"""The shortest packet that a broker must take: no receipt is longer."""
RECONNECT_BASE_MS = 500
RECONNECT_MAX_MS = 30_000
IDLE_MS = 10_000
"""A subscription that has lasted so long has achieved something, though no pad had anything."""
COUNTS_S = 60.0
CLOSE_S = 2.0

EventQueue = SimpleQueue[Event | None]
"""A connection's events but its messages, in their order. None: `stop` was called."""


class Receiver:
    """Stores what pads send in `store`, from `start` to `stop`.

    `share`: the name of the shared subscription; None subscribes alone (for a broker without shared
    subscriptions). `store` is called from the store's worker only. `obstructed` is called, on the
    receiver's thread, with what somebody must change before the broker can be worked with: once,
    and again after it was over.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        store: Store,
        *,
        share: str | None = "province",
        client_id: str | None = None,
        keepalive_s: int = 30,
        rng: random.Random | None = None,
        wall_ms: Callable[[], int] | None = None,
        obstructed: Callable[[Obstacle, str], None] = lambda _, __: None,
    ) -> None:
        self._broker = broker
        self._share = share
        rng = rng or random.SystemRandom()
        self._reconnect = Reconnect(rng, RECONNECT_BASE_MS, RECONNECT_MAX_MS)
        self._log = ConnectionLog(log, "receiver", str(broker))
        self._obstructed = obstructed
        self._standing: set[Obstacle] = set()
        self._subscribed_ms: int | None = None
        self._counts = ReceiverCounts()
        self._counted_s = time.monotonic()
        self._client_id = client_id or f"receiver-{random.SystemRandom().getrandbits(48):012x}"
        self._keepalive_s = keepalive_s
        self._stopping = threading.Event()
        self._events = EventQueue()
        self._connection: Connection | None = None
        # Without a shared subscription this receiver gets every batch, in order.
        self._storing = StoreWorker(
            store, shared=share is not None, rng=rng, wall_ms=wall_ms, counts=self._counts
        )
        self._worker = threading.Thread(target=self._work, name="receiver", daemon=True)
        self.connected = threading.Event()
        """Set while the broker has the subscription: what pads publish is received."""

    def start(self) -> None:
        """Begin, on threads of its own; reconnects without limit until `stop`."""
        self._storing.start()
        self._worker.start()

    def stop(self) -> None:
        """Finish the group under way, disconnect, end the threads. Safe to call twice.

        Returns after `store_worker.STOP_S` and `CLOSE_S` at the latest; what a database or a broker
        that does not answer has kept from being finished is then left, and delivered again.
        """
        self._storing.stop()
        self._stopping.set()
        self._events.put(None)
        if self._worker.is_alive() and self._worker is not threading.current_thread():
            self._worker.join()

    # --- one connection after another ---

    def _work(self) -> None:
        while not self._stopping.is_set():
            ended = Disconnected("the session failed")
            self._log.connecting()
            try:
                self._hold_session()
            except ConnectionEndedError as error:
                ended = error.event
            except Exception:  # the thread's outermost frame: the next session starts afresh
                log.exception("receiver: the session failed")
            wait_ms = self._judge(ended)
            self._end_session()
            self._stopping.wait(wait_ms / 1000)

    def _judge(self, ended: Disconnected) -> int:
        """What the end of a session means for the next; returns how long to wait, in ms."""
        if self._stopping.is_set():
            return 0
        now_ms = _mono_ms()
        stored = self._connection is not None and self._connection.dealt_with > 0
        achieved = self._has_achieved(now_ms)
        wait_ms = self._reconnect.ended(
            now_ms, achieved=achieved, moved=stored, code=ended.code, broke=ended.broke
        )
        if achieved:
            self._standing.clear()
        obstacle = Obstacle.DUPLICATE if self._reconnect.contested else obstacle_of(ended.code)
        if obstacle is not None and obstacle not in self._standing:
            self._standing.add(obstacle)
            self._obstructed(obstacle, ended.reason)
        self._log.lost(ended.reason, wait_ms)
        return wait_ms

    def _has_achieved(self, now_ms: int) -> bool:
        """Whether the broker granted the subscription, and something was stored or nothing came."""
        if self._subscribed_ms is None or self._connection is None:
            return False
        return self._connection.dealt_with > 0 or now_ms - self._subscribed_ms >= IDLE_MS

    def _end_session(self) -> None:
        self.connected.clear()
        self._subscribed_ms = None
        if self._connection is not None:
            self._storing.forget(self._connection)
            self._connection.abort()
        self._connection = None

    def _hold_session(self) -> None:
        """One connection, from connect until it ends (ConnectionError) or `stop` is called."""
        events = self._events = EventQueue()
        connection = self._connection = Connection(
            self._broker,
            self._client_id,
            partial(self._sort, events),
            keepalive_s=self._keepalive_s,
            packet_bytes=MAX_PACKET_UP_BYTES,
            receive_maximum=RECEIVE_MAXIMUM,
            inbox_bytes=INBOX_BYTES,
        )
        connection.open()
        while not self._stopping.is_set():
            try:
                event = events.get(timeout=self._until_counts_s())
            except Empty:
                continue
            self._handle_event(connection, event)
        connection.close()
        deadline_s = time.monotonic() + CLOSE_S
        while time.monotonic() < deadline_s:
            try:
                if isinstance(events.get(timeout=CLOSE_S), Disconnected):
                    return
            except Empty:
                return

    def _sort(self, events: EventQueue, event: Event) -> None:
        """Messages to the store's worker, the rest to the receiver's thread; on paho's thread."""
        if isinstance(event, Incoming):
            connection = self._connection
            if connection is not None:
                self._storing.put(connection, event)
        else:
            events.put(event)

    def _handle_event(self, connection: Connection, event: Event | None) -> None:
        """Raises ConnectionEndedError when the connection has ended, or is of no use."""
        if isinstance(event, Disconnected):
            raise ConnectionEndedError(event)
        if isinstance(event, Connected):
            self._reconnect.connected(_mono_ms())
            self._refuse_lacking(event.limits)
            prefix = f"$share/{self._share}/" if self._share is not None else ""
            connection.subscribe([prefix + topic.of("+") for topic in UPWARD])
        elif isinstance(event, Subscribed):
            self._subscribed_ms = _mono_ms()
            self._log.connected(", subscribed")
            self.connected.set()
        elif isinstance(event, Acked) and event.refusal is not None:
            self._log.warn(f"the broker refused a receipt: {event.refusal}")

    def _refuse_lacking(self, limits: BrokerLimits) -> None:
        """Raises ConnectionEndedError when the broker cannot do what a receiver needs."""
        lacks = ""
        if limits.maximum_qos < 1:
            lacks = "QoS 1 (Maximum QoS 0)"
        elif self._share is not None and not limits.shared:
            lacks = "shared subscriptions"
        elif not limits.wildcards:
            lacks = "subscriptions with wildcards"
        elif limits.packet_bytes < PACKET_BYTES_MIN:
            lacks = f"packets of {PACKET_BYTES_MIN} bytes (it takes {limits.packet_bytes})"
        if lacks:
            problem = f"the broker is without {lacks}"
            raise ConnectionEndedError(Disconnected(problem, QOS_NOT_SUPPORTED))

    def _until_counts_s(self) -> float:
        """Log the counts of a minute that is over; returns how long the present one lasts."""
        now_s = time.monotonic()
        if now_s - self._counted_s >= COUNTS_S:
            self._counted_s = now_s
            log.info("receiver: in the last minute %s", self._counts.line())
        return self._counted_s + COUNTS_S - now_s


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000
