"""The province's database is locked, silent, full, pooled or of the wrong encoding: the receiver as
installed waits, says why in one line, blames no pad, and goes on by itself.

Short by default; with RATINGPAD_LONG=1 each trouble lasts as long as in a real outage.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.rigs.disk.small_disk import fill, free, small_disk
from tests.rigs.province import postgres
from tests.rigs.province.hostile_database import behind_proxy, held, sqlite_held
from tests.rigs.province.pgbouncer import pooled
from tests.rigs.sync.pad_uplink import UplinkPad
from tests.rigs.system.child_environment import BIN, environment
from tests.rigs.system.deployment import Deployment, Receiver
from tests.rigs.time.wait import load, until

LONG = os.environ.get("RATINGPAD_LONG") == "1"
TROUBLE_S = 60.0 if LONG else 2.5
"""How long a lock is held."""
STOP_S = 10.0
LINES = 12 + round(8 * TROUBLE_S / 60)
"""Of all logs together: a few for each start, pad and trouble, and one a minute for each."""

pytestmark = pytest.mark.broker


def lasting(seconds: float, check: Callable[[], None] = lambda: None) -> None:
    """Let a trouble last, and check over and over that it does no harm."""
    end_s = time.monotonic() + seconds

    def over() -> bool:
        check()
        return time.monotonic() >= end_s

    until(over, seconds + 30, "the trouble has lasted")


@contextmanager
def three_pads(deployment: Deployment) -> Iterator[list[UplinkPad]]:
    """Three pads, all their entries receipted."""
    with ExitStack() as stack:
        pads = []
        for name in ("pad-a", "pad-b", "pad-c"):
            pad = UplinkPad(deployment.broker.address, name).start()
            stack.callback(pad.close)
            pads.append(pad)
        for pad in pads:
            until(lambda pad=pad: pad.receipted_seq >= 1, 20, "the pad is receipted")
        yield pads


def rate_and_wait(pad: UplinkPad, timeout_s: float = 40) -> float:
    """One more rating; seconds until it is receipted."""
    began_s = time.monotonic()
    pad.rate()
    head = pad.ledger.head_seq
    until(lambda: pad.receipted_seq == head, timeout_s, "the rating is receipted", every_s=0.005)
    return time.monotonic() - began_s


def nobody_is_blamed(deployment: Deployment, pads: list[UplinkPad]) -> None:
    """No refusal, no evidence; all is stored; the log is short and without a traceback."""
    for pad in pads:
        head = pad.ledger.head_seq
        until(lambda pad=pad, head=head: pad.receipted_seq == head, 60, "all is receipted")
        assert pad.refusals == []
        stored = deployment.store_reader.head(pad.ledger.ledger_id)
        assert stored is not None
        assert stored[0] == head
    assert deployment.store_reader.look(lambda store: store.summary()).refusals == 0
    log = log_of(deployment)
    assert "Traceback" not in log
    assert len(log.splitlines()) <= LINES, log


def log_of(deployment: Deployment) -> str:
    return "".join(path.read_text() for path in deployment.folder.glob("receiver-*.log"))


def stops_in_order(receiver: Receiver) -> None:
    began_s = time.monotonic()
    assert receiver.kill(signal.SIGTERM) == 0
    assert time.monotonic() - began_s < STOP_S


@pytest.mark.postgres
def test_a_locked_table_makes_all_wait_and_blames_no_pad(cluster: postgres.PostgresCluster) -> None:
    url = cluster.create("locked_table")
    with held(url) as session:
        session.execute("ALTER DATABASE locked_table SET lock_timeout = '800ms'")
        session.commit()
    with Deployment(url) as deployment:
        deployment.receiver()
        with three_pads(deployment) as pads:
            with held(url, "LOCK TABLE batch IN SHARE MODE"):
                for pad in pads:
                    pad.rate(3)
                lasting(TROUBLE_S)
                assert [pad.receipted_seq for pad in pads] == [1, 1, 1]
                assert "P12" in log_of(deployment)
            nobody_is_blamed(deployment, pads)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "lock",
    [
        "SELECT * FROM pad WHERE pad = 'pad-a' FOR UPDATE",
        "SELECT * FROM ledger WHERE pad = 'pad-a' FOR UPDATE",
    ],
)
def test_a_locked_pad_waits_alone(cluster: postgres.PostgresCluster, lock: str) -> None:
    url = cluster.create(f"locked_{'pad' if 'FROM pad' in lock else 'ledger'}")
    with Deployment(url) as deployment:
        deployment.receiver()
        deployment.receiver()
        with three_pads(deployment) as pads:
            with held(url, lock):
                pads[0].rate(3)
                took_s: list[float] = []

                def others_go_on() -> None:
                    took_s.extend(map(rate_and_wait, pads[1:]))

                lasting(TROUBLE_S, others_go_on)
                assert pads[0].receipted_seq == 1
                assert sorted(took_s)[len(took_s) // 2] < 1 * load()
                assert max(took_s) < 3 * load()
                assert "pad pad-a: P12" in log_of(deployment)
            nobody_is_blamed(deployment, pads)


@pytest.mark.postgres
@pytest.mark.parametrize("direction", ["both", "down"] if LONG else ["both"])
def test_a_silent_connection_is_said_and_made_anew(
    cluster: postgres.PostgresCluster, direction: str
) -> None:
    url = cluster.create(f"silent_{direction}")
    with behind_proxy(url) as (proxy, there), Deployment(there) as deployment:
        deployment.receiver()
        with three_pads(deployment) as pads:
            proxy.half_cut(direction)
            for pad in pads:
                pad.rate(3)
            until(lambda: "P10" in log_of(deployment), 20, "the silence is in the log")
            lasting(TROUBLE_S)
            assert [pad.receipted_seq for pad in pads] == [1, 1, 1]
            proxy.mend()
            nobody_is_blamed(deployment, pads)


@pytest.mark.postgres
def test_a_connection_that_is_reset_is_made_anew(cluster: postgres.PostgresCluster) -> None:
    with (
        behind_proxy(cluster.create("reset")) as (proxy, there),
        Deployment(there) as deployment,
    ):
        deployment.receiver()
        with three_pads(deployment) as pads:
            for _ in range(10 if LONG else 2):
                proxy.cut()
                for pad in pads:
                    pad.rate(2)
                until(lambda: "P02" in log_of(deployment), 20, "the reason is in the log")
                proxy.mend()
                for pad in pads:
                    rate_and_wait(pad)
            for pad in pads:
                assert pad.refusals == []
            assert "Traceback" not in log_of(deployment)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "trouble", ["silent", "table", "pad", "stopped"] if LONG else ["silent", "table"]
)
def test_sigterm_ends_it_in_order_whatever_the_database_does(
    cluster: postgres.PostgresCluster, trouble: str
) -> None:
    url = cluster.create(f"stop_{trouble}")
    with behind_proxy(url) as (proxy, there), Deployment(there) as deployment:
        receiver = deployment.receiver()
        with three_pads(deployment) as pads, ExitStack() as stack:
            if trouble == "silent":
                proxy.half_cut()
            elif trouble == "stopped":
                proxy.cut()
            elif trouble == "table":
                stack.enter_context(held(url, "LOCK TABLE batch IN ACCESS EXCLUSIVE MODE"))
            else:
                stack.enter_context(held(url, "SELECT * FROM pad FOR UPDATE"))
            for pad in pads:
                pad.rate(3)
            lasting(1)
            stops_in_order(receiver)
            assert "Traceback" not in log_of(deployment)


def test_sigterm_ends_it_in_order_while_sqlite_is_locked() -> None:
    with Deployment() as deployment:
        receiver = deployment.receiver()
        with three_pads(deployment) as pads, sqlite_held(deployment.store_file):
            for pad in pads:
                pad.rate(3)
            until(lambda: "P12" in log_of(deployment), 20, "the lock is in the log")
            stops_in_order(receiver)


def test_after_a_lock_on_sqlite_everything_is_stored() -> None:
    with Deployment() as deployment:
        deployment.receiver()
        with three_pads(deployment) as pads:
            with sqlite_held(deployment.store_file):
                for pad in pads:
                    pad.rate(3)
                lasting(TROUBLE_S)
            nobody_is_blamed(deployment, pads)


def test_a_disk_that_takes_small_rows_only_makes_nothing_malformed() -> None:
    with (
        small_disk(4096) as disk,
        Deployment(f"sqlite:///{disk / 'province.db'}") as deployment,
    ):
        deployment.receiver()
        with three_pads(deployment) as pads:
            fill(disk)
            with (disk / "filler").open("ab") as file:
                file.truncate(file.tell() - 64 * 1024)  # room for some small rows
            for pad in pads:
                pad.rate(2_000)
            until(lambda: "P13" in log_of(deployment), 20, "the full disk is in the log")
            lasting(TROUBLE_S / 2)
            assert [pad.refusals for pad in pads] == [[], [], []]
            free(disk)
            nobody_is_blamed(deployment, pads)


@pytest.mark.postgres
@pytest.mark.pgbouncer
def test_two_receivers_behind_a_pooler_of_transactions(
    cluster: postgres.PostgresCluster,
) -> None:
    url = cluster.create("pooled")
    with pooled(url) as there, Deployment(there) as deployment:
        deployment.receiver()
        deployment.receiver()
        with three_pads(deployment) as pads:
            for _ in range(200 if LONG else 20):
                for pad in pads:
                    pad.rate(3)
                for pad in pads:
                    rate_and_wait(pad)
            nobody_is_blamed(deployment, pads)


@pytest.mark.postgres
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "EUC_CN", "LATIN1"])
def test_a_database_of_another_encoding_is_refused_at_the_door(
    cluster: postgres.PostgresCluster, encoding: str
) -> None:
    url = cluster.create(f"in_{encoding.lower()}", encoding)
    asked = subprocess.run(
        [BIN / "ratingpad-province", "receive", "--store", url, "--broker", "mqtt://127.0.0.1:1"],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )
    assert asked.returncode == 2
    assert re.match(rf"P11 .*{encoding}", asked.stderr), asked.stderr
    with held(url) as session:
        made = session.execute("SELECT * FROM pg_tables WHERE schemaname = 'public'")
        assert made.fetchall() == []
