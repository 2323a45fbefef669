"""Entries are pruned when they are receipted and old enough, and no others."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import retention
from device.ledger.ledger import Ledger
from device.ledger.retention import CHUNK_ENTRIES, KEPT_ALWAYS, prune_expired, prune_regularly
from device.ledger.verify import verify
from device.ledger.writer import Writer
from sync.entries import At, Strayed, Trust
from tests.rigs.ledger.ledger_process import open_in
from tests.rigs.time.virtual_time import pass_s, run

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


def test_256_entries_are_deleted_at_once_and_the_newest_1000_never(ledger: Ledger) -> None:
    ledger.mark_receipted(ledger.head[0])
    pruned = [prune_expired(ledger, at(99_999), timedelta(days=1)) for _ in range(4)]
    assert pruned == [256, 256, 600 - 2 * 256, 0]
    assert ledger.read(1, 1, 1).entries[0].seq == ledger.head[0] - 999


def test_an_entry_is_kept_for_its_whole_retention_time_and_no_millisecond_longer(
    ledger: Ledger,
) -> None:
    ledger.mark_receipted(ledger.head[0])
    of_day_100 = 102  # the one before it does not know its time: it is as old as this

    def pruned(after_ms: int) -> int:
        now_ms = BEGUN_MS + (100 + 30) * DAY_MS + after_ms
        now = At(utc=now_ms, mono=1, boot="b", trust=Trust.NTP)
        prune_expired(ledger, now, timedelta(days=30))
        return ledger.pruned

    assert pruned(0) == of_day_100 - 2
    assert pruned(1) == of_day_100


@pytest.mark.parametrize(("undated", "pruned"), [(125, 126), (126, 0)])
def test_an_entry_without_a_time_is_as_old_as_the_next_with_one_among_64(
    tmp_path: Path, undated: int, pruned: int
) -> None:
    """The search begins in the middle of them: with 63 or 64 before the first that has a time."""
    ledger = open_in(tmp_path)
    for _ in range(undated):
        ledger.append(stray(0, known=False))
    for day in range(KEPT_ALWAYS):
        ledger.append(stray(day))
    ledger.mark_receipted(ledger.head[0])
    prune_expired(ledger, at(1), timedelta(seconds=1))
    assert ledger.pruned == pruned
    ledger.close()


def test_each_hour_all_that_is_old_is_pruned_a_second_apart_and_an_error_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        full = LedgerError("no room", PadCode.LEDGER_FULL)
        answers: Iterator[int | LedgerError] = iter([256, 256, 0, full, 3, 0])
        done_s: list[float] = []

        class Thread(Writer):
            async def run(self, fn: Callable[[Ledger], Any]) -> Any:
                assert isinstance(fn, partial)
                assert fn.keywords == {"now": at(0), "retention": timedelta(days=1)}
                done_s.append(asyncio.get_running_loop().time())
                answer = next(answers)
                if isinstance(answer, LedgerError):
                    raise answer
                return answer

        pruning = asyncio.ensure_future(
            prune_regularly(
                Thread(lambda: pytest.fail("not opened")), lambda: at(0), timedelta(days=1)
            )
        )
        await pass_s(3 * 3601 + 3)
        assert done_s == [3600, 3601, 3602, 7202, 10802, 10803]
        pruning.cancel()

    run(story())
    assert "no room" in caplog.text
