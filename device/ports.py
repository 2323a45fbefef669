"""The ports: what the pad asks of its hardware, and what a desk may ask of the pad. Pure.

A driver raises `DriverError` (with what, where) from `start`; after that it reports through its
callbacks, from any thread, and keeps trying by itself. It never gives a level that nobody pressed.

A desk is whatever asks on the clerk's behalf: the hall's queueing system over HTTP, MQTT or a bus,
or a key. The pad grants or refuses. What a desk gets back never tells a level, nor differs by one
(law 7).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from device.errors import PadCode
from device.events import Press, Refusal, Standing
from sync.entries import Channel, Service, Trust

if TYPE_CHECKING:
    from PIL.Image import Image


class FaultReport(NamedTuple):
    """A driver reports that something broke (`broken`) or works again. `detail` names the
    part.
    """

    code: PadCode
    broken: bool
    detail: str = ""


OnPress = Callable[[Press], None]
OnFault = Callable[[FaultReport], None]


class Keys(Protocol):
    """Five keys, or as many as the profile has."""

    @property
    def alive(self) -> bool:
        """False when a thread that `start` began has ended without `stop`; from any thread.

        Keys that are only unplugged are alive: they come back by themselves. Dead ones never do,
        so the agent ends and is started again.
        """

    def start(self, on_press: OnPress, on_fault: OnFault) -> None:
        """Begin to deliver presses; the callbacks come from the driver's own thread."""

    def set_apart(self, names: frozenset[str]) -> None:
        """From now on report each press of these keys, and of no others, without a level, and so
        that it takes no press from the other keys. Called from the loop; never blocks.
        """

    def stop(self) -> None:
        """Deliver nothing more; safe to call twice."""


class Display(Protocol):
    """A monochrome display."""

    width: int
    height: int

    def show(self, image: "Image") -> None:
        """Show a 1-bit picture of exactly this size; may take 100 ms, called from one thread.

        Raises DriverError (D01) when the display does not answer. One on a bus that has no answer
        raises nothing; showing it the same picture often enough repairs what was lost.
        """

    def contrast(self, share: float) -> None:
        """Set the brightness from the next `show` on: from 0 (dark) to 1 (the initial value)."""

    def stop(self) -> None:
        """Turn the display off and close it; safe to call twice."""


class Lights(Protocol):
    """A light at each key, or at some of them."""

    def show(self, lit: frozenset[str]) -> None:
        """Light exactly the keys of these names; from any one thread, takes microseconds.

        Raises DriverError (A01) when the lights cannot be driven.
        """

    def stop(self) -> None:
        """Turn all lights off and close them; safe to call twice."""


class Beeper(Protocol):
    """One tone, on or off."""

    def beep(self, on_off_ms: tuple[int, ...]) -> None:
        """Sound for the 1st, 3rd … of these times and rest for the 2nd, 4th …; returns at once.

        A beep under way is cut off. Raises DriverError (A01) when it cannot be driven.
        """

    def stop(self) -> None:
        """Be silent and close the device; safe to call twice."""


class Voice(Protocol):
    """Spoken prompts, one at a time."""

    def start(self, on_fault: OnFault) -> None:
        """Be ready to speak; `on_fault` (A01) tells of a sound card, from any thread."""

    def say(self, prompt: str, languages: tuple[str, ...]) -> None:
        """Begin to speak a prompt in each of these languages in turn; returns at once.

        A prompt under way is cut off; one without a recording is skipped.
        """

    def hush(self) -> None:
        """Cut off what is being said."""

    def stop(self) -> None:
        """Be silent and close the device; safe to call twice."""


class WallReading(NamedTuple):
    """What the board knows of the time of day. `utc_ms` means nothing when trust is NONE."""

    utc_ms: int
    trust: Trust
    uncertainty_ms: int
    source: str


class WallClock(Protocol):
    """The board's wall clock and how far it may be trusted; read often, never blocks."""

    def read(self) -> WallReading:
        """The time now."""


class BootClock(Protocol):
    """Time since boot, suspend included (CLOCK_BOOTTIME), and the boot it counts from."""

    boot: str

    def mono_ms(self) -> int:
        """Milliseconds since this boot."""


class Board(Protocol):
    """Everything a profile names, put together by its driver module's `build`."""

    # Read-only: a board whose parts can do more than the port asks is a board, too.
    @property
    def name(self) -> str:
        """The profile's."""

    @property
    def missing(self) -> Sequence[FaultReport]:
        """The faults of parts that could not be built; the board does without them."""

    @property
    def keys(self) -> Keys:
        """What citizens press."""

    @property
    def display(self) -> Display | None:
        """Where pictures are shown; None with none of its own."""

    @property
    def lights(self) -> Lights | None:
        """At the keys; None without."""

    @property
    def beeper(self) -> Beeper | None:
        """For the acknowledging tone; None without."""

    @property
    def voice(self) -> Voice | None:
        """For the spoken prompts; None without."""

    @property
    def wall(self) -> WallClock:
        """The time of day."""

    @property
    def boot(self) -> BootClock:
        """The time since boot."""

    def start(self) -> None:
        """Open what the parts share (a bus, a control socket)."""

    def stop(self) -> None:
        """Close it; safe to call twice."""


# --- the desk's port ---------------------------------------------------------------------------


class Granted(NamedTuple):
    """The invitation was granted. `created` is False when the same one was open already."""

    invitation: str
    created: bool


class OpenInvitation(NamedTuple):
    """The invitation that waits for its rating, as the desk that made it described it.

    `invited_ms`: in UTC since 1970, None while the pad does not know the time. `left_s`: until it
    lapses.
    """

    case: str | None
    matter: str | None
    step: str | None
    clerk: str | None
    invited_ms: int | None
    left_s: int


class WindowStatus(NamedTuple):
    """The window at this moment.

    `state`: ready, busy, paused, fault or unbound. `invitation`: the one on the screen, if any.
    `fault`: the code on the screen, if any. `open`: the invitation, while it waits for its rating.
    """

    window: str
    state: str
    invitation: str | None = None
    fault: str | None = None
    open: OpenInvitation | None = None

    def differs(self, other: "WindowStatus | None") -> bool:
        """Whether there is news: time that passes is none."""
        return self.without_time() != (other and other.without_time())

    def without_time(self) -> "WindowStatus":
        """The same, whatever time is left."""
        return self if self.open is None else self._replace(open=self.open._replace(left_s=0))


class CaseStatus(NamedTuple):
    """One invitation, as a clerk may know it. `invited_ms`: in UTC since 1970, None when the pad
    does not know.
    """

    invitation: str
    standing: Standing
    case: str | None
    matter: str | None
    step: str | None
    clerk: str | None
    invited_ms: int | None


class InviteGap(NamedTuple):
    """For how many minutes nobody was invited at an open window; and usually, today."""

    minutes: int
    usual_minutes: int


class DayStatus(NamedTuple):
    """How often was invited today, what became of it, and the newest cases, the newest first.

    `date`: in Beijing's time, YYYY-MM-DD; None, and no counts, while the pad does not know the
    time. `is_complete`: False when the ledger may lack a part of the day. `gap`: when it is longer
    than usual.
    """

    date: str | None = None
    invited: int | None = None
    rated: int | None = None
    unrated: int | None = None
    withdrawn: int | None = None
    is_complete: bool = False
    gap: InviteGap | None = None
    cases: tuple[CaseStatus, ...] = ()


class Desk(Protocol):
    """What a desk may ask of the pad. Called on the agent's loop; what is granted is durable when
    the call returns.
    """

    async def invite(
        self,
        service: Service,
        clerk: str | None,
        source: str,
        *,
        again: bool = False,
        channel: Channel = Channel.HALL_PAD,
    ) -> Granted | Refusal:
        """Ask for a rating. The same case and step, while it is open, is the same invitation; once
        it is rated it is refused, unless `again` asks for one more, which is recorded.
        """

    async def withdraw(self, invitation: str, reason: str) -> Refusal | None:
        """Take an open invitation back; None when it is done."""

    async def pause(self, by: str) -> Refusal | None:
        """Close the window; None when it is closed, even if it was so before."""

    async def resume(self, by: str) -> Refusal | None:
        """Open the window; None when it is open, even if it was so before."""

    def standing(self, invitation: str) -> Standing | None:
        """What became of an invitation; None for one that the pad does not remember."""

    def window(self) -> WindowStatus:
        """The window at this moment."""

    def day(self) -> DayStatus:
        """How many were invited today, and the newest cases."""

    async def wait_until_durable(self, timeout_s: float, /) -> bool:
        """Wait until every queued entry is durable; False when that takes longer."""
