"""A queue that gives each pad its fair share. Pure: time is an argument.

One pad that sends without end fills its own share and nobody else's: messages are taken from the
pads in turn, a pad may have so many waiting, and when all together are too many the longest queue
loses its newest. A message that is lost here was never receipted; its pad sends it again.
"""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Waiting(NamedTuple, Generic[T]):
    item: T
    ready_s: float


class PadQueue(Generic[T]):
    """Items by pad, each pad's in their order. Not thread-safe.

    `pad_max`, `total_max`: items that may wait, of one pad and of all; `weight_max`: what all may
    weigh, by `weight`.
    """

    def __init__(
        self, pad_max: int, total_max: int, weight_max: int, weight: Callable[[T], int]
    ) -> None:
        self._pad_max = pad_max
        self._total_max = total_max
        self._weight_max = weight_max
        self._weight = weight
        self._total = 0
        self._total_weight = 0
        self._pads: dict[str, list[_Waiting[T]]] = {}  # in the order of their turns
        self._held_until_s: dict[str, float] = {}

    def __len__(self) -> int:
        """Items of all pads."""
        return self._total

    def put(self, pad: str, item: T) -> T | None:
        """Add an item at the end; the item that had no room: this one, another pad's, or none."""
        queue = self._pads.get(pad, [])
        if len(queue) >= self._pad_max:
            return item
        self._pads[pad] = queue
        queue.append(_Waiting(item, 0.0))
        self._count(item)
        if self._total > self._total_max:
            return self._lose_newest(max(self._pads, key=lambda name: len(self._pads[name])))
        if self._total_weight > self._weight_max:
            return self._lose_newest(max(self._pads, key=self._weight_of))
        return None

    def put_back(self, pad: str, items: list[T], ready_s: float = 0.0) -> None:
        """Put items that were taken back before the others; not to be taken before `ready_s`."""
        if items:
            self._pads[pad] = [_Waiting(item, ready_s) for item in items] + self._pads.get(pad, [])
            for item in items:
                self._count(item)

    def hold(self, pad: str, until_s: float) -> None:
        """Take nothing of this pad before `until_s`."""
        self._held_until_s[pad] = max(until_s, self._held_until_s.get(pad, 0.0))

    def is_held(self, pad: str, now_s: float) -> bool:
        """Whether nothing of this pad may be taken now."""
        return self._held_until_s.get(pad, now_s) > now_s

    def release(self) -> None:
        """End every `hold`."""
        self._held_until_s.clear()

    def take(self, count_max: int, weight_max: int, now_s: float) -> list[T]:
        """Up to `count_max` items that may be taken now, one of each pad in turn.

        Together they weigh `weight_max` at most, but there is always one.
        """
        self._end_holds(now_s)
        taken: list[T] = []
        left = weight_max
        turns = [pad for pad in self._pads if pad not in self._held_until_s]
        served: dict[str, None] = {}
        while turns:
            goes_on: list[str] = []
            for pad in turns:
                place = self._first_ready(pad, now_s)
                if place is None:
                    continue
                item = self._pads[pad][place].item
                if taken and (len(taken) >= count_max or self._weight(item) > left):
                    goes_on = []
                    break
                left -= self._weight(item)
                taken.append(item)
                del self._pads[pad][place]
                self._count(item, -1)
                served[pad] = None
                goes_on.append(pad)
            turns = goes_on
        for pad in served:  # the next turn begins with those that were not served
            queue = self._pads.pop(pad)
            if queue:
                self._pads[pad] = queue
        return taken

    def next_s(self) -> float | None:
        """When there may be something to take, the earliest; None while nothing waits."""
        times = [
            max(waiting.ready_s, self._held_until_s.get(pad, 0.0))
            for pad, queue in self._pads.items()
            for waiting in queue
        ]
        times += [until_s for pad, until_s in self._held_until_s.items() if pad not in self._pads]
        return min(times, default=None)

    def drop(self, is_dropped: Callable[[T], bool]) -> None:
        """Remove the items for which `is_dropped`."""
        for pad in list(self._pads):
            kept = []
            for waiting in self._pads[pad]:
                if is_dropped(waiting.item):
                    self._count(waiting.item, -1)
                else:
                    kept.append(waiting)
            self._pads[pad] = kept
            self._forget_empty(pad)

    def _first_ready(self, pad: str, now_s: float) -> int | None:
        queue = self._pads[pad]
        return next((n for n, waiting in enumerate(queue) if waiting.ready_s <= now_s), None)

    def _end_holds(self, now_s: float) -> None:
        for pad in [name for name, until_s in self._held_until_s.items() if until_s <= now_s]:
            del self._held_until_s[pad]

    def _count(self, item: T, times: int = 1) -> None:
        self._total += times
        self._total_weight += times * self._weight(item)

    def _weight_of(self, pad: str) -> int:
        return sum(self._weight(waiting.item) for waiting in self._pads[pad])

    def _lose_newest(self, pad: str) -> T:
        lost = self._pads[pad].pop().item
        self._count(lost, -1)
        self._forget_empty(pad)
        return lost

    def _forget_empty(self, pad: str) -> None:
        if not self._pads[pad]:
            del self._pads[pad]
