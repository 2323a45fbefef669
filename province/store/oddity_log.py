"""The receiver's log of entries that a person must look at, at a bounded rate.

Such entries are stored and receipted, so no receipt tells the pad and no error tells anybody else.
A pad with a fault may send a thousand of them a second: the first of a kind is logged at once, then
one line a minute for all of them.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from province.oddities import Oddity

log = logging.getLogger(__name__)

AGAIN_S = 60.0
SUBJECTS_MAX = 500
"""Pads and kinds that are remembered; what further ones send is counted together."""
OTHERS = ("other pads", "")


@dataclass
class _Logged:
    at_s: float
    entries: int = 0


class OddityLog:
    """Logs oddities after their commit. `clock`: monotonic seconds. Not thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[tuple[str, str], _Logged] = {}

    def take(self, oddities: Iterable[Oddity]) -> None:
        """Log them, or count them until the next line of their kind is due."""
        by_subject: dict[tuple[str, str], tuple[Oddity, int]] = {}
        for odd in oddities:
            first, entries = by_subject.get((odd.pad, odd.kind), (odd, 0))
            by_subject[odd.pad, odd.kind] = (first, entries + odd.entries)
        for subject, (first, entries) in by_subject.items():
            self._count(subject, first, entries)

    def _count(self, subject: tuple[str, str], odd: Oddity, entries: int) -> None:
        if subject not in self._logged and len(self._logged) >= SUBJECTS_MAX:
            subject = OTHERS
        now_s = self._clock()
        logged = self._logged.setdefault(subject, _Logged(now_s - AGAIN_S))
        logged.entries += entries
        if now_s - logged.at_s < AGAIN_S:
            return
        log.warning(
            "%s: pad %s, %d entries, the first is %d of ledger %s: %s; stored,"
            " `ratingpad-province verify` names all",
            *(odd.kind, subject[0], logged.entries, odd.first, odd.ledger, odd.detail[:200]),
        )
        logged.at_s, logged.entries = now_s, 0
