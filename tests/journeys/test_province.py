"""Receivers are killed, the store is restored: nothing is lost and nothing doubled."""

import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker


def receipted(ledger: Path) -> int:
    """Up to which entry a closed ledger has receipts."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        row = db.execute(
            "SELECT coalesce((SELECT seq FROM mark WHERE name = 'receipted' AND head = entry.seq),"
            " receipted) FROM entry ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    return int(row[0])


def test_a_receiver_that_dies_between_commit_and_receipt_loses_nothing(
    any_deployment: Deployment,
) -> None:
    dying = any_deployment.receiver(sys.executable, "-m", "tests.rigs.province.dying_receiver", "2")
    pad = any_deployment.pad()
    pad.rate("case-1")
    assert until(dying.ended, 10, "the receiver has died") == -signal.SIGKILL
    dying.kill()
    ledger, seq, _ = pad.head()
    pad.end(signal.SIGTERM)
    there = any_deployment.store_reader.head(ledger)
    assert there is not None
    # control: an entry is committed that no receipt covers
    assert there[0] > receipted(pad.ledger)
    for n in range(2):
        another = any_deployment.receiver(
            sys.executable, "-m", "tests.rigs.province.dying_receiver", "1"
        )
        pad.start()
        pad.rate(f"another {n}")
        until(another.ended, 10, "the next one has died")
        another.kill()
        pad.end()
    any_deployment.receiver()
    pad.start()
    any_deployment.prove(pad)
    assert len(any_deployment.store_reader.ratings()) == 3
    assert pad.head()[1] > seq


def test_a_province_restored_from_an_older_backup_gets_the_missing_entries(
    deployment: Deployment,
) -> None:
    receiver = deployment.receiver()
    pad, idle = deployment.pad(), deployment.pad("pad-2")
    pad.rate("in the backup")
    idle.rate("of the idle pad")
    deployment.prove(pad, idle)
    backup = deployment.back_up("backup.db")
    for n in range(2):
        pad.rate(f"after the backup {n}")
    idle.rate("the last of the day")
    deployment.prove(pad, idle)
    receiver.kill()
    deployment.restore(backup)
    assert len(deployment.store_reader.missing(pad.thanked)) == 2  # control: the backup is older
    receiver.start()
    pad.rate("after the restore")
    deployment.prove(pad)
    idle.cable.cut()  # an idle pad notices the restore when it reconnects
    idle.cable.mend()
    deployment.prove(pad, idle)
    summary = deployment.store_reader.look(lambda store: store.summary())
    assert (summary.rated, summary.lost, summary.doubled, summary.incidents) == (6, 0, 0, 0)


def test_one_of_two_receivers_dies_and_the_other_takes_over(any_deployment: Deployment) -> None:
    receivers = [any_deployment.receiver(), any_deployment.receiver()]
    pads = [any_deployment.pad(), any_deployment.pad("pad-2")]
    for n, pad in enumerate(pads):
        pad.rate(f"both {n}")
        pad.stray(4)
    receivers[0].kill()
    for n, pad in enumerate(pads):
        pad.rate(f"one {n}")
    any_deployment.prove(*pads)
    receivers[0].start()
    receivers[1].kill()
    for n, pad in enumerate(pads):
        pad.rate(f"the other {n}")
    any_deployment.prove(*pads)
    assert any_deployment.store_reader.look(lambda store: store.summary()).rated == 6
    receivers[0].kill()
    last = pads[0].rate("without a receiver")
    # The control: without a receiver nothing is stored.
    assert last not in any_deployment.store_reader.ratings()
    receivers[1].start()
    any_deployment.prove(*pads)
