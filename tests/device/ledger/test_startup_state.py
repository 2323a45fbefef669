import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from device.ledger import startup_state
from device.ledger.ledger import Ledger
from device.ledger.startup_state import (
    HOLD_S,
    QUIET_STARTS,
    StartupState,
    entries_at_start,
    read_startup_state,
    state_after,
)
from sync.delivery import LedgerSegment
from sync.entries import (
    GENESIS,
    At,
    Body,
    Booted,
    Configured,
    Entry,
    Fault,
    Invited,
    Lapsed,
    Level,
    Paused,
    Rated,
    Resumed,
    Salvaged,
    Service,
    Strayed,
    Trust,
    Withdrawn,
    write_body,
)
from tests.rigs.ledger import big_ledger
from tests.rigs.ledger.ledger_process import at, open_in
from tests.rigs.ledger.ledger_process import rated as rated_in_ledger

AT = At(utc=None, mono=1, boot="b1", trust=Trust.NONE)


def entries(*bodies: Body) -> list[Entry]:
    return [Entry(n, write_body(body), GENESIS) for n, body in enumerate(bodies, 1)]


def invited(invitation: str) -> Invited:
    return Invited(at=AT, invitation=invitation, window="3", source="http")


def rated(invitation: str) -> Rated:
    return Rated(
        at=AT,
        invitation=invitation,
        level=Level.SATISFIED,
        source="simulated",
        elapsed_ms=5,
        again=False,
    )


def test_an_empty_ledger_is_of_a_pad_that_never_booted() -> None:
    state = state_after([])
    assert (state.boots, state.paused_by, state.left_open) == (0, None, [])


def test_an_invitation_that_nothing_ended_was_left_open() -> None:
    state = state_after(entries(invited("a"), rated("a"), invited("b")))
    assert state.standings == {"a": "rated", "b": "open"}
    assert state.left_open == ["b"]


def test_lapse_and_withdrawal_end_an_invitation_but_never_unrate_a_rated_one() -> None:
    state = state_after(
        entries(
            invited("a"),
            Lapsed(at=AT, invitation="a"),
            invited("b"),
            Withdrawn(at=AT, invitation="b", reason="clerk"),
            invited("c"),
            rated("c"),
            Withdrawn(at=AT, invitation="c", reason="fault"),
        )
    )
    assert state.standings == {"a": "unrated", "b": "withdrawn", "c": "rated"}


def test_the_number_of_boots_and_a_pause_are_read() -> None:
    state = state_after(
        entries(
            Booted(at=AT, agent="0", board="simulated", boots=4),
            Paused(at=AT, by="clerk"),
            Resumed(at=AT, by="clerk"),
            Paused(at=AT, by="desk"),
            Booted(at=AT, agent="0", board="simulated", boots=5),
        )
    )
    assert (state.boots, state.paused_by) == (5, "desk")


def test_salvaged_entries_count_as_what_they_carry() -> None:
    old = write_body(Booted(at=AT, agent="0", board="simulated", boots=9)).decode()
    state = state_after(entries(Salvaged(at=AT, ledger="old", seq=2, digest="00", body=old)))
    assert state.boots == 9


def test_an_unreadable_or_unknown_entry_changes_nothing() -> None:
    state = state_after([Entry(1, b"\xff", GENESIS), Entry(2, b'{"kind":"future"}', GENESIS)])
    assert state.boots == 0


def test_starts_without_any_use_of_the_pad_are_counted() -> None:
    start = [
        Booted(at=AT, agent="0", board="simulated", boots=5),
        Paused(at=AT, by="desk"),
        Fault(at=AT, code="C01"),
    ]
    assert state_after(entries(*start, *start, *start)).quiet_starts == 3
    assert state_after(entries(*start, invited("a"), *start)).quiet_starts == 1
    assert state_after(entries(*start, *start, Resumed(at=AT, by="desk"))).quiet_starts == 0


def test_a_pause_is_recorded_again_at_every_start() -> None:
    state = state_after(entries(Paused(at=AT, by="desk"), invited("a")))
    written = entries_at_start(state, AT)
    assert written == [
        Paused(at=AT, by="desk"),
        Withdrawn(at=AT, invitation="a", reason="restart"),
    ]
    later = state_after(entries(Booted(at=AT, agent="0", board="simulated", boots=2), *written))
    assert (later.paused_by, later.left_open) == ("desk", [])
    assert entries_at_start(state_after(entries(Resumed(at=AT, by="desk"))), AT) == []


def test_the_service_of_an_invitation_is_read_again_at_a_start() -> None:
    service = Service(case="c-1", step="办结")
    asked = Invited(at=AT, invitation="a", window="3", source="http", service=service)
    assert state_after(entries(asked, rated("a"))).services == {"a": service}


def test_an_agent_reads_back_to_its_last_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup_state, "READ_ENTRIES", 16)
    ledger = open_in(tmp_path)
    ledger.append(Booted(at=at(), agent="1", board="simulated", boots=41))
    ledger.append(Invited(at=at(), invitation="01OPEN", window="3", source="http"))
    for n in range(70):
        ledger.append(rated_in_ledger(n))
    state = startup_state.read_startup_state(ledger)
    assert (state.boots, state.left_open) == (41, ["01OPEN"])
    ledger.append(Booted(at=at(), agent="1", board="simulated", boots=42))
    for n in range(20):
        ledger.append(rated_in_ledger(n))
    again = startup_state.read_startup_state(ledger)  # control: it reads no further back
    assert (again.boots, again.left_open) == (42, [])
    ledger.append(Paused(at=at(), by="desk"))
    for n in range(20):
        ledger.append(rated_in_ledger(n))
    assert startup_state.read_startup_state(ledger).paused_by == "desk"
    ledger.append(Resumed(at=at(), by="desk"))
    ledger.append(Invited(at=at(), invitation="02", window="3", source="http"))
    ledger.append(Lapsed(at=at(), invitation="02"))
    for _ in range(20):
        ledger.append(Strayed(at=at(), key="1", state="idle", source="simulated"))
    last = startup_state.read_startup_state(ledger)
    assert (last.paused_by, last.standings["02"], last.left_open) == (None, "unrated", [])
    ledger.close()


def test_entries_since_the_last_boot_take_no_memory_however_many(tmp_path: Path) -> None:
    path = big_ledger.make(tmp_path, 30_000)
    ledger = open_in(tmp_path)
    startup_state.read_startup_state(ledger)
    tracemalloc.start()
    state = startup_state.read_startup_state(ledger)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    ledger.close()
    assert len(state.standings) == startup_state.STANDINGS_READ
    assert path.stat().st_size > 7_000_000
    assert peak < 3_000_000, peak


def test_nothing_on_record_is_nothing_in_force() -> None:
    assert state_after([]) == StartupState(0, None, 0, 0, {}, {})
    assert (
        state_after(entries(Paused(at=AT, by="desk"), Resumed(at=AT, by="desk"))).paused_by is None
    )
    assert state_after(entries(configured(6), configured(7))).configured == 7
    assert state_after(
        entries(invited("a"), rated("a"), Lapsed(at=AT, invitation="a"))
    ).standings == {"a": "rated"}


def test_after_five_starts_without_use_a_pad_must_run_for_a_minute_to_be_on_record() -> None:
    assert (QUIET_STARTS, HOLD_S) == (5, 60)


def configured(version: int) -> Configured:
    return Configured(at=AT, version=version, digest="00")


def stray(state: str = "idle") -> Strayed:
    return Strayed(at=AT, key="1", state=state, source="keys")


def salvaged(body: Body) -> Salvaged:
    return Salvaged(at=AT, ledger="old", seq=2, digest="00", body=write_body(body).decode())


def read_from(folder: Path, *bodies: Body) -> StartupState:
    """What a start reads of a ledger that ends in these entries."""
    ledger = open_in(folder)
    for body in bodies:
        ledger.append(body)
    state = read_startup_state(ledger)
    ledger.close()
    return state


def as_it_is(body: Body) -> Body:
    return body


@pytest.mark.parametrize("kept", [as_it_is, salvaged])
@pytest.mark.parametrize(
    ("answers", "standing"),
    [
        ([], "open"),
        ([rated("new")], "rated"),
        ([Lapsed(at=AT, invitation="new")], "unrated"),
        ([Withdrawn(at=AT, invitation="new", reason="clerk")], "withdrawn"),
        ([rated("new"), Withdrawn(at=AT, invitation="new", reason="fault")], "rated"),
    ],
)
def test_the_last_invitation_and_what_became_of_it_are_found_however_far_back(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: Callable[[Body], Body],
    answers: list[Body],
    standing: str,
) -> None:
    monkeypatch.setattr(startup_state, "READ_ENTRIES", 2)
    state = read_from(
        tmp_path,
        kept(configured(6)),
        kept(configured(7)),
        kept(Paused(at=AT, by="desk")),
        # Nor do others before it count, of which the text looks like what is looked for.
        *(kept(Invited(at=AT, invitation=f"{n}", window="paused", source="x")) for n in range(20)),
        kept(invited("new")),
        # Nor what happened meanwhile.
        *(stray("invited") for _ in range(20)),
        *map(kept, answers),
        *(stray() for _ in range(4)),
    )
    assert state.standings == {"new": standing}
    assert (state.configured, state.paused_by, state.boots) == (7, "desk", 0)


@pytest.mark.parametrize("kept", [as_it_is, salvaged])
def test_the_last_start_is_found_however_far_back_and_nothing_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Callable[[Body], Body]
) -> None:
    monkeypatch.setattr(startup_state, "READ_ENTRIES", 2)
    state = read_from(
        tmp_path,
        kept(configured(6)),
        kept(invited("old")),
        kept(Booted(at=AT, agent="1", board="simulated", boots=8)),
        kept(configured(9)),
        kept(Paused(at=AT, by="a")),
        kept(Resumed(at=AT, by="b")),
        *(stray("rated") for _ in range(9)),
    )
    assert state == StartupState(boots=8, configured=9)


def test_starts_that_were_read_twice_are_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup_state, "READ_ENTRIES", 3)
    booted = [Booted(at=AT, agent="1", board="simulated", boots=n) for n in (1, 2, 3)]
    assert read_from(tmp_path, invited("a"), rated("a"), *booted).quiet_starts == 3


def test_2048_entries_are_read_and_at_most_1024_invitations_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(case="c-1", step="办结")
    asked = [
        Invited(at=AT, invitation=f"{n}", window="3", source="http", service=service)
        for n in range(1026)
    ]
    state = state_after(entries(*asked))
    assert list(state.standings) == list(state.services) == [f"{n}" for n in range(2, 1026)]
    big_ledger.make(tmp_path, 3000)
    ledger = open_in(tmp_path)
    begins: list[int] = []

    def read(after: int, max_entries: int, max_bytes: int) -> LedgerSegment:
        begins.append(after)
        return Ledger.read(ledger, after, max_entries, max_bytes)

    monkeypatch.setattr(ledger, "read", read)
    read_startup_state(ledger)
    assert begins[0] == 3001 - 2048
    ledger.close()


def test_what_an_entry_carries_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    broken = Salvaged(at=AT, ledger="old", seq=2, digest="00", body='{"kind":"booted","at":[]}')
    boots = Booted(at=AT, agent="1", board="simulated", boots=8)
    assert read_from(tmp_path, boots, broken).boots == 8
