"""A link that is slow and cut again and again: what waits gets through, once, in its order.

RATINGPAD_LONG=1 takes the links as they were tried: 4 KiB/s, cut every two to four seconds. The 303
entries that were tried first get through before the first cut now, so more are sent.
"""

import os
from random import Random
from threading import Event, Thread

import pytest

from benchmarks.sample_ratings import bodies
from sync.entries import write_body
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.broker.proxy_thread import ProxyThread, proxy_to
from tests.rigs.ledger.memory_ledger import MemoryLedger
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.sync.pad_uplink import uplink_pad
from tests.rigs.sync.province_receiver import running_receiver
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
LONG = os.environ.get("RATINGPAD_LONG") == "1"
PAD = "pad-1"


def ledger_of(count: int) -> MemoryLedger:
    ledger = MemoryLedger(PAD, "L-1")
    for body in bodies(count):
        ledger.append_body(write_body(body))
    return ledger


class Cutter:
    """Cuts a cable after each of the given times, for as long as the block runs."""

    def __init__(self, cable: ProxyThread, from_s: float, to_s: float) -> None:
        self._cable = cable
        self._between_s = (from_s, to_s)
        self._over = Event()
        self._thread = Thread(target=self._cut, daemon=True)

    def __enter__(self) -> "Cutter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _cut(self) -> None:
        rng = Random(5)
        while not self._over.wait(rng.uniform(*self._between_s)):
            self._cable.cut()
            self._cable.mend()


LINKS = [(900, 16_384, 0.5, 1.0)]
"""Entries, bytes a second, and after how many seconds it is cut, from and to."""
if LONG:
    LINKS += [(1_500, 4_096, 2.0, 4.0), (2_000, 2_048, 2.0, 3.0)]


@pytest.mark.parametrize(("count", "rate_bytes_s", "from_s", "to_s"), LINKS)
def test_a_backlog_gets_through_a_link_that_is_cut_before_a_large_batch_does(
    broker: Broker, count: int, rate_bytes_s: int, from_s: float, to_s: float
) -> None:
    store, ledger = MemoryStore(), ledger_of(count)
    with (
        running_receiver(broker.address, store),
        proxy_to(broker.address.port) as cable,
    ):
        cable.limit(rate_bytes_s)
        with (
            Cutter(cable, from_s, to_s),
            uplink_pad(cable.address, PAD, ledger=ledger) as pad,
        ):
            until(lambda: pad.receipted_seq == ledger.head_seq, 300, "everything is receipted")
            assert pad.obstacles_seen == []
        assert cable.accepted >= 3, "the control: it was cut"
    assert store.bodies("L-1") == ledger.bodies
    assert store.doubled == 0


def test_a_slow_link_that_is_not_cut_keeps_its_one_connection(broker: Broker) -> None:
    """Megabytes in the kernel's buffer would hold the keep-alive's ping up for minutes."""
    store, ledger = MemoryStore(), ledger_of(1_500)
    with running_receiver(broker.address, store), proxy_to(broker.address.port) as cable:
        cable.limit(16_384)
        with uplink_pad(cable.address, PAD, ledger=ledger, keepalive_s=3) as pad:
            until(lambda: pad.receipted_seq == ledger.head_seq, 60, "everything is receipted")
            assert pad.connections == [True]
