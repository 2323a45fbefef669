"""The time for entries: what is known is written, what is not known is left empty."""

import pytest

from device.ports import WallReading
from device.system.clock import TrustedClock
from sync.entries import Clock, Trust

UTC = 1_790_000_000_000


class FakeBoot:
    boot = "boot-1"

    def __init__(self) -> None:
        self.now = 5_000

    def mono_ms(self) -> int:
        return self.now


class FakeWall:
    """A wall clock that runs with the boot clock and can be set."""

    def __init__(self, boot: FakeBoot) -> None:
        self.boot = boot
        self.offset_ms = -5_000  # 1970
        self.trust = Trust.NONE
        self.stall_ms: list[int] = []

    def read(self) -> WallReading:
        if self.stall_ms:
            self.boot.now += self.stall_ms.pop()
        return WallReading(self.boot.now + self.offset_ms, self.trust, 12, "ntp")

    def set(self, utc_ms: int, trust: Trust) -> None:
        self.offset_ms = utc_ms - self.boot.now
        self.trust = trust


@pytest.fixture
def boot() -> FakeBoot:
    return FakeBoot()


@pytest.fixture
def wall(boot: FakeBoot) -> FakeWall:
    return FakeWall(boot)


@pytest.fixture
def clock(boot: FakeBoot, wall: FakeWall) -> TrustedClock:
    return TrustedClock(boot, wall, step_tolerance_ms=1_000)


def test_a_pad_that_boots_in_1970_gives_no_time_of_day(clock: TrustedClock) -> None:
    at = clock.at()
    assert (at.utc, at.mono, at.boot, at.trust) == (None, 5_000, "boot-1", Trust.NONE)
    assert clock.check() is None
    assert clock.trust is Trust.NONE


def test_the_first_known_time_is_an_anchor_for_this_boot(
    clock: TrustedClock, boot: FakeBoot, wall: FakeWall
) -> None:
    clock.check()
    boot.now = 65_000
    wall.set(UTC, Trust.NTP)
    anchor = clock.check()
    assert isinstance(anchor, Clock)
    assert (anchor.utc, anchor.mono, anchor.source, anchor.uncertainty_ms) == (
        UTC,
        65_000,
        "ntp",
        12,
    )
    assert (anchor.at.utc, anchor.at.trust) == (UTC, Trust.NTP)
    assert clock.check() is None


def test_a_pad_that_knows_the_time_at_boot_anchors_it_at_the_first_check(
    clock: TrustedClock, wall: FakeWall
) -> None:
    wall.set(UTC, Trust.NTP)
    assert clock.at().utc == UTC
    anchor = clock.check()
    assert anchor is not None
    assert anchor.utc == UTC


def test_a_press_from_before_the_time_was_known_gets_no_time_of_day_later(
    clock: TrustedClock, boot: FakeBoot, wall: FakeWall
) -> None:
    clock.check()
    boot.now = 10_000
    wall.set(UTC, Trust.NTP)
    clock.check()
    boot.now = 10_030
    assert clock.at_mono(9_999).utc is None
    assert clock.at_mono(9_999).trust is Trust.NONE
    after = clock.at_mono(10_010)
    assert (after.utc, after.mono, after.trust) == (UTC + 10, 10_010, Trust.NTP)


def test_without_its_server_the_time_is_continued_by_the_boot_clock(
    clock: TrustedClock, boot: FakeBoot, wall: FakeWall
) -> None:
    wall.set(UTC, Trust.NTP)
    clock.check()
    boot.now += 2_000_000
    wall.set(7, Trust.NONE)  # somebody sets the clock by hand: the held time does not follow
    held = clock.check()
    assert held is not None
    assert (held.at.trust, held.utc) == (Trust.HELD, UTC + 2_000_000)
    assert held.uncertainty_ms == 12 + 1_000  # 500 ppm of 2,000 s
    assert clock.at().utc == UTC + 2_000_000
    assert clock.trust is Trust.HELD
    wall.set(9_000_000, Trust.NONE)
    assert clock.check() is None


def test_a_server_that_comes_back_gives_a_new_anchor(
    clock: TrustedClock, boot: FakeBoot, wall: FakeWall
) -> None:
    wall.set(UTC, Trust.NTP)
    clock.check()
    boot.now += 3_600_000
    wall.trust = Trust.NONE
    clock.check()
    wall.set(UTC + 3_600_120, Trust.NTP)
    anchor = clock.check()
    assert anchor is not None
    assert (anchor.at.trust, anchor.utc) == (Trust.NTP, UTC + 3_600_120)


def test_a_step_of_the_wall_clock_is_recorded_and_a_small_one_is_not(
    clock: TrustedClock, boot: FakeBoot, wall: FakeWall
) -> None:
    wall.set(UTC, Trust.NTP)
    clock.check()
    boot.now += 60_000
    wall.offset_ms += 1_000
    assert clock.check() is None
    wall.offset_ms += 1
    stepped = clock.check()
    assert stepped is not None
    assert stepped.utc == UTC + 61_001
    wall.offset_ms -= 3_600_000
    back = clock.check()
    assert back is not None
    assert back.utc == UTC + 61_001 - 3_600_000
    assert clock.check() is None


def test_many_small_steps_are_recorded_when_their_sum_is_large(
    clock: TrustedClock, wall: FakeWall
) -> None:
    wall.set(UTC, Trust.NTP)
    clock.check()
    entries = []
    for _ in range(25):
        wall.offset_ms += 100
        entries.append(clock.check())
    assert [n for n, entry in enumerate(entries) if entry] == [10, 21]


def test_a_battery_clock_is_trusted_as_such_until_a_server_confirms_it(
    clock: TrustedClock, boot: FakeBoot, wall: FakeWall
) -> None:
    wall.set(UTC, Trust.RTC)
    first = clock.check()
    assert first is not None
    assert first.at.trust is Trust.RTC
    boot.now += 1_000
    wall.trust = Trust.NONE
    at_first = clock.trust
    assert at_first is Trust.RTC
    wall.set(UTC + 1_040, Trust.NTP)
    confirmed = clock.check()
    assert confirmed is not None
    assert confirmed.at.trust is Trust.NTP
    wall.trust = Trust.RTC  # the server is unreachable, and the board has a battery
    assert clock.trust is Trust.HELD


def test_a_reading_that_the_scheduler_interrupted_is_repeated(
    clock: TrustedClock, boot: FakeBoot, wall: FakeWall
) -> None:
    wall.set(UTC, Trust.NTP)
    wall.stall_ms = [40]
    at = clock.at()
    assert at.utc is not None
    assert at.utc - at.mono == wall.offset_ms
