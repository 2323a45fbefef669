"""The uplink with a real mosquitto: what it sends, when, and which faults it survives."""

import time

import pytest

from sync.entries import GENESIS
from sync.messages import (
    VERSION,
    Command,
    CommandResult,
    Desired,
    Order,
    Problem,
    Receipt,
    Reported,
    Settings,
    State,
    Status,
    Topic,
    read_message,
    write_message,
)
from sync.mqtt import BrokerAddress
from tests.rigs.broker.mosquitto import Broker, running_broker
from tests.rigs.broker.mqtt_probe import mqtt_probe
from tests.rigs.broker.proxy_thread import proxy_to
from tests.rigs.ledger.memory_ledger import MemoryLedger
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.sync.pad_uplink import BRISK, UplinkPad, uplink_pad
from tests.rigs.sync.province_receiver import running_receiver
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker


def all_receipted(pad: UplinkPad) -> bool:
    return pad.receipted_seq == pad.ledger.head_seq


def test_entries_are_receipted_once_the_province_has_them(broker: Broker) -> None:
    store = MemoryStore()
    with running_receiver(broker.address, store), uplink_pad(broker.address, "pad-a") as pad:
        pad.rate(3)
        until(lambda: pad.receipted_seq == 4, 10, "four entries are receipted")
        assert store.bodies("L-pad-a") == pad.ledger.bodies
        pad.rate()
        until(lambda: pad.receipted_seq == 5, 10, "the next one too")


def test_a_backlog_of_many_batches_arrives_whole_and_once(broker: Broker) -> None:
    store = MemoryStore()
    ledger = MemoryLedger("pad-b", "L-pad-b")
    ledger.rate(10_000)
    with (
        running_receiver(broker.address, store),
        uplink_pad(broker.address, "pad-b", ledger=ledger) as pad,
    ):
        until(lambda: all_receipted(pad), 20, "the backlog is receipted")
        assert store.bodies("L-pad-b") == ledger.bodies
        assert store.doubled == 0


def test_nothing_is_sent_before_the_province_answers_the_birth(broker: Broker) -> None:
    entries = Topic.ENTRIES.of("pad-c")
    state = Topic.STATE.of("pad-c")
    with (
        mqtt_probe(broker.address, entries, state) as probe,
        uplink_pad(broker.address, "pad-c") as pad,
    ):
        until(lambda: len(probe.payloads(state)) >= 3, 10, "the birth is repeated")
        assert probe.payloads(entries) == []
        birth = read_message(State, probe.payloads(state)[0])
        answer = Receipt(
            v=VERSION, ledger=birth.ledger, seq=0, digest=GENESIS.hex(), session="1.99"
        )
        probe.publish(Topic.RECEIPT.of("pad-c"), write_message(answer))
        count = len(probe.payloads(state))
        until(
            lambda: len(probe.payloads(state)) > count,
            10,
            "another session's answer does not count",
        )
        assert probe.payloads(entries) == []
        for session in range(1, 4):  # the control: its own answer counts
            answer = Receipt(
                v=VERSION,
                ledger=birth.ledger,
                seq=0,
                digest=GENESIS.hex(),
                session=f"{birth.boots}.{session}",
            )
            probe.publish(Topic.RECEIPT.of("pad-c"), write_message(answer))
        until(lambda: probe.payloads(entries), 10, "the entries are sent")
        assert pad.receipts[0] == 0


def test_starting_does_not_wait_for_a_broker() -> None:
    nowhere = BrokerAddress("127.0.0.1", free_port())
    pad = UplinkPad(nowhere)
    before = time.monotonic()
    pad.start()
    assert time.monotonic() - before < 2  # a connection would take CONNECT_TIMEOUT_S
    pad.rate()
    before = time.monotonic()
    pad.close()
    assert time.monotonic() - before < 5
    assert pad.connections == []


def test_the_log_says_whom_the_pad_reached_and_why_it_does_not(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "sync.uplink")

    def is_said(text: str) -> bool:
        return any(message.startswith(f"uplink: {text}") for message in caplog.messages)

    with proxy_to(broker.address.port) as cable, uplink_pad(cable.address, "pad-l"):
        until(lambda: is_said(f"connected to {cable.address}"), 10, "it is connected")
        assert is_said(f"connecting to {cable.address}")
        cable.cut()
        lost = f"no connection to {cable.address}: the connection broke"
        until(lambda: is_said(lost), 10, "why it is not")


def test_stopping_does_not_hang_on_a_dead_connection(broker: Broker) -> None:
    with proxy_to(broker.address.port) as cable:
        pad = UplinkPad(cable.address, "pad-d").start()
        until(lambda: pad.connections == [True], 10, "the pad is connected")
        cable.half_cut()
        before = time.monotonic()
        pad.close()
        assert time.monotonic() - before < 6


def test_a_stopped_pad_publishes_stopped_and_the_will_of_a_dead_one_says_lost(
    broker: Broker,
) -> None:
    state = Topic.STATE.of("pad-e")

    def statuses() -> list[Status]:
        return [read_message(State, payload).status for payload in probe.payloads(state)]

    with mqtt_probe(broker.address, state) as probe:
        with uplink_pad(broker.address, "pad-e"):
            until(lambda: Status.ONLINE in statuses(), 10, "the birth")
        until(lambda: statuses()[-1] is Status.STOPPED, 10, "the stopped state")
        dying = UplinkPad(broker.address, "pad-e", boots=2).start()
        until(lambda: statuses()[-1] is Status.ONLINE, 10, "the second birth")
        dying.die()
        until(lambda: statuses()[-1] is Status.LOST, 10, "the will")
        will = read_message(State, probe.payloads(state)[-1])
        assert (will.boots, will.session) == (2, 1)


def test_a_cut_connection_is_made_again_and_nothing_is_lost_or_doubled(broker: Broker) -> None:
    store = MemoryStore()
    with (
        running_receiver(broker.address, store),
        proxy_to(broker.address.port) as cable,
        uplink_pad(cable.address, "pad-f") as pad,
    ):
        for _ in range(5):
            until(lambda: pad.connections[-1:] == [True], 10, "the pad is connected")
            before = pad.receipted_seq
            pad.rate(2_000)
            until(lambda mark=before: pad.receipted_seq > mark, 10, "the drain has begun")
            cable.cut()
            pad.rate(10)
            until(lambda: pad.connections[-1] is False, 10, "the pad notices")
            cable.mend()
        until(lambda: all_receipted(pad), 20, "everything is receipted")
        assert store.bodies("L-pad-f") == pad.ledger.bodies
        assert store.doubled == 0
        assert cable.accepted >= 6


def test_a_connection_that_silently_loses_everything_is_noticed_by_the_keepalive(
    broker: Broker,
) -> None:
    store = MemoryStore()
    with (
        running_receiver(broker.address, store),
        proxy_to(broker.address.port) as cable,
        uplink_pad(cable.address, "pad-g", keepalive_s=1) as pad,
    ):
        until(lambda: pad.receipted_seq == 1, 10, "the first receipt")
        cable.half_cut("down")
        pad.rate(5)
        until(lambda: pad.connections[-1] is False, 15, "the keepalive notices")
        cable.mend()
        until(lambda: all_receipted(pad), 20, "everything is receipted")
        assert store.bodies("L-pad-g") == pad.ledger.bodies
        assert store.doubled == 0


def test_a_slow_connection_is_not_cut(broker: Broker) -> None:
    store = MemoryStore()
    with (
        running_receiver(broker.address, store),
        proxy_to(broker.address.port) as cable,
        uplink_pad(cable.address, "pad-h") as pad,
    ):
        cable.delay(0.05)
        pad.rate(3_000)
        until(lambda: all_receipted(pad), 20, "everything is receipted")
        assert pad.connections == [True]


def test_the_pad_reconnects_to_a_broker_that_was_killed_and_started_again() -> None:
    store = MemoryStore()
    with (
        running_broker() as own,
        running_receiver(own.address, store),
        uplink_pad(own.address, "pad-i") as pad,
    ):
        pad.rate(5)
        until(lambda: pad.receipted_seq == 6, 10, "everything is receipted")
        own.kill()
        pad.rate(500)
        until(lambda: pad.connections[-1] is False, 10, "the pad notices")
        own.start()
        until(lambda: all_receipted(pad), 30, "everything is receipted")
        assert store.bodies("L-pad-i") == pad.ledger.bodies
        assert store.doubled == 0


def test_a_restored_province_gets_the_entries_that_it_lacks(broker: Broker) -> None:
    store = MemoryStore()
    with running_receiver(broker.address, store), uplink_pad(broker.address, "pad-j") as pad:
        pad.rate(100)
        until(lambda: pad.receipted_seq == 101, 10, "a hundred")
        backup = store.backup()
        pad.rate(100)
        until(lambda: pad.receipted_seq == 201, 10, "two hundred")
        store.restore(backup)
        pad.rate()
        until(lambda: store.seq("L-pad-j") == 202, 10, "everything is there again")
        assert store.bodies("L-pad-j") == pad.ledger.bodies
        assert 101 in pad.receipts[2:], "the mark went back"


def test_a_ledger_that_the_province_contradicts_stops_and_a_new_one_is_delivered(
    broker: Broker,
) -> None:
    store = MemoryStore()
    first = MemoryLedger("pad-k", "LK")
    with running_receiver(broker.address, store):
        with uplink_pad(broker.address, "pad-k", ledger=first) as pad:
            pad.rate(10)
            until(lambda: all_receipted(pad), 10, "eleven entries")
        restored_card = MemoryLedger("pad-k", "LK")
        restored_card.rate(2)
        with uplink_pad(broker.address, "pad-k", ledger=restored_card, boots=2) as pad:
            until(lambda: pad.divergences, 10, "the pad sees that it is behind")
            assert store.seq("LK") == 11
            pad.call(lambda: MemoryLedger.__init__(restored_card, "pad-k", "LK2"))
            pad.rate()
            until(lambda: store.seq("LK2") == 2, 10, "the new ledger is delivered")


def test_a_refusal_is_reported_and_every_entry_kept(broker: Broker) -> None:
    store = MemoryStore()
    stolen = MemoryLedger("pad-other", "L-stolen")
    with (
        running_receiver(broker.address, store),
        uplink_pad(broker.address, "pad-l", ledger=stolen) as pad,
    ):
        until(lambda: pad.refusals, 10, "the refusal is reported")
        assert pad.refusals[0][0] is Problem.FOREIGN
        assert store.bodies("L-stolen") == []
        assert pad.receipted_seq == 0


def test_a_command_is_carried_out_and_answered_to_its_sender(broker: Broker) -> None:
    topic = Topic.COMMAND.of("pad-m")
    with (
        mqtt_probe(broker.address, "answers/#", Topic.STATE.of("pad-m")) as probe,
        uplink_pad(broker.address, "pad-m") as pad,
    ):
        until(lambda: probe.payloads(Topic.STATE.of("pad-m")), 10, "the pad is connected")
        command = write_message(Command(v=VERSION, order=Order.IDENTIFY, by="tester"))
        probe.publish(topic, command, ResponseTopic="answers/1", CorrelationData=b"c1")
        until(lambda: probe.payloads("answers/1"), 10, "the answer")
        assert pad.commands == [Command(v=VERSION, order=Order.IDENTIFY, by="tester")]
        answer = next(m for m in probe.messages if m[0] == "answers/1")
        assert read_message(CommandResult, answer[1]).done
        assert answer[3].CorrelationData == b"c1"

        probe.publish(topic, b'{"v":1,"order":"explode","by":"x"}', ResponseTopic="answers/2")
        until(lambda: probe.payloads("answers/2"), 10, "the answer to nonsense")
        result = read_message(CommandResult, probe.payloads("answers/2")[0])
        assert (result.done, result.code) == (False, "malformed")
        probe.publish(topic, command, ResponseTopic="answers/#")
        probe.publish(topic, command)
        until(lambda: len(pad.commands) == 3, 10, "no answer can be sent, the pad goes on")


def test_retained_configuration_is_received_at_each_connection_and_retained_command_ignored(
    broker: Broker,
) -> None:
    desired = Desired(v=VERSION, version=3, settings=Settings(window="7"))
    command = Command(v=VERSION, order=Order.PAUSE, by="yesterday")
    with mqtt_probe(broker.address) as probe:
        probe.publish(Topic.DESIRED.of("pad-n"), write_message(desired), retained=True)
        probe.publish(Topic.COMMAND.of("pad-n"), write_message(command), retained=True)
        with uplink_pad(broker.address, "pad-n") as pad:
            until(lambda: pad.desired_received == [desired], 10, "it is received")
            probe.publish(Topic.DESIRED.of("pad-n"), b"nonsense")
            probe.publish(Topic.DESIRED.of("pad-n"), b"", retained=True)
            probe.publish(Topic.RECEIPT.of("pad-n"), b"\xff\xfe")
            probe.publish(Topic.COMMAND.of("pad-n"), write_message(command), retained=True)
            later = Desired(v=VERSION, version=4, settings=Settings())
            probe.publish(Topic.DESIRED.of("pad-n"), write_message(later))
            until(lambda: pad.desired_received[-1] == later, 10, "nonsense is ignored")
            assert pad.commands == [], "neither the old one nor the one retained meanwhile"
            probe.publish(Topic.COMMAND.of("pad-n"), write_message(command))
            until(lambda: pad.commands == [command], 10, "the same command, not retained")


def test_the_configuration_in_force_is_published_again_after_a_cut(broker: Broker) -> None:
    topic = Topic.REPORTED.of("pad-o")
    reported = Reported(v=VERSION, version=1, digest="00", settings=Settings())
    with (
        mqtt_probe(broker.address, topic) as probe,
        proxy_to(broker.address.port) as cable,
        uplink_pad(cable.address, "pad-o") as pad,
    ):
        pad.call(lambda: pad.uplink.publish_reported(reported))
        until(lambda: len(probe.payloads(topic)) == 1, 10, "it is published")
        cable.cut()
        until(lambda: pad.connections[-1] is False, 10, "the pad notices")
        cable.mend()
        until(lambda: len(probe.payloads(topic)) == 2, 10, "it is published again")


def test_the_mqtt_clients_queue_is_bounded_while_the_province_sends_no_receipts(
    broker: Broker,
) -> None:
    state, entries = Topic.STATE.of("pad-p"), Topic.ENTRIES.of("pad-p")
    ledger = MemoryLedger("pad-p", "L-pad-p")
    ledger.rate(50_000)
    with (
        mqtt_probe(broker.address, state, entries) as probe,
        uplink_pad(broker.address, "pad-p", ledger=ledger) as pad,
    ):
        birth = until(lambda: probe.payloads(state), 10, "the birth")[0]
        session = read_message(State, birth).session
        answer = Receipt(
            v=VERSION,
            ledger="L-pad-p",
            seq=0,
            digest=GENESIS.hex(),
            session=f"1.{session}",
        )
        probe.publish(Topic.RECEIPT.of("pad-p"), write_message(answer))
        until(lambda: pad.receipts, 10, "the first receipt")
        connection = pad.uplink._connection
        assert connection is not None
        queued = connection._client._out_messages
        most = 0

        def has_stalled() -> bool:
            nonlocal most
            most = max(most, len(queued))
            return len(probe.payloads(entries)) >= BRISK.window + 2

        until(has_stalled, 15, "a window is sent, and single batches after each stall", 0.001)
        assert most <= BRISK.window
