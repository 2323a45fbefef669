"""The counts of a window's day: from the ledger, by Beijing's day, the same for every level."""

import pytest

from device.events import Standing
from device.ports import DayStatus, InviteGap
from device.session.window_day import (
    CASES_KEPT,
    FEWEST_GAPS,
    GAP_FACTOR,
    MAX_UNDATED,
    SHORTEST_GAP_MS,
    WindowDay,
)
from sync.entries import (
    At,
    Body,
    Booted,
    Cleared,
    Clock,
    HashName,
    Invited,
    Lapsed,
    Level,
    Opened,
    Paused,
    Predecessor,
    Rated,
    Resumed,
    Salvaged,
    Service,
    Trust,
    Withdrawn,
    write_body,
)

MIDNIGHT_MS = 1_796_054_400_000
"""2026-12-01T00:00 in Beijing."""
MINUTE_MS = 60_000
MORNING_MS = MIDNIGHT_MS + 9 * 60 * MINUTE_MS


def at(utc_ms: int = MORNING_MS, *, boot: str = "b1", trust: Trust = Trust.NTP) -> At:
    """A moment of a boot that began at midnight."""
    utc = None if trust is Trust.NONE else utc_ms
    return At(utc=utc, mono=utc_ms - MIDNIGHT_MS + 1_000_000, boot=boot, trust=trust)


def invited(name: str, when: At | None = None) -> Invited:
    service = Service(case=f"case-{name}", step="办结")
    return Invited(
        at=when or at(), invitation=name, window="3", source="http", service=service, clerk="C003"
    )


def rated(name: str, level: Level = Level.SATISFIED) -> Rated:
    return Rated(at=at(), invitation=name, level=level, source="keys", elapsed_ms=900)


def clock(when: At) -> Clock:
    assert when.utc is not None
    return Clock(at=when, utc=when.utc, mono=when.mono, source="ntp", uncertainty_ms=1)


class Window:
    """A day and the session that it asks."""

    def __init__(self) -> None:
        self.standings: dict[str, Standing] = {}
        self.day = WindowDay(self.standings.get)

    def ask(self, name: str, when: At | None = None, standing: Standing = "open") -> None:
        self.standings[name] = standing
        self.day.note(invited(name, when))

    def status(self, now: At | None = None, *, is_ready: bool = True) -> DayStatus:
        return self.day.status(now or at(MORNING_MS + 1), is_ready=is_ready)


def counts(status: DayStatus) -> tuple[int | None, ...]:
    return status.invited, status.rated, status.unrated, status.withdrawn


# --- counting ------------------------------------------------------------------------------------


def test_every_invitation_of_today_is_counted_with_what_became_of_it() -> None:
    window = Window()
    ends: tuple[Standing, ...] = ("rated", "rated", "unrated", "withdrawn", "open")
    for name, standing in enumerate(ends):
        window.ask(str(name), standing=standing)
    assert counts(window.status()) == (5, 2, 1, 1)
    window.standings["4"] = "rated"
    assert counts(window.status()) == (5, 3, 1, 1)
    assert counts(window.status()) == (5, 3, 1, 1), "asking counts nothing"


@pytest.mark.parametrize("level", Level)
def test_a_day_that_is_read_again_is_the_same_for_every_level(level: Level) -> None:
    day = WindowDay(lambda _: None)
    day.recall(
        [
            invited("a"),
            rated("a", level),
            rated("a", Level.DISSATISFIED),  # a correction is not another rating
            invited("b"),
            Lapsed(at=at(), invitation="b"),
            invited("c"),
            Withdrawn(at=at(), invitation="c", reason="desk"),
            rated("never-invited", level),
        ],
        is_complete=True,
    )
    status = day.status(at(), is_ready=True)
    assert counts(status) == (3, 1, 1, 1)
    assert [case.standing for case in status.cases] == ["withdrawn", "unrated", "rated"]
    assert level.value not in str(status)


def test_what_was_open_at_a_power_cut_is_what_the_session_says_since() -> None:
    window = Window()
    window.day.recall([invited("a")], is_complete=True)
    window.standings["a"] = "withdrawn"
    assert counts(window.status()) == (1, 0, 0, 1)


def test_the_day_is_beijings_and_the_cases_of_yesterday_stay_in_the_list() -> None:
    window = Window()
    window.ask("late", at(MIDNIGHT_MS - 1), "rated")
    assert counts(window.status(at(MIDNIGHT_MS - 1))) == (1, 1, 0, 0)
    assert counts(window.status(at(MIDNIGHT_MS))) == (0, 0, 0, 0), "nobody was invited yet"
    window.ask("early", at(MIDNIGHT_MS), "rated")
    status = window.status(at(MIDNIGHT_MS + 1))
    assert (status.date, counts(status)) == ("2026-12-01", (1, 1, 0, 0))
    assert [case.invitation for case in status.cases] == ["early", "late"]


def test_the_list_has_the_newest_cases_first_with_what_the_desk_said() -> None:
    window = Window()
    for number in range(CASES_KEPT + 3):
        window.ask(str(number), standing="rated")
    cases = window.status().cases
    assert [case.invitation for case in cases] == [str(n) for n in range(CASES_KEPT + 2, 2, -1)]
    assert cases[0] == (str(CASES_KEPT + 2), "rated", "case-18", None, "办结", "C003", MORNING_MS)
    assert window.status().invited == CASES_KEPT + 3


def test_while_the_time_is_not_known_there_is_no_day_and_no_count() -> None:
    window = Window()
    window.ask("a", at(trust=Trust.NONE), "rated")
    status = window.status(at(trust=Trust.NONE))
    assert (status.date, counts(status), status.gap) == (None, (None,) * 4, None)
    assert status.cases[0].invited_ms is None


def test_what_was_recorded_before_the_time_was_known_gets_its_day_from_the_same_boot() -> None:
    window = Window()
    window.ask("other-boot", at(boot="b0", trust=Trust.NONE), "rated")
    window.ask("a", at(MORNING_MS, trust=Trust.NONE), "rated")
    window.ask("b", at(MORNING_MS + 5, trust=Trust.NONE))
    window.day.note(clock(at(MORNING_MS + 60)))
    status = window.status(at(MORNING_MS + 100))
    assert counts(status) == (2, 1, 0, 0)
    assert status.cases[1].invited_ms == MORNING_MS
    assert not status.is_complete, "nobody knows of which day the one of the boot before is"
    window.standings["b"] = "unrated"
    assert counts(window.status(at(MORNING_MS + 101))) == (2, 1, 1, 0)


def test_more_without_a_date_than_are_kept_make_the_day_incomplete() -> None:
    window = Window()
    for number in range(MAX_UNDATED):
        window.ask(str(number), at(trust=Trust.NONE), "rated")
    window.day.note(clock(at()))
    assert window.status().is_complete, "control"
    for number in range(MAX_UNDATED + 1):
        window.ask(f"x{number}", at(trust=Trust.NONE), "rated")
    window.day.note(clock(at()))
    assert not window.status().is_complete


def test_a_new_ledger_may_lack_a_part_of_its_day() -> None:
    def opened(when: At, previous: Predecessor | None) -> Opened:
        return Opened(
            at=when, ledger="l", pad="p", hash=HashName.SHA256, format=1, previous=previous
        )

    def told(*bodies: Body, is_complete: bool = True) -> bool:
        day = WindowDay(lambda _: None)
        day.recall([*bodies], is_complete=is_complete)
        return day.status(at(), is_ready=True).is_complete

    damaged = Predecessor(ledger="old", reason="damaged")
    assert told(opened(at(), None), invited("a"))
    assert not told(opened(at(), None), invited("a"), is_complete=False)
    assert not told(opened(at(), damaged), invited("a"))
    assert told(opened(at(MIDNIGHT_MS - 1), damaged), invited("a")), "it was yesterday"


def test_what_was_carried_over_from_a_damaged_ledger_counts() -> None:
    def carried(body: Body) -> Salvaged:
        text = write_body(body).decode()
        return Salvaged(at=at(), ledger="old", seq=2, digest="00", body=text)

    day = WindowDay(lambda _: None)
    broken = Salvaged(at=at(), ledger="old", seq=9, digest="00", body="{")
    day.recall([carried(invited("a")), broken, carried(rated("a"))], is_complete=True)
    assert counts(day.status(at(), is_ready=True)) == (1, 1, 0, 0)


def test_a_clock_that_is_set_back_makes_the_day_incomplete() -> None:
    window = Window()
    window.ask("ahead", at(MIDNIGHT_MS + 40 * 86_400_000), "rated")
    window.ask("a", at(), "rated")
    status = window.status()
    assert (counts(status), status.is_complete) == ((1, 1, 0, 0), False)


# --- the gap -------------------------------------------------------------------------------------


def busy_window(every_min: int = 4) -> tuple[Window, int]:
    """A window that invited every so many minutes; and when it last did."""
    window = Window()
    window.day.note(Booted(at=at(MORNING_MS), agent="1", board="b", boots=1))
    last_ms = MORNING_MS
    for number in range(FEWEST_GAPS):
        last_ms += every_min * MINUTE_MS
        window.ask(str(number), at(last_ms), "rated")
    return window, last_ms


def gap_after(window: Window, last_ms: int, after_ms: int, **given: bool) -> InviteGap | None:
    return window.status(at(last_ms + after_ms), **given).gap


@pytest.mark.parametrize("every_min", [1, 4, 15])
def test_a_gap_is_told_when_it_is_much_longer_than_usual_and_than_twenty_minutes(
    every_min: int,
) -> None:
    window, last_ms = busy_window(every_min)
    long_ms = max(SHORTEST_GAP_MS, GAP_FACTOR * every_min * MINUTE_MS)
    assert gap_after(window, last_ms, long_ms) is None
    assert gap_after(window, last_ms, long_ms + 1) == (long_ms // MINUTE_MS, every_min)


def test_no_gap_is_told_while_nobody_could_be_invited() -> None:
    hour_ms = 60 * MINUTE_MS
    window, last_ms = busy_window()
    assert gap_after(window, last_ms, hour_ms, is_ready=False) is None
    assert gap_after(window, last_ms, hour_ms), "control"
    window.day.note(Paused(at=at(last_ms + hour_ms), by="desk"))
    assert gap_after(window, last_ms, 2 * hour_ms) is None
    for again in (
        Resumed(at=at(last_ms + 3 * hour_ms), by="desk"),
        Cleared(at=at(last_ms + 3 * hour_ms), code="K01"),
        Booted(at=at(last_ms + 3 * hour_ms), agent="1", board="b", boots=2),
    ):
        window.day.note(again)
        assert gap_after(window, last_ms, 3 * hour_ms + SHORTEST_GAP_MS) is None
        assert gap_after(window, last_ms, 3 * hour_ms + SHORTEST_GAP_MS + 1) == (20, 4)


def test_few_invitations_make_nothing_usual_nor_does_yesterday() -> None:
    window, last_ms = busy_window()
    few = Window()
    for number in range(FEWEST_GAPS):
        few.ask(str(number), at(MORNING_MS + number * MINUTE_MS), "rated")
    assert gap_after(few, MORNING_MS, 90 * MINUTE_MS) is None, "one gap too few"
    few.ask("one-more", at(MORNING_MS + FEWEST_GAPS * MINUTE_MS), "rated")
    assert gap_after(few, MORNING_MS, 90 * MINUTE_MS)
    tomorrow_ms = last_ms + 24 * 60 * MINUTE_MS
    window.ask("tomorrow", at(tomorrow_ms), "rated")
    assert gap_after(window, tomorrow_ms, 90 * MINUTE_MS) is None


def test_the_gap_is_the_same_whatever_became_of_the_invitations() -> None:
    told = set()
    ends: tuple[Standing, ...] = ("rated", "unrated", "withdrawn")
    for standing in ends:
        window, last_ms = busy_window()
        window.standings |= dict.fromkeys(window.standings, standing)
        told.add(gap_after(window, last_ms, 90 * MINUTE_MS))
    assert told == {InviteGap(90, 4)}
