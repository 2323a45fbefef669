"""The servers of a run, mosquitto and PostgreSQL (fsync on), as the tests start them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from benchmarks.scratch import BenchError
from tests.rigs.broker.mosquitto import Broker
from tests.rigs.province.postgres import PostgresCluster, cluster


@contextlib.contextmanager
def mosquitto(
    place: Path, *lines: str, port: int | None = None, name: str = "broker"
) -> Iterator[Broker]:
    """A broker on a loopback port (a free one unless given), with further configuration `lines`.

    Every contestant's broker is configured alike but for these. Raises BenchError without
    mosquitto.
    """
    broker = Broker(place, port, *lines, name=name)
    try:
        broker.start()
    except LookupError as error:
        raise BenchError(str(error)) from error
    try:
        yield broker
    finally:
        broker.stop()


@contextlib.contextmanager
def postgres() -> Iterator[PostgresCluster]:
    """A running cluster, removed afterwards. Raises BenchError without PostgreSQL's programs."""
    try:
        with cluster() as running:
            yield running
    except LookupError as error:
        raise BenchError(str(error)) from error
