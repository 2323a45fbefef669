"""The rows that entries give, in whatever order they arrive. Pure."""

import random
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from province.precedence import merge
from province.projection import Projection
from province.rows import Rating
from province.timestamps import Anchor
from sync.entries import (
    HASTY_MS,
    Body,
    Channel,
    Detailed,
    Fault,
    Level,
    Salvaged,
    Strayed,
    Trust,
    Withdrawn,
    write_body,
)
from tests.rigs.ledger.ledger_builder import (
    NOON_MS,
    at,
    clock,
    invited,
    lapsed,
    rated,
    without_time,
)

BAD, GOOD = Level.VERY_DISSATISFIED, Level.VERY_SATISFIED


def withdrawn(invitation: str) -> Withdrawn:
    return Withdrawn(at=at(9000), invitation=invitation, reason="power")


def derive(*bodies: Body | bytes, ledger: str = "01A", first: int = 1) -> Projection:
    projection = Projection("pad-1")
    raws = [body if isinstance(body, bytes) else write_body(body) for body in bodies]
    projection.feed(ledger, first, raws)
    return projection


def row(projection: Projection) -> Rating:
    [only] = projection.ratings({})
    return only


def test_an_invitation_and_its_level_make_one_row() -> None:
    got = row(derive(invited("i", case="c", matter="m", step="s"), rated("i", BAD)))
    assert (got.standing, got.level, got.elapsed_ms) == ("rated", "very_dissatisfied", 2000)
    assert (got.case_number, got.matter_code, got.step) == ("c", "m", "s")
    assert (got.window_id, got.clerk, got.desk, got.source) == ("A03", "c7", "http", "keys")
    assert (got.invited_seq, got.seq, got.utc_ms) == (1, 2, at(3000).utc)
    assert got.channel == "hall_pad"


def test_the_channel_is_the_invitations_and_not_known_without_it() -> None:
    ended = derive(rated("i"), first=2)
    assert row(ended).channel is None
    began = row(derive(invited("i", channel=Channel.HALL_TERMINAL)))
    for first, second in ((began, row(ended)), (row(ended), began)):
        merged = merge(first, second)
        assert (merged.standing, merged.channel) == ("rated", "hall_terminal")


@pytest.mark.parametrize(
    ("bodies", "standing"),
    [
        ([invited("i")], "open"),
        ([invited("i"), lapsed("i")], "unrated"),
        ([invited("i"), withdrawn("i")], "withdrawn"),
        ([lapsed("i")], "unrated"),
    ],
)
def test_no_level_without_a_press(bodies: Sequence[Body], standing: str) -> None:
    got = row(derive(*bodies))
    assert (got.standing, got.level) == (standing, None)


def test_a_press_inside_the_grace_time_supersedes_and_the_last_one_counts() -> None:
    presses = [rated("i", BAD), rated("i", GOOD, again=True), rated("i", again=True)]
    got = row(derive(invited("i"), *presses))
    assert (got.level, got.again, got.seq) == ("satisfied", True, 4)


def test_a_second_level_that_does_not_supersede_never_counts() -> None:
    got = row(derive(invited("i"), rated("i", BAD), rated("i", GOOD)))
    assert (got.level, got.seq) == ("very_dissatisfied", 2)


def test_a_level_is_kept_when_a_withdrawal_or_lapse_is_written_after_it() -> None:
    got = row(derive(invited("i"), rated("i", BAD), withdrawn("i"), lapsed("i")))
    assert (got.standing, got.level) == ("rated", "very_dissatisfied")


def test_an_entry_that_cannot_be_read_is_named_and_delays_nothing() -> None:
    huge = write_body(rated("i", elapsed_ms=2**60))
    projection = derive(
        b'{"kind":"future-thing","at":7}',
        b"\xff",
        b"[" * 9000,
        b'{"kind":"rated"}',
        huge,
        write_body(lapsed("x" * 200)),
        write_body(clock(1, 2**60)),
        write_body(lapsed("i", at(2**60))),
        invited("i"),
    )
    assert [unread.seq for unread in projection.unread] == list(range(1, 9))
    assert projection.unread[0][3:] == ("future-thing", "unknown kind")
    assert row(projection).standing == "open"


def test_a_nul_in_a_text_does_not_reach_the_database() -> None:
    got = row(derive(invited("i", case="a\0b")))
    assert got.case_number == "a\ufffdb"


def test_boots_without_the_time_are_those_that_need_anchors() -> None:
    projection = derive(invited("i", without_time(1, "b1")), invited("j", at(1, boot="b2")))
    assert projection.undated_boots() == {"b1"}


def test_a_salvaged_entry_is_the_old_entry_at_its_old_position() -> None:
    old = write_body(rated("i", BAD)).decode()
    once = Salvaged(at=at(1), ledger="01A", seq=7, digest="ab", body=old)
    twice = Salvaged(at=at(2), ledger="01B", seq=9, digest="cd", body=write_body(once).decode())
    projection = derive(twice, ledger="01C", first=2)
    got = row(projection)
    assert (got.level, got.ledger, got.seq) == ("very_dissatisfied", "01A", 7)
    assert [(row.ledger, row.seq, row.via_ledger, row.via_seq) for row in projection.salvages] == [
        ("01B", 9, "01C", 2),
        ("01A", 7, "01B", 9),
    ]


def unproven(body: Body, seq: int = 7) -> Salvaged:
    """An entry that a damaged pad carried over without proof."""
    old = write_body(body).decode()
    return Salvaged(at=at(1), ledger="01A", seq=seq, digest="ab", body=old, unproven=True)


def test_an_entry_that_nothing_proves_is_named_and_no_row_rests_on_it() -> None:
    projection = derive(
        invited("i"),
        unproven(rated("i", BAD)),
        unproven(Strayed(at=at(1), key="k", state="idle", source="keys"), 9),
        ledger="01C",
        first=2,
    )
    got = row(projection)
    assert (got.standing, got.level) == ("open", None)
    assert projection.strays({}) == []
    assert [(odd.kind, odd.ledger, odd.first, odd.last) for odd in projection.oddities()] == [
        ("unproven", "01A", 7, 9)
    ]
    assert [salvage.seq for salvage in projection.salvages] == [7, 9], "it is not lost"


@pytest.mark.parametrize("first", ["proven", "unproven"])
def test_an_entry_that_also_comes_with_proof_counts(first: str) -> None:
    carried = unproven(rated("i", BAD))
    proven = msgspec.structs.replace(carried, unproven=False)
    both = (proven, carried) if first == "proven" else (carried, proven)
    assert row(derive(invited("i"), *both, ledger="01C", first=2)).level == "very_dissatisfied"


ENTRIES = st.lists(
    st.sampled_from(
        [
            invited("i"),
            invited("j"),
            rated("i", BAD),
            rated("i", GOOD, again=True),
            rated("i", Level.SATISFIED, again=True),
            rated("j"),
            lapsed("i"),
            lapsed("j"),
            withdrawn("i"),
            Detailed(at=at(5), invitation="i", text="好"),
        ]
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(bodies=ENTRIES, seed=st.integers(0, 2**32), data=st.data())
def test_any_order_any_pieces_and_any_repetition_give_the_same_rows(
    bodies: list[Body], seed: int, data: st.DataObject
) -> None:
    whole = {got.invitation: got for got in derive(*bodies).ratings({})}
    pieces = [(n, body) for n, body in enumerate(bodies, 1)] * 2
    random.Random(seed).shuffle(pieces)
    merged: dict[str, Rating] = {}
    while pieces:
        size = data.draw(st.integers(1, len(pieces)))
        part, pieces = pieces[:size], pieces[size:]
        projection = Projection("pad-1")
        for seq, body in part:
            projection.feed("01A", seq, [write_body(body)])
        for got in projection.ratings({}):
            stored = merged.get(got.invitation)
            merged[got.invitation] = got if stored is None else merge(stored, got)
    assert merged == whole


AT_ONE_POSITION = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.sampled_from(
            [
                *(
                    rated("i", level, again=again)
                    for level in (BAD, GOOD)
                    for again in (True, False)
                ),
                *(rated("i", elapsed_ms=ms) for ms in (1, 2)),
                *(rated("i", when=when) for when in (at(1), at(1, 5), at(1, 5, trust=Trust.HELD))),
                *(rated("i", when=when) for when in (without_time(1), without_time(1, "boot-2"))),
                *(invited("i"), invited("i", case=""), invited("i", case="c"), invited("i", at(9))),
                *(lapsed("i"), lapsed("i", at(9)), lapsed("i", without_time(9))),
                *(withdrawn("i"), Withdrawn(at=at(9000), invitation="i", reason="desk")),
                *(Detailed(at=at(5), invitation="i", text=text) for text in (None, "", "好")),
                *(Detailed(at=at(5), invitation="i", options=(option,)) for option in "12"),
                *(
                    Strayed(at=when, key=key, state="idle", source="keys")
                    for when in (at(1), at(1, 5), without_time(1), at(1, trust=Trust.RTC))
                    for key in "ab"
                ),
                *(Fault(at=when, code="K01") for when in (at(1), without_time(1), at(1, 5))),
                *(clock(mono, NOON_MS, uncertainty_ms=ms) for mono in (1, 2) for ms in (3, 4)),
                *(clock(1, NOON_MS, source="rtc"), b'{"kind":"a"}', b'{"kind":"b"}'),
            ]
        ),
    ),
    min_size=2,
    max_size=8,
)


def rows_of(projection: Projection) -> tuple[object, ...]:
    by_boot: dict[str, list[Anchor]] = {}
    for anchor in projection.anchors:
        by_boot.setdefault(anchor.boot, []).append(anchor)
    return (
        *(list(projection.ratings(by_boot)), projection.details),
        *(sorted(projection.strays(by_boot)), sorted(projection.faults(by_boot))),
        *(sorted(projection.unread), sorted(projection.anchors)),
    )


@settings(max_examples=400, deadline=None)
@given(entries=AT_ONE_POSITION, data=st.data())
def test_entries_that_differ_at_one_position_give_the_same_rows_in_any_order(
    entries: list[tuple[int, Body | bytes]], data: st.DataObject
) -> None:
    first, second = Projection("pad-1"), Projection("pad-1")
    for projection, order in ((first, entries), (second, data.draw(st.permutations(entries)))):
        for seq, body in order:
            raw = body if isinstance(body, bytes) else write_body(body)
            projection.feed("01A", seq, [raw])
    assert rows_of(first) == rows_of(second)


def test_the_merging_property_catches_a_rule_that_depends_on_the_order() -> None:
    """The control: if the last to arrive counted, the pieces would give different rows."""
    whole = row(derive(invited("i"), rated("i", BAD), rated("i", GOOD)))
    late = row(derive(rated("i", GOOD), first=3))
    early = row(derive(invited("i"), rated("i", BAD)))
    assert merge(early, late) == merge(late, early) == whole
    assert late != whole


def test_a_press_sooner_than_anybody_reads_is_marked_and_one_at_the_limit_is_not() -> None:
    pressed = row(derive(invited("i"), rated("i")))
    for elapsed_ms, hasty in ((0, True), (HASTY_MS - 1, True), (HASTY_MS, False), (None, False)):
        assert pressed._replace(elapsed_ms=elapsed_ms).is_hasty is hasty, elapsed_ms


def test_the_date_of_a_level_is_only_there_with_a_level() -> None:
    assert row(derive(invited("i"), rated("i"))).rated_utc_ms == at(3000).utc
    assert row(derive(invited("i"))).rated_utc_ms is None


def test_of_two_details_the_later_position_counts_in_any_order() -> None:
    early = Detailed(at=at(1), invitation="i", text="early")
    late = Detailed(at=at(2), invitation="i", text="late")
    assert derive(early, late).details["i"].remark == "late"
    for bodies in ((early, late), (late, early)):
        projection = Projection("pad-1")
        for body in bodies:
            projection.feed("01A", 1 if body is early else 2, [write_body(body)])
        assert projection.details["i"].remark == "late"
    again = Projection("pad-1")
    for ledger, body in (("01B", late), ("01A", early)):
        again.feed(ledger, 1, [write_body(body)])
    assert again.details["i"].remark == "late"


def test_what_was_salvaged_without_a_position_is_unread_with_its_reason() -> None:
    old = write_body(invited("i")).decode()
    for ledger, seq in (("", 1), ("01B", -1)):
        [unread] = derive(
            Salvaged(at=at(0), ledger=ledger, seq=seq, digest="00" * 32, body=old)
        ).unread
        assert unread.why == "what was salvaged has no position"


@pytest.mark.parametrize(
    ("ledger_chars", "seq", "digest_chars", "fits"),
    [
        (1, 0, 64, True),
        (128, 1, 64, True),
        (129, 1, 64, False),
        (0, 1, 64, False),
        (26, 2**53, 64, True),
        (26, 2**53 + 1, 64, False),
        (26, 1, 128, True),
        (26, 1, 129, False),
    ],
)
def test_a_position_fits_up_to_128_characters_and_the_numbers_that_json_readers_keep(
    ledger_chars: int, seq: int, digest_chars: int, fits: bool
) -> None:
    body = Salvaged(
        at=at(0),
        ledger="A" * ledger_chars,
        seq=seq,
        digest="0" * digest_chars,
        body=write_body(invited("i")).decode(),
    )
    found = derive(body)
    assert len(found.salvages) == fits
    assert len(found.unread) == (not fits)
