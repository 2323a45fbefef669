"""One broker for each test module that needs one."""

from collections.abc import Iterator

import pytest

from tests.rigs.broker.mosquitto import Broker, running_broker


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running
