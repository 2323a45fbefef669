"""From samples of lines to presses, strays and faults. Pure: no clock, no thread, no hardware.

A driver samples all its lines at one moment and feeds the mask of those that are down (bit i = key
i) with the time. What comes out are `Press` and `FaultReport`, in order.

Theory of operation. A mechanical contact bounces for some milliseconds when it closes and again
when it opens:

    finger   ______|############################|______________
    line     ______|#_##_#######################_##_#__________
    mask          ^ last edge    ^ press          ^ last edge  ^ armed again
                  '- debounce_ms-'                '-debounce_ms'

The whole mask is debounced, not each line: a *settled* mask is one that has not changed for
`debounce_ms`. While armed, a settled mask with one key is that key's press; with several it is a
press without a level (law 1), named `a+b`. Either disarms, and only a settled empty mask arms
again: what happens under a finger that is still there is nothing. A key that is down when the pad
starts is therefore no press either.

A line that would block the others for ever is left out, with a fault, until it has mended: stuck
(K01) when it is down for `stuck_s`, chattering (K02) when it finds no rest for `chatter_ms`. It is
taken in again when it is up and has been quiet, for `debounce_ms` or `chatter_quiet_s`.

Two equal samples far apart do not show that nothing moved in between. A driver that cannot be told
of edges says with `gap_ms` how far is too far; what was settling then settles anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport

if TYPE_CHECKING:  # the type lives beside the reading of files, which this room does not do
    from device.board.profile import Key, KeysProfile

Happening = Press | FaultReport


@dataclass(slots=True)
class _Line:
    """One line: its raw level and edges, its settled level, and the fault that it is in."""

    down: bool = False
    edge_ms: int = 0
    """The last change of the raw level."""
    restless_ms: int | None = None
    """The first edge of the present burst; None when the line is settled."""
    held_ms: int | None = None
    """Since when the settled level is down; None when it is up."""
    fault: PadCode | None = None


class Debounce:
    """The keys of one pad. Not thread-safe: feed it from the thread that samples."""

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

    def feed(self, mono_ms: int, mask: int) -> list[Happening]:
        """Take the sample `mask` of the moment `mono_ms`; times must not go back.

        A press carries the time since when its mask has been unbroken.
        """
        out: list[Happening] = []
        heard = 0
        if self._gap_ms is not None and mono_ms - self._fed_ms > self._gap_ms:
            self._settle_anew(mono_ms)
        self._fed_ms = mono_ms
        for bit, line in enumerate(self._lines):
            self._follow(line, mono_ms, bool(mask >> bit & 1))
            self._judge(line, mono_ms, self._keys[bit].name, out)
            if line.fault is None and line.down:
                heard |= 1 << bit
        if heard != self._mask or self._mask_ms is None:
            self._mask, self._mask_ms = heard, mono_ms
        if mono_ms - self._mask_ms >= self._debounce_ms:
            self._settle(self._mask_ms, out)
        return out

    def begin_again(self, mono_ms: int) -> None:
        """The lines could not be sampled until now: a key that is down is no press, as at a start.

        Faults stand until they mend.
        """
        self._armed = False
        self._settle_anew(mono_ms)

    @property
    def armed(self) -> bool:
        """Whether all keys are up and the next one down is a press."""
        return self._armed

    def rest_ms(self, mono_ms: int) -> int | None:
        """How long no sample is needed if no line moves; 0 = go on sampling, None = no limit.

        A driver that is told of edges may sleep so long; one that is not samples all the time.
        """
        if self._mask_ms is None or mono_ms - self._mask_ms < self._debounce_ms:
            return 0
        due: list[int] = []
        for line in self._lines:
            if line.restless_ms is not None:
                return 0
            if line.fault is PadCode.KEY_CHATTER and not line.down:
                due.append(line.edge_ms + self._quiet_ms)
            elif line.fault is None and line.held_ms is not None:
                due.append(line.held_ms + self._stuck_ms)
        return max(0, min(due) - mono_ms) if due else None

    def _settle_anew(self, mono_ms: int) -> None:
        self._mask_ms = None
        for line in self._lines:
            line.edge_ms = line.restless_ms = mono_ms
            line.held_ms = None

    def _follow(self, line: _Line, mono_ms: int, down: bool) -> None:
        if down != line.down:
            line.down, line.edge_ms = down, mono_ms
            if line.restless_ms is None:
                line.restless_ms = mono_ms
        elif line.restless_ms is not None and mono_ms - line.edge_ms >= self._debounce_ms:
            line.restless_ms = None
            if not down:
                line.held_ms = None
            elif line.held_ms is None:
                line.held_ms = line.edge_ms

    def _judge(self, line: _Line, mono_ms: int, name: str, out: list[Happening]) -> None:
        """Raise or clear the line's fault."""
        settled = line.restless_ms is None
        if line.fault is None:
            if line.held_ms is not None and mono_ms - line.held_ms >= self._stuck_ms:
                line.fault = PadCode.KEY_STUCK
            elif line.restless_ms is not None and mono_ms - line.restless_ms >= self._chatter_ms:
                line.fault = PadCode.KEY_CHATTER
            if line.fault is not None:
                out.append(FaultReport(line.fault, True, name))
        elif settled and not line.down:
            quiet_ms = self._quiet_ms if line.fault is PadCode.KEY_CHATTER else self._debounce_ms
            if mono_ms - line.edge_ms >= quiet_ms:
                out.append(FaultReport(line.fault, False, name))
                line.fault = None

    def _settle(self, since_ms: int, out: list[Happening]) -> None:
        """The mask is settled: arm on an empty one, press on the first that is not."""
        down = [key for bit, key in enumerate(self._keys) if self._mask >> bit & 1]
        if not down:
            self._armed = True
        elif self._armed:
            self._armed = False
            level = down[0].level if len(down) == 1 else None
            out.append(Press("+".join(key.name for key in down), level, self._source, since_ms))
