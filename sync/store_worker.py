"""The receiver's work on its store: takes what pads have sent in groups, answers, acknowledges.

No rating is lost because of the order: first one transaction, then the receipts, then the
acknowledgements to the broker. What is interrupted before its acknowledgement is delivered again,
to this receiver or another one, and a batch that is stored already is recognised and receipted
again.

What the store cannot do is judged by its cause (`store_port.Cause`), never by counting. Only a
message whose own content the database refuses is kept as evidence and answered as malformed. For
every other cause the message waits: without a connection all of them; else the pad alone whose
message failed, while the others are stored without it. What waits is neither acknowledged nor
receipted, and the pads keep their entries.

Thread: one of its own, so that a slow database delays neither the broker's connection nor a stop.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from sync.acceptance import Refused, receipt_of
from sync.messages import (
    ContractError,
    Problem,
    State,
    Status,
    Topic,
    read_topic,
)
from sync.mqtt import Connection, Incoming
from sync.pad_queue import PadQueue
from sync.receipts import PadReceipt, condense, send
from sync.receiver_counts import ReceiverCounts
from sync.refusal_budget import RefusalBudget
from sync.store_backoff import BLOCKED_MAX_MS, STORE_MAX_MS, StoreBackoff
from sync.store_port import (
    Arrival,
    Cause,
    PadsHeldError,
    Store,
    Told,
    cause_of,
    evidence,
    read_upward,
)
from sync.trouble_log import MinuteCount, TroubleLog, error_text

log = logging.getLogger(__name__)

GROUP_BYTES = 2 * 1024 * 1024
"""Their bytes, at most: what a pad waits for while another one's backlog is stored."""
PAD_MAX = 24
"""Messages of one pad that may wait: its window of 12 batches, once more, is all that it sends."""
WAITING_MAX = 224
"""Messages of all pads that may wait; fewer than the receiver lets the broker have out, so that
those that wait never keep others from arriving."""
WAITING_BYTES = 24 * 1024 * 1024
"""Their bytes; fewer than the receiver reads before it waits for room, for the same reason."""
GAP_TIMEOUT_S = 0.25
"""How long a batch waits for the one before it, which another receiver may be storing. Only then is
the gap receipted, and the pad sends from its mark again."""
GAP_RETRY_S = 0.01
FLOOD_PAUSE_S = 0.005
"""How long a pad waits after a refusal that was only counted: its next ones are then read together,
and not one by one between the good pads' messages."""
COUNTS_EVERY_S = 1.0
"""How often the numbers of refused messages are written, at most."""
FINISH_S = 4.0
"""How long `stop` waits for the group under way, before it makes the store give up."""
STOP_S = 3.0
"""How long it waits then."""


class _Item(NamedTuple):
    """A message that is to be stored.

    `connection`, `mid`: for the acknowledgement. `content`: None until it is read. `answered`:
    whether the pad is sent a receipt; a problem with its health report, for instance, must not
    delay its entries. `gap_until_s`: until when it waits for the batch before it, by
    time.monotonic().
    """

    connection: Connection
    mid: int
    pad: str
    topic: Topic
    payload: bytes
    deflated: bool
    received_ms: int
    content: Arrival | Told | None = None
    answered: bool = True
    gap_until_s: float | None = None

    @property
    def sort_key(self) -> tuple[str, int]:
        """Brings the batches of one ledger into their order, in whatever order they arrived."""
        batch = self.content.batch if isinstance(self.content, Arrival) else None
        return (batch.header.ledger, batch.header.first) if batch else ("", 0)


Outcome = tuple[_Item, list[PadReceipt]]


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
        counts: ReceiverCounts | None = None,
    ) -> None:
        self._store = store
        self._counts = counts or ReceiverCounts()
        self._shared = shared
        self._wall_ms = wall_ms or (lambda: time.time_ns() // 1_000_000)
        self._stopping = False
        self._changed = threading.Condition()
        """Guards the queue, the connection that has gone and the order to stop."""
        self._queue = PadQueue[_Item](PAD_MAX, WAITING_MAX, WAITING_BYTES, _bytes)
        self._gone: Connection | None = None
        self._budget = RefusalBudget()
        self._troubles = TroubleLog(log, time.monotonic)
        self._backoff = StoreBackoff(rng)
        self._counts_due_s = 0.0
        self._lost = MinuteCount(time.monotonic)
        self._strange = MinuteCount(time.monotonic)
        self._thread = threading.Thread(target=self._work, name="receiver-store", daemon=True)

    def start(self) -> None:
        """Begin, on a thread of its own."""
        self._thread.start()

    def put(self, connection: Connection, message: Incoming) -> None:
        """Take a message to be stored; it is answered and acknowledged on `connection`.

        Never waits for the store. A message beyond its pad's share is acknowledged, not stored and
        not receipted: the pad sends it again.
        """
        named = read_topic(message.topic)
        if named is None:
            connection.ack(message.mid)
            if count := self._strange.add():
                log.warning("%d messages on topics of no pad, as %.200r", count, message.topic)
            return
        pad, topic = named
        if not message.payload and topic is not Topic.ENTRIES:
            connection.ack(message.mid)  # a retained message was cleared
            return
        item = _Item(
            *(connection, message.mid, pad, topic, message.payload, message.deflated),
            self._wall_ms(),
        )
        with self._changed:
            lost = self._queue.put(pad, item)
            if not self._queue.is_held(pad, time.monotonic()):
                self._changed.notify()
        if lost is not None:
            lost.connection.ack(lost.mid)
            if count := self._lost.add():
                log.warning(
                    "%d messages beyond their pads' share were left to be sent again, as one of"
                    " pad %s",
                    *(count, lost.pad),
                )

    def forget(self, connection: Connection) -> None:
        """The connection has ended: the broker delivers again what is not acknowledged."""
        with self._changed:
            self._gone = connection
            self._queue.drop(lambda item: item.connection is connection)

    def stop(self) -> bool:
        """Finish the group under way; False when it has not ended after `FINISH_S` + `STOP_S`."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(FINISH_S)
            if self._thread.is_alive():
                self._store.give_up()
                self._thread.join(STOP_S)
        return not self._thread.is_alive()

    # --- the worker's thread ---

    def _work(self) -> None:
        while not self._stopping:
            group = self._next_group()
            try:
                self._work_once(group)
            except Exception:  # the thread's outermost frame
                log.exception("receiver: a group failed; the broker is to deliver it again")
                # Else its unacknowledged messages would go on counting against Receive Maximum.
                for connection in {item.connection for item in group}:
                    connection.abort()
        self._write_counts()

    def _next_group(self) -> list[_Item]:
        """Wait until there is something to do; the messages that may be stored now."""
        with self._changed:
            while not self._stopping:
                now_s = time.monotonic()
                group = []
                if now_s >= self._backoff.down_until_s:
                    group = self._queue.take(self._backoff.group_max, GROUP_BYTES, now_s)
                if group or (self._budget.has_counts and now_s >= self._counts_due_s):
                    return group
                self._changed.wait(self._wait_s(now_s))
            return []

    def _wait_s(self, now_s: float) -> float | None:
        """How long there is nothing to do unless a message arrives; None without limit."""
        times = [self._counts_due_s] if self._budget.has_counts else []
        next_s = self._queue.next_s()
        if next_s is not None:
            times.append(max(next_s, self._backoff.down_until_s))
        return max(0.0, min(times) - now_s) if times else None

    def _work_once(self, group: list[_Item]) -> None:
        """Read and store a group, and write what is counted when that is due."""
        now_s = time.monotonic()
        read = [item for item in map(self._read, group) if item is not None]
        refused = [item for item in read if self._is_unkept(item, now_s)]
        items = [item for item in read if item not in refused] if refused else read
        self._settle([item for item in items if not self._backoff.is_alone(item.pad)])
        # A pad that has failed alone is tried alone until it does not.
        alone = [item for item in items if self._backoff.is_alone(item.pad)]
        for part in _by_pad(alone):
            self._settle(part)
        self._refuse(refused)
        if self._budget.has_counts and now_s >= self._counts_due_s:
            self._counts_due_s = now_s + COUNTS_EVERY_S
            self._write_counts()

    def _read(self, item: _Item) -> _Item | None:
        """With its content; None for a message that fails to be read and waits, by itself."""
        if item.content is not None:
            return item
        try:
            content = read_upward(
                item.pad, item.topic, item.payload, item.deflated, item.received_ms
            )
        except Exception as error:  # noqa: BLE001 -- a defect: it holds up no other message
            self._hold_alone([item], error, is_defect=True)
            return None
        answered = isinstance(content, Told) or item.topic in {Topic.ENTRIES, Topic.STATE}
        return item._replace(content=content, answered=answered)

    def _is_unkept(self, item: _Item, now_s: float) -> bool:
        """Whether this is an unreadable message of a pad of which enough are kept."""
        is_unreadable = isinstance(item.content, Arrival) and item.content.batch is None
        return is_unreadable and not self._budget.keeps(item.pad, now_s)

    def _refuse(self, items: list[_Item]) -> None:
        """Answer unreadable messages without the store."""
        self._answer(
            [(i, self._refusal(i, i.content)) for i in items if isinstance(i.content, Arrival)]
        )
        until_s = time.monotonic() + FLOOD_PAUSE_S
        with self._changed:
            for pad in {item.pad for item in items}:
                self._queue.hold(pad, until_s)

    def _refusal(self, item: _Item, arrival: Arrival) -> list[PadReceipt]:
        """Count an arrival that is not kept; its answer."""
        problem = arrival.problem or Problem.MALFORMED
        self._budget.count(item.pad, problem)
        if not item.answered or not self._budget.answers(item.pad, time.monotonic()):
            return []
        return [(item.pad, receipt_of("", None, refused=Refused(problem, arrival.detail)))]

    # --- storing ---

    def _settle(self, items: list[_Item]) -> None:
        """Store these messages and answer them, or put them back to be tried again."""
        if not items:
            return
        now_s = time.monotonic()
        if self._stopping or now_s < self._backoff.down_until_s:
            self._put_back(items)
            return
        # A store may raise whatever its database raises, hence the broad except.
        try:
            outcomes = self._store_group(items)
        except PadsHeldError as held:
            self._hold_for_another(held)
            self._put_back([item for item in items if item.pad in held.pads])
            rest = [item for item in items if item.pad not in held.pads]
            if len(rest) < len(items):
                self._settle(rest)
        except Exception as error:  # noqa: BLE001 -- the store's
            self._settle_failed(items, error)
        else:
            self._stored({item.pad for item in items})
            self._answer(outcomes)

    def _settle_failed(self, items: list[_Item], error: Exception) -> None:
        """Find out, in smaller groups, what can be stored; the rest waits or is to blame."""
        cause = cause_of(error)
        if self._stopping or cause is Cause.DOWN:
            self._put_back(items)
            self._wait_for_store(error)
            return
        parts = _by_pad(items)
        if len(parts) == 1 and cause in (Cause.DATA, None):
            parts = [[item] for item in items]
        if len(parts) > 1:
            for part in parts:
                self._settle(part)
        elif cause is Cause.DATA:
            self._blame(items[0], error)
        else:
            self._hold_alone(items, error, is_defect=cause is None)

    def _hold_alone(self, items: list[_Item], error: Exception, *, is_defect: bool) -> None:
        """One pad's messages failed alone: they wait, the others go on."""
        pad = items[0].pad
        until_s = self._backoff.failed(pad, len(items), time.monotonic())
        self._troubles.failed(f"pad {pad}", error_text(error), error if is_defect else None)
        if is_defect:  # of one message: the pad's others may be stored
            self._put_back(items, until_s)
            return
        self._put_back(items)
        with self._changed:
            self._queue.hold(pad, until_s)
        if self._backoff.is_blocked(pad):
            self._wait_for_store(error, BLOCKED_MAX_MS)

    def _hold_for_another(self, held: PadsHeldError) -> None:
        """Another transaction works on pads: usually another receiver's, for milliseconds."""
        for pad in held.pads:
            until_s, is_long = self._backoff.held(pad, time.monotonic())
            with self._changed:
                self._queue.hold(pad, until_s)
            if is_long:
                self._troubles.failed(f"pad {pad}", error_text(held))

    def _wait_for_store(self, error: Exception, longest_ms: int = STORE_MAX_MS) -> None:
        """Nothing can be stored: try again after a while."""
        self._backoff.store_down(time.monotonic(), longest_ms)
        self._troubles.failed("store", f"nothing can be stored: {error_text(error)}")

    def _stored(self, pads: set[str]) -> None:
        """A transaction has been committed: what waited for the store is tried again."""
        works_again, was_down = self._backoff.stored(pads)
        for pad in works_again:
            self._troubles.works(f"pad {pad}")
        if was_down:
            self._troubles.works("store")
            with self._changed:
                self._queue.release()

    def _put_back(self, items: list[_Item], ready_s: float = 0.0) -> None:
        """To be tried again, in their order, not before `ready_s`."""
        with self._changed:
            for part in _by_pad(items):
                mine = [item for item in part if item.connection is not self._gone]
                self._queue.put_back(part[0].pad, mine, ready_s)

    def _blame(self, item: _Item, error: Exception) -> None:
        """The database cannot hold this message's content: keep its bytes as evidence, answer."""
        problem = ContractError(Problem.MALFORMED, f"the store cannot take it: {error_text(error)}")
        refused = evidence(item.pad, problem, item.payload, item.received_ms)
        is_evidence = isinstance(item.content, Arrival) and item.content.batch is None
        if is_evidence or not self._budget.keeps(item.pad, time.monotonic()):
            self._troubles.failed(f"pad {item.pad}", f"not kept as evidence: {error_text(error)}")
            self._answer([(item, self._refusal(item, refused))])
            return
        self._troubles.failed(f"pad {item.pad}", f"kept as evidence: {problem.detail}")
        self._settle([item._replace(content=refused)])

    def _store_group(self, items: list[_Item]) -> list[Outcome]:
        """One transaction for all. Raises what the store raises; then nothing is stored."""
        taken = sorted((i for i in items if isinstance(i.content, Arrival)), key=_sort_key)
        told = [item for item in items if isinstance(item.content, Told)]
        receipts = iter(
            self._store.take(
                [item.content for item in taken if isinstance(item.content, Arrival)],
                [item.content for item in told if isinstance(item.content, Told)],
            )
        )
        outcomes: list[Outcome] = []
        for item in [*taken, *told]:
            has_receipt = isinstance(item.content, Arrival) or _is_birth(item.content)
            answers = [(item.pad, next(receipts))] if has_receipt else []
            outcomes.append((item, answers if item.answered else []))
        return outcomes

    def _answer(self, outcomes: list[Outcome]) -> None:
        """Send the receipts, then acknowledge; a batch after a gap is tried again first.

        A receipt before the commit could promise what is never stored (law 3). An acknowledgement
        before the receipt could lose the receipt with this process: the broker would not deliver
        the batch again, and the pad would wait until its timeout.
        """
        now_s = time.monotonic()
        receipts: list[PadReceipt] = []
        answered: list[_Item] = []
        for item, item_receipts in outcomes:
            in_gap = any(receipt.problem is Problem.GAP for _, receipt in item_receipts)
            # Without a shared subscription this receiver gets every batch, in order: no other one
            # can have the missing batch.
            if in_gap and self._shared:
                until_s = item.gap_until_s or now_s + GAP_TIMEOUT_S
                if now_s < until_s:
                    self._put_back([item._replace(gap_until_s=until_s)], now_s + GAP_RETRY_S)
                    continue
            receipts += item_receipts
            answered.append(item)
            if isinstance(item.content, Arrival):
                self._counts.note(item.content, [receipt for _, receipt in item_receipts])
        if answered:
            connection = answered[-1].connection  # a receipt is right on whichever is open
            try:
                for pad, receipt in condense(receipts):
                    send(connection, pad, receipt, self._troubles)
            except ConnectionError:
                return  # it has ended: the broker delivers again what is not acknowledged
        for item in answered:
            item.connection.ack(item.mid)

    # --- counts ---

    def _write_counts(self) -> None:
        """Write how many refused messages were not kept; put the counts back when that fails."""
        if time.monotonic() < self._backoff.down_until_s:
            return
        counts = self._budget.take_counts(self._wall_ms())
        if not counts:
            return
        try:
            self._store.take([], [], counts)
        except Exception as error:  # noqa: BLE001 -- the store's
            self._budget.put_back(counts)
            if cause_of(error) is Cause.DOWN:
                self._wait_for_store(error)


def _by_pad(items: list[_Item]) -> list[list[_Item]]:
    """The items of each pad, in their order."""
    pads: dict[str, list[_Item]] = {}
    for item in items:
        pads.setdefault(item.pad, []).append(item)
    return list(pads.values())


def _bytes(item: _Item) -> int:
    return len(item.payload)


def _sort_key(item: _Item) -> tuple[str, int]:
    return item.sort_key


def _is_birth(content: Arrival | Told | None) -> bool:
    message = content.message if isinstance(content, Told) else None
    return isinstance(message, State) and message.status is Status.ONLINE
