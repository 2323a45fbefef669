"""What a pad's entries say that a person must look at, from the entries alone."""

import itertools
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from province import oddities as kinds_of_oddity
from province.oddities import AHEAD_MS, EARLIEST_MS, Oddities, Oddity
from province.projection import Projection
from sync.entries import (
    Body,
    Clock,
    Detailed,
    HashName,
    Level,
    Opened,
    Predecessor,
    Salvaged,
    Trust,
    write_body,
)
from tests.rigs.ledger.ledger_builder import (
    NOON_MS,
    LedgerBuilder,
    at,
    clock,
    invited,
    lapsed,
    rated,
    without_time,
)


def salvaged(old: LedgerBuilder, seq: int) -> Salvaged:
    entry = old.entries[seq - 1]
    return Salvaged(
        at=at(0), ledger=old.id, seq=seq, digest=entry.digest.hex(), body=entry.body.decode()
    )


def oddities(*pads: LedgerBuilder, received_ms: int = NOON_MS + AHEAD_MS) -> list[Oddity]:
    projection = Projection(pads[0].pad)
    for pad in pads:
        projection.feed(pad.id, 1, [entry.body for entry in pad.entries], received_ms)
    return projection.oddities()


def kinds(*pads: LedgerBuilder) -> list[tuple[str, int, int, int]]:
    return [(odd.kind, odd.first, odd.last, odd.entries) for odd in oddities(*pads)]


def test_an_ordinary_day_has_nothing_odd() -> None:
    pad = LedgerBuilder().add(invited("i1"), rated("i1"), rated("i1", again=True))
    pad.add(invited("i2", without_time(1)), lapsed("i2"), clock(9, NOON_MS), invited("i3"))
    pad.add(Detailed(at=at(7), invitation="i1", text="好"))
    copy = LedgerBuilder(ledger="01B").add(*(salvaged(pad, seq) for seq in range(2, 9)))
    assert oddities(pad, copy) == oddities(copy, pad) == []


def test_every_entry_that_gives_no_row_is_named_and_like_ones_as_a_range() -> None:
    pad = LedgerBuilder()
    great = b'{"at":{"boot":"b","mono":1,"trust":"none","utc":null},"elapsed_ms":1,"invitation":"i"'
    great += b',"kind":"rated","level":"great","source":"keys"}'
    pad.add(*[great] * 20, invited("i1"), b'{"kind":"future"}', great, b"no json")
    found = oddities(pad)
    assert [(odd.first, odd.last, odd.entries) for odd in found] == [
        (2, 21, 20),
        (23, 23, 1),
        (24, 24, 1),
        (25, 25, 1),
    ]
    assert {odd.kind for odd in found} == {"unread"}
    assert found[0].detail.startswith("rated: ")
    assert "great" in found[0].detail
    assert found[1].detail == "future: unknown kind"
    assert found[3].detail.startswith("no kind: entry is not JSON")


@pytest.mark.parametrize(
    ("utc_ms", "kind"),
    [
        (NOON_MS, None),
        (NOON_MS + AHEAD_MS, None),
        (NOON_MS + AHEAD_MS + 1, "dated-ahead"),
        (4_102_444_800_000, "dated-ahead"),
        (EARLIEST_MS, None),
        (EARLIEST_MS - 1, "dated-too-early"),
        (0, "dated-too-early"),
        (-5, "dated-too-early"),
    ],
)
def test_a_date_after_the_arrival_or_before_any_pad_is_odd(utc_ms: int, kind: str | None) -> None:
    pad = LedgerBuilder().add(invited("i1", at(0, utc_ms)), rated("i1", when=at(0, utc_ms)))
    found = oddities(pad, received_ms=NOON_MS)
    assert [(odd.kind, odd.first, odd.last, odd.entries, odd.detail) for odd in found] == (
        [(kind, 2, 3, 2, str(utc_ms))] if kind else []
    )


def test_what_a_pad_did_not_claim_to_know_is_not_odd_but_a_clock_that_is_set_ahead_is() -> None:
    pad = LedgerBuilder().add(invited("i1", at(0, 7, trust=Trust.NONE)), invited("i2"))
    pad.add(clock(1, 4_102_444_800_000))
    assert kinds(pad) == [("dated-ahead", 4, 4, 1)], "one entry, though both of its dates are wrong"
    fresh = LedgerBuilder().add(
        Clock(at=without_time(9), utc=9**15, mono=9, source="ntp", uncertainty_ms=1)
    )
    assert kinds(fresh) == [("dated-ahead", 2, 2, 1)]
    unknown = Projection("pad-1")
    unknown.feed(pad.id, 1, [entry.body for entry in pad.entries])
    assert unknown.oddities() == []  # it is not known when they came in


def test_ratings_that_count_for_nothing_are_named() -> None:
    pad = LedgerBuilder().add(invited("i1"), rated("i1"), rated("i1", Level.DISSATISFIED))
    pad.add(rated("i1", again=True), rated("i1"))
    pad.add(rated("unknown"), lapsed("unknown-2"), Detailed(at=at(7), invitation="unknown-3"))
    pad.add(invited("i1"))
    pad.add(Opened(at=at(1), ledger="x", pad="pad-1", hash=pad.hash_name, format=1))
    assert sorted(kinds(pad)) == [
        ("invited-twice", 10, 10, 1),
        ("not-invited", 7, 9, 3),
        ("opened-again", 11, 11, 1),
        ("rated-twice", 4, 6, 2),
    ]


def test_what_is_odd_does_not_depend_on_the_order_of_arrival() -> None:
    entries: list[tuple[str, int, Body]] = [
        ("01A", 4, rated("i")),
        ("01A", 6, rated("i", Level.DISSATISFIED)),
        ("01B", 2, rated("i")),
    ]
    entries += [("01A", 3, invited("i")), ("01B", 1, invited("i")), ("01B", 9, invited("i"))]
    found = set()
    for order in itertools.permutations(entries):
        projection = Projection("pad-1")
        for ledger, seq, body in order:
            projection.feed(ledger, seq, [write_body(body)], NOON_MS)
        found.add(tuple(projection.oddities()))
    [odd] = found
    assert [(each.kind, each.ledger, each.first, each.entries) for each in odd] == [
        ("rated-twice", "01A", 6, 1),
        ("invited-twice", "01B", 1, 2),
        ("rated-twice", "01B", 2, 1),
    ]


ODD: tuple[Body | bytes, ...] = (
    rated("i1", when=at(1, 4_102_444_800_000)),
    rated("i1", Level.DISSATISFIED, at(2, 0)),
    rated("i1"),
    invited("i1"),
    invited("i1", case="b"),
    clock(1, 4_102_444_800_000),
    Opened(at=at(1), ledger="x", pad="pad-1", hash=HashName.SHA256, format=1),
    Opened(
        at=at(1),
        ledger="x",
        pad="pad-1",
        hash=HashName.SHA256,
        format=1,
        previous=Predecessor(ledger="01Z", reason="diverged", seq=3),
    ),
    b'{"kind":"future"}',
    b"no json",
    lapsed("i2"),
)
OLD_LEDGERS = st.lists(st.sampled_from(ODD), min_size=1, max_size=8)
SALVAGES = st.lists(
    st.tuples(st.integers(2, 9), st.sampled_from(ODD), st.booleans(), st.booleans()), max_size=8
)
"""Of a new ledger: which entries of the old one it salvaged, as they are or with another body."""


def copied(old: LedgerBuilder, salvages: list[tuple[int, Body | bytes, bool, bool]]) -> list[Body]:
    """The `salvaged` entries of a new ledger."""
    found: list[Body] = []
    for seq, other, is_own, unproven in salvages:
        raw = other if isinstance(other, bytes) else write_body(other)
        if is_own and seq <= len(old.entries):
            raw = old.entries[seq - 1].body
        body = raw.decode()
        found.append(
            Salvaged(at=at(0), ledger=old.id, seq=seq, digest="ab", body=body, unproven=unproven)
        )
    return found


@given(OLD_LEDGERS, st.integers(0, 9), SALVAGES, SALVAGES)
def test_an_odd_entry_is_counted_once_whether_it_comes_in_its_chain_or_as_salvaged_or_both(
    bodies: list[Body | bytes],
    arrived: int,
    first: list[tuple[int, Body | bytes, bool, bool]],
    second: list[tuple[int, Body | bytes, bool, bool]],
) -> None:
    old = LedgerBuilder().add(*bodies)
    ledgers = [(old.id, [entry.body for entry in old.entries[:arrived]])]
    for name, salvages in (("01B", first), ("01C", second)):
        new = LedgerBuilder(ledger=name).add(*copied(old, salvages))
        ledgers.append((name, [entry.body for entry in new.entries]))
    found = []
    for order in itertools.permutations(ledgers):
        projection = Projection("pad-1")
        for name, entries in order:
            projection.feed(name, 1, entries, NOON_MS)
        found.append(sorted(projection.oddities()))
        assert sorted(projection.oddities()) == found[-1], "asked again"
    assert all(each == found[0] for each in found)
    for kind in {odd.kind for odd in found[0]} - {"fork", "not-invited", "unread"}:
        entries_of_it = sum(odd.entries for odd in found[0] if odd.kind == kind)
        positions = {(old.id, seq) for seq in range(1, arrived + 1)}
        positions |= {(old.id, seq) for seq, *_ in (*first, *second)}
        assert entries_of_it <= len(positions), (kind, found[0])


def test_a_copy_of_an_entry_that_came_in_its_chain_is_not_judged_again() -> None:
    old = LedgerBuilder().add(rated("i1", when=at(1, 4_102_444_800_000)), b"no json")
    new = LedgerBuilder(ledger="01B").add(salvaged(old, 2), salvaged(old, 3))
    expected = [("dated-ahead", 2, 2, 1), ("unread", 3, 3, 1), ("not-invited", 2, 2, 1)]
    assert kinds(old, new) == kinds(new, old) == kinds(old) == expected
    assert kinds(new) == expected, "as long as the old ledger has not arrived"


def test_of_a_group_that_is_not_all_an_invitation_before_it_is_not_missed() -> None:
    projection = Projection("pad-1")
    projection.feed("01A", 7, [LedgerBuilder().add(rated("i1")).entries[1].body], NOON_MS)
    assert projection.oddities(complete=False) == []
    assert [odd.kind for odd in projection.oddities()] == ["not-invited"]


def test_a_ledger_that_follows_another_history_is_a_fork_of_the_one_before() -> None:
    before = Predecessor(ledger="01A", reason="diverged", seq=7)
    [odd] = oddities(LedgerBuilder(ledger="01B", previous=before))
    assert (odd.kind, odd.ledger, odd.first) == ("fork", "01A", 7)


@pytest.mark.parametrize(
    "arrived", list(itertools.permutations([(5, "b"), (5, "c"), (6, "a"), (7, "a")]))
)
def test_like_entries_are_one_range_with_the_first_ones_detail_in_any_order(
    arrived: Sequence[tuple[int, str]],
) -> None:
    collected = Oddities("pad-1")
    for seq, detail in arrived:
        collected.add("rated-twice", "01A", seq, detail)
    assert collected.found() == [Oddity("pad-1", "01A", "rated-twice", 5, 7, 4, "b")]


def test_a_flood_of_one_kind_takes_no_memory() -> None:
    collected = Oddities("pad-1")
    tracemalloc.start()
    try:
        for seq in range(100_000):
            collected.add("rated-twice", "01A", seq, "invitation x")
            collected.add_unread("01A", seq, "future", "unknown kind")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000
    assert {odd.entries for odd in collected.found()} == {100_000}


def test_a_date_of_2020_is_believed_and_one_before_it_is_not() -> None:
    assert EARLIEST_MS == 1_577_836_800_000
    assert AHEAD_MS == 300_000


def test_the_manual_says_of_every_word_what_it_means_and_what_to_do() -> None:
    manual = Path(__file__).parents[2].joinpath("docs/operations.md").read_text("utf-8")
    words = [
        value
        for name, value in vars(kinds_of_oddity).items()
        if name.isupper() and isinstance(value, str)
    ]
    assert len(words) == 10
    firsts = [line.split("|")[1] for line in manual.splitlines() if line.startswith("| `")]
    for word in words:
        assert any(f"`{word}`" in first for first in firsts), word
