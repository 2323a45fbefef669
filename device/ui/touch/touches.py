"""From fingers on faces to presses. Pure: time comes in, nothing is kept but what is down.

A press is a *touch that has ended*: a finger that slides off its face before it lifts takes the
touch back (WCAG 2.5.2). All fingers that are down at the same time, or come down within
`TOGETHER_MS` of the first, are one press; if they name more than one face it is a press of several
keys, which is never a level (law 1). A flat hand, a child with both hands and a sleeve are that.
A finger that rests for longer than `RESTING_MS` names nobody's level either, and is then forgotten,
so that a bag on the screen does not keep the next citizen from rating.

The moment of a press is the moment when its first finger came down.
"""

from typing import NamedTuple

TOGETHER_MS = 100
"""Fingers of one hand come down within some 50 ms; two deliberate touches never do."""

RESTING_MS = 10_000

SIDE_BY_SIDE = 16
"""More fingers than any screen reports."""


class Tap(NamedTuple):
    """What fingers did together. `keys`: the faces, each once, in the order of touching. `whole`:
    it counts as a touch; False when a finger rested or the question changed under the fingers.
    `seen_ms`: how long the question had been on the screen.
    """

    keys: tuple[str, ...]
    number: int
    at_ms: int
    seen_ms: float
    whole: bool


class _Finger(NamedTuple):
    key: str
    number: int
    down_ms: int
    seen_ms: float
    is_down: bool = True
    there: bool = False


class Touches:
    """The fingers on one screen. Times are of the boot clock, in ms."""

    def __init__(self) -> None:
        self._fingers: dict[int, _Finger] = {}

    def down(self, pointer: int, key: str, number: int, at_ms: int, seen_ms: float) -> None:
        """A finger comes down on the face `key`."""
        while pointer in self._fingers:  # one that tapped twice: both are part of this press
            pointer += 1 << 32
        if len(self._fingers) < SIDE_BY_SIDE:
            self._fingers[pointer] = _Finger(key, number, at_ms, seen_ms)

    def up(self, pointer: int, *, there: bool) -> None:
        """It goes; one that is not known is passed over."""
        for known in sorted(self._fingers, reverse=True):
            one = self._fingers[known]
            if known % (1 << 32) == pointer % (1 << 32) and one.is_down:
                self._fingers[known] = one._replace(is_down=False, there=there)
                return

    def gone(self) -> None:
        """Nobody knows of any finger any more: the page has gone."""
        self._fingers.clear()

    def tap(self, now_ms: int) -> Tap | None:
        """What has come to its end by now, once; None while it may still become something else, or
        when it was taken back.
        """
        due_ms = self.due_ms
        if due_ms is None or now_ms < due_ms:
            return None
        fingers = list(self._fingers.values())
        self._fingers.clear()
        keys = tuple(dict.fromkeys(one.key for one in fingers))
        if len(keys) == 1 and not any(one.there or one.is_down for one in fingers):
            return None
        first = fingers[0]
        return Tap(
            keys,
            first.number,
            first.down_ms,
            min(one.seen_ms for one in fingers),
            whole=all(one.number == first.number and not one.is_down for one in fingers),
        )

    @property
    def due_ms(self) -> int | None:
        """When `tap` is worth asking; None while nothing is under way."""
        if not self._fingers:
            return None
        first_ms = min(one.down_ms for one in self._fingers.values())
        if any(one.is_down for one in self._fingers.values()):
            return first_ms + RESTING_MS
        return first_ms + TOGETHER_MS
