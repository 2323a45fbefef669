"""From pointers (fingers) on faces to presses. Pure: time is an argument.

A press is a touch that has ended: a finger that slides off its face before it lifts takes the touch
back (WCAG 2.5.2). All fingers that are down at the same time, or come down within `TOGETHER_MS` of
the first, are one press. If they are on more than one face it is a press of several keys, which is
never a level (law 1): so is a flat hand, a child with both hands, or a sleeve. A finger that stays
down for longer than `MAX_HOLD_MS` is no level either, and is then forgotten, so that a bag on the
screen does not keep the next citizen from rating.

The time of a press is the time when its first finger came down.
"""

from typing import NamedTuple

TOGETHER_MS = 100
"""Fingers of one hand come down within some 50 ms; two deliberate touches never do."""

MAX_HOLD_MS = 10_000

MAX_POINTERS = 16
"""More than any screen reports."""


class Tap(NamedTuple):
    """What fingers did together. `keys`: the faces, each once, in the order of touching.
    `is_valid`: False when a finger stayed down too long, or when the question changed between two
    fingers. `seen_ms`: how long the question had been on the screen.
    """

    keys: tuple[str, ...]
    number: int
    at_ms: int
    seen_ms: float
    is_valid: bool


class _Pointer(NamedTuple):
    key: str
    number: int
    down_ms: int
    seen_ms: float
    is_down: bool = True
    on_face: bool = False
    """Whether it was still on its face when it lifted."""


class Touches:
    """The pointers on one screen. Times are of the boot clock, in ms."""

    def __init__(self) -> None:
        self._pointers: dict[int, _Pointer] = {}

    def down(self, pointer: int, key: str, number: int, at_ms: int, seen_ms: float) -> None:
        """A pointer comes down on the face `key`, under the question `number`."""
        while pointer in self._pointers:  # one that tapped twice: both are part of this press
            pointer += 1 << 32
        if len(self._pointers) < MAX_POINTERS:
            self._pointers[pointer] = _Pointer(key, number, at_ms, seen_ms)

    def up(self, pointer: int, *, on_face: bool) -> None:
        """A pointer lifts; one that is not known is ignored."""
        for known in sorted(self._pointers, reverse=True):
            found = self._pointers[known]
            if known % (1 << 32) == pointer % (1 << 32) and found.is_down:
                self._pointers[known] = found._replace(is_down=False, on_face=on_face)
                return

    def clear(self) -> None:
        """Forget all pointers: the page has disconnected."""
        self._pointers.clear()

    def tap(self, now_ms: int) -> Tap | None:
        """The touch that has ended by now; it is returned once. None while it may still become
        another, or when it was taken back.
        """
        due_ms = self.due_ms
        if due_ms is None or now_ms < due_ms:
            return None
        pointers = list(self._pointers.values())
        self._pointers.clear()
        keys = tuple(dict.fromkeys(pointer.key for pointer in pointers))
        if len(keys) == 1 and not any(pointer.on_face or pointer.is_down for pointer in pointers):
            return None
        first = pointers[0]
        return Tap(
            keys,
            first.number,
            first.down_ms,
            min(pointer.seen_ms for pointer in pointers),
            is_valid=all(
                pointer.number == first.number and not pointer.is_down for pointer in pointers
            ),
        )

    @property
    def due_ms(self) -> int | None:
        """When `tap` may have something to return; None while no touch is under way."""
        if not self._pointers:
            return None
        first_ms = min(pointer.down_ms for pointer in self._pointers.values())
        if any(pointer.is_down for pointer in self._pointers.values()):
            return first_ms + MAX_HOLD_MS
        return first_ms + TOGETHER_MS
