"""The store's worker: the order of commit, receipt and acknowledgement; which receipts are sent."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, cast

import pytest

from sync.messages import (
    MAX_BATCH_BYTES,
    Problem,
    Receipt,
    Topic,
    read_message,
    write_batch,
)
from sync.mqtt import Connection, Incoming, Outgoing, PacketTooLargeError
from sync.refusal_budget import BURST
from sync.store_backoff import GROUP_MAX
from sync.store_port import (
    Arrival,
    PadsHeldError,
    StoreFailureError,
    Told,
    Unkept,
    read_upward,
)
from sync.store_worker import PAD_MAX, StoreWorker
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


def test_a_pad_that_floods_takes_no_other_pads_share() -> None:
    class Slow(CallRecorder):
        def __init__(self) -> None:
            super().__init__()
            self.groups: list[list[str]] = []
            self.goes_on = threading.Event()

        def take(self, arrivals: Sequence[Arrival], *rest: Any) -> list[Receipt]:
            self.groups.append([arrival.pad for arrival in arrivals])
            assert self.goes_on.wait(60)
            return super().take(arrivals, *rest)

    store = Slow()
    connection = cast("Connection", store)
    with working(store) as worker:
        worker.put(connection, entries("rogue", batch_of("rogue"), 1))
        until(lambda: store.groups, 10, "the store is busy")
        for mid in range(2, 102):
            worker.put(connection, entries("rogue", batch_of("rogue"), mid))
        worker.put(connection, entries("good", batch_of("good"), 102))
        assert "ack 102" not in store.calls, "it is not left to be sent again"
        store.goes_on.set()
        until(lambda: "ack 102" in store.calls, 20, "it is stored")
    assert "good" in store.groups[1]


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


class UnsendableReceipts(CallRecorder):
    """A connection that takes no receipt of `pad`, or none that is longer than `most` bytes."""

    def __init__(self, pad: str, error: Exception, most: int = 0) -> None:
        super().__init__()
        self._topic = Topic.RECEIPT.of(pad)
        self._error = error
        self._most = most

    def publish(self, message: Outgoing) -> int:
        if message.topic == self._topic and len(message.payload) > self._most:
            raise self._error
        return super().publish(message)


@pytest.mark.parametrize(
    "error",
    [PacketTooLargeError("receipts", 900, 100), ValueError("a topic"), TypeError("a defect")],
    ids=lambda error: type(error).__name__,
)
def test_a_receipt_that_cannot_be_sent_holds_up_no_other_and_no_acknowledgement(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = UnsendableReceipts("pad-2", error)
    connection = cast("Connection", recorder)
    recorder.fail_with = StoreFailureError("until all have arrived")
    with working(recorder) as worker:
        for n in range(1, 5):
            worker.put(connection, entries(f"pad-{n}", batch_of(f"pad-{n}"), n))
        recorder.fail_with = None
        acks = {f"ack {n}" for n in range(1, 5)}
        until(lambda: acks <= set(recorder.calls), 20, "all are acknowledged")
    assert recorder.calls.count("receipt 4") == 3, "the others have their receipts"
    assert "receipts of pad pad-2: not sent" in caplog.text


def test_a_receipt_that_is_too_long_for_the_broker_is_sent_without_its_detail() -> None:
    error = PacketTooLargeError("receipts", 900, 300)
    recorder = UnsendableReceipts("pad-2", error, most=180 + len("pad-2"))
    connection = cast("Connection", recorder)
    with working(recorder) as worker:
        junk = b'{"v":1,"' + b"x" * 400 + b'":1}\n'
        worker.put(connection, entries("pad-2", junk, 1))
        until(lambda: "ack 1" in recorder.calls, 20, "it is acknowledged")
    assert "receipt 0" in recorder.calls


def test_a_message_that_a_defect_keeps_from_being_read_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(pad: str, *rest: Any) -> Arrival | Told:
        if pad == "pad-2":
            raise KeyError("a defect of the program")
        return read_upward(pad, *rest)

    monkeypatch.setattr("sync.store_worker.read_upward", read)
    recorder = CallRecorder()
    connection = cast("Connection", recorder)
    with working(recorder) as worker:
        for n in range(1, 5):
            worker.put(connection, entries(f"pad-{n}", batch_of(f"pad-{n}"), n))
        acks = {"ack 1", "ack 3", "ack 4"}
        until(lambda: acks <= set(recorder.calls), 20, "the others are acknowledged")
        assert "ack 2" not in recorder.calls
        monkeypatch.undo()
        until(lambda: "ack 2" in recorder.calls, 40, "it is read by the mended program")
