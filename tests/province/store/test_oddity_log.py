"""Entries that give no row are logged after the commit, at a bounded rate."""

import pytest

from province.oddities import Oddity
from province.store import ProvinceStore
from province.store.oddity_log import AGAIN_S, SUBJECTS_MAX, OddityLog
from tests.rigs.ledger.ledger_builder import LedgerBuilder, invited, rated


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def odd(pad: str = "pad-1", kind: str = "unread", entries: int = 1) -> Oddity:
    return Oddity(pad, "01A", kind, 5, 4 + entries, entries, "rated: level is great")


def test_the_first_is_logged_at_once_and_then_one_line_a_minute_counts_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    told = OddityLog(clock)
    for _ in range(100):
        told.take([odd(entries=10), odd()])
    told.take([odd(kind="dated-ahead")])
    assert [record.getMessage().split(",")[:2] for record in caplog.records] == [
        ["unread: pad pad-1", " 11 entries"],
        ["dated-ahead: pad pad-1", " 1 entries"],
    ]
    clock.now_s += AGAIN_S
    told.take([odd()])
    assert "unread: pad pad-1, 1090 entries, the first is 5 of ledger 01A" in caplog.text


def test_pads_without_end_take_neither_memory_nor_lines(caplog: pytest.LogCaptureFixture) -> None:
    told = OddityLog(Clock())
    for n in range(5000):
        told.take([odd(f"pad-{n}")])
    assert len(caplog.records) == SUBJECTS_MAX + 1
    assert "unread: pad other pads, 1 entries" in caplog.records[-1].getMessage()


def test_a_known_kind_that_breaks_its_type_is_stored_receipted_and_logged(
    store: ProvinceStore, caplog: pytest.LogCaptureFixture
) -> None:
    great = b'{"at":{"boot":"b","mono":1,"trust":"none","utc":null},"elapsed_ms":1,"invitation":"i"'
    great += b',"kind":"rated","level":"great","source":"keys"}'
    pad = LedgerBuilder().add(*[great] * 20, invited("i1"), rated("i1"))
    [receipt] = store.take([pad.arrival()])
    assert (receipt.seq, receipt.problem) == (23, None)
    [record] = caplog.records
    said = record.getMessage()
    assert said.startswith("unread: pad pad-1, 20 entries, the first is 2 of ledger 01LEDGER-A: ")
    assert "Invalid enum value 'great'" in said
    assert store.summary().unread == 20
    store.take([pad.arrival()])  # known already: nothing new to say
    assert len(caplog.records) == 1
