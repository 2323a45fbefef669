"""A pad without a board: presses on request, and beside them the bare disk, in one process.

The whole way is the agent's own: a press is handed over from another thread as the driver does,
the session records it, the writer commits it, `Stored` comes back, and the session shows thanks.
Only key and display are this program. Argument: an empty folder on the disk to be measured.

One JSON line in, one out: {"of": "press"|"bare", "count": n, "pause_s": s} gives {"took_s": [...]}
and, for presses, {"commit_s": [...]}: the part of each that the ledger's `append` took. With
`"say": true` the lines `invited` and `accepted` (thanks) come first, for each. Further arguments
are lines to be taken in place of stdin.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ulid import ULID

from benchmarks.scratch import BenchError
from device.drivers.kernel_clocks import KernelBoot, KernelWall
from device.errors import PadCode
from device.events import Press, Refusal, Scene
from device.ledger.ledger import Ledger
from device.ledger.writer import Writer
from device.pad import Pad
from device.session.session import Session, Timing
from device.system.clock import TrustedClock
from sync.entries import Body, Entry, Level, Service

PAD = "pad-1"


def write_line(what: str) -> None:
    """One line, one write, for whoever traces this process."""
    os.write(1, f"{what}\n".encode())


def ignore(_: str) -> None:
    """Nothing: a write would be timed."""


class TimedLedger(Ledger):
    """The ledger, with a stopwatch around its one commit."""

    append_s = 0.0

    def append(self, body: Body) -> Entry:
        """Commit, and note how long it took."""
        start = time.perf_counter()
        try:
            return super().append(body)
        finally:
            TimedLedger.append_s = time.perf_counter() - start


def _new_id() -> str:
    return str(ULID())


class Bench:
    """One pad on `loop`, pressed from the calling thread."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._boot = KernelBoot()
        self._clock = TrustedClock(self._boot, KernelWall(has_rtc=False))
        path = folder / "ledger.db"
        self._writer = Writer(
            lambda: TimedLedger.open(path, PAD, at=self._clock.at, new_id=_new_id)
        )
        self.pad: Pad | None = None
        self._body = b""
        self._thanked_at_s = 0.0
        self._thanked = threading.Event()
        self._control = os.open(folder / "control", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    async def open(self) -> None:
        """Open the ledger and stand ready."""
        await self._writer.start()
        self.pad = Pad(
            Session("3", Timing()),
            self._clock,
            append=self._append,
            show=self._show,
            say=lambda _: None,
            new_id=_new_id,
        )

    async def close(self) -> None:
        """Close the ledger."""
        if self.pad is not None:
            await self.pad.stop()
        await self._writer.stop()

    async def _append(self, body: Body) -> Entry:
        entry = await self._writer.append(body)
        self._body = entry.body
        return entry

    def _show(self, scene: Scene, _code: PadCode | None) -> None:
        if scene is Scene.THANKS:
            self._thanked_at_s = time.perf_counter()
            self._thanked.set()

    def press(self, pause_s: float, report: Callable[[str], None]) -> float:
        """Invite, wait `pause_s`, press: seconds from the press until thanks is shown.

        `report` is called with "invited" and "accepted" as they happen.
        """
        if self.pad is None:
            raise BenchError("the pad is not open")
        self._thanked.clear()
        # The next citizen, without the seconds that this one is given to read thanks.
        self.pad.session = Session("3", Timing())
        service = Service(case=str(ULID())[:20], matter="11440105007429", step="2")
        asked = self.pad.invite(service, "0012", "http")
        match asyncio.run_coroutine_threadsafe(asked, self._loop).result(10):
            case Refusal() as refusal:
                raise BenchError(f"the invitation was refused: {refusal}")
        report("invited")
        threading.Event().wait(pause_s)
        key = Level.VERY_SATISFIED
        start = time.perf_counter()
        press = Press(key.value, key, "sim", self._boot.mono_ms())
        self._loop.call_soon_threadsafe(self.pad.press, press)
        if not self._thanked.wait(10):
            raise BenchError(f"no thanks within 10 s: {self.pad.session.state}")
        report("accepted")
        return self._thanked_at_s - start

    def bare(self, pause_s: float, _: Callable[[str], None]) -> float:
        """Wait `pause_s`, append the bytes of the last entry to a file, fdatasync: seconds."""
        threading.Event().wait(pause_s)
        start = time.perf_counter()
        os.write(self._control, self._body)
        os.fdatasync(self._control)
        return time.perf_counter() - start

    def serve(self) -> None:
        """Answer line by line until there are no more."""
        for line in sys.argv[2:] or sys.stdin:
            request = json.loads(line)
            measure = self.press if request["of"] == "press" else self.bare
            took_s, commit_s = [], []
            report = write_line if request.get("say") else ignore
            for _ in range(request["count"]):
                took_s.append(measure(request["pause_s"], report))
                commit_s.append(TimedLedger.append_s)
            print(json.dumps({"took_s": took_s, "commit_s": commit_s}), flush=True)


async def main() -> None:
    """Serve until stdin closes."""
    bench = Bench(Path(sys.argv[1]), asyncio.get_running_loop())
    await bench.open()
    print(json.dumps({"ready": True}), flush=True)
    try:
        await asyncio.to_thread(bench.serve)
    finally:
        await bench.close()


if __name__ == "__main__":
    asyncio.run(main())
