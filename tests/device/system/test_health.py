"""The faults there are, and the readings of a board."""

import os
from pathlib import Path

import pytest

from device.errors import PadCode
from device.system.health import Faults, HealthReadings, measure, report
from sync.entries import At, Trust
from sync.messages import MAX_MESSAGE_BYTES, FaultNow, Health, read_message, write_message

AT = At(utc=None, mono=9, boot="b", trust=Trust.NONE)


def test_a_fault_is_there_once_with_the_time_it_began() -> None:
    faults = Faults()
    assert faults.raise_(PadCode.KEY_STUCK, "k2", 100)
    assert not faults.raise_(PadCode.KEY_STUCK, "k2", 200)
    assert faults.raise_(PadCode.KEY_STUCK, "k4", 300)
    assert faults.now == (
        FaultNow(code="K01", since=100, detail="k2"),
        FaultNow(code="K01", since=300, detail="k4"),
    )


def test_clearing_names_one_detail_or_takes_them_all() -> None:
    faults = Faults()
    for key in ("k2", "k4", "k5"):
        faults.raise_(PadCode.KEY_STUCK, key, 1)
    assert faults.clear(PadCode.KEY_STUCK, "k4")
    assert not faults.clear(PadCode.KEY_STUCK, "k4")
    assert [fault.detail for fault in faults.now] == ["k2", "k5"]
    assert faults.clear(PadCode.KEY_STUCK)
    assert not faults.clear(PadCode.KEY_STUCK)
    assert faults.now == ()


def test_only_a_fault_that_blocks_closes_the_window() -> None:
    faults = Faults()
    faults.raise_(PadCode.CLOCK_UNKNOWN, "", 1)
    at_first = faults.blocking
    assert at_first is None
    faults.raise_(PadCode.LEDGER_FULL, "0 bytes free", 2)
    faults.raise_(PadCode.KEYS_GONE, "", 3)
    worst = faults.blocking
    assert worst is PadCode.LEDGER_FULL
    faults.clear(PadCode.LEDGER_FULL)
    next_worst = faults.blocking
    assert next_worst is PadCode.KEYS_GONE
    faults.clear(PadCode.KEYS_GONE)
    assert faults.blocking is None


def test_free_space_is_the_file_systems_own_figure(tmp_path: Path) -> None:
    free = measure(tmp_path, tmp_path).disk_free_bytes
    stat = os.statvfs(tmp_path)
    assert free is not None
    assert abs(free - stat.f_bavail * stat.f_frsize) < 64 << 20


def test_what_the_board_cannot_measure_is_none(tmp_path: Path) -> None:
    assert measure(tmp_path / "missing", tmp_path) == HealthReadings(None, None, None)


def card(sysfs: Path, path: Path, life_time: str | None, *, partition: bool = True) -> None:
    """The part of sysfs that a card has: /sys/dev/block/M:m → …/mmcblk0/mmcblk0p2."""
    disk = sysfs / "devices" / "mmc0" / "block" / "mmcblk0"
    place = disk / "mmcblk0p2" if partition else disk
    place.mkdir(parents=True)
    (disk / "device").mkdir()
    if partition:
        (place / "partition").write_text("2\n")
    if life_time is not None:
        (disk / "device" / "life_time").write_text(life_time)
    device = path.stat().st_dev
    link = sysfs / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
    link.parent.mkdir(parents=True)
    link.symlink_to(place)


@pytest.mark.parametrize(
    ("life_time", "percent"),
    [
        ("0x01 0x01\n", 10.0),
        ("0x02 0x05\n", 50.0),
        ("0x0b 0x01\n", 110.0),
        ("0x00 0x00\n", None),
        ("rubbish\n", None),
        ("", None),
        (None, None),  # an SD card has no such register
    ],
)
@pytest.mark.parametrize("partition", [True, False])
def test_card_wear_is_the_worse_of_the_two_estimates(
    tmp_path: Path, life_time: str | None, percent: float | None, partition: bool
) -> None:
    card(tmp_path, tmp_path, life_time, partition=partition)
    assert measure(tmp_path, tmp_path).card_wear_percent == percent


def test_the_temperature_is_that_of_the_hottest_zone_that_answers(tmp_path: Path) -> None:
    for number, text in enumerate(("48312\n", "51000\n", "not now\n")):
        zone = tmp_path / "class" / "thermal" / f"thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(text)
    (tmp_path / "class" / "thermal" / "thermal_zone3").mkdir()
    assert measure(tmp_path, tmp_path).temperature_c == 51.0


def test_the_health_report_is_the_same_after_encoding() -> None:
    faults = Faults()
    faults.raise_(PadCode.CLOCK_UNKNOWN, "no server", 4)
    health = report(
        at=AT,
        boots=3,
        ledger="01J",
        head=12,
        receipted=9,
        faults=faults.now,
        measured=HealthReadings(1 << 30, None, 48.5),
        strays=2,
    )
    assert health.backlog == 3
    assert read_message(Health, write_message(health)) == health


@pytest.mark.parametrize("char", ["\x01", '"', "字", "\U0001f600"])
def test_a_report_of_very_many_faults_stays_below_the_contracts_bound(char: str) -> None:
    faults = Faults()
    for number in range(900):
        faults.raise_(PadCode.PROVINCE_REFUSED, f"{number}{char * 1000}", number)
    health = report(
        at=AT,
        boots=2**53,
        ledger="L" * 64,
        head=2**53,
        receipted=2**53,
        faults=faults.now,
        measured=HealthReadings(2**53, 100.0, 100.0),
    )
    raw = write_message(health)
    assert len(raw) < MAX_MESSAGE_BYTES
    told = read_message(Health, raw).faults
    assert [fault.since for fault in told] == list(range(len(told))), "the oldest"
    assert len(told) > 20
