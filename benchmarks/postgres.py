"""The tests' own throw-away PostgreSQL cluster (fsync on), for the benchmarks."""

import contextlib
from collections.abc import Iterator

from benchmarks.scratch import BenchError
from tests.rigs.province.postgres import PostgresCluster, cluster


@contextlib.contextmanager
def postgres() -> Iterator[PostgresCluster]:
    """A running cluster, removed afterwards. Raises BenchError without PostgreSQL's programs."""
    try:
        with cluster() as running:
            yield running
    except LookupError as error:
        raise BenchError(str(error)) from error
