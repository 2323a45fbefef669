"""Entries are pruned when they are receipted and old enough, and no others."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from device.ledger import retention
from device.ledger.ledger import Ledger
from device.ledger.retention import CHUNK_ENTRIES, KEPT_ALWAYS, prune_expired, prune_regularly
from device.ledger.verify import verify
from device.ledger.writer import Writer
from sync.entries import At, Strayed, Trust
from tests.rigs.ledger.ledger_process import open_in
from tests.rigs.time.virtual_time import run

DAY_MS = 86_400_000
BEGUN_MS = 1_700_000_000_000


def at(day: int, *, known: bool = True) -> At:
    utc = BEGUN_MS + day * DAY_MS if known else None
    return At(utc=utc, mono=day, boot="b", trust=Trust.NTP if known else Trust.NONE)


def stray(day: int, *, known: bool = True) -> Strayed:
    return Strayed(at=at(day, known=known), key="satisfied", state="idle", source="keys")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An entry a day: entry n + 2 is of day n; every third does not know its time."""
    ledger = open_in(tmp_path)
    for day in range(KEPT_ALWAYS + 600):
        ledger.append(stray(day, known=day % 3 > 0))
    return ledger


def prune_all(ledger: Ledger, now: At, days: int) -> int:
    total = 0
    while pruned := prune_expired(ledger, now, timedelta(days=days)):
        assert pruned <= CHUNK_ENTRIES
        total += pruned
    return total


def test_receipted_entries_older_than_the_retention_time_are_pruned_and_no_others(
    ledger: Ledger, tmp_path: Path
) -> None:
    ledger.mark_receipted(ledger.head[0])
    assert prune_all(ledger, at(1100), 600) == 500
    assert ledger.read(1, 1, 1).entries[0].seq == 502, "the entries from day 500 on are kept"
    ledger.close()
    verdict = verify(tmp_path / "ledger")
    assert (verdict.intact, verdict.pruned) == (True, 501)


def test_entries_that_the_province_has_not_confirmed_since_the_start_are_kept(
    ledger: Ledger,
) -> None:
    assert prune_all(ledger, at(9000), 1) == 0
    ledger.mark_receipted(100)
    assert prune_all(ledger, at(9000), 1) == 99  # control: entry 1 and unreceipted ones are kept


def test_nothing_is_pruned_while_the_time_is_not_known(ledger: Ledger) -> None:
    ledger.mark_receipted(ledger.head[0])
    assert prune_all(ledger, at(9000, known=False), 1) == 0


def test_a_wrong_year_does_not_empty_the_ledger(ledger: Ledger) -> None:
    ledger.mark_receipted(ledger.head[0])
    prune_all(ledger, at(99_999), 1)
    assert ledger.head[0] - ledger.pruned == KEPT_ALWAYS


def test_a_new_or_short_ledger_is_not_pruned(tmp_path: Path) -> None:
    ledger = open_in(tmp_path)
    ledger.append(stray(1))
    ledger.mark_receipted(2)
    assert prune_all(ledger, at(9000), 1) == 0


def test_a_running_pad_prunes_at_every_interval(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.close()

    async def story() -> None:
        writer = Writer(lambda: open_in(tmp_path))
        await writer.start()
        writer.mark_receipted(400)
        monkeypatch.setattr(retention, "INTERVAL_S", 0.01)
        monkeypatch.setattr(retention, "PAUSE_S", 0)
        pruning = asyncio.ensure_future(
            prune_regularly(writer, lambda: at(9000), timedelta(days=1))
        )
        while await writer.run(lambda ledger: ledger.pruned) < 400:
            await asyncio.sleep(0.01)
        writer.mark_receipted(500)
        while await writer.run(lambda ledger: ledger.pruned) < 500:
            await asyncio.sleep(0.01)
        pruning.cancel()
        await writer.stop()

    run(story())
