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

from sync.delivery import full_jitter_ms
from sync.messages import Topic
from sync.mqtt import (
    Acked,
    BrokerAddress,
    Connected,
    Connection,
    Disconnected,
    Event,
    Incoming,
    Subscribed,
)
from sync.store_port import Arrival, Store
from sync.store_worker import StoreWorker

__all__ = ["Arrival", "BrokerAddress", "Receiver", "Store"]

log = logging.getLogger(__name__)

UPWARD = (Topic.ENTRIES, Topic.STATE, Topic.HEALTH, Topic.REPORTED)
RECEIVE_MAXIMUM = 256
"""Unacknowledged messages that the broker may have out to one receiver (it may allow fewer)."""
RECONNECT_BASE_MS = 500
RECONNECT_MAX_MS = 30_000
CLOSE_S = 2.0

EventQueue = SimpleQueue[Event | None]
"""A connection's events but its messages, in their order. None: `stop` was called."""


class Receiver:
    """Stores what pads send in `store`, from `start` to `stop`.

    `share`: the name of the shared subscription; None subscribes alone (for a broker without shared
    subscriptions). `store` is called from the store's worker only.
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
    ) -> None:
        self._broker = broker
        self._share = share
        self._rng = rng or random.SystemRandom()
        self._client_id = client_id or f"receiver-{random.SystemRandom().getrandbits(48):012x}"
        self._keepalive_s = keepalive_s
        self._stopping = threading.Event()
        self._events = EventQueue()
        self._connection: Connection | None = None
        # Without a shared subscription this receiver gets every batch, in order.
        self._storing = StoreWorker(store, shared=share is not None, rng=self._rng, wall_ms=wall_ms)
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
        attempt = 0
        while not self._stopping.is_set():
            try:
                self._hold_session()
                attempt = 0
            except ConnectionError as error:
                attempt = 0 if self.connected.is_set() else attempt + 1
                log.info("receiver: %s", error)
            except Exception:  # the thread's outermost frame: the next session starts afresh
                attempt += 1
                log.exception("receiver: the session failed")
            finally:
                self.connected.clear()
                if self._connection is not None:
                    self._storing.forget(self._connection)
                    self._connection.abort()
                self._connection = None
            self._stopping.wait(
                full_jitter_ms(self._rng, attempt, RECONNECT_BASE_MS, RECONNECT_MAX_MS) / 1000
            )

    def _hold_session(self) -> None:
        """One connection, from connect until it ends (ConnectionError) or `stop` is called."""
        events = self._events = EventQueue()
        connection = self._connection = Connection(
            self._broker,
            self._client_id,
            partial(self._sort, events),
            keepalive_s=self._keepalive_s,
            manual_ack=True,
            receive_maximum=RECEIVE_MAXIMUM,
        )
        connection.open()
        while not self._stopping.is_set():
            self._handle_event(connection, events.get())
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
        """Raises ConnectionError when the connection has ended."""
        if isinstance(event, Disconnected):
            raise ConnectionError(event.reason)
        if isinstance(event, Connected):
            prefix = f"$share/{self._share}/" if self._share is not None else ""
            connection.subscribe([prefix + topic.of("+") for topic in UPWARD])
        elif isinstance(event, Subscribed):
            self.connected.set()
        elif isinstance(event, Acked) and event.refusal is not None:
            log.warning("receiver: the broker refused a receipt: %s", event.refusal)
