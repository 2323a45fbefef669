"""The tests' own throw-away PostgreSQL cluster (fsync on), for the benchmarks."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Protocol, cast

from benchmarks.peers.install import ROOT
from benchmarks.scratch import BenchError


class Cluster(Protocol):
    """What is used of `tests/rigs/postgres.py`."""

    def create(self, database: str) -> str:
        """A new empty database: its URL."""


@contextlib.contextmanager
def postgres() -> Iterator[Cluster]:
    """A running cluster, removed afterwards. Raises BenchError without PostgreSQL's programs."""
    tests = str(ROOT / "tests")
    if tests not in sys.path:
        sys.path.append(tests)
    rig = importlib.import_module("rigs.postgres")
    try:
        manager = cast("contextlib.AbstractContextManager[Cluster]", rig.cluster())
        with manager as cluster:
            yield cluster
    except LookupError as error:
        raise BenchError(str(error)) from error
