"""Turns samples of the keys' lines into presses and faults. Pure: no clock, thread or hardware.

A driver samples all its lines at one moment and calls `feed` with the time and the mask of the
lines that are down (bit i = key i). `feed` returns `Press` and `FaultReport`, in order.

Theory of operation. A mechanical contact bounces for some milliseconds when it closes and again
when it opens:

    finger   ______|############################|______________
    line     ______|#_##_#######################_##_#__________
    mask          ^ last edge    ^ press          ^ last edge  ^ armed again
                  '- debounce_ms-'                '-debounce_ms'

The whole mask is debounced, not each line: a *settled* mask is one that has not changed for
`debounce_ms`. If each line were debounced by itself, two keys that go down a few milliseconds apart
would first be one settled key, and that key's level would be recorded.

While armed, a settled mask with one key is that key's press; with several keys it is a press
without a level (law 1), named `a+b`. Either one disarms, and only a settled empty mask arms again:
as long as any key stays down, further changes are ignored. For the same reason a key that is down
when the pad starts is no press.

One line must not block the others: while a line is down, the mask is never empty. So a line with a
fault is left out of the mask until it works again. It is stuck (K01) when it is down for `stuck_s`,
and chattering (K02) when it does not settle within `chatter_ms`. It is used again once it is up and
has not changed for `debounce_ms` (stuck) or `chatter_quiet_s` (chattering).

A key that is set apart (`apart`) is left out of the mask in the same way: it is a press without a
level whenever its own line settles down, and takes no press from the other keys. It is used with
them again once it is no longer set apart, and up.

Two equal samples that are far apart do not prove that nothing moved in between. A driver that does
not receive edges gives `gap_ms`, the longest time between two samples that still proves it; after a
longer gap the lines must settle again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.drivers.key_events import KeyEvent
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport

if TYPE_CHECKING:  # profile.py reads files, which a pure module may not import
    from device.board.profile import Key, KeysProfile


@dataclass(slots=True)
class _Line:
    """One line: its raw state and edges, its settled state, and its fault."""

    down: bool = False
    """The raw state of the last sample."""
    edge_ms: int = 0
    """When the raw state last changed."""
    burst_ms: int | None = None
    """When the present burst of edges began; None when the line is settled."""
    held_ms: int | None = None
    """Since when the settled state is down; None when it is up."""
    fault: PadCode | None = None
    is_apart: bool = False
    is_told: bool = False
    """Its press has been delivered since it was last up; only for a line that is apart."""


class Debounce:
    """The keys of one pad. Not thread-safe: call it from the thread that samples only."""

    def __init__(self, profile: "KeysProfile", source: str, gap_ms: int | None = None) -> None:
        self._keys: Sequence[Key] = profile.key
        self._source = source
        self._debounce_ms = profile.debounce_ms
        self._stuck_ms = round(profile.stuck_s * 1000)
        self._chatter_ms = profile.chatter_ms
        self._quiet_ms = round(profile.chatter_quiet_s * 1000)
        self._lines = [_Line() for _ in profile.key]
        self._mask = 0
        self._mask_ms: int | None = None
        self._armed = False
        self._gap_ms = gap_ms
        self._fed_ms = 0
        self.apart: frozenset[str] = frozenset()
        """The names of the keys that are set apart; may be replaced by any thread."""

    def feed(self, mono_ms: int, mask: int) -> list[KeyEvent]:
        """Evaluate `mask`, sampled at `mono_ms`; the times of successive calls must not decrease.

        The time of a press is that of the last edge before it settled, not that of this call.
        """
        out: list[KeyEvent] = []
        pressed, apart = 0, self.apart
        if self._gap_ms is not None and mono_ms - self._fed_ms > self._gap_ms:
            self._unsettle(mono_ms)
        self._fed_ms = mono_ms
        for bit, line in enumerate(self._lines):
            self._update_line(line, mono_ms, bool(mask >> bit & 1))
            name = self._keys[bit].name
            self._update_fault(line, mono_ms, name, out)
            self._update_apart(line, name in apart)
            if line.fault is not None:
                continue
            if line.is_apart:
                self._press_apart(line, name, out)
            elif line.down:
                pressed |= 1 << bit
        if pressed != self._mask or self._mask_ms is None:
            self._mask, self._mask_ms = pressed, mono_ms
        if mono_ms - self._mask_ms >= self._debounce_ms:
            self._settle(self._mask_ms, out)
        return out

    def restart(self, mono_ms: int) -> None:
        """Begin again after a time without samples: a key that is down then is no press.

        Faults stay until the line works again.
        """
        self._armed = False
        self._unsettle(mono_ms)

    @property
    def armed(self) -> bool:
        """Whether all keys have been up, so that the next one down is a press."""
        return self._armed

    def rest_ms(self, mono_ms: int) -> int | None:
        """For how long no sample is needed unless a line changes; 0: sample on; None: no limit.

        Only a driver that receives edges may sleep for this long; others must sample all the time.
        """
        if self._mask_ms is None or mono_ms - self._mask_ms < self._debounce_ms:
            return 0
        due: list[int] = []
        for line in self._lines:
            if line.burst_ms is not None:
                return 0
            if line.fault is PadCode.KEY_CHATTER and not line.down:
                due.append(line.edge_ms + self._quiet_ms)
            elif line.fault is None and line.held_ms is not None:
                due.append(line.held_ms + self._stuck_ms)
        return max(0, min(due) - mono_ms) if due else None

    def _unsettle(self, mono_ms: int) -> None:
        """Forget what was settled: every line is taken to have changed at `mono_ms`."""
        self._mask_ms = None
        for line in self._lines:
            line.edge_ms = line.burst_ms = mono_ms
            line.held_ms = None

    def _update_line(self, line: _Line, mono_ms: int, down: bool) -> None:
        # `held_ms` is set when the line settles, but to the time of the last edge: `stuck_s` counts
        # from when the key went down.
        if down != line.down:
            line.down, line.edge_ms = down, mono_ms
            if line.burst_ms is None:
                line.burst_ms = mono_ms
        elif line.burst_ms is not None and mono_ms - line.edge_ms >= self._debounce_ms:
            line.burst_ms = None
            if not down:
                line.held_ms = None
            elif line.held_ms is None:
                line.held_ms = line.edge_ms

    def _update_fault(self, line: _Line, mono_ms: int, name: str, out: list[KeyEvent]) -> None:
        """Raise or clear the line's fault."""
        settled = line.burst_ms is None
        if line.fault is None:
            if line.held_ms is not None and mono_ms - line.held_ms >= self._stuck_ms:
                line.fault = PadCode.KEY_STUCK
            elif line.burst_ms is not None and mono_ms - line.burst_ms >= self._chatter_ms:
                line.fault = PadCode.KEY_CHATTER
            if line.fault is not None:
                out.append(FaultReport(line.fault, True, name))
        elif settled and not line.down:
            quiet_ms = self._quiet_ms if line.fault is PadCode.KEY_CHATTER else self._debounce_ms
            if mono_ms - line.edge_ms >= quiet_ms:
                out.append(FaultReport(line.fault, False, name))
                line.fault = None

    def _update_apart(self, line: _Line, apart: bool) -> None:
        is_up = line.burst_ms is None and not line.down
        if apart and not line.is_apart:
            line.is_apart, line.is_told = True, not is_up
        elif is_up:
            line.is_apart, line.is_told = apart, False

    def _press_apart(self, line: _Line, name: str, out: list[KeyEvent]) -> None:
        if line.held_ms is not None and not line.is_told:
            line.is_told = True
            out.append(Press(name, None, self._source, line.held_ms))

    def _settle(self, since_ms: int, out: list[KeyEvent]) -> None:
        """The mask is settled: arm if it is empty; if it is not and the keys are armed, press."""
        down = [key for bit, key in enumerate(self._keys) if self._mask >> bit & 1]
        if not down:
            self._armed = True
        elif self._armed:
            self._armed = False
            level = down[0].level if len(down) == 1 else None
            out.append(Press("+".join(key.name for key in down), level, self._source, since_ms))
