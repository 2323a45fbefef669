"""A server that says nothing is not waited for without limit."""

import threading
import time

import psycopg
import pytest

from province.store.watch import Watch
from province.store.watched_connection import WatchedConnection
from tests.rigs.province import postgres
from tests.rigs.province.hostile_database import behind_proxy
from tests.rigs.time.wait import until

pytestmark = pytest.mark.postgres


def test_a_silent_server_ends_the_wait_and_the_connection(
    cluster: postgres.PostgresCluster,
) -> None:
    watch = Watch(silence_s=0.5)
    with behind_proxy(cluster.create("silence")) as (proxy, there):
        connection = WatchedConnection.open(watch, there)
        assert connection.execute("SELECT 1").fetchone() == (1,)
        proxy.half_cut()
        with pytest.raises(psycopg.OperationalError, match="no answer for"):
            connection.execute("SELECT 2")
        assert watch.silent
        assert connection.closed


def test_a_server_that_works_for_long_is_silent_too_and_one_that_sends_is_not(
    cluster: postgres.PostgresCluster,
) -> None:
    watch = Watch(silence_s=1.0)
    with WatchedConnection.open(watch, cluster.create("working")) as connection:
        # Rows come for longer than the limit, never with so long a pause.
        many = "SELECT repeat('x', 9000), pg_sleep(0.1) FROM generate_series(1, 20)"
        assert len(connection.execute(many).fetchall()) == 20
        assert not watch.silent
        with pytest.raises(psycopg.OperationalError, match="no answer"):
            connection.execute("SELECT pg_sleep(30)")


def test_giving_up_ends_a_wait_soon(cluster: postgres.PostgresCluster) -> None:
    watch = Watch(silence_s=60)
    errors: list[Exception] = []

    def ask() -> None:
        try:
            WatchedConnection.open(watch, url).execute("SELECT pg_sleep(50)")
        except psycopg.Error as error:
            errors.append(error)

    url = cluster.create("giving_up")
    thread = threading.Thread(target=ask)
    thread.start()
    began_s = time.monotonic()
    watch.give_up()
    until(lambda: errors, 10, "the wait has ended")
    thread.join()
    assert time.monotonic() - began_s < 30
    assert "the program stops" in str(errors[0])
