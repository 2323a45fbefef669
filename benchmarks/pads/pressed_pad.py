"""A pad that is pressed without end and killed without warning.

Session, writer and uplink are the agent's own. Each thanks is one line on stdout, written at the
moment at which the screen would say it; what is on the pipe survives the kill. Arguments: the
ledger, the pad's id, the broker's port, the start's number, seconds between citizens.
On SIGTERM the pressing ends; {"head": n} is printed once everything is receipted.
"""

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path

from ulid import ULID

from device.drivers.kernel_clocks import KernelBoot, KernelWall
from device.errors import PadCode
from device.events import Press, Scene
from device.ledger.ledger import Ledger
from device.ledger.writer import Writer
from device.pad import Pad
from device.session.session import Session, Timing
from device.system.clock import TrustedClock
from sync.entries import Level, Service
from sync.messages import Command, CommandResult, Desired, Problem
from sync.obstacles import Obstacle
from sync.uplink import BrokerAddress, Uplink

CITIZENS = random.SystemRandom()


def say(line: object) -> None:
    """One line, one write."""
    os.write(1, json.dumps(line).encode() + b"\n")


class Window:
    """One pad, its citizens, and what it receives from the province."""

    def __init__(self, ledger: Path, name: str, port: int, boots: int) -> None:
        self._boot = KernelBoot()
        clock = TrustedClock(self._boot, KernelWall(has_rtc=False))

        def open_ledger() -> Ledger:
            return Ledger.open(ledger, name, at=clock.at, new_id=lambda: str(ULID()))

        self._writer = Writer(open_ledger)
        self._clock = clock
        self._thanked = asyncio.Event()
        self._receipted = asyncio.Event()
        self._uplink = Uplink(
            BrokerAddress("127.0.0.1", port), name, self._writer, self,
            boots=boots, reconnect_max_s=0.2, probe_s=0.3,
        )  # fmt: skip

    async def live(self, pause_s: float, ended: asyncio.Event) -> None:
        """Press until `ended`, then wait until all is receipted."""
        await self._writer.start()
        self._pad = Pad(
            Session("3", Timing()), self._clock, append=self._writer.append, show=self._show,
            say=lambda _: None, new_id=lambda: str(ULID()),
        )  # fmt: skip
        self._pad.observe_commits(self._uplink.entries_added)
        await self._uplink.start()
        say({"ready": self._writer.head_seq})
        while not ended.is_set():
            await self._citizen()
            await asyncio.sleep(pause_s * CITIZENS.random())
        while self._writer.receipted < self._writer.head_seq:
            self._receipted.clear()
            await self._receipted.wait()
        say({"head": self._writer.head_seq})
        await self._uplink.stop()
        await self._pad.stop()
        await self._writer.stop()

    async def _citizen(self) -> None:
        self._pad.session = Session("3", Timing())  # without the seconds for reading thanks
        self._thanked.clear()
        await self._pad.invite(Service(case=str(ULID())[:20]), "0012", "http")
        invitation = self._pad.session.invitation
        if invitation is None:
            return
        level = CITIZENS.choice(list(Level))
        self._pad.press(Press(level.value, level, "sim", self._boot.mono_ms()))
        await self._thanked.wait()
        say({"thanked": invitation.id, "level": level.value})

    def _show(self, scene: Scene, _code: PadCode | None) -> None:
        if scene is Scene.THANKS:
            self._thanked.set()

    def receipted(self, seq: int) -> None:
        """The mark moved."""
        self._writer.mark_receipted(seq)
        self._receipted.set()

    def refused(self, problem: Problem, detail: str) -> None:
        """Nothing may be refused here: the parent counts it."""
        say({"refused": f"{problem.value}: {detail}"})

    def diverged(self, detail: str) -> None:
        """Nor diverge."""
        say({"refused": detail})

    def connected(self, up: bool) -> None:
        """Nobody looks."""

    def unreachable(self, reason: str) -> None:
        """The connection is made again."""

    def obstructed(self, obstacle: Obstacle, detail: str) -> None:
        """Nor be in the way."""
        say({"refused": f"{obstacle.value}: {detail}"})

    def unobstructed(self, obstacle: Obstacle) -> None:
        """It was counted already."""

    def desired(self, desired: Desired) -> None:
        """No wishes here."""

    async def command(self, command: Command) -> CommandResult:
        """No commands here."""
        return CommandResult(v=command.v, done=False)


async def main() -> None:
    """Live until SIGTERM and the last receipt."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    ledger, name, port, boots, pause_s = sys.argv[1:]
    window = Window(Path(ledger), name, int(port), int(boots))
    await window.live(float(pause_s), ended)


if __name__ == "__main__":
    asyncio.run(main())
