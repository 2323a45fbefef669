"""What is asked for is listed, and nothing else."""

from typing import Any

import pytest

from device.ledger_view.entry_filter import EntryFilter, seq_range
from device.ledger_view.listed_entry import listed
from sync.entries import write_body
from tests.rigs.ledger.told_ledger import BOOT, NINE_MS, ToldClock, bodies, invitation

CLOCK = ToldClock()
CLOCK()  # for `opened`
ENTRIES = [listed(seq, write_body(body), levels=False) for seq, body in enumerate(bodies(CLOCK), 2)]


def found(**asked: Any) -> list[int]:
    return [e.seq for e in ENTRIES if EntryFilter(**asked).takes(e)]


@pytest.mark.parametrize(
    ("asked", "seqs"),
    [
        ({}, list(range(2, 19))),
        ({"kinds": frozenset({"fault", "cleared"})}, [16, 17]),
        ({"kinds": frozenset({"rated"})}, [6, 7, 18]),
        ({"kinds": frozenset({"salvaged"})}, [18]),
        ({"invitation": invitation(2)}, [9, 10]),
        ({"invitation": "000002"}, [9, 10]),
        ({"invitation": "P1000009"}, [18]),
        ({"invitation": invitation(2)[:-1]}, []),
        ({"boot": BOOT}, list(range(2, 19))),
        ({"boot": BOOT[1:]}, []),
        ({"first_ms": NINE_MS + 31_000}, [16, 17, 18]),
        ({"last_ms": NINE_MS + 8400}, []),
        ({"last_ms": NINE_MS + 10_100}, [3]),
        ({"first_ms": NINE_MS + 10_100, "last_ms": NINE_MS + 11_800}, [3, 4]),
    ],
)
def test_what_is_asked_for_is_taken(asked: dict[str, Any], seqs: list[int]) -> None:
    assert found(**asked) == seqs
    assert EntryFilter(**asked).takes_all is (not asked)


def test_an_entry_without_a_date_is_in_no_period() -> None:
    assert ENTRIES[0].utc_ms is None
    assert 2 not in found(first_ms=-(2**53))
    assert 2 not in found(last_ms=2**53)


def test_of_a_case_everything_about_its_invitations_is_taken() -> None:
    asked = EntryFilter(case="办件-2026-0417")
    assert [asked.is_of_case(e) for e in ENTRIES if asked.is_of_case(e)] == [invitation(1)]
    assert [e.seq for e in ENTRIES if asked.takes(e, {invitation(1)})] == [5, 6, 7, 8]
    assert not [e for e in ENTRIES if EntryFilter(case="办件").is_of_case(e)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [("7", (7, 7)), ("5-10", (5, 10)), ("5-", (5, None)), ("-10", (1, 10)), (" 1 ", (1, 1))],
)
def test_numbers_are_one_or_a_range(text: str, meant: tuple[int, int | None]) -> None:
    assert seq_range(text) == meant


@pytest.mark.parametrize("text", ["", "-", "a", "1-2-3", "10-5", "0", "0-5", "１", "9" * 17])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no number|has no entry"):
        seq_range(text)
