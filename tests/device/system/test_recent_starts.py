"""How a restart loop is noticed, and what is none."""

from pathlib import Path

import pytest

from device.system import recent_starts
from device.system.recent_starts import LONGEST_PAUSE_S, OFTEN, RECENT_S, RecentStarts


class Machine:
    """A machine on which agents are started one after the other."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, service: bool) -> None:
        self.ledger = folder / "ledger.db"
        self.environ = {"RUNTIME_DIRECTORY": str(folder / "run")} if service else {}
        (folder / "run").mkdir()
        self.now_s, self.boot, self.pid = 100.0, "boot-1", 10
        monkeypatch.setattr(recent_starts, "_now_s", lambda: self.now_s)
        monkeypatch.setattr(recent_starts, "_boot_id", lambda: self.boot)

    def start(self) -> RecentStarts:
        self.pid += 1
        self.now_s += 3
        return RecentStarts(self.ledger, self.environ, self.pid)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch, service=True)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch, service=False)


def test_a_service_that_is_killed_at_every_start_is_a_loop_and_waits_longer(
    service: Machine,
) -> None:
    pauses = []
    for _ in range(10):
        starts = service.start()
        pauses.append(starts.pause_s)
        starts.begin()
    assert pauses == [0, 0, 0, 2, 4, 8, 16, 32, LONGEST_PAUSE_S, LONGEST_PAUSE_S]
    assert service.start().earlier == 10


def test_starts_that_ended_in_order_are_none(service: Machine) -> None:
    for _ in range(10):
        starts = service.start()
        starts.begin()
        assert starts.earlier == 0
        starts.end()
    assert list((service.ledger.parent / "run").iterdir()) == []


def test_without_systemd_only_failures_count(terminal: Machine) -> None:
    for _ in range(10):
        terminal.start().begin()  # killed
    assert not terminal.start().is_loop
    assert not terminal.ledger.with_suffix(".starts").exists()
    for _ in range(OFTEN):
        starts = terminal.start()
        starts.begin()
        starts.fail()
    assert terminal.start().is_loop


def test_what_was_long_ago_or_in_another_boot_does_not_count(service: Machine) -> None:
    for _ in range(OFTEN):
        service.start().begin()
    assert service.start().is_loop
    service.boot = "boot-2"
    assert not service.start().is_loop
    service.boot = "boot-1"
    service.now_s += RECENT_S
    assert not service.start().is_loop


@pytest.mark.parametrize("content", [b"\0" * 99_999, b"a b c d\n" * 9, b"\xff 1 2 begun\n"])
def test_a_damaged_file_is_no_loop_and_is_replaced(service: Machine, content: bytes) -> None:
    file = service.ledger.parent / "run" / "starts"
    file.write_bytes(content)
    starts = service.start()
    assert not starts.is_loop
    starts.begin()
    assert service.start().earlier == 1


def test_a_link_in_its_place_is_not_followed(service: Machine, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("as it was")
    (tmp_path / "run" / "starts").symlink_to(tmp_path / "precious")
    service.start().begin()
    assert (tmp_path / "precious").read_text() == "as it was"


def test_a_folder_that_is_gone_stops_nothing(service: Machine, tmp_path: Path) -> None:
    (tmp_path / "run").rmdir()
    starts = service.start()
    starts.begin()
    starts.fail()
    starts.end()
    assert starts.earlier == 0
