"""What is measured without a hand."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from device.config.config import ProvinceConfig
from device.errors import PadCode
from device.ports import WallReading
from device.selftest import probes
from device.selftest.steps import StepOutcome
from sync.entries import Trust
from tests.rigs.system.loopback import free_port


class Wall:
    def __init__(self, trust: Trust) -> None:
        self.trust = trust

    def read(self) -> WallReading:
        return WallReading(1_790_000_000_000, self.trust, 12, "bench")


@pytest.mark.parametrize("trust", [Trust.NTP, Trust.RTC])
def test_a_clock_that_knows_the_time_passes_with_its_source_and_its_error(trust: Trust) -> None:
    item = probes.clock(Wall(trust))
    assert item.outcome is StepOutcome.PASSED
    assert "within 12 ms" in item.says
    assert trust.value in item.says


def test_a_clock_that_does_not_know_the_time_fails() -> None:
    item = probes.clock(Wall(Trust.NONE))
    assert (item.outcome, item.code) == (StepOutcome.FAILED, PadCode.CLOCK_UNKNOWN)
    assert "2026" not in item.says


def test_a_folder_is_written_measured_and_left_as_it_was(tmp_path: Path) -> None:
    assert list(tmp_path.iterdir()) == []
    item = probes.ledger_folder(tmp_path / "ledger.db")
    assert item.outcome is StepOutcome.PASSED
    assert "MiB free" in item.says
    assert "ms" in item.says
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_fails_by_name(tmp_path: Path) -> None:
    item = probes.ledger_folder(tmp_path / "nowhere" / "ledger.db")
    assert (item.outcome, item.code) == (StepOutcome.FAILED, PadCode.LEDGER_WRITE)
    assert "nowhere" in item.says


@pytest.mark.parametrize(
    ("number", "code"), [(errno.EROFS, PadCode.LEDGER_WRITE), (errno.ENOSPC, PadCode.LEDGER_FULL)]
)
def test_a_card_that_refuses_fails_with_its_code(
    number: int, code: PadCode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    assert probes.ledger_folder(tmp_path / "ledger.db").code is code


def test_a_card_without_room_or_without_haste_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, probes.SLOW_S + 1])
    monkeypatch.setattr(probes, "time", SimpleNamespace(monotonic=lambda: next(times)))
    assert probes.ledger_folder(tmp_path / "ledger.db").code is PadCode.LEDGER_WRITE
    monkeypatch.undo()
    monkeypatch.setattr(probes, "LEAST_FREE_BYTES", 1 << 62)
    assert probes.ledger_folder(tmp_path / "ledger.db").code is PadCode.LEDGER_FULL


@pytest.fixture
def listening() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_broker_that_listens_passes_and_one_that_does_not_fails(listening: int) -> None:
    item = probes.broker(ProvinceConfig(broker=f"mqtt://127.0.0.1:{listening}"))
    assert item.outcome is StepOutcome.PASSED
    item = probes.broker(ProvinceConfig(broker=f"mqtt://127.0.0.1:{free_port()}"))
    assert (item.outcome, item.code) == (StepOutcome.FAILED, PadCode.PROVINCE_SILENT)
