"""Which of two entries about one invitation counts: each rule by itself, in both orders."""

import itertools

import pytest

from province.precedence import (
    LAPSED,
    OPEN,
    RATED,
    RATED_AGAIN,
    STANDINGS,
    WITHDRAWN,
    Decision,
    Precedence,
    merge,
    outranks,
    rating_of,
)
from province.rows import Rating
from province.timestamps import Anchor
from sync.entries import Channel, Lapsed, Level, Rated, Service, Withdrawn
from tests.rigs.ledger.ledger_builder import NOON_MS, at, invited, rated, without_time

RANKS = (OPEN, LAPSED, WITHDRAWN, RATED, RATED_AGAIN)


def test_a_level_beats_a_withdrawal_and_that_a_lapse_and_that_an_open_invitation() -> None:
    assert RANKS == (0, 1, 2, 3, 4)
    assert STANDINGS == ("open", "unrated", "withdrawn", "rated", "rated")
    for lower, higher in itertools.combinations(RANKS, 2):
        for lower_at, higher_at in itertools.product([("A", 9), ("B", 1), ("B", 2)], repeat=2):
            assert outranks((higher, *higher_at), (lower, *lower_at))
            assert not outranks((lower, *lower_at), (higher, *higher_at))


@pytest.mark.parametrize("rank", RANKS)
def test_of_equals_the_earlier_counts_but_of_corrections_the_later(rank: int) -> None:
    in_order: list[Decision] = [(rank, "A", 1), (rank, "A", 2), (rank, "B", 1)]
    for before, after in itertools.combinations(in_order, 2):
        assert outranks(after, before) is (rank == RATED_AGAIN)
        assert outranks(before, after) is (rank != RATED_AGAIN)
    assert not outranks(in_order[0], in_order[0])


def test_an_invitation_starts_with_nothing() -> None:
    fresh = Precedence()
    assert (fresh.invited, fresh.outcome, fresh.pressed, fresh.asked) == (None,) * 4
    assert (fresh.invited_ledger, fresh.invited_seq) == ("", 0)
    assert (fresh.ledger, fresh.seq, fresh.rank) == ("", 0, -1)
    with pytest.raises(ValueError, match="no entry is behind invitation i1"):
        rating_of("pad-1", "i1", fresh, {})


def test_the_invited_entry_that_was_written_first_counts_and_each_other_is_named_once() -> None:
    in_order = [("A", 2), ("A", 3), ("B", 1)]
    for positions in itertools.permutations(in_order):
        entries, odd = Precedence(), []
        for ledger, seq in positions:
            body = invited("i1", case=f"{ledger}{seq}")
            entries.add_invited(body, ledger, seq)
            odd += [entries.add_asked(ledger, seq), entries.add_asked(ledger, seq)]
        assert entries.invited is not None
        assert entries.invited.service.case == "A2"
        assert {position for position in odd if position is not None} == set(in_order[1:])
        assert (entries.rank, entries.ledger, entries.seq) == (OPEN, "A", 2)


def test_every_press_but_the_first_written_one_is_named_in_any_order() -> None:
    in_order = [("A", 5), ("A", 6), ("B", 5)]
    for positions in itertools.permutations(in_order):
        entries = Precedence()
        odd = {entries.add_press(*position) for position in positions}
        assert odd - {None} == set(in_order[1:])
        assert entries.pressed == in_order[0]


def test_a_press_that_is_fed_again_is_not_a_second_one() -> None:
    entries = Precedence()
    assert entries.add_press("A", 5) is None
    assert entries.add_press("A", 5) is None


def row(*fed: tuple[int, Rated | Lapsed | Withdrawn, str, int]) -> Rating:
    entries = Precedence()
    for rank, body, ledger, seq in fed:
        entries.add_outcome(rank, body, ledger, seq)
    return rating_of("pad-1", "i1", entries, {})


def test_a_row_has_of_each_outcome_what_belongs_to_it() -> None:
    level = row((RATED, rated("i1", Level.DISSATISFIED, elapsed_ms=700), "A", 3))
    assert (level.standing, level.level, level.source) == ("rated", "dissatisfied", "keys")
    assert (level.elapsed_ms, level.reason, level.again) == (700, None, False)
    back = row((WITHDRAWN, Withdrawn(at=at(5), invitation="i1", reason="desk"), "A", 3))
    assert (back.standing, back.level, back.source) == ("withdrawn", None, None)
    assert (back.elapsed_ms, back.reason, back.again) == (None, "desk", False)
    none = row((LAPSED, Lapsed(at=at(5), invitation="i1"), "A", 3))
    assert (none.standing, none.level, none.reason) == ("unrated", None, None)
    again = row((RATED_AGAIN, rated("i1", again=True), "A", 4))
    assert (again.standing, again.again) == ("rated", True)
    assert (level.ledger, level.seq, level.boot, level.mono_ms) == ("A", 3, "boot-1", 3000)
    assert (level.invited_ledger, level.window_id, level.channel) == (None, None, None)


def test_a_row_has_what_the_invitation_says_of_window_clerk_and_service() -> None:
    entries = Precedence()
    body = invited("i1", case="DH-1")
    entries.add_invited(body, "A", 2)
    found = rating_of("pad-1", "i1", entries, {})
    assert (found.standing, found.window_id, found.clerk) == ("open", body.window, body.clerk)
    assert (found.case_number, found.desk) == ("DH-1", body.source)
    assert (found.matter_code, found.step) == (body.service.matter, body.service.step)
    assert found.channel == Channel.HALL_PAD.value
    assert (found.invited_ledger, found.invited_seq) == ("A", 2)
    assert found.invited_seq is not None
    assert isinstance(body.service, Service)


def of(standing: str, seq: int, invited_seq: int | None, *, again: bool = False) -> Rating:
    entries = Precedence()
    entries.add_outcome(RATED, rated("i1"), "A", seq)
    blank = rating_of("pad-1", "i1", entries, {})
    return blank._replace(
        standing=standing,
        again=again,
        window_id=f"w{invited_seq}",
        invited_ledger="A" if invited_seq is not None else None,
        invited_seq=invited_seq,
    )


@pytest.mark.parametrize(
    ("one", "other", "seq", "window"),
    [
        (of("rated", 4, 2), of("open", 2, 2), 4, "w2"),
        (of("rated", 5, None), of("open", 2, 2), 5, "w2"),
        (of("rated", 4, 2), of("rated", 5, 3, again=True), 5, "w2"),
        (of("rated", 6, 3, again=True), of("rated", 5, 2, again=True), 6, "w2"),
        (of("unrated", 4, None), of("withdrawn", 5, None), 5, "wNone"),
        (of("rated", 4, 3), of("rated", 6, 2), 4, "w2"),
    ],
)
def test_two_rows_merge_as_their_entries_would_in_either_order(
    one: Rating, other: Rating, seq: int, window: str
) -> None:
    for merged in (merge(one, other), merge(other, one)):
        assert (merged.seq, merged.window_id) == (seq, window)
        assert merged.invited_seq == (int(window[1:]) if window != "wNone" else None)


def test_merging_a_row_with_itself_changes_nothing() -> None:
    for same in (of("rated", 4, 2), of("open", 2, 2), of("unrated", 5, None)):
        assert merge(same, same) == same


def test_a_row_without_a_time_is_dated_by_the_anchors_of_its_own_boot() -> None:
    entries = Precedence()
    body = rated("i1", when=without_time(1_000))
    entries.add_outcome(RATED, body, "A", 3)
    anchors = {"boot-1": [Anchor("boot-1", 0, NOON_MS, 20, "ntp", "A", 1)]}
    dated = rating_of("pad-1", "i1", entries, anchors)
    assert (dated.utc_ms, dated.dated_by, dated.uncertainty_ms) == (NOON_MS + 1_000, "anchor", 21)
    for others in ({}, {"boot-2": anchors["boot-1"]}):
        assert rating_of("pad-1", "i1", entries, others).dated_by == "unknown"
