"""How many refused messages of a pad are kept as evidence; the others are only counted. Pure.

A store transaction for each unreadable message would let one rogue pad delay all others. So each
pad has a token bucket: a burst of `BURST`, and one more every `EVERY_S`. Time is an argument.
"""

from collections import Counter, OrderedDict

from sync.messages import Problem
from sync.store_port import Unkept

BURST = 16
"""Refused messages of a pad that may be kept one after the other."""
EVERY_S = 10.0
"""How long until one more may be kept."""
ANSWER_EVERY_S = 1.0
"""How often a pad is answered whose refused messages are only counted."""
PADS_MAX = 4096
"""Pads that are remembered, those that were refused last."""


class RefusalBudget:
    """Says of each refused message whether it is kept, and counts the others. Not thread-safe."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._answered_s: OrderedDict[str, float] = OrderedDict()
        self._unkept: Counter[tuple[str, Problem]] = Counter()

    def keeps(self, pad: str, now_s: float) -> bool:
        """Whether a refused message of `pad` is kept as evidence now; if so it is charged."""
        tokens, then_s = self._tokens.pop(pad, (float(BURST), now_s))
        tokens = min(float(BURST), tokens + (now_s - then_s) / EVERY_S)
        kept = tokens >= 1
        self._tokens[pad] = (tokens - kept, now_s)
        if len(self._tokens) > PADS_MAX:
            self._tokens.popitem(last=False)
        return kept

    def answers(self, pad: str, now_s: float) -> bool:
        """Whether a message of `pad` that is not kept is answered now."""
        answered_s = self._answered_s.get(pad)
        if answered_s is not None and now_s - answered_s < ANSWER_EVERY_S:
            return False
        self._answered_s.pop(pad, None)
        self._answered_s[pad] = now_s
        if len(self._answered_s) > PADS_MAX:
            self._answered_s.popitem(last=False)
        return True

    def count(self, pad: str, problem: Problem, times: int = 1) -> None:
        """Count messages that are not kept."""
        self._unkept[pad, problem] += times

    def take_counts(self, received_ms: int) -> list[Unkept]:
        """What has been counted since the last call."""
        counts = [
            Unkept(pad, problem, times, received_ms)
            for (pad, problem), times in self._unkept.items()
        ]
        self._unkept.clear()
        return counts

    def put_back(self, counts: list[Unkept]) -> None:
        """Count again what could not be stored."""
        for unkept in counts:
            self.count(unkept.pad, unkept.problem, unkept.times)

    @property
    def has_counts(self) -> bool:
        """Whether anything is counted that has not been taken."""
        return bool(self._unkept)
