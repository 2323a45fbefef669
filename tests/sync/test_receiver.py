"""The receiver against a real mosquitto: bad input, a dead database, another receiver that dies."""

import zlib
from typing import Any

import pytest
from msgspec.structs import replace

from sync.messages import (
    DEFLATE,
    MAX_BATCH_BYTES,
    VERSION,
    Health,
    Problem,
    Receipt,
    Reported,
    Settings,
    State,
    Status,
    Topic,
    deflate,
    read_batch,
    read_message,
    write_batch,
    write_message,
)
from sync.mqtt import Connection
from sync.receiver import Receiver
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.broker.mqtt_probe import MqttProbe, mqtt_probe
from tests.rigs.ledger.memory_ledger import MemoryLedger, at
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.sync.pad_uplink import UplinkPad, uplink_pad
from tests.rigs.sync.province_receiver import running_receiver
from tests.rigs.time.wait import until

broker_needed = pytest.mark.broker


def receipts(probe: MqttProbe, pad: str) -> list[Receipt]:
    return [read_message(Receipt, raw) for raw in probe.payloads(Topic.RECEIPT.of(pad))]


def batch_of(ledger: MemoryLedger, after: int = 0, count: int = 1000) -> bytes:
    segment = ledger.segment(after, count, MAX_BATCH_BYTES)
    return write_batch(ledger.ledger_id, segment.entries, segment.prev, torn=segment.torn)


def a_ledger(pad: str, ratings: int = 3) -> MemoryLedger:
    ledger = MemoryLedger(pad, f"L-{pad}")
    ledger.rate(ratings)
    return ledger


def altered(raw: bytes, **fields: Any) -> bytes:
    """The same batch under a header with these fields changed."""
    batch = read_batch(raw)
    lines = [write_message(replace(batch.header, **fields)), *batch.bodies, b""]
    return b"\n".join(lines)


GOOD = batch_of(a_ledger("pad-x"))
BAD = {
    "empty": (b"", Problem.MALFORMED),
    "no JSON": (b"hello\n", Problem.MALFORMED),
    "not UTF-8": (GOOD.replace(b"satisfied", b"satisf\xff\xfed"), Problem.MALFORMED),
    "too large": (b"x" * (MAX_BATCH_BYTES + 1), Problem.MALFORMED),
    "last line without its end": (GOOD[:-1], Problem.MALFORMED),
    "wrong count": (altered(GOOD, count=7), Problem.MALFORMED),
    "no ledger": (altered(GOOD, ledger=""), Problem.MALFORMED),
    "first below one": (altered(GOOD, first=0), Problem.MALFORMED),
    "seq beyond any database": (altered(GOOD, first=10**18), Problem.MALFORMED),
    "digest no hex": (altered(GOOD, head="zz"), Problem.MALFORMED),
    "digest in capitals": (
        altered(GOOD, head=read_batch(GOOD).header.head.upper()),
        Problem.MALFORMED,
    ),
    "digest with spaces": (altered(GOOD, prev=("00 " * 32).strip()), Problem.MALFORMED),
    "CRLF": (GOOD.replace(b"\n", b"\r\n"), Problem.MALFORMED),
    "entry 1 after something": (altered(GOOD, prev="11" * 32), Problem.MALFORMED),
    "another version": (altered(GOOD, v=2), Problem.VERSION),
    "nested too deep": (b'{"v":1,"x":' + b"[" * 100_000 + b"\n", Problem.MALFORMED),
}


@broker_needed
def test_a_receiver_is_connected_once_the_broker_has_its_subscription(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is published before that reaches no subscriber, and the broker drops it."""
    subscribe, held = Connection.subscribe, []
    monkeypatch.setattr(Connection, "subscribe", lambda *call: held.append(call))
    receiver = Receiver(broker.address, MemoryStore())
    receiver.start()
    try:
        until(lambda: held, 10, "it subscribes")
        assert not receiver.connected.wait(0.2)
        subscribe(*held[0])
        assert receiver.connected.wait(10)
    finally:
        receiver.stop()


@broker_needed
@pytest.mark.parametrize("name", BAD)
def test_a_payload_that_breaks_the_contract_is_answered_and_kept(broker: Broker, name: str) -> None:
    payload, problem = BAD[name]
    store = MemoryStore()
    with (
        mqtt_probe(broker.address, Topic.RECEIPT.of("pad-x")) as probe,
        running_receiver(broker.address, store),
    ):
        probe.publish(Topic.ENTRIES.of("pad-x"), payload)
        until(lambda: receipts(probe, "pad-x"), 10, "an answer")
        assert [r.problem for r in receipts(probe, "pad-x")] == [problem]
        assert receipts(probe, "pad-x")[0].ledger == ""
        assert [(a.payload, p) for a, p, _ in store.refusals] == [(payload, problem)]
        probe.publish(Topic.ENTRIES.of("pad-x"), GOOD)  # the receiver goes on
        until(lambda: receipts(probe, "pad-x")[-1].seq == 4, 10, "the good one is stored")


@broker_needed
@pytest.mark.parametrize(
    "payload", [b"no zlib", zlib.compress(GOOD)[:-9], zlib.compress(bytes(2**25))]
)
def test_a_damaged_or_oversized_deflate_stream_is_answered(broker: Broker, payload: bytes) -> None:
    store = MemoryStore()
    with (
        mqtt_probe(broker.address, Topic.RECEIPT.of("pad-x")) as probe,
        running_receiver(broker.address, store),
    ):
        probe.publish(Topic.ENTRIES.of("pad-x"), payload, UserProperty=DEFLATE)
        until(lambda: receipts(probe, "pad-x"), 10, "an answer")
        assert receipts(probe, "pad-x")[0].problem is Problem.MALFORMED


@broker_needed
def test_problems_of_a_batch_that_was_read_name_its_ledger_and_leave_what_is_stored_alone(
    broker: Broker,
) -> None:
    store = MemoryStore()
    ledger = a_ledger("pad-y")
    good = batch_of(ledger)
    with (
        mqtt_probe(broker.address, "pad/v1/+/down/receipt") as probe,
        running_receiver(broker.address, store),
    ):
        entries = Topic.ENTRIES.of("pad-y")
        probe.publish(entries, good)
        until(lambda: receipts(probe, "pad-y"), 10, "the good one")
        before = store.backup()
        probe.publish(entries, good.replace(b'"satisfied"', b'"very_satisfied"'))
        # One after the other: batches that come together are answered together.
        until(lambda: len(receipts(probe, "pad-y")) == 2, 10, "the first broken chain's answer")
        probe.publish(entries, batch_of(a_ledger("pad-y", 9)).replace(b"I9", b"I8"))
        probe.publish(Topic.ENTRIES.of("pad-z"), good)
        until(lambda: receipts(probe, "pad-z"), 10, "the stolen ledger's answer")
        until(lambda: len(receipts(probe, "pad-y")) == 3, 10, "the second one's answer")
        problems = [r.problem for r in receipts(probe, "pad-y")[1:]]
        assert problems == [Problem.MALFORMED] * 2, "they contradict themselves, not what is stored"
        assert {r.seq for r in receipts(probe, "pad-y")} == {4}
        stolen = receipts(probe, "pad-z")[0]
        assert (stolen.problem, stolen.seq, stolen.ledger) == (Problem.FOREIGN, 0, "L-pad-y")
        assert store.backup() == before
        assert len(store.refusals) == 3


@broker_needed
def test_other_topics_are_checked_too_but_never_delay_entries(broker: Broker) -> None:
    store = MemoryStore()
    state = State(
        v=VERSION, pad="pad-w", status=Status.ONLINE, boots=1, session=1, ledger="L-pad-w"
    )
    with (
        mqtt_probe(broker.address, Topic.RECEIPT.of("pad-v")) as probe,
        running_receiver(broker.address, store),
    ):
        probe.publish(Topic.HEALTH.of("pad-v"), b"\xff")
        probe.publish(Topic.REPORTED.of("pad-v"), b"{}")
        probe.publish(Topic.STATE.of("pad-v"), b"")
        probe.publish("pad/v1/NOT A PAD/up/entries", b"x")
        probe.publish("pad/v1/NOT A PAD/up/health", b"x")
        probe.publish(Topic.STATE.of("pad-v"), write_message(state))  # names another pad
        probe.publish(
            Topic.STATE.of("pad-v"), write_message(replace(state, pad="pad-v", boots=10**30))
        )
        probe.publish(
            Topic.STATE.of("pad-v"), write_message(replace(state, pad="pad-v", ledger="a b"))
        )
        probe.publish(Topic.STATE.of("pad-v"), write_message(replace(state, pad="pad-v")))
        until(lambda: any(r.session for r in receipts(probe, "pad-v")), 10, "the birth's answer")
        problems = [p for _, p, _ in store.refusals]
        assert problems == [Problem.MALFORMED] * 2 + [Problem.FOREIGN] + [Problem.MALFORMED] * 2
        reported_problems = [r.problem for r in receipts(probe, "pad-v") if r.problem]
        assert set(reported_problems) <= {Problem.FOREIGN, Problem.MALFORMED}
        assert store.states["pad-v"].boots == 1
        health = Health(v=VERSION, at=at(5), boots=1, ledger="L-pad-v", head=9, receipted=4)
        probe.publish(Topic.HEALTH.of("pad-v"), write_message(health))
        reported = Reported(v=VERSION, version=1, digest="ab" * 32, settings=Settings())
        probe.publish(Topic.REPORTED.of("pad-v"), write_message(reported))
        until(lambda: store.reports, 10, "the report")
        assert store.healths == [("pad-v", health)]


@broker_needed
def test_nothing_is_lost_while_the_database_fails_and_the_receiver_waits_for_it(
    broker: Broker,
) -> None:
    store = MemoryStore()
    store.fail_with = OSError("the database is down")
    with running_receiver(broker.address, store), uplink_pad(broker.address, "pad-u") as pad:
        pad.rate(2_000)
        pad_waits = len(pad.receipts)
        until(lambda: pad.connections == [True], 10, "the pad is connected")
        assert pad_waits == 0
        store.fail_with = None
        until(lambda: pad.receipted_seq == 2_001, 20, "everything is receipted")
        store.fail_with = OSError("down again, in the middle")
        pad.rate(2_000)
        until(lambda: pad.ledger.head_seq == 4_001, 10, "pressed")
        assert store.seq("L-pad-u") == 2_001
        store.fail_with = None
        until(lambda: pad.receipted_seq == 4_001, 20, "everything is receipted")
        assert store.bodies("L-pad-u") == pad.ledger.bodies
        assert store.refusals == []


@broker_needed
def test_a_message_that_the_database_cannot_store_does_not_delay_the_others(broker: Broker) -> None:
    store = MemoryStore()
    store.poison = b"poison"
    bad = MemoryLedger("pad-t", "poison")
    with (
        mqtt_probe(broker.address, Topic.RECEIPT.of("pad-t")) as probe,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, "pad-s") as pad,
    ):
        until(lambda: pad.receipted_seq == 1, 10, "the good pad")
        probe.publish(Topic.ENTRIES.of("pad-t"), batch_of(bad))
        for _ in range(20):
            pad.rate(10)
            head = pad.ledger.head_seq
            until(lambda head=head: pad.receipted_seq == head, 10, "the good pad goes on")
        until(lambda: store.refusals, 20, "the bad message becomes evidence")
        until(lambda: receipts(probe, "pad-t"), 10, "and is answered")
        assert receipts(probe, "pad-t")[0].problem is Problem.MALFORMED
        assert b"poison" in store.refusals[0][0].payload
        assert len(store.refusals) == 1


@broker_needed
def test_two_receivers_share_the_work_and_one_may_die_in_the_middle(broker: Broker) -> None:
    store = MemoryStore()
    first = Receiver(broker.address, store)
    first.start()
    until(first.connected.is_set, 10, "the first receiver is connected")
    with running_receiver(broker.address, store):
        pads = [UplinkPad(broker.address, f"pad-r{n}").start() for n in range(3)]
        try:
            for pad in pads:
                pad.rate(5_000)
            until(lambda: len(store.takes) > 3, 10, "the drain has begun")
            connection = first._connection
            assert connection is not None
            connection.abort()  # as after SIGKILL: it acknowledges nothing more
            first._stopping.set()
            for pad in pads:
                pad.rate(1_000)
            for pad in pads:
                until(lambda pad=pad: pad.receipted_seq == 6_001, 20, "everything is receipted")
                assert store.bodies(pad.ledger.ledger_id) == pad.ledger.bodies
            assert store.doubled == 0
            assert store.refusals == []
        finally:
            for pad in pads:
                pad.close()
            first.stop()


@broker_needed
def test_batches_out_of_order_wait_for_one_another_before_a_gap_is_receipted(
    broker: Broker,
) -> None:
    store = MemoryStore()
    ledger = a_ledger("pad-q", 30)
    with (
        mqtt_probe(broker.address, Topic.RECEIPT.of("pad-q")) as probe,
        running_receiver(broker.address, store),
    ):
        for after in (20, 10, 0):
            probe.publish(Topic.ENTRIES.of("pad-q"), batch_of(ledger, after, 10))
        until(lambda: 30 in [r.seq for r in receipts(probe, "pad-q")], 10, "all three are stored")
        assert {r.problem for r in receipts(probe, "pad-q")} == {None}
        probe.publish(Topic.ENTRIES.of("pad-q"), batch_of(ledger, 30, 1))
        late = a_ledger("pad-q", 60)
        probe.publish(Topic.ENTRIES.of("pad-q"), batch_of(late, 50, 10))  # the control: a real gap
        until(
            lambda: [r for r in receipts(probe, "pad-q") if r.problem is Problem.GAP],
            10,
            "the gap is reported",
        )
        assert store.seq("L-pad-q") == 31


@broker_needed
def test_a_late_will_does_not_hide_a_newer_birth(broker: Broker) -> None:
    store = MemoryStore()
    state = Topic.STATE.of("pad-p")
    with mqtt_probe(broker.address) as probe, running_receiver(broker.address, store):
        with uplink_pad(broker.address, "pad-p", boots=5) as pad:
            until(lambda: pad.receipts, 10, "the birth is answered")
            birth = store.states["pad-p"]
            late_will = replace(birth, status=Status.LOST, boots=4, session=9)
            probe.publish(state, write_message(late_will), retained=True)
            pad.rate()
            until(lambda: pad.receipted_seq == 2, 10, "one more entry")
            assert store.states["pad-p"].status is Status.ONLINE
        until(lambda: store.states["pad-p"].status is Status.STOPPED, 10, "the later state")


@broker_needed
def test_without_sharing_a_receiver_answers_births_from_before_its_own_start(
    broker: Broker,
) -> None:
    store = MemoryStore()
    with uplink_pad(broker.address, "pad-o") as pad:
        until(lambda: pad.connections == [True], 10, "the pad is connected first")
        with running_receiver(broker.address, store, share=None):
            until(lambda: pad.receipted_seq == 1, 10, "it is answered")
            pad.rate(3_000)
            until(lambda: pad.receipted_seq == 3_001, 10, "and delivered")


@broker_needed
def test_a_deflated_batch_is_stored_as_its_plain_bytes(broker: Broker) -> None:
    store = MemoryStore()
    ledger = a_ledger("pad-n", 100)
    payload, deflated = deflate(batch_of(ledger))
    assert deflated
    with mqtt_probe(broker.address) as probe, running_receiver(broker.address, store):
        probe.publish(Topic.ENTRIES.of("pad-n"), payload, UserProperty=DEFLATE)
        until(lambda: store.bodies("L-pad-n") == ledger.bodies, 10, "all is stored")
