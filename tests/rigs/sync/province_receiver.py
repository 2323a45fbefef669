"""The province's end over a store in memory: a real receiver on a real broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sync.mqtt import BrokerAddress
from sync.receiver import Receiver
from tests.rigs.province.memory_store import MemoryStore
from tests.rigs.time.wait import until


@contextmanager
def running_receiver(
    broker: BrokerAddress, store: MemoryStore, **kwargs: Any
) -> Iterator[Receiver]:
    """A receiver that is connected, and stopped afterwards."""
    receiver = Receiver(broker, store, **kwargs)
    receiver.start()
    try:
        until(receiver.connected.is_set, 10, "the receiver is connected")
        yield receiver
    finally:
        receiver.stop()
