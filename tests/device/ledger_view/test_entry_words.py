"""An entry says in words what happened, to which case, and no level unless it is asked for."""

import pytest

from device.ledger_view.entry_words import KIND_WORDS, LEVEL_WORDS, EntryWords
from device.ledger_view.listed_entry import listed
from sync.entries import KINDS, HashName, Level, Opened, Predecessor, Salvaged, write_body
from tests.rigs.ledger.told_ledger import ToldClock, bodies, invitation


def said(*, levels: bool, level: Level = Level.SATISFIED) -> list[str]:
    words = EntryWords(levels=levels)
    lines = []
    for seq, body in enumerate(bodies(ToldClock(), level), 2):
        entry = listed(seq, write_body(body), levels=levels)
        words.learn(entry)
        lines.append(str(words.of(entry)))
    return lines


def test_every_kind_and_level_has_a_word() -> None:
    assert set(KIND_WORDS) == set(KINDS)
    assert set(LEVEL_WORDS) == set(Level)


def test_the_story_in_words() -> None:
    case = "case 办件-2026-0417"
    assert said(levels=True) == [
        "start 12 of this pad, ratingpad 0.1.0, board rpi-4",
        "the time of day is known, by ntp, within 20 ms",
        "settings of the province, version 3",
        f"window A03, {case}, step 1, matter 11220000MB, clerk 021, asked by http",
        f"satisfied, after 4.3 s, {case}",
        f"satisfied, after 5.9 s, instead of the one before, {case}",
        f"reasons: attitude, text: 等了很久, {case}",
        "window A03, invitation …P1000002, asked by http",
        "nobody rated in time, invitation …P1000002",
        "window A03, invitation …P1000003, asked by http",
        "taken back: desk, invitation …P1000003",
        "window closed, by 021",
        "window open again, by 021",
        "a press that counts for nothing, while idle, key satisfied",
        "K01 began: key of pin 7",
        "K01 has ended",
        "entry 71 of ledger 01KB0OLD, its content is not proven, rated: satisfied, after 0.3 s,"
        " sooner than anybody reads, invitation …P1000009",
    ]


@pytest.mark.parametrize("level", Level)
def test_without_levels_the_words_are_the_same_for_each(level: Level) -> None:
    assert said(levels=False, level=level) == said(levels=False)
    assert not [line for line in said(levels=False) if "satisfied" in line or "等了" in line]


def test_a_ledger_that_follows_another_says_what_is_missing() -> None:
    before = Predecessor(ledger="01OLD", reason="damaged", missing=((3, 3), (7, 9)))
    body = Opened(
        at=ToldClock()(), ledger="01NEW", pad="a", hash=HashName.SHA256, format=1, previous=before
    )
    words = EntryWords(levels=False).of(listed(1, write_body(body), levels=False))
    assert words == "ledger 01NEW of pad a, after ledger 01OLD: damaged, missing of it: 3, 7–9"


def test_what_cannot_be_read_is_said() -> None:
    words = EntryWords(levels=False)
    assert words.of(listed(1, b"\xff", levels=False)) == "the bytes are no entry"
    new = b'{"at":{"utc":5},"kind":"new"}'
    assert words.of(listed(1, new, levels=False)) == "an entry of a newer version"
    lost = Salvaged(at=ToldClock()(), ledger="01OLD", seq=7, digest="", body="{")
    assert words.of(listed(1, write_body(lost), levels=False)) == (
        "entry 7 of ledger 01OLD, the bytes are no entry"
    )


def test_the_cases_of_the_last_invitations_are_remembered() -> None:
    words = EntryWords(levels=False)
    _, _, _, asked, rating, *_ = bodies(ToldClock())
    words.learn(listed(1, write_body(asked), levels=False))
    rating_entry = listed(2, write_body(rating), levels=False)
    assert "case 办件-2026-0417" in words.of(rating_entry)
    for number in range(600):
        raw = write_body(asked).replace(invitation(1).encode(), invitation(100 + number).encode())
        words.learn(listed(3, raw, levels=False))
    assert "invitation …P1000001" in words.of(rating_entry)
