"""The store's worker: the order of commit, receipt and acknowledgement; which receipts are sent."""

from collections.abc import Sequence
from random import Random
from typing import cast

from sync.messages import (
    MAX_BATCH_BYTES,
    VERSION,
    Problem,
    Receipt,
    Topic,
    read_message,
    write_batch,
)
from sync.mqtt import Connection, Incoming, Outgoing
from sync.store_port import Arrival
from sync.store_worker import StoreWorker, condense
from tests.rigs.ledger.memory_ledger import MemoryLedger
from tests.rigs.province.memory_store import MemoryStore


def batch_of(pad: str, ratings: int = 3) -> bytes:
    """The first batch of a new ledger."""
    ledger = MemoryLedger(pad, f"L-{pad}")
    ledger.rate(ratings)
    segment = ledger.segment(0, 1000, MAX_BATCH_BYTES)
    return write_batch(ledger.ledger_id, segment.entries, segment.prev)


class CallRecorder(MemoryStore):
    """A store and a connection in one, which records the order of calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        receipts = super().take(arrivals)
        self.calls.append("commit")
        return receipts

    def publish(self, message: Outgoing) -> int:
        self.calls.append(f"receipt {read_message(Receipt, message.payload).seq}")
        return 1

    def ack(self, mid: int) -> None:
        self.calls.append(f"ack {mid}")


def test_the_commit_comes_first_then_the_receipt_then_the_acknowledgement() -> None:
    recorder = CallRecorder()
    connection = cast("Connection", recorder)
    worker = StoreWorker(recorder, shared=False, rng=Random(1))
    worker._stopping.set()  # no waiting between tries
    message = Incoming(Topic.ENTRIES.of("pad-x"), batch_of("pad-x"), 7, False, False, None, None)
    item = worker._read(connection, message)
    assert item is not None
    assert worker._handle_group([item]) == []
    assert recorder.calls == ["commit", "receipt 4", "ack 7"]
    recorder.calls.clear()
    recorder.fail_with = OSError("the database is down")
    assert worker._handle_group([item]) == [item]
    assert recorder.calls == []


def a_receipt(seq: int, problem: Problem | None = None, session: str | None = None) -> Receipt:
    return Receipt(v=VERSION, ledger="L", seq=seq, digest="", problem=problem, session=session)


def test_of_many_receipts_the_highest_is_sent_and_every_problem_once() -> None:
    gap = Problem.GAP
    answers = [
        ("a", a_receipt(10)),
        ("a", a_receipt(30)),
        ("a", a_receipt(20)),
        ("b", a_receipt(5)),
        ("a", a_receipt(30, gap)),
        ("a", a_receipt(30, gap)),
        ("a", a_receipt(30, session="1.1")),
    ]
    assert condense(answers) == [
        ("a", a_receipt(30)),
        ("b", a_receipt(5)),
        ("a", a_receipt(30, gap)),
        ("a", a_receipt(30, session="1.1")),
    ]
