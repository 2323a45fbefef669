"""The receiver's work on its store: takes what pads have sent in groups, answers, acknowledges.

No rating is lost because of the order: first one transaction, then the receipts, then the
acknowledgements to the broker. What is interrupted before its acknowledgement is delivered again,
to this receiver or another one, and a batch that is stored already is recognised and receipted
again.

While the database is down nothing is acknowledged or receipted, and the pads keep their entries. A
message that is not in the contract, or that the database cannot store, is kept as evidence and does
not delay the others.

Thread: one of its own, so that a slow database delays neither the broker's connection nor a stop.
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
from sync.mqtt import Connection, Incoming, Outgoing
from sync.store_port import Arrival, Store, evidence, read_arrival

log = logging.getLogger(__name__)

GROUP_MAX = 64
"""Messages in one transaction, at most: those that arrived while the last transaction ran."""
GAP_TIMEOUT_S = 0.25
"""How long a batch waits for the one before it, which another receiver may be storing. Only then is
the gap receipted, and the pad sends from its mark again."""
GAP_RETRY_S = 0.01
STORE_BASE_MS = 250
STORE_MAX_MS = 15_000
STORE_DOWN_FAILURES = 3
"""After so many failures in a row the store counts as down, and no message is suspected."""
STOP_S = 6.0
"""How long `stop` waits for the group under way."""


class _Pending(NamedTuple):
    """A message that is to be stored: an arrival, or a message of another kind with its pad.

    `connection`, `mid`: for the acknowledgement. `answered`: whether the pad is sent a receipt; a
    problem with its health report, for instance, must not delay its entries. `waiting_until_s`:
    until when it waits for the batch before it; `retry_s`: when it is tried again. Both by
    time.monotonic().
    """

    connection: Connection
    mid: int
    arrival: Arrival | None = None
    other: tuple[str, Message] | None = None
    answered: bool = True
    waiting_until_s: float | None = None
    retry_s: float = 0.0

    @property
    def sort_key(self) -> tuple[str, int]:
        """Brings the batches of one ledger into their order, in whatever order they arrived."""
        batch = self.arrival.batch if self.arrival else None
        return (batch.header.ledger, batch.header.first) if batch else ("", 0)


PadReceipt = tuple[str, Receipt]
"""A pad, and a receipt for it."""
Outcome = tuple[_Pending, list[PadReceipt]]


class StoreWorker:
    """Stores what `put` is given, on a thread of its own, from `start` to `stop`.

    `shared`: other receivers may get some of a pad's batches. `store` is called from the worker's
    thread only; `put`, `forget` and `stop` may be called from any.
    """

    def __init__(
        self,
        store: Store,
        *,
        shared: bool,
        rng: random.Random,
        wall_ms: Callable[[], int] | None = None,
    ) -> None:
        self._store = store
        self._shared = shared
        self._rng = rng
        self._wall_ms = wall_ms or (lambda: time.time_ns() // 1_000_000)
        self._stopping = threading.Event()
        self._inbox: SimpleQueue[tuple[Connection, Incoming] | None] = SimpleQueue()
        self._gone: Connection | None = None
        self._store_failures = 0
        self._thread = threading.Thread(target=self._work, name="receiver-store", daemon=True)

    def start(self) -> None:
        """Begin, on a thread of its own."""
        self._thread.start()

    def put(self, connection: Connection, message: Incoming) -> None:
        """Take a message to be stored; it is answered and acknowledged on `connection`."""
        self._inbox.put((connection, message))

    def forget(self, connection: Connection) -> None:
        """The connection has ended: the broker delivers again what is not acknowledged."""
        self._gone = connection

    def stop(self) -> bool:
        """Finish the group under way; False when it was not finished after `STOP_S`."""
        self._stopping.set()
        self._inbox.put(None)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(STOP_S)
        return not self._thread.is_alive()

    # --- the worker's thread ---

    def _work(self) -> None:
        waiting: list[_Pending] = []
        while not self._stopping.is_set():
            try:
                waiting = self._work_once(waiting)
            except Exception:  # the thread's outermost frame: nothing of the group is acknowledged
                log.exception("receiver: a group failed")
                waiting = []

    def _work_once(self, waiting: list[_Pending]) -> list[_Pending]:
        """Store what has arrived; returns what is to be tried again."""
        messages = self._next_group(GAP_RETRY_S if waiting else None)
        now_s = time.monotonic()
        waiting = [item for item in waiting if item.connection is not self._gone]
        group = [item for item in waiting if item.retry_s <= now_s]
        waiting = [item for item in waiting if item.retry_s > now_s]
        for connection, message in messages:
            if connection is self._gone:
                continue
            item = self._read(connection, message)
            if item is None:
                connection.ack(message.mid)
            else:
                group.append(item)
        return waiting + self._handle_group(group) if group else waiting

    def _next_group(self, timeout_s: float | None) -> list[tuple[Connection, Incoming]]:
        """Wait for a message, then take all that have arrived."""
        group: list[tuple[Connection, Incoming]] = []
        try:
            item = self._inbox.get(timeout=timeout_s)
            while item is not None and not self._stopping.is_set():
                group.append(item)
                if len(group) >= GROUP_MAX:
                    return group
                item = self._inbox.get_nowait()
        except Empty:
            return group
        return []  # stopped

    # --- a group of messages ---

    def _read(self, connection: Connection, message: Incoming) -> _Pending | None:
        """The message as it is to be stored; None for one that is only acknowledged."""
        named = read_topic(message.topic)
        if named is None:
            log.warning("receiver: a message on %r, which is no pad's topic", message.topic)
            return None
        pad, topic = named
        now_ms = self._wall_ms()
        if topic is Topic.ENTRIES:
            arrival = read_arrival(pad, message.payload, message.deflated, now_ms)
            return _Pending(connection, message.mid, arrival)
        if not message.payload:
            return None  # a retained message was cleared
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
            return _Pending(connection, message.mid, arrival, answered=topic is Topic.STATE)
        return _Pending(connection, message.mid, other=(pad, other))

    def _handle_group(self, items: list[_Pending]) -> list[_Pending]:
        """Store, send receipts, acknowledge; returns the items that are to be tried again.

        The order matters. A receipt before the commit could promise what is never stored (law 3).
        An acknowledgement before the receipt could lose the receipt with this process: the broker
        would not deliver the batch again, and the pad would wait until its timeout.
        """
        done, failed = self._store_all(items)
        now_s = time.monotonic()
        again = list(failed)
        receipts: list[PadReceipt] = []
        answered: list[_Pending] = []
        for item, item_receipts in done:
            in_gap = any(receipt.problem is Problem.GAP for _, receipt in item_receipts)
            # Without a shared subscription this receiver gets every batch, in order: no other one
            # can have the missing batch.
            if in_gap and self._shared:
                until_s = item.waiting_until_s or now_s + GAP_TIMEOUT_S
                if now_s < until_s:
                    retry_s = now_s + GAP_RETRY_S
                    again.append(item._replace(waiting_until_s=until_s, retry_s=retry_s))
                    continue
            receipts += item_receipts
            answered.append(item)
        connection = items[-1].connection  # a receipt is right on whichever is open
        for pad, receipt in condense(receipts):
            connection.publish(Outgoing(Topic.RECEIPT.of(pad), write_message(receipt)))
        for item in answered:
            item.connection.ack(item.mid)
        if failed:
            self._store_failures += 1
            wait_ms = full_jitter_ms(self._rng, self._store_failures, STORE_BASE_MS, STORE_MAX_MS)
            self._stopping.wait(wait_ms / 1000)
        else:
            self._store_failures = 0
        return again

    def _store_all(self, items: list[_Pending]) -> tuple[list[Outcome], list[_Pending]]:
        """What is stored, with its receipts, and what could not be and is to be tried again.

        A group that fails is tried message by message, to find out who is to blame. A message that
        fails while others can be stored is the cause itself: it is kept as evidence, or it would be
        delivered and fail without end. When every message fails, the store is down: then none is
        suspected, and all are tried again later.
        """
        # A store may raise whatever its database raises, hence the broad excepts.
        try:
            return self._store_group(items), []
        except Exception as error:  # noqa: BLE001 -- the store's
            log.warning("receiver: the store failed, trying one by one: %r", error)
        done: list[Outcome] = []
        failed: list[_Pending] = []
        suspects: list[_Pending] = []
        untried = list(items)
        while untried and len(failed) < STORE_DOWN_FAILURES:
            item = untried.pop(0)
            try:
                done += self._store_group([item])
            except Exception as error:  # noqa: BLE001 -- the store's
                log.warning("receiver: the store failed: %r", error)
                failed.append(item)
            else:  # the store works, so the failures before this one were the messages' own
                suspects += failed
                failed = []
        for item in suspects:
            try:
                done += self._store_group([item])
            except Exception as error:  # noqa: BLE001 -- the store's
                outcome = self._store_as_evidence(item, error)
                if outcome is None:
                    failed.append(item)
                else:
                    done.append(outcome)
        # The untried first: one that can be stored shows that the failed ones are to blame.
        return done, untried + failed

    def _store_as_evidence(self, item: _Pending, error: Exception) -> Outcome | None:
        """Keep the bytes of a message that the store cannot take; None when that fails, too."""
        log.error("receiver: the store cannot take this message", exc_info=error)
        pad = item.arrival.pad if item.arrival else item.other[0] if item.other else ""
        payload = item.arrival.payload if item.arrival else b""
        if item.other is not None:
            payload = write_message(item.other[1])
        problem = ContractError(
            Problem.MALFORMED, f"the store cannot take it: {type(error).__name__}"
        )
        kept = _Pending(
            item.connection,
            item.mid,
            evidence(pad, problem, payload, self._wall_ms()),
            answered=item.answered,
        )
        try:
            return (item, self._store_group([kept])[0][1])
        except Exception:
            log.exception("receiver: the store cannot keep the evidence either")
            return None

    def _store_group(self, items: list[_Pending]) -> list[Outcome]:
        """One transaction for all arrivals, then one for each other message. Raises what the store
        raises; then everything of the group may be tried again.
        """
        taken = sorted((i for i in items if i.arrival is not None), key=lambda item: item.sort_key)
        outcomes: list[Outcome] = []
        if taken:
            receipts = self._store.take([item.arrival for item in taken if item.arrival])
            for item, receipt in zip(taken, receipts, strict=True):
                pad = item.arrival.pad if item.arrival else ""
                outcomes.append((item, [(pad, receipt)] if item.answered else []))
        for item in items:
            if item.other is not None:
                outcomes.append((item, self._store_other(*item.other)))
        return outcomes

    def _store_other(self, pad: str, message: Message) -> list[PadReceipt]:
        if isinstance(message, State):
            receipt = self._store.birth(pad, message)
            return [(pad, receipt)] if message.status is Status.ONLINE else []
        if isinstance(message, Health):
            self._store.health(pad, message)
        elif isinstance(message, Reported):
            self._store.reported(pad, message)
        return []


def _check(pad: str, message: Message) -> None:
    """Raises ContractError for a state that no pad can have."""
    if not isinstance(message, State):
        return
    if message.pad != pad:
        raise ContractError(Problem.FOREIGN, f"pad {pad} speaks as pad {message.pad}")
    if not LEDGER_ID.fullmatch(message.ledger):
        raise ContractError(Problem.MALFORMED, "no ledger id")
    if not all(0 <= n <= MAX_SEQ for n in (message.boots, message.session, message.seq)):
        raise ContractError(Problem.MALFORMED, "a number is out of range")


def condense(receipts: list[PadReceipt]) -> list[PadReceipt]:
    """Of a group's receipts those that its pads need, in their order.

    A receipt with a higher seq of a ledger makes the lower ones unnecessary. Kept besides: the
    answer to each birth, and each problem once.
    """
    wanted: dict[tuple[str, str, str | None, Problem | None], Receipt] = {}
    for pad, receipt in receipts:
        key = (pad, receipt.ledger, receipt.session, receipt.problem)
        before = wanted.get(key)
        if before is None or receipt.seq >= before.seq:
            wanted[key] = receipt
    return [(key[0], receipt) for key, receipt in wanted.items()]
