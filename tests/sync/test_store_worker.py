"""The store's worker: the order of commit, receipt and acknowledgement; which receipts are sent."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import cast

import pytest

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
from sync.refusal_budget import BURST
from sync.store_backoff import GROUP_MAX
from sync.store_port import Arrival, PadsHeldError, StoreFailureError, Told, Unkept
from sync.store_worker import PAD_MAX, StoreWorker, condense
from tests.rigs.ledger.memory_ledger import MemoryLedger
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.time.wait import until


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

    def take(
        self,
        arrivals: Sequence[Arrival],
        told: Sequence[Told] = (),
        unkept: Sequence[Unkept] = (),
    ) -> list[Receipt]:
        try:
            receipts = super().take(arrivals, told, unkept)
        except Exception:
            self.calls.append("failed")
            raise
        self.calls.append("commit")
        return receipts

    def publish(self, message: Outgoing) -> int:
        self.calls.append(f"receipt {read_message(Receipt, message.payload).seq}")
        return 1

    def ack(self, mid: int) -> None:
        self.calls.append(f"ack {mid}")


def entries(pad: str, payload: bytes, mid: int = 7) -> Incoming:
    return Incoming(Topic.ENTRIES.of(pad), payload, mid, False, False, None, None)


@contextmanager
def working(store: MemoryStore, *, shared: bool = False) -> Iterator[StoreWorker]:
    worker = StoreWorker(store, shared=shared, rng=Random(1))
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop()


def test_the_commit_comes_first_then_the_receipt_then_the_acknowledgement() -> None:
    recorder = CallRecorder()
    with working(recorder) as worker:
        worker.put(cast("Connection", recorder), entries("pad-x", batch_of("pad-x")))
        until(lambda: len(recorder.calls) == 3, 10, "it is stored and answered")
        assert recorder.calls == ["commit", "receipt 4", "ack 7"]


def test_while_the_store_fails_nothing_is_receipted_or_acknowledged() -> None:
    recorder = CallRecorder()
    recorder.fail_with = OSError("the database is down")
    with working(recorder) as worker:
        worker.put(cast("Connection", recorder), entries("pad-x", batch_of("pad-x")))
        until(lambda: len(recorder.calls) >= 3, 10, "it is tried again")
        assert set(recorder.calls) == {"failed"}
        recorder.fail_with = None
        until(lambda: recorder.calls[-1] == "ack 7", 20, "it is stored in the end")
        assert recorder.calls[-3:] == ["commit", "receipt 4", "ack 7"]


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


class PartlyFailing(CallRecorder):
    """A store that raises `error` for every group in which `pad` is."""

    def __init__(self, pad: str, error: Exception) -> None:
        super().__init__()
        self._pad = pad
        self._error: Exception | None = error

    def mend(self) -> None:
        self._error = None

    def take(
        self,
        arrivals: Sequence[Arrival],
        told: Sequence[Told] = (),
        unkept: Sequence[Unkept] = (),
    ) -> list[Receipt]:
        if self._error is not None and any(a.pad == self._pad and a.batch for a in arrivals):
            raise self._error
        return super().take(arrivals, told, unkept)


@pytest.mark.parametrize(
    "error",
    [
        StoreFailureError("a lock"),
        PadsHeldError("another transaction", ["pad-x"]),
        OSError("the disk"),
        MemoryError(),
        TypeError("a defect of the program"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_pad_that_fails_for_a_reason_of_the_store_waits_alone_and_is_not_blamed(
    error: Exception,
) -> None:
    store = PartlyFailing("pad-x", error)
    connection = cast("Connection", store)
    with working(store) as worker:
        worker.put(connection, entries("pad-x", batch_of("pad-x"), 1))
        for n in range(2, 9):
            worker.put(connection, entries(f"pad-{n}", batch_of(f"pad-{n}"), n))
        until(lambda: sum(c.startswith("ack") for c in store.calls) == 7, 20, "the others go on")
        assert "ack 1" not in store.calls
        assert store.refusals == []
        store.mend()
        until(lambda: "ack 1" in store.calls, 20, "it is stored in the end")
        assert store.seq("L-pad-x") == 4


@pytest.mark.parametrize(
    "error", [ValueError("surrogates"), OverflowError("2**64")], ids=lambda e: type(e).__name__
)
def test_a_message_that_the_database_cannot_hold_is_evidence_and_answered(
    error: Exception,
) -> None:
    store = PartlyFailing("pad-x", error)
    connection = cast("Connection", store)
    with working(store) as worker:
        worker.put(connection, entries("pad-x", batch_of("pad-x"), 1))
        worker.put(connection, entries("pad-y", batch_of("pad-y"), 2))
        until(lambda: {"ack 1", "ack 2"} <= set(store.calls), 20, "both are answered")
        [(arrival, problem, detail)] = store.refusals
        assert (arrival.payload, problem) == (batch_of("pad-x"), Problem.MALFORMED)
        assert str(error) in detail


def test_a_flood_of_unreadable_messages_is_answered_and_mostly_only_counted() -> None:
    store = CallRecorder()
    connection = cast("Connection", store)
    with working(store) as worker:
        for mid in range(1, 501):
            worker.put(connection, entries("pad-x", b"junk %d" % mid, mid))
            until(lambda mid=mid: f"ack {mid}" in store.calls[-9:], 10, "answered", every_s=0.0002)
        until(lambda: store.unkept["pad-x"] + len(store.refusals) == 500, 20, "all are counted")
        assert len(store.refusals) <= BURST + 1
    # Those that are kept are answered each, the others once a second.
    assert store.calls.count("receipt 0") < 100


def test_what_was_counted_is_written_at_the_stop() -> None:
    store = CallRecorder()
    with working(store) as worker:
        for mid in range(1, BURST + 4):
            worker.put(cast("Connection", store), entries("pad-x", b"junk", mid))
            until(lambda mid=mid: f"ack {mid}" in store.calls, 10, "answered")
    assert store.unkept["pad-x"] + len(store.refusals) == BURST + 3


def test_messages_beyond_a_pads_share_are_acknowledged_and_come_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = CallRecorder()
    store.fail_with = OSError("down")
    connection = cast("Connection", store)
    with working(store) as worker:
        for mid in range(1, 101):
            worker.put(connection, entries("pad-x", batch_of("pad-x"), mid))
        acks = [call for call in store.calls if call.startswith("ack")]
        assert 100 - PAD_MAX - GROUP_MAX <= len(acks) <= 100 - PAD_MAX
        assert sum("share" in message for message in caplog.messages) == 1
        store.fail_with = None
        until(lambda: store.calls.count("receipt 4"), 20, "what waited is stored")


def test_a_stop_makes_a_store_that_hangs_give_up() -> None:
    class Hanging(CallRecorder):
        gave_up = threading.Event()

        def take(self, *_: object) -> list[Receipt]:
            self.calls.append("hangs")
            assert self.gave_up.wait(60)
            raise StoreFailureError("given up")

        def give_up(self) -> None:
            self.gave_up.set()

    store = Hanging()
    worker = StoreWorker(store, shared=False, rng=Random(1))
    worker.start()
    worker.put(cast("Connection", store), entries("pad-x", batch_of("pad-x")))
    until(lambda: store.calls, 10, "it hangs")
    assert worker.stop()
    assert store.calls == ["hangs"]
