"""Turns the key events of an input device into presses, chords and faults. Pure.

The kernel, or the key pad itself, has debounced the contacts; an event is a time, a code, and down
or up. `feed` and `tick` return `Press` and `FaultReport`, in order. No clock and no device here.

Theory of operation. A key that goes down opens an *interval* of `debounce_ms`. At its end there
is one press: of the key, if it was alone; of all of them and without a level (law 1), named `a+b`,
if another key was held or went down in that time:

    key a    ____|########|__________|###################|___
    key b    ____________________________|####|______________
    interval     <------>            <------>
    press                a                   a+b

An interval does not end when its key goes up: key pads that type send down and up within a
millisecond, however long the key is held, so two such keys within one interval were still pressed
together. The same key down again within `debounce_ms` of going up is a contact that bounces and
opens no interval. A key that is down when the device is found is held, not pressed.

A key that is set apart (`apart`) is a press without a level as soon as it goes down, opens no
interval and makes no chord of other keys.

A key that is down for `stuck_s` is stuck (K01). Until it is up it no longer makes a chord of other
keys: without this rule one stuck key would take the level from every press.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from device.drivers.key_events import KeyEvent
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport

if TYPE_CHECKING:  # these modules read files, which a pure module may not import
    from device.board.keypad import CodedKey, Keypad
    from device.board.profile import KeysProfile

UP, DOWN, REPEAT = 0, 1, 2
"""The values of an EV_KEY event (linux/input.h)."""

LOST = "lost"
"""In the name of a press: events were lost while its interval was open, perhaps another key."""


@dataclass(slots=True)
class _Held:
    """A key that is down."""

    since_ms: int
    stuck: bool = False
    is_apart: bool = False


@dataclass(slots=True)
class _Interval:
    """The keys of one interval: those that were held when it opened, then those that went down.

    `codes` are the same keys, and `names` has more than one name whenever there is no level.
    """

    since_ms: int
    names: list[str]
    codes: set[int] = field(default_factory=set)


class Chords:
    """The keys of one pad. Not thread-safe: call it from the thread that reads the device only."""

    def __init__(self, keypad: "Keypad", profile: "KeysProfile", source: str) -> None:
        self._keys: Mapping[int, CodedKey] = keypad.by_code()
        self._ignored = frozenset(keypad.ignore)
        self._source = source
        self._interval_ms = profile.debounce_ms
        self._stuck_ms = round(profile.stuck_s * 1000)
        self._held: dict[int, _Held] = {}
        self._up_ms: dict[int, int] = {}
        self._interval: _Interval | None = None
        self.apart: frozenset[str] = frozenset()
        """The names of the keys that are set apart; may be replaced by any thread."""

    def knows(self, code: int) -> bool:
        """Whether the code is a key of the key map, or one that the map says to ignore."""
        return code in self._keys or code in self._ignored

    def begin(self, mono_ms: int, down: Iterable[int]) -> None:
        """The device has been found at `mono_ms` with these keys down: held, not pressed."""
        self._up_ms.clear()
        self._held = {code: _Held(mono_ms) for code in down if code not in self._ignored}

    def feed(self, mono_ms: int, code: int, value: int) -> list[KeyEvent]:
        """Evaluate one event; the times of successive calls must not decrease.

        `value`: UP, DOWN or REPEAT. A repeat is not evaluated: the key is held already.
        """
        out = self.tick(mono_ms)
        if code in self._ignored:
            return out
        if value == DOWN and code not in self._held:
            self._key_down(mono_ms, code, out)
        elif value == UP:
            self._key_up(mono_ms, code, out)
        return out

    def tick(self, mono_ms: int) -> list[KeyEvent]:
        """Let time pass up to `mono_ms`; every earlier event must have been fed."""
        out: list[KeyEvent] = []
        for code, held in self._held.items():
            due_ms = held.since_ms + self._stuck_ms
            if not held.stuck and mono_ms >= due_ms:
                # In the order of their times: an interval ends before its key is stuck.
                self._close_interval(due_ms, out)
                held.stuck = True
                out.append(FaultReport(PadCode.KEY_STUCK, True, self._name(code)))
        self._close_interval(mono_ms, out)
        return out

    def resync(self, mono_ms: int, down: Iterable[int]) -> list[KeyEvent]:
        """Continue after lost events with the keys that are down now.

        An open interval gives no level: one of the lost events may have been a second key.
        """
        if self._interval is not None:
            self._interval.names.append(LOST)
        out = self.tick(mono_ms)
        now = set(down) - self._ignored
        for code in set(self._held) - now:
            self._key_up(mono_ms, code, out)
        for code in now - set(self._held):
            self._held[code] = _Held(mono_ms)
        return out

    def end(self) -> list[KeyEvent]:
        """The device is lost: close the interval, without a level, and take every key as up."""
        out: list[KeyEvent] = []
        if self._interval is not None:
            # An event that the device could no longer send may have been a second key.
            self._interval.names.append(LOST)
            self._close_interval(self._interval.since_ms + self._interval_ms, out)
        for code in list(self._held):
            self._key_up(self._held[code].since_ms, code, out)
        return out

    def rest_ms(self, mono_ms: int) -> int | None:
        """For how long no `tick` is needed unless an event comes; None: no limit."""
        due = [key.since_ms + self._stuck_ms for key in self._held.values() if not key.stuck]
        if self._interval is not None:
            due.append(self._interval.since_ms + self._interval_ms)
        return max(0, min(due) - mono_ms) if due else None

    def _key_down(self, mono_ms: int, code: int, out: list[KeyEvent]) -> None:
        apart = self.apart
        up_ms = self._up_ms.pop(code, None)
        bounced = up_ms is not None and mono_ms - up_ms < self._interval_ms
        others = [
            held
            for held, key in self._held.items()
            if not (key.stuck or key.is_apart or self._name(held) in apart)
        ]
        name = self._name(code)
        self._held[code] = _Held(mono_ms, is_apart=name in apart)
        if name in apart:
            if not bounced:
                out.append(Press(name, None, self._source, mono_ms))
            return
        if self._interval is None:
            if bounced:
                return
            self._interval = _Interval(mono_ms, [self._name(held) for held in others], set(others))
        if code not in self._interval.codes:
            self._interval.codes.add(code)
            self._interval.names.append(self._name(code))

    def _key_up(self, mono_ms: int, code: int, out: list[KeyEvent]) -> None:
        held = self._held.pop(code, None)
        if held is None:
            return
        self._up_ms[code] = mono_ms
        if held.stuck:
            out.append(FaultReport(PadCode.KEY_STUCK, False, self._name(code)))

    def _close_interval(self, mono_ms: int, out: list[KeyEvent]) -> None:
        """Add the press of the open interval, if its time is over."""
        interval = self._interval
        if interval is None or mono_ms - interval.since_ms < self._interval_ms:
            return
        self._interval = None
        key = self._keys.get(*interval.codes) if len(interval.codes) == 1 else None
        # One code and two names: the other name is LOST.
        level = key.level if key is not None and len(interval.names) == 1 else None
        out.append(Press("+".join(interval.names), level, self._source, interval.since_ms))

    def _name(self, code: int) -> str:
        key = self._keys.get(code)
        return f"unknown_{code:02x}" if key is None else key.name
