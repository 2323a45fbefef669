"""One invitation, one rating: which of a press and of phones counts, in any order of arrival."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from province.phone_ratings import Arrived, KnownInvitation, PhoneVerdict, Pressed, judge
from province.timestamps import BY_ANCHOR, UNKNOWN, Dated
from sync.phone_token import DAY_MS, Purpose, Token, day_of

SERVED_MS = 1795399200000
MINUTE_MS = 60_000
PAD = "jl-0431-017"
CASE = "01JD5Z9QWV00000000000000A1"
TOKEN = Token(PAD, 42, CASE, day_of(SERVED_MS) + 7)
UNDATED = TOKEN._replace(last_day=None)
NO_TIME = Dated(None, UNKNOWN, None)


always = settings(max_examples=200, deadline=None, derandomize=True)


def known_time(utc_ms: int) -> Dated:
    return Dated(utc_ms, "ntp", None)


INVITED = Arrived(PAD, known_time(SERVED_MS), SERVED_MS + 500)
KNOWN = KnownInvitation(INVITED)


def pressed(after_ms: int, came_after_ms: int | None = None) -> Pressed:
    came = after_ms + 200 if came_after_ms is None else came_after_ms
    return Pressed(known_time(SERVED_MS + after_ms), SERVED_MS + came)


def test_the_first_rating_by_phone_counts():
    assert judge(TOKEN, KNOWN, SERVED_MS + MINUTE_MS) is PhoneVerdict.COUNTS


def test_the_second_rating_by_phone_does_not_count():
    used = KNOWN._replace(phoned_ms=SERVED_MS + MINUTE_MS)
    assert judge(TOKEN, used, SERVED_MS + 2 * MINUTE_MS) is PhoneVerdict.USED
    assert judge(TOKEN, used, SERVED_MS + MINUTE_MS) is PhoneVerdict.USED  # in the same millisecond


@always
@given(st.lists(st.integers(0, 9 * DAY_MS), min_size=1, max_size=4, unique=True))
def test_of_any_number_of_phones_in_any_order_exactly_the_first_counts(moments):
    assert TOKEN.last_day is not None
    for order in permutations(SERVED_MS + moment for moment in moments):
        counted = []
        for given_ms in order:
            others = [other for other in order if other != given_ms]
            known = KNOWN._replace(phoned_ms=min(others, default=None))
            if judge(TOKEN, known, given_ms) is PhoneVerdict.COUNTS:
                counted.append(given_ms)
        in_time = day_of(min(order)) <= TOKEN.last_day
        assert counted == ([min(order)] if in_time else [])


def test_a_press_that_was_first_counts_and_the_phone_does_not():
    known = KNOWN._replace(pressed=pressed(4_000))
    assert judge(TOKEN, known, SERVED_MS + 5_000) is PhoneVerdict.RATED


def test_a_press_after_a_rating_by_phone_does_not_replace_it():
    """A clerk who presses a key after the citizen has left changes nothing."""
    known = KNOWN._replace(pressed=pressed(20_000))
    assert judge(TOKEN, known, SERVED_MS + 9_000) is PhoneVerdict.COUNTS


def test_the_time_of_the_press_counts_and_not_its_arrival():
    """A pad was offline for days: the phone rated on the first day, the press arrives now."""
    phoned_ms = SERVED_MS + MINUTE_MS
    assert judge(TOKEN, KnownInvitation(), phoned_ms) is PhoneVerdict.WAITS
    late = Arrived(PAD, known_time(SERVED_MS), SERVED_MS + 9 * DAY_MS)
    first = KnownInvitation(late, pressed(4_000, 9 * DAY_MS))
    assert judge(TOKEN, first, phoned_ms) is PhoneVerdict.RATED
    assert judge(TOKEN, KnownInvitation(late), phoned_ms) is PhoneVerdict.COUNTS


def test_if_it_is_not_known_which_was_first_the_press_at_the_window_counts():
    undated = KNOWN._replace(pressed=Pressed(NO_TIME, SERVED_MS + 9_000))
    assert judge(TOKEN, undated, SERVED_MS + 5_000) is PhoneVerdict.RATED
    unsure = Pressed(Dated(SERVED_MS + 6_000, BY_ANCHOR, 2_000), SERVED_MS + DAY_MS)
    assert judge(TOKEN, KNOWN._replace(pressed=unsure), SERVED_MS + 5_000) is PhoneVerdict.RATED
    assert judge(TOKEN, KNOWN._replace(pressed=unsure), SERVED_MS + 3_999) is PhoneVerdict.COUNTS


def test_a_press_that_arrived_before_the_phone_counts_though_its_clock_is_ahead():
    """The press arrived before the rating by phone, whatever its timestamp says."""
    ahead = Pressed(known_time(SERVED_MS + DAY_MS), SERVED_MS + 5_000)
    assert judge(TOKEN, KNOWN._replace(pressed=ahead), SERVED_MS + 6_000) is PhoneVerdict.RATED


def test_an_invitation_that_no_pad_has_sent_never_counts():
    """A token that a thief makes with a pad's key names an invitation that is in no ledger."""
    assert judge(TOKEN, KnownInvitation(), SERVED_MS) is PhoneVerdict.WAITS
    assert judge(UNDATED, KnownInvitation(), SERVED_MS + 99 * DAY_MS) is PhoneVerdict.WAITS


def test_a_pads_token_is_not_valid_for_another_pads_invitation():
    foreign = KnownInvitation(INVITED._replace(pad="another-pad"))
    assert judge(TOKEN, foreign, SERVED_MS + MINUTE_MS) is PhoneVerdict.FOREIGN


def test_a_token_for_words_never_gives_a_level():
    words = TOKEN._replace(purpose=Purpose.WORDS)
    for known in (KnownInvitation(), KNOWN, KNOWN._replace(pressed=pressed(4_000))):
        assert judge(words, known, SERVED_MS + MINUTE_MS) is PhoneVerdict.RATED


def test_a_rating_after_the_last_day_does_not_count():
    assert judge(TOKEN, KNOWN, SERVED_MS + 7 * DAY_MS) is PhoneVerdict.COUNTS
    assert judge(TOKEN, KNOWN, SERVED_MS + 8 * DAY_MS) is PhoneVerdict.EXPIRED


@pytest.mark.parametrize(
    ("date", "came_ms"),
    [
        (known_time(SERVED_MS), SERVED_MS + 5 * DAY_MS),
        (Dated(SERVED_MS, BY_ANCHOR, 900), SERVED_MS + 5 * DAY_MS),
        (known_time(SERVED_MS + 99 * DAY_MS), SERVED_MS),
        (NO_TIME, SERVED_MS),
    ],
)
def test_a_token_without_a_day_is_dated_by_its_invitation(date, came_ms):
    """By the entry's date, or by its arrival if that is earlier."""
    known = KnownInvitation(Arrived(PAD, date, came_ms))
    assert judge(UNDATED, known, SERVED_MS + 7 * DAY_MS) is PhoneVerdict.COUNTS
    assert judge(UNDATED, known, SERVED_MS + 8 * DAY_MS) is PhoneVerdict.EXPIRED
    assert judge(UNDATED, known, SERVED_MS + 8 * DAY_MS, days=8) is PhoneVerdict.COUNTS


def test_control_a_rule_by_arrival_is_noticed():
    """With the press dated by its arrival, the offline pad's press would lose to the phone."""
    by_arrival = Pressed(known_time(SERVED_MS + 9 * DAY_MS), SERVED_MS + 9 * DAY_MS)
    assert (
        judge(TOKEN, KNOWN._replace(pressed=by_arrival), SERVED_MS + MINUTE_MS)
        is PhoneVerdict.COUNTS
    )


def test_the_verdicts_have_the_names_that_are_stored():
    assert [one.value for one in PhoneVerdict] == [
        "counts",
        "waits",
        "used",
        "rated",
        "expired",
        "foreign",
    ]


@pytest.mark.parametrize(
    ("press", "first_ms"),
    [
        (pressed(5_000), 5_000),
        (pressed(5_000, 5_000), 5_000),
        (pressed(DAY_MS, 5_000), 5_000),  # its clock is ahead: it happened before it arrived
        (Pressed(Dated(SERVED_MS + 7_000, BY_ANCHOR, 2_000), SERVED_MS + DAY_MS), 5_000),
        (Pressed(Dated(SERVED_MS + 5_000, BY_ANCHOR, 0), SERVED_MS + DAY_MS), 5_000),
        (Pressed(Dated(SERVED_MS + DAY_MS, BY_ANCHOR, 2_000), SERVED_MS + 7_000), 5_000),
    ],
)
def test_a_phone_is_first_only_if_it_was_before_the_earliest_moment_of_the_press(
    press: Pressed, first_ms: int
) -> None:
    known = KNOWN._replace(pressed=press)
    assert judge(TOKEN, known, SERVED_MS + first_ms - 1) is PhoneVerdict.COUNTS
    assert judge(TOKEN, known, SERVED_MS + first_ms) is PhoneVerdict.RATED
    assert judge(TOKEN, known, SERVED_MS + first_ms + 1) is PhoneVerdict.RATED


def test_another_phone_that_came_later_takes_nothing_from_the_first() -> None:
    given_ms = SERVED_MS + MINUTE_MS
    for phoned_ms, verdict in (
        (given_ms - 1, PhoneVerdict.USED),
        (given_ms, PhoneVerdict.USED),
        (given_ms + 1, PhoneVerdict.COUNTS),
    ):
        assert judge(TOKEN, KNOWN._replace(phoned_ms=phoned_ms), given_ms) is verdict


def test_another_pads_token_is_foreign_whatever_else_is_known() -> None:
    foreign = KnownInvitation(INVITED._replace(pad="another"), pressed(4_000), SERVED_MS)
    for token in (TOKEN, UNDATED, TOKEN._replace(purpose=Purpose.WORDS)):
        assert judge(token, foreign, SERVED_MS + 99 * DAY_MS) is PhoneVerdict.FOREIGN
