"""What is read at a start for the day's counts: all of the last day, and not the whole ledger."""

from pathlib import Path

import pytest

from device.ledger import day_entries
from device.ledger.day_entries import FEWEST_INVITATIONS, read_last_day
from device.ledger.ledger import Ledger
from sync.entries import (
    At,
    Body,
    Detailed,
    Invited,
    Level,
    Opened,
    Paused,
    Rated,
    Strayed,
    Trust,
)

DAY_MS = 86_400_000
MIDNIGHT_MS = 1_796_054_400_000
"""2026-12-01T00:00 in Beijing."""


def at(utc_ms: int | None) -> At:
    trust = Trust.NONE if utc_ms is None else Trust.NTP
    return At(utc=utc_ms, mono=0, boot="b", trust=trust)


def invited(name: str, utc_ms: int | None) -> Invited:
    return Invited(at=at(utc_ms), invitation=name, window="3", source="http")


def stray(utc_ms: int) -> Strayed:
    return Strayed(at=at(utc_ms), key="1", state="idle", source="keys")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(
        tmp_path / "ledger.db", "pad-1", at=lambda: at(MIDNIGHT_MS - 9 * DAY_MS), new_id=lambda: "l"
    )


def write(ledger: Ledger, *bodies: Body) -> None:
    for body in bodies:
        ledger.append(body)


def names(found: list[Body]) -> list[str]:
    return [body.invitation for body in found if isinstance(body, Invited)]


def test_the_whole_of_the_last_day_is_read_whatever_lies_between(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_entries, "PASS_ENTRIES", 8)
    monkeypatch.setattr(day_entries, "EXTRA_ENTRIES", 0)
    write(ledger, *(stray(MIDNIGHT_MS - DAY_MS) for _ in range(40)))
    write(ledger, invited("yesterday", MIDNIGHT_MS - 60_000), stray(MIDNIGHT_MS - 1))
    write(ledger, invited("first", MIDNIGHT_MS), *(stray(MIDNIGHT_MS + 9) for _ in range(30)))
    write(
        ledger,
        Rated(
            at=at(MIDNIGHT_MS + 9),
            invitation="first",
            level=Level.SATISFIED,
            source="k",
            elapsed_ms=9,
        ),
        Detailed(at=at(MIDNIGHT_MS + 9), invitation="first", text="not looked at"),
        invited("undated", None),
        Paused(at=at(MIDNIGHT_MS + 10), by="desk"),
    )
    read = read_last_day(ledger)
    assert read.is_complete
    assert names(read.bodies)[-2:] == ["first", "undated"], "in their order"
    kinds = [type(body).__name__ for body in read.bodies]
    assert kinds[-4:] == ["Invited", "Rated", "Invited", "Paused"]
    assert "Opened" not in kinds, "not read to its beginning"
    ledger.close()


def test_in_the_morning_it_is_read_on_for_the_cases_of_yesterday(ledger: Ledger) -> None:
    for number in range(FEWEST_INVITATIONS):
        write(ledger, invited(f"y{number}", MIDNIGHT_MS - DAY_MS + number))
    write(ledger, invited("today", MIDNIGHT_MS))
    assert names(read_last_day(ledger).bodies)[-3:] == ["y14", "y15", "today"]
    ledger.close()


def test_a_new_ledger_is_read_to_its_beginning_and_is_complete(ledger: Ledger) -> None:
    read = read_last_day(ledger)
    assert (len(read.bodies), read.is_complete) == (1, True)
    assert isinstance(read.bodies[0], Opened)
    ledger.close()


def test_a_day_beyond_all_bounds_is_not_read_whole_and_says_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_entries, "PASS_ENTRIES", 8)
    monkeypatch.setattr(day_entries, "MAX_ENTRIES", 24)
    write(ledger, invited("first", MIDNIGHT_MS), *(stray(MIDNIGHT_MS) for _ in range(40)))
    read = read_last_day(ledger)
    assert (read.bodies, read.is_complete) == ([], False)
    ledger.close()


def test_a_pruned_ledger_is_read_to_where_it_begins(ledger: Ledger) -> None:
    write(ledger, *(stray(MIDNIGHT_MS - 5 * DAY_MS) for _ in range(20)))
    write(ledger, invited("a", MIDNIGHT_MS))
    ledger.mark_receipted(ledger.head[0])
    ledger.prune(15)
    read = read_last_day(ledger)
    assert (names(read.bodies), read.is_complete) == (["a"], True)
    ledger.close()
