"""The foreign ends' packages, and a broker for each module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rigs.broker.mosquitto import Broker, running_broker
from tests.rigs.foreign import foreign_end


@pytest.fixture(scope="session")
def modules() -> Path:
    """Where the packages are; without the registry the tests are left out."""
    try:
        return foreign_end.modules()
    except LookupError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running
