"""When did it happen? What the pad knew then, or what it learnt later in the same boot. Pure.

An entry is never rewritten. One with a time that its pad trusted is dated by it. One that was
written before the time was known is dated from a `clock` entry of the same boot, which says that at
`mono` it was `utc`: utc = anchor.utc - anchor.mono + entry.mono. The `clock` entry may come before
or after the other one. Without any the date stays unknown (law 6: what is learnt later stands
beside an entry, never over it).
"""

import heapq
from collections.abc import Iterable
from typing import NamedTuple

from sync.entries import At, Clock, Trust

DRIFT_PPM = 100
"""How far CLOCK_BOOTTIME may deviate, in parts per million: a crystal without compensation, over
-20 … 70 °C, with its ageing. The uncertainty grows with the distance to the anchor."""

ANCHORS_MAX = 64
"""How many anchors of one boot count: those that were written first, by ledger and seq. Each one
that counts dates all rows of its boot again, so without a bound a pad that sends ever more
`clock` entries would cost ever more. A pad needs one or two in a boot.
"""

NOT_TRUSTED = Trust.NONE
"""By its own name: before Python 3.12 a look-up in an enum takes ten times as long, and this is one
for each entry."""

BY_ANCHOR = "anchor"
UNKNOWN = "unknown"


class Anchor(NamedTuple):
    """At `mono_ms` of `boot` it was `utc_ms`, give or take `uncertainty_ms`."""

    boot: str
    mono_ms: int
    utc_ms: int
    uncertainty_ms: int
    source: str
    ledger: str
    seq: int


class Dated(NamedTuple):
    """A date in UTC milliseconds (None: unknown), what gave it, and how far it may be off.

    `by`: `ntp`, `rtc` or `held` (the pad's own time, with that trust), `anchor`, or `unknown`.
    `uncertainty_ms` is known for anchors only: a pad states it in its `clock` entries.
    """

    utc_ms: int | None
    by: str
    uncertainty_ms: int | None


def anchor_of(clock: Clock, ledger: str, seq: int) -> Anchor | None:
    """The anchor that a `clock` entry gives; None when it says that the time was lost."""
    if clock.source == Trust.NONE.value:
        return None
    return Anchor(
        clock.at.boot, clock.mono, clock.utc, clock.uncertainty_ms, clock.source, ledger, seq
    )


def counted(anchors: Iterable[Anchor]) -> list[Anchor]:
    """Those anchors of one boot that count, whatever the order in which they arrived."""
    return heapq.nsmallest(ANCHORS_MAX, anchors, key=lambda anchor: (anchor.ledger, anchor.seq))


def clock_was_trusted(at: At) -> bool:
    """Whether the pad itself knew the time at this moment."""
    return at.utc is not None and at.trust is not NOT_TRUSTED


def own_date(by: str, utc_ms: int | None) -> tuple[str, int]:
    """What a date tells of the entry alone: the pad's own time, or ("", 0) if an anchor or nothing
    dates it. For orders that must stay as they are when anchors arrive.
    """
    if utc_ms is None or by in (BY_ANCHOR, UNKNOWN):
        return "", 0
    return by, utc_ms


def date(at: At, anchors: Iterable[Anchor]) -> Dated:
    """The date of `at`. `anchors`: those of its boot that count, in any order."""
    # Not by `clock_was_trusted`: a call for each row, and mypy would not know that `utc` is set.
    if at.utc is not None and at.trust is not NOT_TRUSTED:
        return Dated(at.utc, at.trust._value_, None)  # `value` is slow before Python 3.12
    return date_from(at.mono, anchors)


def date_from(mono_ms: int, anchors: Iterable[Anchor]) -> Dated:
    """The date of `mono_ms` by the anchor with the least uncertainty; of equals, by position."""
    best: tuple[int, str, int, Anchor] | None = None
    for anchor in anchors:
        off_ms = anchor.uncertainty_ms + _drift_ms(mono_ms - anchor.mono_ms)
        candidate = (off_ms, anchor.ledger, anchor.seq, anchor)
        if best is None or candidate < best:
            best = candidate
    if best is None:
        return Dated(None, UNKNOWN, None)
    off_ms, _, _, anchor = best
    return Dated(anchor.utc_ms - anchor.mono_ms + mono_ms, BY_ANCHOR, off_ms)


def _drift_ms(distance_ms: int) -> int:
    return -(-abs(distance_ms) * DRIFT_PPM // 1_000_000)
