"""A program: a pad's uplink or a receiver whose broker floods it for some seconds.

    python -m tests.rigs.broker.flooded_client pad|receiver messages|acks|huge|properties

Prints by how many MiB its memory has grown at most, and how many packets were sent. The broker runs
in the same process and keeps none of them, so what grows is the client.
"""

import os
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from sync.messages import Topic
from sync.receiver import Receiver
from tests.rigs.broker import mqtt5_packets as mqtt
from tests.rigs.broker.scripted_broker import ScriptedBroker
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.sync.pad_uplink import UplinkPad
from tests.rigs.time.wait import until

FLOOD_S = 2.0
PAD = "pad-1"


def rss_mib() -> float:
    """The resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


class _Forgets(list[Any]):
    """Keeps nothing: the evidence in a store's memory is not what is measured here."""

    def append(self, _: Any) -> None:
        return


def packets(end: str, kind: str) -> Iterator[bytes]:
    """The flood, without end."""
    topic = (Topic.DESIRED if end == "pad" else Topic.HEALTH).of(PAD)
    for number in count():
        mid = number % 60_000 + 1
        if kind == "messages":
            yield mqtt.publish(topic, b"x" * 50_000, qos=number % 2, mid=mid)
        elif kind == "acks":
            yield (mqtt.puback(mid) + mqtt.packet(mqtt.PINGRESP, 0, b"")) * 100
        elif kind == "properties":
            yield mqtt.publish(topic, b"", qos=0, values={"user": [("", "")] * 6_000})
        else:
            yield b"\x30" + mqtt.varint(200 * 2**20) + b"x" * 10**6


def main(end: str, kind: str) -> None:
    """Run the flood and print what it did."""
    broker = ScriptedBroker().start()
    if end == "pad":
        pad = UplinkPad(broker.address, PAD).start()
        until(lambda: pad.connections, 10, "the pad is connected")
    else:
        store = MemoryStore()
        store.refusals = _Forgets()
        receiver = Receiver(broker.address, store)
        receiver.start()
        until(receiver.connected.is_set, 10, "the receiver is connected")
    before_mib, sent = rss_mib(), 0
    most_mib = before_mib
    until_s = time.monotonic() + FLOOD_S
    for data in packets(end, kind):
        if time.monotonic() > until_s:
            break
        broker.clients[-1].send(data)
        sent += 1
        most_mib = max(most_mib, rss_mib())
    print(f"{most_mib - before_mib:.1f} {sent}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
