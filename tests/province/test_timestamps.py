"""Timestamps of entries, by the pad's trust or by anchors. Pure."""

import random

from province.timestamps import (
    ANCHORS_MAX,
    Anchor,
    Dated,
    anchor_of,
    clock_was_trusted,
    counted,
    date,
    own_date,
)
from sync.entries import Trust
from tests.rigs.ledger.ledger_builder import NOON_MS, at, clock, without_time


def anchor(mono_ms: int, utc_ms: int, uncertainty_ms: int = 20, seq: int = 1) -> Anchor:
    return Anchor("boot-1", mono_ms, utc_ms, uncertainty_ms, "ntp", "01A", seq)


def test_a_time_that_the_pad_trusted_is_kept_whatever_anchors_come_later() -> None:
    later = [anchor(0, NOON_MS + 999_999)]
    assert date(at(5), later) == Dated(NOON_MS + 5, "ntp", None)
    assert date(at(5, trust=Trust.RTC), later) == Dated(NOON_MS + 5, "rtc", None)
    assert date(at(5, trust=Trust.HELD), later) == Dated(NOON_MS + 5, "held", None)


def test_an_entry_before_the_time_was_known_is_dated_from_its_boots_anchor() -> None:
    assert date(without_time(1000), [anchor(61_000, NOON_MS)]) == Dated(
        NOON_MS - 60_000, "anchor", 26
    )


def test_a_time_without_trust_is_not_used() -> None:
    in_1970 = at(5, utc=0, trust=Trust.NONE)
    assert date(in_1970, []) == Dated(None, "unknown", None)
    assert date(in_1970, [anchor(0, NOON_MS)]) == Dated(NOON_MS + 5, "anchor", 21)


def test_without_an_anchor_the_date_is_unknown_and_never_guessed() -> None:
    assert date(without_time(1000), []) == Dated(None, "unknown", None)


def test_the_anchor_with_the_least_uncertainty_is_used_in_any_order() -> None:
    near, far, vague = (
        anchor(10_000, NOON_MS + 10_000, 50, 1),
        anchor(3_600_000, NOON_MS + 3_600_007, 5, 2),
        anchor(1_000, NOON_MS + 3_000, 2_000, 3),
    )
    expected = Dated(NOON_MS + 1_000, "anchor", 51)
    for seed in range(6):
        anchors = [near, far, vague]
        random.Random(seed).shuffle(anchors)
        assert date(without_time(1000), anchors) == expected


def test_a_clock_entry_that_says_the_time_was_lost_is_no_anchor() -> None:
    assert anchor_of(clock(1, NOON_MS, source="none"), "01A", 4) is None
    assert anchor_of(clock(1, NOON_MS), "01A", 4) == Anchor(
        "boot-1", 1, NOON_MS, 20, "ntp", "01A", 4
    )


def test_a_clock_was_trusted_when_it_told_the_time_and_knew_it() -> None:
    for trust in Trust:
        assert clock_was_trusted(at(5, trust=trust)) is (trust is not Trust.NONE)
        assert clock_was_trusted(at(5, utc=None, trust=trust)) is False


def test_a_time_that_is_missing_is_not_used_whatever_the_trust() -> None:
    assert date(at(5, utc=None, trust=Trust.NTP), [anchor(0, NOON_MS)]).by == "anchor"


def test_a_crystal_is_off_by_a_tenth_of_a_second_in_a_thousand_rounded_up() -> None:
    far = [anchor(0, NOON_MS, 0)]
    for after_ms, off_ms in ((0, 0), (1, 1), (10_000, 1), (10_001, 2), (10**12, 10**8)):
        assert date(without_time(after_ms), far).uncertainty_ms == off_ms


def test_of_two_anchors_alike_the_one_that_was_written_first_counts() -> None:
    for seqs in ((1, 2), (2, 1)):
        alike = [anchor(0, NOON_MS + seq, 20, seq) for seq in seqs]
        assert date(without_time(0), alike).utc_ms == NOON_MS + 1


def test_the_64_anchors_of_a_boot_that_were_written_first_count_in_any_order() -> None:
    assert ANCHORS_MAX == 64
    written = [anchor(0, NOON_MS, seq=seq) for seq in range(1, 67)]
    for count in (0, 1, 63, 64, 65, 66):
        arrived = written[:count]
        random.Random(count).shuffle(arrived)
        assert counted(arrived) == written[: min(count, 64)]


def test_only_the_pads_own_time_is_an_entrys_own_date() -> None:
    for trust in (Trust.NTP, Trust.RTC, Trust.HELD):
        assert own_date(trust.value, NOON_MS) == (trust.value, NOON_MS)
        assert own_date(trust.value, None) == ("", 0)
    for by in ("anchor", "unknown"):
        assert own_date(by, NOON_MS) == own_date(by, None) == ("", 0)
    assert own_date("", None) == ("", 0)
