"""Whatever is stored can be shown, on one line, and cannot move the cursor or forge a line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.shown_text import HIDDEN, shown, shown_utc


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", ""),
        ("办件-1 친절 ½　3", "办件-1 친절 ½　3"),
        ("a\tb\nc\rd\x1b[31m\x7f\x85", r"a\x09b\x0ac\x0dd\x1b[31m\x7f\x85"),
        ("T\u200b-\u202e1\u2028\ufeff\U000e0041", r"T\u200b-\u202e1\u2028\ufeff\U000e0041"),
        ("\ud800", r"\ud800"),
        ("\u2029\x80\xad\xa0", r"\u2029\x80\xad" + "\xa0"),
    ],
)
def test_what_cannot_be_seen_is_escaped_and_the_rest_stays(text: str, seen: str) -> None:
    assert shown(text) == seen


def test_a_long_text_is_cut() -> None:
    assert shown("办件-12345", 4) == "办件-1…"
    assert shown("办件-1", 4) == "办件-1"


@given(st.text(st.characters(), max_size=40))
def test_nothing_hidden_is_left_and_all_of_it_can_be_encoded(text: str) -> None:
    seen = shown(text)
    assert not HIDDEN & {unicodedata.category(character) for character in seen}
    assert len(seen.splitlines()) <= 1
    seen.encode()


@pytest.mark.parametrize(
    ("utc_ms", "seen"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_790_000_003_999, "2026-09-21T14:13:23Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59Z"),
        (253_402_300_800_000, "253402300800000 ms"),
        (-(2**63), f"{-(2**63)} ms"),
        (2**200, f"{2**200} ms"),
    ],
)
def test_a_date_that_no_calendar_has_is_shown_as_the_number(utc_ms: int, seen: str) -> None:
    assert shown_utc(utc_ms) == seen


@given(st.integers())
def test_every_number_can_be_shown(number: int) -> None:
    assert shown_utc(number)
