"""What the reading commands do when PostgreSQL says nothing any more."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from province import cli
from province.store import open_store
from tests.rigs.broker.proxy_thread import ProxyThread
from tests.rigs.province import postgres
from tests.rigs.province.hostile_database import behind_proxy, held
from tests.rigs.system.child_environment import environment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.postgres
COMMANDS = ("verify", "status", "ratings")
LOCK_ALL = "LOCK TABLE ledger, rating, pad, hole IN ACCESS EXCLUSIVE MODE"


@contextmanager
def store_behind_proxy(
    cluster: postgres.PostgresCluster, name: str
) -> Iterator[tuple[ProxyThread, str, str]]:
    """A store: the proxy, its URL through the proxy, and its own URL."""
    url = cluster.create(name)
    open_store(url).close()
    with behind_proxy(url) as (proxy, there):
        yield proxy, there, url


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_gets_no_answer_ends_with_a_code_and_a_remedy(
    cluster: postgres.PostgresCluster,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("province.store.store.READING_SILENCE_S", 1.0)
    with (
        store_behind_proxy(cluster, f"unanswered_{command}") as (_, there, url),
        held(url, LOCK_ALL),
    ):
        assert cli.main([command, "--store", there]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("P10 ")
    assert "no answer for" in said.err
    assert said.out == ""


def test_a_connection_that_goes_silent_while_it_is_opened_is_p10(
    cluster: postgres.PostgresCluster,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("province.store.store.READING_SILENCE_S", 1.0)
    url = cluster.create("silent_start")
    open_store(url).close()
    with held(url, "LOCK TABLE ratingpad_alembic_version IN ACCESS EXCLUSIVE MODE"):
        assert cli.main(["verify", "--store", url]) == 2
    assert capsys.readouterr().err.startswith("P10 ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_that_waits_for_a_silent_database(
    cluster: postgres.PostgresCluster, number: signal.Signals
) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with (
        store_behind_proxy(cluster, f"signalled_{number}") as (proxy, there, url),
        held(url, LOCK_ALL),
        psycopg.connect(url, autocommit=True) as session,
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "province.cli", "verify", "--store", there],
            env=environment(),
            stderr=subprocess.PIPE,
        )
        try:
            until(lambda: session.execute(waiting.encode()).fetchone() == (1,), 30, "it waits")
            proxy.half_cut()
            began_s = time.monotonic()
            process.send_signal(number)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == -number
        assert time.monotonic() - began_s < 4, "less than psycopg waits to cancel a query"
        assert b"Traceback" not in said
