"""The tests' own throw-away PostgreSQL cluster (fsync on), for the benchmarks."""

import contextlib
from collections.abc import Iterator
from typing import Protocol, cast

from benchmarks.rigs import rig
from benchmarks.scratch import BenchError


class Cluster(Protocol):
    """What is used of `tests/rigs/postgres.py`."""

    def create(self, database: str) -> str:
        """A new empty database: its URL."""


@contextlib.contextmanager
def postgres() -> Iterator[Cluster]:
    """A running cluster, removed afterwards. Raises BenchError without PostgreSQL's programs."""
    try:
        cluster = rig("rigs.postgres").cluster()
        manager = cast("contextlib.AbstractContextManager[Cluster]", cluster)
        with manager as running:
            yield running
    except LookupError as error:
        raise BenchError(str(error)) from error
