"""A deployment for each journey."""

from collections.abc import Iterator

import pytest

from tests.rigs.province import postgres
from tests.rigs.system.deployment import Deployment


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """A broker without pads and receivers yet; the province's store is SQLite."""
    with Deployment() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """The same with each kind of store."""
    url = None
    if request.param == "postgresql":
        server: postgres.PostgresCluster = request.getfixturevalue("cluster")
        url = server.create(f"hall_{abs(hash(request.node.nodeid))}")
    with Deployment(url) as running:
        yield running
