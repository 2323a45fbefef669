"""A pad with keys and an OLED: presses on request, from the key's edge to thanks on the glass.

Keys, debounce, session, ledger, display thread and OLED driver are the agent's own, with the times
of the board `rpi-4`. The contact does not bounce. The chip is in memory (`tests/rigs/display`); its
bus takes as long as I²C at 400 kHz, nine bits a byte, and carries each byte that the driver sends.
Beside it, in the same process, the bare disk. Argument: an empty folder on the disk to be measured.

One JSON line in, one out: {"of": "press"|"bare", "count": n, "pause_s": s} gives {"took_s": [...]}
and, for presses, {"bus_s": [...]}: what the bus took for the bytes of thanks.
"""

import asyncio
import json
import os
import sys
import threading
import time
from pathlib import Path
from unittest import mock

import smbus2
from PIL import Image
from ulid import ULID

from benchmarks.oled_traffic import BITS_A_BYTE, I2C_HZ
from benchmarks.pads.config import write_config
from benchmarks.scratch import BenchError
from device.board.driver_options import OledOptions
from device.board.profile import DisplayProfile, load_profile
from device.config.config import load
from device.drivers.kernel_clocks import KernelBoot, KernelWall
from device.drivers.oled import Oled
from device.drivers.sim.keys import SimKeys
from device.errors import PadCode
from device.events import Press, Refusal, Scene
from device.ledger.ledger import Ledger
from device.ledger.writer import Writer
from device.output.display_output import DisplayOutput
from device.pad import Pad
from device.ports import FaultReport
from device.session.session import Session, Timing
from device.system.clock import TrustedClock
from sync.entries import Body, Entry, Level, Service
from tests.rigs.display.oled_chip import Bus, Chip, Wire

BOARD = "rpi-4"
WIDTH_MM = 29.42
HOLD_MS = 80.0
PATIENCE_S = 10.0


class TimedWire(Wire):
    """A wire on which a byte takes its time."""

    def carry(self, address: int, message: bytes) -> None:
        """Carry one write, and return when its last bit is through."""
        ends_s = time.perf_counter() + (1 + len(message)) * BITS_A_BYTE / I2C_HZ
        super().carry(address, message)
        time.sleep(max(0.0, ends_s - time.perf_counter()))


class TimedOled(Oled):
    """The driver, which notes when the last byte of a picture was sent."""

    def __init__(self, wire: TimedWire) -> None:
        super().__init__(DisplayProfile(width_mm=WIDTH_MM), OledOptions(chip="sh1106"))
        self._wire = wire
        self.sent = threading.Condition()
        self.at_s = 0.0
        self.pictures = 0
        self.bytes = 0

    def show(self, image: Image.Image) -> None:
        """Show it; then it is on the glass."""
        before = self._wire.bytes
        super().show(image)
        with self.sent:
            self.at_s, self.bytes = time.perf_counter(), self._wire.bytes - before
            self.pictures += 1
            self.sent.notify_all()


class _Board:
    """What the display's output takes of a board."""

    def __init__(self, display: Oled) -> None:
        self.display = display


def _new_id() -> str:
    return str(ULID())


def _ignore(_: FaultReport) -> None:
    raise BenchError("the keys or the display failed")


class Bench:
    """One pad on `loop`, pressed from the calling thread."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop, wire: TimedWire) -> None:
        self._loop = loop
        self._boot = KernelBoot()
        self._clock = TrustedClock(self._boot, KernelWall(has_rtc=False))
        self._oled = TimedOled(wire)
        config = load(write_config(folder, 1).config)
        self._output = DisplayOutput(config, _Board(self._oled), self._clock)  # type: ignore[arg-type]  # only its display is used
        self._keys = SimKeys(load_profile(BOARD).keys, self._boot_ms, seed=1, bounce_ms=0.0)
        path = folder / "ledger.db"
        self._writer = Writer(lambda: Ledger.open(path, "pad-1", at=self._clock.at, new_id=_new_id))
        self._pad: Pad | None = None
        self._body = b""
        self._scene: Scene | None = None
        self._shown = 0
        self._control = os.open(folder / "control", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def _boot_ms(self) -> float:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) / 1_000_000

    async def open(self) -> None:
        """Open the ledger, the display and the keys, and stand ready."""
        await self._writer.start()
        self._pad = Pad(
            Session("3", Timing()),
            self._clock,
            append=self._append,
            show=self._show,
            say=lambda _: None,
            new_id=_new_id,
        )
        self._output.start(_ignore)
        self._output.warm()
        self._keys.start(self._press, _ignore)

    async def close(self) -> None:
        """Stop all of it."""
        self._keys.stop()
        if self._pad is not None:
            await self._pad.stop()
        self._output.stop()
        await self._writer.stop()

    async def _append(self, body: Body) -> Entry:
        entry = await self._writer.append(body)
        self._body = entry.body
        return entry

    def _show(self, scene: Scene, code: PadCode | None) -> None:
        self._scene = scene
        self._output.show(scene, code)

    def _press(self, press: Press) -> None:
        if self._pad is not None:
            self._loop.call_soon_threadsafe(self._pad.press, press)

    def press(self, pause_s: float) -> tuple[float, float]:
        """Invite, wait `pause_s`, press: seconds from the edge until the last byte of thanks is in
        the chip, and those that its bytes take on the bus.
        """
        if self._pad is None:
            raise BenchError("the pad is not open")
        pictures = self._oled.pictures
        # The next citizen, without the seconds that this one is given to read thanks.
        self._pad.session = Session("3", Timing())
        asked = self._pad.invite(Service(case=_new_id()[:20], matter="1", step="2"), "0012", "http")
        match asyncio.run_coroutine_threadsafe(asked, self._loop).result(PATIENCE_S):
            case Refusal() as refusal:
                raise BenchError(f"the invitation was refused: {refusal}")
        self._until(pictures + 1)
        threading.Event().wait(pause_s)
        pictures = self._oled.pictures
        start_s = time.perf_counter()
        self._keys.press([Level.VERY_SATISFIED.value], HOLD_MS)
        self._until(pictures + 1)
        if self._scene is not Scene.THANKS:
            raise BenchError(f"{self._scene} instead of thanks")
        bus_s = self._oled.bytes * BITS_A_BYTE / I2C_HZ
        return self._oled.at_s - start_s, bus_s

    def _until(self, pictures: int) -> None:
        with self._oled.sent:
            if not self._oled.sent.wait_for(lambda: self._oled.pictures >= pictures, PATIENCE_S):
                raise BenchError("no picture within 10 s")

    def bare(self, pause_s: float) -> tuple[float, float]:
        """Wait `pause_s`, append the bytes of the last entry to a file, fdatasync: seconds."""
        threading.Event().wait(pause_s)
        start = time.perf_counter()
        os.write(self._control, self._body)
        os.fdatasync(self._control)
        return time.perf_counter() - start, 0.0

    def serve(self) -> None:
        """Answer line by line until there are no more."""
        for line in sys.stdin:
            request = json.loads(line)
            measure = self.press if request["of"] == "press" else self.bare
            took = [measure(request["pause_s"]) for _ in range(request["count"])]
            answer = {"took_s": [one[0] for one in took], "bus_s": [one[1] for one in took]}
            print(json.dumps(answer), flush=True)


async def main() -> None:
    """Serve until stdin closes."""
    wire = TimedWire(Chip("sh1106"))
    with mock.patch.object(smbus2, "SMBus", lambda port: Bus(wire, port)):
        bench = Bench(Path(sys.argv[1]), asyncio.get_running_loop(), wire)
        await bench.open()
        print(json.dumps({"ready": True}), flush=True)
        try:
            await asyncio.to_thread(bench.serve)
        finally:
            await bench.close()


if __name__ == "__main__":
    asyncio.run(main())
