"""The time of day for entries, and how far it may be trusted (law 6).

Every entry has an `At`. A time that is not known is left empty: a pad that starts in 1970 writes
`utc` null, and the province dates the entry from the `clock` entry of the same boot.

Within a boot trust never returns to `none`. When the time server cannot be reached any more, or the
wall clock is set by hand afterwards, the pad counts on from its last good reading by CLOCK_BOOTTIME
and writes `held`: that clock does not step, and the kernel keeps correcting its rate with the last
known frequency.
"""

import time
from typing import NamedTuple

from device.ports import BootClock, WallClock, WallReading
from sync.entries import At, Clock, Trust

STEP_TOLERANCE_MS = 1_000
"""A leap second or a first synchronisation moves the clock by as much; slewing does not."""

HELD_PPM = 500
"""The kernel's own bound for a clock left alone (adjtimex(2), `tolerance`)."""

CHINA_STANDARD_TIME_S = 8 * 3600
"""Asia/Shanghai has had no other offset since 1991, and a pad carries no time zone data."""


class _Sample(NamedTuple):
    """Wall and boot clock, read together. `offset_ms`: UTC minus `mono`."""

    mono: int
    wall: WallReading

    @property
    def offset_ms(self) -> int:
        return self.wall.utc_ms - self.mono


class _GoodReading(NamedTuple):
    """The last reading of a wall clock that was trusted."""

    offset_ms: int
    mono: int
    trust: Trust
    uncertainty_ms: int
    source: str


class TrustedClock:
    """The time for entries. To be used by one thread; `check` is to be called about once a second.

    `step_tolerance_ms`: how far the wall clock may move against the boot clock before a new `clock`
    entry is due.
    """

    def __init__(
        self, boot: BootClock, wall: WallClock, *, step_tolerance_ms: int = STEP_TOLERANCE_MS
    ) -> None:
        self._boot = boot
        self._wall = wall
        self._step_tolerance_ms = step_tolerance_ms
        self._good: _GoodReading | None = None
        self._noted_offset_ms = 0
        self._noted_trust = Trust.NONE
        self._trust_before = Trust.NONE
        self._noted_mono = 0

    @property
    def trust(self) -> Trust:
        """How far the time may be trusted now."""
        return self._judge(self._sample())[0]

    def at(self) -> At:
        """Now."""
        sample = self._sample()
        trust, offset_ms = self._judge(sample)
        return self._at(sample.mono, trust, offset_ms)

    def at_mono(self, mono_ms: int) -> At:
        """A moment of this boot shortly before now, such as the edge of a press; `mono_ms` is
        CLOCK_BOOTTIME.

        A moment before the time became known is not dated from what was learnt afterwards.
        """
        trust, offset_ms = self._judge(self._sample())
        if mono_ms < self._noted_mono and self._trust_before is Trust.NONE:
            trust = Trust.NONE
        return self._at(mono_ms, trust, offset_ms)

    def time_of_day(self) -> str:
        """Hours and minutes in China, "HH:MM"; "" while the time is not known (law 6)."""
        at = self.at()
        if at.utc is None or at.trust is Trust.NONE:
            return ""
        return time.strftime("%H:%M", time.gmtime(at.utc // 1000 + CHINA_STANDARD_TIME_S))

    def check(self) -> Clock | None:
        """The entry that is due when the trust has changed or the wall clock has stepped.

        None when neither happened, and while the time is not known.
        """
        sample = self._sample()
        trust, offset_ms = self._judge(sample)
        if trust is Trust.NONE:
            return None
        if sample.wall.trust is trust and (self._good is None or trust is not Trust.HELD):
            self._good = _GoodReading(
                offset_ms, sample.mono, trust, sample.wall.uncertainty_ms, sample.wall.source
            )
        stepped = abs(offset_ms - self._noted_offset_ms) > self._step_tolerance_ms
        if trust is self._noted_trust and not stepped:
            return None
        if trust is not self._noted_trust:
            self._trust_before, self._noted_trust = self._noted_trust, trust
            self._noted_mono = sample.mono
        self._noted_offset_ms = offset_ms
        good = self._good
        drift_ms = 0 if good is None else (sample.mono - good.mono) * HELD_PPM // 1_000_000
        return Clock(
            at=self._at(sample.mono, trust, offset_ms),
            utc=sample.mono + offset_ms,
            mono=sample.mono,
            source=sample.wall.source if good is None else good.source,
            uncertainty_ms=(
                sample.wall.uncertainty_ms if good is None else good.uncertainty_ms + drift_ms
            ),
        )

    def _sample(self) -> _Sample:
        """Both clocks, read within 2 ms of each other where the scheduler allows it; three
        tries.
        """
        for _ in range(3):
            before = self._boot.mono_ms()
            wall = self._wall.read()
            if self._boot.mono_ms() - before <= 2:
                break
        return _Sample(before, wall)

    def _judge(self, sample: _Sample) -> tuple[Trust, int]:
        """How far a sample may be trusted, and the UTC minus mono that follows."""
        wall, good = sample.wall, self._good
        # A synchronised clock is always believed; before the first good reading, any clock is.
        if wall.trust is Trust.NTP or good is None:
            return wall.trust, sample.offset_ms
        # Only the battery clock was ever read: it may be read again. If it cannot be, its last
        # offset still holds.
        if good.trust is Trust.RTC:
            return Trust.RTC, sample.offset_ms if wall.trust is Trust.RTC else good.offset_ms
        # There was a time server. What the wall clock says without one may have been set by hand.
        return Trust.HELD, good.offset_ms

    def _at(self, mono: int, trust: Trust, offset_ms: int) -> At:
        utc = None if trust is Trust.NONE else mono + offset_ms
        return At(utc=utc, mono=mono, boot=self._boot.boot, trust=trust)
