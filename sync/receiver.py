"""The province's end of the wire: from the broker into a store, and receipts back.

Receivers are members of a shared subscription and keep nothing: any may die at any moment. The
order of things is the promise: one transaction, then the receipts, then the acknowledgement to
the broker. A database that is down stops the flow and nothing else; a message that is no good, or
that the database chokes on, becomes evidence and never holds up its neighbours.

Threads: paho's puts what happened into an inbox; one worker does everything else.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

from sync.delivery import full_jitter_ms
from sync.messages import (
    LEDGER_ID,
    MAX_SEQ,
    ContractError,
    Health,
    Message,
    Problem,
    Receipt,
    Reported,
    State,
    Status,
    Topic,
    read_message,
    read_topic,
    write_message,
)
from sync.mqtt import (
    Acked,
    BrokerAddress,
    Connected,
    Connection,
    Disconnected,
    Event,
    Incoming,
    Outgoing,
)
from sync.store_port import Arrival, Store, evidence, read_arrival

__all__ = ["Arrival", "BrokerAddress", "Receiver", "Store"]

log = logging.getLogger(__name__)

UPWARD = (Topic.ENTRIES, Topic.STATE, Topic.HEALTH, Topic.REPORTED)
GROUP_MAX = 64
"""Messages in one transaction, at most; what came while the last one ran is taken together."""
RECEIVE_MAXIMUM = 256
"""Unacknowledged messages that the broker may have out to one receiver (it may allow fewer)."""
GAP_PATIENCE_S = 0.25
"""How long a batch waits for the one before it, which another receiver may be storing."""
GAP_RETRY_S = 0.01
RECONNECT_BASE_MS = 500
RECONNECT_MAX_MS = 30_000
STORE_BASE_MS = 250
STORE_MAX_MS = 15_000
STORE_IS_DOWN = 3
"""After so many failures in a row it is not the messages."""
CLOSE_S = 2.0


class _Item(NamedTuple):
    """A message on its way into the store: an arrival or another message.

    `told`: whether the pad gets to know what became of it; a problem with its health, say, must
    not hold up its entries. `waiting_until_s`: how long to wait for the batch before this one;
    `retry_s`: when to look again whether it is there.
    """

    mid: int
    arrival: Arrival | None = None
    other: tuple[str, Message] | None = None
    told: bool = True
    waiting_until_s: float | None = None
    retry_s: float = 0.0

    @property
    def place(self) -> tuple[str, int]:
        """Sorts batches of one ledger into their order, whichever way they came."""
        batch = self.arrival.batch if self.arrival else None
        return (batch.header.ledger, batch.header.first) if batch else ("", 0)


Answer = tuple[str, Receipt]  # the pad, and what it is told
Outcome = tuple[_Item, list[Answer]]


Inbox = SimpleQueue[Event | None]
"""What happened to one link, in its order; None only asks to look around."""


class Receiver:
    """Takes what pads send into `store`, from `start` to `stop`.

    `share`: the name of the shared subscription; None subscribes alone (a broker without shared
    subscriptions). `store` is called from the worker thread only.
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
        self._store = store
        self._share = share
        self._rng = rng or random.SystemRandom()
        self._client_id = client_id or f"receiver-{random.SystemRandom().getrandbits(48):012x}"
        self._keepalive_s = keepalive_s
        self._wall_ms = wall_ms or (lambda: time.time_ns() // 1_000_000)
        self._stopping = threading.Event()
        self._inbox = Inbox()
        self._link: Connection | None = None
        self._store_failures = 0
        self._worker = threading.Thread(target=self._work, name="receiver", daemon=True)
        self.connected = threading.Event()
        """Set while the subscription stands."""

    def start(self) -> None:
        """Begin, on threads of its own; goes on until `stop`, whatever the network does."""
        self._worker.start()

    def stop(self) -> None:
        """Finish the group at hand, say goodbye to the broker, end. Safe to call twice."""
        self._stopping.set()
        self._inbox.put(None)
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
                if self._link is not None:
                    self._link.abort()
                self._link = None
            self._stopping.wait(
                full_jitter_ms(self._rng, attempt, RECONNECT_BASE_MS, RECONNECT_MAX_MS) / 1000
            )

    def _hold_session(self) -> None:
        inbox = self._inbox = Inbox()
        link = self._link = Connection(
            self._broker,
            self._client_id,
            inbox.put,
            keepalive_s=self._keepalive_s,
            manual_ack=True,
            receive_maximum=RECEIVE_MAXIMUM,
        )
        link.open()
        waiting: list[_Item] = []
        while not self._stopping.is_set():
            messages = self._next_group(inbox, GAP_RETRY_S if waiting else None)
            now_s = time.monotonic()
            group = [item for item in waiting if item.retry_s <= now_s]
            waiting = [item for item in waiting if item.retry_s > now_s]
            for message in messages:
                item = self._read(message)
                if item is None:
                    link.ack(message.mid)
                else:
                    group.append(item)
            if group:
                waiting += self._handle_group(link, group)
        link.close()
        deadline_s = time.monotonic() + CLOSE_S
        while time.monotonic() < deadline_s:
            try:
                if isinstance(inbox.get(timeout=CLOSE_S), Disconnected):
                    return
            except Empty:
                return

    def _next_group(self, inbox: Inbox, timeout_s: float | None) -> list[Incoming]:
        """Wait for a message, then take all that are there. Raises ConnectionError."""
        group: list[Incoming] = []
        try:
            item = inbox.get(timeout=timeout_s)
            while True:
                if isinstance(item, Disconnected):
                    raise ConnectionError(item.reason)
                if isinstance(item, Connected):
                    self._subscribe()
                elif isinstance(item, Incoming):
                    group.append(item)
                elif isinstance(item, Acked) and item.refusal is not None:
                    log.warning("receiver: the broker refused a receipt: %s", item.refusal)
                if self._stopping.is_set():
                    return []
                if len(group) >= GROUP_MAX:
                    return group
                item = inbox.get_nowait()
        except Empty:
            return group

    def _subscribe(self) -> None:
        prefix = f"$share/{self._share}/" if self._share is not None else ""
        if self._link is not None:
            self._link.subscribe([prefix + topic.of("+") for topic in UPWARD])
            self.connected.set()

    # --- a group of messages ---

    def _read(self, message: Incoming) -> _Item | None:
        """What a message is; None for one that concerns nobody here."""
        named = read_topic(message.topic)
        if named is None:
            log.warning("receiver: a message on %r, which is no pad's topic", message.topic)
            return None
        pad, topic = named
        now_ms = self._wall_ms()
        if topic is Topic.ENTRIES:
            arrival = read_arrival(pad, message.payload, message.deflated, now_ms)
            return _Item(message.mid, arrival)
        if not message.payload:
            return None  # someone cleared a retained message
        kinds: dict[Topic, type[Message]] = {
            Topic.STATE: State,
            Topic.HEALTH: Health,
            Topic.REPORTED: Reported,
        }
        try:
            other = read_message(kinds[topic], message.payload)
            _check(pad, other)
        except ContractError as error:
            arrival = evidence(pad, error, message.payload, now_ms)
            return _Item(message.mid, arrival, told=topic is Topic.STATE)
        return _Item(message.mid, other=(pad, other))

    def _handle_group(self, link: Connection, items: list[_Item]) -> list[_Item]:
        """Store, receipt, acknowledge; the items that are to be tried again."""
        done, failed = self._store_all(items)
        now_s = time.monotonic()
        again = list(failed)
        answers: list[Answer] = []
        acks: list[int] = []
        for item, told in done:
            in_gap = any(receipt.problem is Problem.GAP for _, receipt in told)
            if in_gap and self._share is not None:
                until_s = item.waiting_until_s or now_s + GAP_PATIENCE_S
                if now_s < until_s:
                    retry_s = now_s + GAP_RETRY_S
                    again.append(item._replace(waiting_until_s=until_s, retry_s=retry_s))
                    continue
            answers += told
            acks.append(item.mid)
        for pad, receipt in condense(answers):
            link.publish(Outgoing(Topic.RECEIPT.of(pad), write_message(receipt)))
        for mid in acks:
            link.ack(mid)
        if failed:
            self._store_failures += 1
            wait_ms = full_jitter_ms(self._rng, self._store_failures, STORE_BASE_MS, STORE_MAX_MS)
            self._stopping.wait(wait_ms / 1000)
        else:
            self._store_failures = 0
        return again

    def _store_all(self, items: list[_Item]) -> tuple[list[Outcome], list[_Item]]:
        """What is stored with its answers, and what could not be and is to be tried again."""
        # A store is free to raise whatever its database raises, hence the broad excepts.
        try:
            return self._store_group(items), []
        except Exception as error:  # noqa: BLE001 -- the store's
            log.warning("receiver: the store failed, trying one by one: %r", error)
        done: list[Outcome] = []
        failed: list[_Item] = []
        blamed: list[_Item] = []
        untried = list(items)
        while untried and len(failed) < STORE_IS_DOWN:
            item = untried.pop(0)
            try:
                done += self._store_group([item])
            except Exception as error:  # noqa: BLE001 -- the store's
                log.warning("receiver: the store failed: %r", error)
                failed.append(item)
            else:  # the store works, so those before this one failed on their own
                blamed += failed
                failed = []
        for item in blamed:
            try:
                done += self._store_group([item])
            except Exception as error:  # noqa: BLE001 -- the store's
                outcome = self._store_as_evidence(item, error)
                if outcome is None:
                    failed.append(item)
                else:
                    done.append(outcome)
        return done, untried + failed  # the untried first: one of them will tell who is to blame

    def _store_as_evidence(self, item: _Item, error: Exception) -> Outcome | None:
        """Keep the bytes of a message that the store cannot take; None when it cannot even that."""
        log.error("receiver: the store cannot take this message", exc_info=error)
        pad = item.arrival.pad if item.arrival else item.other[0] if item.other else ""
        payload = item.arrival.payload if item.arrival else b""
        if item.other is not None:
            payload = write_message(item.other[1])
        problem = ContractError(
            Problem.MALFORMED, f"the store cannot take it: {type(error).__name__}"
        )
        kept = _Item(item.mid, evidence(pad, problem, payload, self._wall_ms()), told=item.told)
        try:
            return (item, self._store_group([kept])[0][1])
        except Exception:
            log.exception("receiver: the store does not keep the evidence either")
            return None

    def _store_group(self, items: list[_Item]) -> list[Outcome]:
        """One transaction for all batches, then one for each of the others. Raises as the store."""
        taken = sorted((i for i in items if i.arrival is not None), key=lambda item: item.place)
        outcomes: list[Outcome] = []
        if taken:
            receipts = self._store.take([item.arrival for item in taken if item.arrival])
            for item, receipt in zip(taken, receipts, strict=True):
                pad = item.arrival.pad if item.arrival else ""
                outcomes.append((item, [(pad, receipt)] if item.told else []))
        for item in items:
            if item.other is not None:
                outcomes.append((item, self._store_other(*item.other)))
        return outcomes

    def _store_other(self, pad: str, message: Message) -> list[Answer]:
        if isinstance(message, State):
            receipt = self._store.birth(pad, message)
            return [(pad, receipt)] if message.status is Status.ONLINE else []
        if isinstance(message, Health):
            self._store.health(pad, message)
        elif isinstance(message, Reported):
            self._store.reported(pad, message)
        return []


def _check(pad: str, message: Message) -> None:
    """Raises ContractError for what no pad says of itself."""
    if not isinstance(message, State):
        return
    if message.pad != pad:
        raise ContractError(Problem.FOREIGN, f"pad {pad} speaks as pad {message.pad}")
    if not LEDGER_ID.fullmatch(message.ledger):
        raise ContractError(Problem.MALFORMED, "no ledger id")
    if not all(0 <= n <= MAX_SEQ for n in (message.boots, message.session, message.seq)):
        raise ContractError(Problem.MALFORMED, "a number is out of range")


def condense(answers: list[Answer]) -> list[Answer]:
    """The receipts that a pad needs of those that a group produced, in their order.

    All of one ledger tell the same head or an earlier one, so the highest says it all; besides it
    only the answer to each birth, and each problem once.
    """
    wanted: dict[tuple[str, str, str | None, Problem | None], Receipt] = {}
    for pad, receipt in answers:
        key = (pad, receipt.ledger, receipt.session, receipt.problem)
        before = wanted.get(key)
        if before is None or receipt.seq >= before.seq:
            wanted[key] = receipt
    return [(key[0], receipt) for key, receipt in wanted.items()]
