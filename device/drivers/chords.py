"""From the keys of an input device that go down and up to presses, strays and faults. Pure.

The kernel, or the pad itself, has debounced the contacts; what comes is a time, a code, and down or
up. What comes out are `Press` and `FaultReport`, in order. No clock and no device here.

Theory of operation. A key that goes down opens a *stroke*. It lasts for `debounce_ms`; then it is
a press: of the key, if it was alone; of all of them and without a level (law 1), named `a+b`, if
another was held or came down in that time:

    key a    ____|########|__________|###################|___
    key b    ____________________________|####|______________
    stroke       <------>            <------>
    press                a                   a+b

A stroke does not end when its key goes up: pads that type send down and up within a millisecond,
whatever the finger does, and two such keys within one stroke are two fingers still. The same key
down again within `debounce_ms` of going up is a contact that bounces and opens no stroke. A key
that is down when the device is found is held, not pressed.

A key that is down for `stuck_s` is stuck (K01) and is no company to others until it is up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport

if TYPE_CHECKING:  # the types lie beside the reading of files, which this room does not do
    from device.board.keypad import CodedKey, Keypad
    from device.board.profile import KeysProfile

Happening = Press | FaultReport

UP, DOWN, REPEAT = 0, 1, 2
"""The values of an EV_KEY event (linux/input.h)."""

LOST = "lost"
"""Stands in a press's name for whatever the kernel could not deliver while the stroke was open."""


@dataclass(slots=True)
class _Held:
    """A key that is down."""

    since_ms: int
    stuck: bool = False


@dataclass(slots=True)
class _Stroke:
    """Keys that went down together, in order, with those that were held."""

    since_ms: int
    names: list[str]
    codes: set[int] = field(default_factory=set)


class Chords:
    """The keys of one pad. Not thread-safe: feed it from the thread that reads the device."""

    def __init__(self, keypad: "Keypad", profile: "KeysProfile", source: str) -> None:
        self._keys: Mapping[int, CodedKey] = keypad.by_code()
        self._ignored = frozenset(keypad.ignore)
        self._source = source
        self._together_ms = profile.debounce_ms
        self._stuck_ms = round(profile.stuck_s * 1000)
        self._held: dict[int, _Held] = {}
        self._up_ms: dict[int, int] = {}
        self._stroke: _Stroke | None = None

    def knows(self, code: int) -> bool:
        """Whether the code is a key of the map, or one to be ignored."""
        return code in self._keys or code in self._ignored

    def begin(self, mono_ms: int, down: Iterable[int]) -> None:
        """The device has been found at `mono_ms` with these keys down: held, not pressed."""
        self._up_ms.clear()
        self._held = {code: _Held(mono_ms) for code in down if code not in self._ignored}

    def feed(self, mono_ms: int, code: int, value: int) -> list[Happening]:
        """Take one event of the device; times must not go back."""
        out = self.tick(mono_ms)
        if code in self._ignored:
            return out
        if value == DOWN and code not in self._held:
            self._goes_down(mono_ms, code)
        elif value == UP:
            self._goes_up(mono_ms, code, out)
        return out

    def tick(self, mono_ms: int) -> list[Happening]:
        """Take it that until `mono_ms` there was no other event than those that were fed."""
        out: list[Happening] = []
        for code, held in self._held.items():
            due_ms = held.since_ms + self._stuck_ms
            if not held.stuck and mono_ms >= due_ms:
                self._end_stroke(due_ms, out)
                held.stuck = True
                out.append(FaultReport(PadCode.KEY_STUCK, True, self._name(code)))
        self._end_stroke(mono_ms, out)
        return out

    def resync(self, mono_ms: int, down: Iterable[int]) -> list[Happening]:
        """Events were lost; these keys are down now. A stroke that was open has no level."""
        if self._stroke is not None:
            self._stroke.names.append(LOST)
        out = self.tick(mono_ms)
        now = set(down) - self._ignored
        for code in set(self._held) - now:
            self._goes_up(mono_ms, code, out)
        for code in now - set(self._held):
            self._held[code] = _Held(mono_ms)
        return out

    def end(self) -> list[Happening]:
        """The device has gone: its stroke is over, without a level, and nothing is held."""
        out: list[Happening] = []
        if self._stroke is not None:
            # What it could not send any more may have been a second key.
            self._stroke.names.append(LOST)
            self._end_stroke(self._stroke.since_ms + self._together_ms, out)
        for code in list(self._held):
            self._goes_up(self._held[code].since_ms, code, out)
        return out

    def rest_ms(self, mono_ms: int) -> int | None:
        """How long no `tick` is needed if no event comes; None = no limit."""
        due = [one.since_ms + self._stuck_ms for one in self._held.values() if not one.stuck]
        if self._stroke is not None:
            due.append(self._stroke.since_ms + self._together_ms)
        return max(0, min(due) - mono_ms) if due else None

    def _goes_down(self, mono_ms: int, code: int) -> None:
        up_ms = self._up_ms.pop(code, None)
        company = [one for one, held in self._held.items() if not held.stuck]
        self._held[code] = _Held(mono_ms)
        if self._stroke is None:
            if up_ms is not None and mono_ms - up_ms < self._together_ms:
                return
            self._stroke = _Stroke(mono_ms, [self._name(one) for one in company], set(company))
        if code not in self._stroke.codes:
            self._stroke.codes.add(code)
            self._stroke.names.append(self._name(code))

    def _goes_up(self, mono_ms: int, code: int, out: list[Happening]) -> None:
        held = self._held.pop(code, None)
        if held is None:
            return
        self._up_ms[code] = mono_ms
        if held.stuck:
            out.append(FaultReport(PadCode.KEY_STUCK, False, self._name(code)))

    def _end_stroke(self, mono_ms: int, out: list[Happening]) -> None:
        """The press of the open stroke, once its time is over."""
        stroke = self._stroke
        if stroke is None or mono_ms - stroke.since_ms < self._together_ms:
            return
        self._stroke = None
        key = self._keys.get(*stroke.codes) if len(stroke.codes) == 1 else None
        level = key.level if key is not None and len(stroke.names) == 1 else None
        out.append(Press("+".join(stroke.names), level, self._source, stroke.since_ms))

    def _name(self, code: int) -> str:
        key = self._keys.get(code)
        return f"unknown_{code:02x}" if key is None else key.name
