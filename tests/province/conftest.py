"""Both backends for every test that asks for a store."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from province.store import ProvinceStore, open_store
from tests.rigs.province import postgres

_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'province.db'}"
    server: postgres.PostgresCluster = request.getfixturevalue("cluster")
    return server.create(f"store_{next(_numbers)}")


@pytest.fixture
def opened(store_url: str) -> Iterator[Callable[[], ProvinceStore]]:
    """A function that opens the store, any number of times; all are closed at the end."""
    stores: list[ProvinceStore] = []

    def open_it() -> ProvinceStore:
        stores.append(open_store(store_url))
        return stores[-1]

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], ProvinceStore]) -> ProvinceStore:
    return opened()
