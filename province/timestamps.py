"""When did it happen? What the pad knew then, or what it learnt later in the same boot. Pure.

An entry is never rewritten. One that carries a time its pad trusted is dated by it. One made
before the time was known (design §3, Clock) is dated from a `clock` entry of the same boot, which
says that at `mono` it was `utc`: utc = anchor.utc - anchor.mono + entry.mono. It makes no
difference whether the anchor came before or after. Without one the date stays unknown.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sync.entries import At, Clock, Trust

DRIFT_PPM = 100
"""How far CLOCK_BOOTTIME may stray from true seconds: a crystal without compensation, over
-20 … 70 °C, with its ageing. It widens the uncertainty with the distance to the anchor."""

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


def knew(at: At) -> bool:
    """Whether the pad itself could date this moment."""
    return at.utc is not None and at.trust is not Trust.NONE


def date(at: At, anchors: Iterable[Anchor]) -> Dated:
    """The date of `at`. `anchors`: those of its boot, in any order."""
    if at.utc is not None and at.trust is not Trust.NONE:
        return Dated(at.utc, at.trust._value_, None)  # `value` is slow before Python 3.12
    return date_from(at.mono, anchors)


def date_from(mono_ms: int, anchors: Iterable[Anchor]) -> Dated:
    """The date of `mono_ms` by the surest of `anchors`; of equals the first written."""
    best: tuple[int, str, int, Anchor] | None = None
    for anchor in anchors:
        sure = anchor.uncertainty_ms + _drift_ms(mono_ms - anchor.mono_ms)
        candidate = (sure, anchor.ledger, anchor.seq, anchor)
        if best is None or candidate < best:
            best = candidate
    if best is None:
        return Dated(None, UNKNOWN, None)
    sure, _, _, anchor = best
    return Dated(anchor.utc_ms - anchor.mono_ms + mono_ms, BY_ANCHOR, sure)


def _drift_ms(distance_ms: int) -> int:
    return -(-abs(distance_ms) * DRIFT_PPM // 1_000_000)
