"""What a receiver says each minute of what it has stored."""

import logging

import pytest

from tests.rigs.broker.scripted_broker import scripted_broker
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.sync.pad_uplink import uplink_pad
from tests.rigs.sync.province_receiver import running_receiver
from tests.rigs.time.wait import until


def test_each_minute_is_a_line_with_what_was_stored(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sync.receiver.COUNTS_S", 0.5)
    caplog.set_level(logging.INFO, "sync.receiver")
    with scripted_broker() as broker, running_receiver(broker.address, MemoryStore()):
        with uplink_pad(broker.address, "pad-1") as pad:
            pad.rate(40)
            until(lambda: pad.receipted_seq == 41, 10, "everything is receipted")
        broker.publish("pad/v1/pad-2/up/entries", b"no batch")
        until(lambda: "1 refused" in caplog.text, 10, "the refusal is counted")
        until(lambda: caplog.messages[-1].endswith("0 refused, from 0 pads"), 10, "a quiet minute")
    ratings = [
        int(line.split(" ratings")[0].split()[-1])
        for line in caplog.messages
        if "last minute" in line
    ]
    assert sum(ratings) == 40
    assert f"connected to {broker.address}" in caplog.text
