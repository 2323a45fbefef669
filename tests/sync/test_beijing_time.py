"""Times are Beijing's for people, and a day that is typed is a whole day there."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.beijing_time import (
    BEIJING,
    beijing_day,
    beijing_timestamp,
    first_ms,
    last_ms,
    shown_beijing,
)

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("utc_ms", "seen"),
    [
        (0, "1970-01-01 08:00:00"),
        (1_764_489_599_999, "2025-11-30 15:59:59"),
        (-62_135_596_800_000, "0001-01-01 08:00:00"),
        (253_402_300_799_999, "253402300799999 ms"),  # the year 10000 in Beijing
        (2**53, f"{2**53} ms"),
        (-(2**53), f"-{2**53} ms"),
    ],
)
def test_a_time_is_beijings_and_any_number_can_be_shown(utc_ms: int, seen: str) -> None:
    assert shown_beijing(utc_ms) == seen


def test_a_timestamp_names_the_zone_and_a_day_begins_in_beijing() -> None:
    assert beijing_timestamp(1_764_489_599_999) == "2025-11-30T15:59:59+08:00"
    assert beijing_day(1_764_518_399_999) == "2025-11-30"
    assert beijing_day(1_764_518_400_000) == "2025-12-01"
    assert (beijing_timestamp(2**53), beijing_day(2**53)) == (None, "")


def test_a_day_is_all_of_it_in_beijing() -> None:
    begins = datetime(2026, 11, 30, tzinfo=BEIJING).timestamp() * 1000
    assert first_ms("2026-11-30") == first_ms(" 2026-11-30 ") == begins
    assert last_ms("2026-11-30") == begins + DAY_MS - 1
    assert first_ms("2026-12-1") == begins + DAY_MS


def test_a_minute_and_a_second_are_all_of_them() -> None:
    begins = first_ms("2026-11-30 14:30")
    assert shown_beijing(begins) == "2026-11-30 14:30:00"
    assert last_ms("2026-11-30T14:30") == begins + 59_999
    assert last_ms("2026-11-30 14:30:00") == begins + 999
    assert last_ms("2026-11-30 00:00") == first_ms("2026-11-30") + 59_999


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))
def test_what_is_shown_can_be_typed(moment: datetime) -> None:
    utc_ms = int(moment.replace(microsecond=0, tzinfo=UTC).timestamp() * 1000)
    assert first_ms(shown_beijing(utc_ms)) == utc_ms


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is no date like"),
        ("yesterday", "'yesterday' is no date like"),
        ("30.11.2026", "is no date like"),
        ("2026-11-30 24:00", "there is no 2026-11-30 24:00"),
        ("2026-02-30", "there is no 2026-02-30"),
        ("0000-01-01", "there is no 0000-01-01"),
        ("0001-01-01", "there is no 0001-01-01"),  # in UTC it is before the year 1
        ("２０２６-11-30", "is no date like"),
        ("2026-11-30\n", ""),
    ],
)
def test_what_is_no_date_is_named(text: str, why: str) -> None:
    if not why:
        assert first_ms(text)  # what a shell adds is no mistake
        return
    with pytest.raises(ValueError, match=why):
        first_ms(text)
