"""What a broker allows is kept, and what it does not allow is told: at the pad and the receiver."""

import zlib

import pytest

from sync.messages import (
    DEFLATE,
    MAX_PACKET_DOWN_BYTES,
    MAX_PACKET_UP_BYTES,
    Status,
    Topic,
    read_batch,
)
from sync.obstacles import Obstacle
from sync.receiver import Receiver
from tests.rigs.broker import mqtt5_packets as mqtt
from tests.rigs.broker.mosquitto import broker_with
from tests.rigs.broker.scripted_broker import Script, ScriptedBroker, scripted_broker
from tests.rigs.ledger.memory_ledger import MemoryLedger
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.sync.pad_uplink import UplinkPad, uplink_pad
from tests.rigs.sync.province_receiver import running_receiver
from tests.rigs.time.wait import until

PAD = "pad-1"


def backlog(count: int) -> MemoryLedger:
    ledger = MemoryLedger(PAD, "L-1")
    ledger.rate(count)
    return ledger


def delivered(pad: UplinkPad) -> bool:
    return pad.receipted_seq == pad.ledger.head_seq


@pytest.mark.broker
@pytest.mark.parametrize(
    "line",
    [
        "max_packet_size 2000",
        "retain_available false",
        "max_inflight_messages 1",
        "max_keepalive 10",
    ],
)
def test_a_backlog_is_delivered_within_a_real_brokers_limits(line: str) -> None:
    store = MemoryStore()
    ledger = backlog(1_400)
    with (
        broker_with(line) as broker,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, PAD, ledger=ledger) as pad,
    ):
        until(lambda: delivered(pad), 20, "everything is receipted")
        assert store.bodies("L-1") == ledger.bodies
        assert pad.obstacles_seen == []
        # Without retain the first connection is refused: the will of a CONNECT is retained, too.
        assert pad.connections.count(True) == 1


@pytest.mark.broker
def test_a_real_broker_with_qos_0_only_is_a_fault_and_nothing_is_published() -> None:
    with broker_with("max_qos 0") as broker, uplink_pad(broker.address, PAD) as pad:
        until(lambda: Obstacle.LACKING in pad.obstacles, 10, "the fault")
        assert pad.receipts == []


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_publishes_are_out_than_the_broker_allows(limit: int) -> None:
    script = Script(limits={"receive_maximum": limit}, ack_after_s=0.03)
    store = MemoryStore()
    with (
        scripted_broker(script) as broker,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, PAD, ledger=backlog(8_000)) as pad,
    ):
        until(lambda: delivered(pad), 20, "everything is receipted")
        assert max(client.most_unacked for client in broker.of(PAD)) == limit
        assert max(client.most_unacked for client in broker.clients) <= limit
        assert [client.ended for client in broker.clients] == ["", ""]


@pytest.mark.parametrize("limit", [1_200, 20_000])
def test_no_packet_is_longer_than_the_broker_takes(limit: int) -> None:
    script = Script(limits={"maximum_packet_size": limit})
    store = MemoryStore()
    with (
        scripted_broker(script) as broker,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, PAD, ledger=backlog(1_400)) as pad,
    ):
        until(lambda: delivered(pad), 20, "everything is receipted")
        assert max(client.largest for client in broker.clients) <= limit
        assert pad.connections == [True]


def test_batches_halve_when_the_broker_says_too_large_without_having_said_how_large() -> None:
    store = MemoryStore()
    with scripted_broker() as broker:
        refuse_packets_longer_than(broker, 20_000)
        with (
            running_receiver(broker.address, store),
            uplink_pad(broker.address, PAD, ledger=incompressible(300)) as pad,
        ):
            until(lambda: delivered(pad), 30, "everything is receipted")
            assert pad.obstacles_seen == []
            assert any(client.ended == "0x95" for client in broker.of(PAD)), "the control"


def refuse_packets_longer_than(broker: ScriptedBroker, most: int) -> None:
    """The broker enforces a limit that it does not announce."""

    def judge(message: mqtt.Publish) -> int | None:
        if message.size > most:
            client = broker.live(PAD)
            assert client is not None
            broker.end(client, mqtt.PACKET_TOO_LARGE)
            return None
        return 0

    broker.script.puback = judge


def incompressible(count: int) -> MemoryLedger:
    ledger = MemoryLedger(PAD, "L-1")
    ledger.add_noise(count, 300)
    return ledger


def test_an_entry_that_is_longer_than_the_broker_takes_is_named_and_kept() -> None:
    ledger = MemoryLedger(PAD, "L-1")
    ledger.rate(20)
    ledger.add_noise(1, 4_000)
    ledger.rate(20)
    script = Script(limits={"maximum_packet_size": 2_500})
    store = MemoryStore()
    with scripted_broker(script) as broker, running_receiver(broker.address, store):
        with uplink_pad(broker.address, PAD, ledger=ledger) as pad:
            until(lambda: Obstacle.TOO_SMALL in pad.obstacles, 10, "the fault")
            assert "entry 22" in pad.obstacles[Obstacle.TOO_SMALL]
            assert pad.receipted_seq == 21
            assert pad.connections == [True]
            broker.script.limits = {}
            live = broker.live(PAD)
            assert live is not None
            live.cut()
            until(lambda: delivered(pad), 20, "a broker that takes more gets it")
            assert pad.obstacles == {}
        assert store.bodies("L-1") == ledger.bodies


def test_an_entry_that_is_longer_than_an_unannounced_limit_is_named_and_kept() -> None:
    ledger = MemoryLedger(PAD, "L-1")
    ledger.rate(2)
    ledger.add_noise(1, 4_000)
    with scripted_broker() as broker:
        refuse_packets_longer_than(broker, 2_500)
        with (
            running_receiver(broker.address, MemoryStore()),
            uplink_pad(broker.address, PAD, ledger=ledger) as pad,
        ):
            until(lambda: Obstacle.TOO_SMALL in pad.obstacles, 20, "the fault")
            assert "entry 4" in pad.obstacles[Obstacle.TOO_SMALL]
            until(lambda: pad.receipted_seq == 3, 20, "what is shorter gets through")


@pytest.mark.parametrize("refuses_connect", [False, True])
def test_a_broker_without_retain_gets_a_state_that_is_not_retained(refuses_connect: bool) -> None:
    script = Script(limits={"retain_available": 0})
    if refuses_connect:
        script.refuses = lambda connect: (
            mqtt.RETAIN_NOT_SUPPORTED if connect.will is not None and connect.will.retain else 0
        )
    store = MemoryStore()
    with (
        scripted_broker(script) as broker,
        running_receiver(broker.address, store),
        uplink_pad(broker.address, PAD, ledger=backlog(10)) as pad,
    ):
        until(lambda: delivered(pad), 10, "everything is receipted")
        assert not any(p.retain for client in broker.clients for p in client.publishes)
        assert pad.obstacles_seen == []
        assert store.states[PAD].status is Status.ONLINE


def test_qos_0_only_is_a_fault_and_the_pad_keeps_everything() -> None:
    with scripted_broker(Script(limits={"maximum_qos": 0})) as broker:
        with uplink_pad(broker.address, PAD, ledger=backlog(10)) as pad:
            until(lambda: Obstacle.LACKING in pad.obstacles, 10, "the fault")
            assert "QoS 0" in pad.obstacles[Obstacle.LACKING]
        assert [client.publishes for client in broker.of(PAD)] == [[]] * len(broker.of(PAD))
    assert pad.receipts == []


@pytest.mark.parametrize(
    ("limits", "share", "says"),
    [
        ({"maximum_qos": 0}, "province", "QoS 1"),
        ({"shared_available": 0}, "province", "shared subscriptions"),
        ({"wildcard_available": 0}, None, "wildcards"),
        ({"maximum_packet_size": 200}, "province", "packets of"),
    ],
)
def test_a_receiver_names_what_the_broker_lacks(
    limits: mqtt.Properties, share: str | None, says: str
) -> None:
    told: list[tuple[Obstacle, str]] = []
    with scripted_broker(Script(limits=limits)) as broker:
        receiver = Receiver(
            broker.address, MemoryStore(), share=share, obstructed=lambda *what: told.append(what)
        )
        receiver.start()
        try:
            until(lambda: told, 10, "the receiver tells")
        finally:
            receiver.stop()
    assert told[0][0] is Obstacle.LACKING
    assert says in told[0][1]


def test_a_receiver_without_a_share_works_where_there_are_no_shared_subscriptions() -> None:
    store = MemoryStore()
    with (
        scripted_broker(Script(limits={"shared_available": 0})) as broker,
        running_receiver(broker.address, store, share=None),
        uplink_pad(broker.address, PAD, ledger=backlog(10)) as pad,
    ):
        until(lambda: delivered(pad), 10, "everything is receipted")


def test_the_brokers_keep_alive_is_used_in_place_of_ones_own() -> None:
    with (
        scripted_broker(Script(limits={"server_keep_alive": 1})) as broker,
        uplink_pad(broker.address, PAD, keepalive_s=600),
    ):
        until(lambda: broker.of(PAD) and broker.of(PAD)[0].pings, 10, "a ping")


def test_both_ends_announce_what_they_take() -> None:
    with scripted_broker() as broker:
        with (
            running_receiver(broker.address, MemoryStore()),
            uplink_pad(broker.address, PAD) as pad,
        ):
            until(lambda: delivered(pad), 10, "everything is receipted")
        sizes = {c.connect.client_id: c.connect.properties for c in broker.clients}
    ours = sizes.pop(PAD)
    (theirs,) = sizes.values()
    assert ours["maximum_packet_size"] == MAX_PACKET_DOWN_BYTES
    assert theirs["maximum_packet_size"] == MAX_PACKET_UP_BYTES


def test_what_is_deflated_says_so_also_in_small_batches() -> None:
    with (
        scripted_broker(Script(limits={"maximum_packet_size": 3_000})) as broker,
        running_receiver(broker.address, MemoryStore()),
        uplink_pad(broker.address, PAD, ledger=backlog(600)) as pad,
    ):
        until(lambda: delivered(pad), 20, "everything is receipted")
        batches = broker.publishes(Topic.ENTRIES.of(PAD))
    plain = [
        zlib.decompress(p.payload) if p.properties.get("user") == [DEFLATE] else p.payload
        for p in batches
    ]
    assert sum(read_batch(payload).header.count for payload in plain) >= 601
