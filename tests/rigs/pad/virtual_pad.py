"""The real Pad, Session and TrustedClock in virtual time, with a memory card that is simulated."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from device.errors import LedgerError, PadCode
from device.events import ClerkKeyAction, Press, Scene
from device.pad import Pad
from device.ports import WallReading
from device.session.session import Session, Timing
from device.system.clock import TrustedClock
from sync.entries import GENESIS, Body, Entry, Level, Trust, write_body
from tests.rigs.time.virtual_time import now_ms

B = TypeVar("B", bound=Body)
UTC_MS = 1_790_000_000_000


class VirtualBoot:
    """The boot clock is the loop's."""

    boot = "0d9f2a0e6f0a4a539c0c8d8f4f0a1b2c"

    def mono_ms(self) -> int:
        """Virtual milliseconds."""
        return now_ms()


class VirtualWall:
    """A wall clock that is right; with Trust.NONE it knows nothing."""

    trust = Trust.NTP

    def read(self) -> WallReading:
        """Now."""
        return WallReading(UTC_MS + now_ms(), self.trust, 10, "bench")


class MemoryCard:
    """Commits in memory: fails with the code `refuses`; while `hangs`, waits until `let_go`."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.refuses: PadCode | None = None
        self.hangs = False
        self._waiting: list[asyncio.Future[None]] = []

    async def append(self, body: Body) -> Entry:
        """As `Writer.append`. Raises LedgerError."""
        if self.hangs:
            self._waiting.append(asyncio.get_running_loop().create_future())
            await self._waiting[-1]
        await asyncio.sleep(0)
        if self.refuses is not None:
            raise LedgerError("on the bench", self.refuses)
        self.bodies.append(body)
        return Entry(len(self.bodies), write_body(body), GENESIS)

    def let_go(self) -> None:
        """The card answers again."""
        self.hangs = False
        for commit in self._waiting:
            if not commit.done():
                commit.set_result(None)


class VirtualPad:
    """One pad; make it inside a running virtual loop."""

    def __init__(
        self,
        *,
        window: str = "3",
        paused: bool = False,
        clerk_keys: Mapping[str, ClerkKeyAction] | None = None,
        set_apart: Callable[[frozenset[str]], None] = lambda _: None,
    ) -> None:
        self.card = MemoryCard()
        self.wall = VirtualWall()
        self.shown: list[tuple[Scene, PadCode | None]] = []
        self.said: list[Scene] = []
        self.commits_observed = 0
        self.ids = 0
        self.pad = Pad(
            Session(window, Timing(), bound=bool(window), paused=paused),
            TrustedClock(VirtualBoot(), self.wall),
            append=self.card.append,
            show=lambda scene, code: self.shown.append((scene, code)),
            say=self.said.append,
            clerk_keys=clerk_keys,
            set_apart=set_apart,
            new_id=self._new_id,
        )
        self.pad.observe_commits(self._count_commit)
        self.pad.clock.check()

    def _count_commit(self) -> None:
        self.commits_observed += 1

    def _new_id(self) -> str:
        self.ids += 1
        return f"01INVITATION{self.ids:04d}"

    @property
    def scene(self) -> Scene:
        """The scene on the display."""
        return self.shown[-1][0]

    def press(self, level: Level = Level.SATISFIED) -> None:
        """A debounced press, made now."""
        self.pad.press(Press(level.value, level, "keys", now_ms()))

    def recorded(self, kind: type[B]) -> list[B]:
        """The entries of a kind that the card has taken."""
        return [body for body in self.card.bodies if isinstance(body, kind)]

    async def settle(self) -> None:
        """Run the loop until nothing is left that needs no time."""
        for _ in range(20):
            await asyncio.sleep(0)


async def until(told: Callable[[], bool], turns: int = 1000) -> None:
    """Run the loop until `told` is true; AssertionError after `turns`."""
    for _ in range(turns):
        if told():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never became true")
