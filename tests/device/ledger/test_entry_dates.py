"""Entries that are dated after a later one, or after now, are found and counted."""

import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from device.errors import LedgerError, PadCode
from device.ledger import file as ledger_file
from device.ledger.entry_dates import AHEAD_MS, DatedAhead, dated_ahead
from device.ledger.file import beside, connect, create, exclude_agents, seal
from sync.entries import At, Lapsed, Trust, write_body
from tests.rigs.system.open_descriptors import open_below

NOW_MS = 1_796_000_000_000
IN_2100_MS = 4_102_444_800_000


def ledger(folder: Path, *dates: int | bytes | None, trust: Trust = Trust.NTP) -> Path:
    """A ledger file with an entry of each date."""
    path = folder / "ledger.db"
    with closing(create(path)) as connection:
        for seq, date in enumerate(dates, 1):
            body = (
                date
                if isinstance(date, bytes)
                else write_body(
                    Lapsed(at=At(utc=date, mono=seq, boot="b", trust=trust), invitation="i")
                )
            )
            connection.execute(
                "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, 0)",
                (seq, body, bytes(32)),
            )
        seal(connection)
    return path


@pytest.mark.parametrize(
    ("dates", "found"),
    [
        ([], None),
        ([NOW_MS - 5, None, NOW_MS], None),
        ([NOW_MS + AHEAD_MS], None),
        ([NOW_MS, NOW_MS + AHEAD_MS + 1], DatedAhead(2, NOW_MS + AHEAD_MS + 1, 1)),
        ([0, IN_2100_MS, IN_2100_MS + 1, None, NOW_MS], DatedAhead(2, IN_2100_MS, 2)),
        ([NOW_MS - 9, NOW_MS - 9 - AHEAD_MS], None),
        ([NOW_MS - 8, NOW_MS - 9 - AHEAD_MS, NOW_MS], DatedAhead(1, NOW_MS - 8, 1)),
        ([b'{"at":[]}', b'{"at":{"utc":"x","trust":"ntp"}}', b"{}", NOW_MS], None),
    ],
)
def test_a_date_is_compared_with_now_and_with_all_later_ones(
    tmp_path: Path, dates: list[int | bytes | None], found: DatedAhead | None
) -> None:
    assert dated_ahead(ledger(tmp_path, *dates), NOW_MS) == found


def test_a_date_that_the_pad_did_not_trust_and_a_machine_without_the_time_say_nothing(
    tmp_path: Path,
) -> None:
    assert dated_ahead(ledger(tmp_path, IN_2100_MS, NOW_MS, trust=Trust.NONE), NOW_MS) is None
    (tmp_path / "other").mkdir()
    path = ledger(tmp_path / "other", NOW_MS, NOW_MS + 1)
    assert dated_ahead(path, 1000) is None  # a machine whose clock is in 1970
    assert dated_ahead(path, NOW_MS - AHEAD_MS - 1) == DatedAhead(1, NOW_MS, 2)


def test_the_memory_does_not_depend_on_the_ledger(tmp_path: Path) -> None:
    path = ledger(tmp_path, *range(NOW_MS, NOW_MS + 20_000))
    tracemalloc.start()
    try:
        assert dated_ahead(path, NOW_MS) is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (20_000,)


def test_five_minutes_ahead_are_allowed_and_a_clock_of_2020_knows_the_time(tmp_path: Path) -> None:
    assert AHEAD_MS == 300_000
    new_year_2020_ms = 1_577_836_800_000
    path = ledger(tmp_path, IN_2100_MS)
    assert dated_ahead(path, new_year_2020_ms) == DatedAhead(1, IN_2100_MS, 1)
    assert dated_ahead(path, new_year_2020_ms - 1) is None


@pytest.mark.parametrize(
    ("lock", "shares_locks"),
    [(None, False), ("a reader's", False), ("an agent's", True)],
)
def test_an_agents_locks_are_shared_and_beside_other_readers_no_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: str | None, shares_locks: bool
) -> None:
    path = ledger(tmp_path, IN_2100_MS)
    used: list[str] = []
    for name in ("connect_alone", "connect_beside_agent"):
        original = getattr(ledger_file, name)

        def connected(
            path: Path, name: str = name, original: Callable[[Path], Any] = original
        ) -> Any:
            used.append(name)
            return original(path)

        monkeypatch.setattr(ledger_file, name, connected)
    with ExitStack() as held:
        if lock is not None:
            beside(path, ".lock").touch()
            held.enter_context(exclude_agents(path, together=lock == "a reader's"))
        if shares_locks:
            held.enter_context(closing(connect(path)))
        files = set(tmp_path.iterdir())
        assert dated_ahead(path, NOW_MS) == DatedAhead(1, IN_2100_MS, 1)
        assert used == ["connect_beside_agent" if shares_locks else "connect_alone"]
        assert set(tmp_path.iterdir()) == files
    assert open_below(tmp_path) == []


def test_what_is_in_the_wal_of_an_agent_that_runs_counts(tmp_path: Path) -> None:
    path = ledger(tmp_path, NOW_MS)
    beside(path, ".lock").touch()
    with exclude_agents(path), closing(connect(path)) as agent:
        body = write_body(
            Lapsed(at=At(utc=IN_2100_MS, mono=1, boot="b", trust=Trust.RTC), invitation="i")
        )
        agent.execute(
            "INSERT INTO entry(seq, body, digest, receipted) VALUES (2, ?, ?, 0)", (body, bytes(32))
        )
        assert dated_ahead(path, NOW_MS) == DatedAhead(2, IN_2100_MS, 1)


def test_a_lock_file_that_cannot_be_opened_is_an_error_and_no_running_agent(tmp_path: Path) -> None:
    path = ledger(tmp_path, IN_2100_MS)
    beside(path, ".lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerError) as refused:
        dated_ahead(path, NOW_MS)
    assert refused.value.code is PadCode.CONFIG_WRONG
