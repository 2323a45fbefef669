"""Rigs of keys on devices of a real kernel: lines of gpio-sim, and input devices of uinput.

They exist only inside the machine that `tests.rigs.vm` boots, where RATINGPAD_KERNEL=1 is set and
everything runs as root.
"""

import contextlib
import functools
import itertools
import os
import queue
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from device.board.keypad import load_keypad
from device.board.profile import load_profile
from device.drivers.kernel_clocks import KernelBoot
from device.drivers.registry import build_board, find_driver
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from tests.rigs.time.wait import until

INSIDE = os.environ.get("RATINGPAD_KERNEL") == "1"
PATIENCE_S = 60.0
"""The machine is emulated: slowness is no error."""

LINES = 28
"""As many as a Raspberry Pi's header brings out."""

CONFIGFS = Path("/sys/kernel/config/gpio-sim")


class KeyEvents:
    """The presses and faults of a driver, in order."""

    def __init__(self) -> None:
        self.presses: queue.Queue[Press] = queue.Queue()
        self.faults: queue.Queue[FaultReport] = queue.Queue()

    def pressed(self) -> Press:
        return self.presses.get(timeout=PATIENCE_S)

    def fault(self) -> FaultReport:
        return self.faults.get(timeout=PATIENCE_S)

    def quiet(self) -> bool:
        return self.presses.empty() and self.faults.empty()


@contextlib.contextmanager
def recording(keys: Any) -> Iterator[KeyEvents]:
    """The keys are started, and stopped at the end."""
    heard = KeyEvents()
    keys.start(heard.presses.put, heard.faults.put)
    try:
        yield heard
    finally:
        keys.stop()


class SimChip:
    """A gpio-sim chip with a line for each pin.

    A line's bias is what the driver asks for; a press is a pull in the other direction.
    """

    def __init__(self, name: str = "header") -> None:
        self._config = CONFIGFS / name
        bank = self._config / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(LINES))
        (self._config / "live").write_text("1")
        self.chip = (bank / "chip_name").read_text().strip()
        device = (self._config / "dev_name").read_text().strip()
        self._lines = Path("/sys/devices/platform") / device / self.chip
        until((Path("/dev") / self.chip).exists, PATIENCE_S, "the chip's node")
        # rpi-lgpio would look for a Raspberry Pi's chip by the names of its drivers.
        os.environ["RPI_LGPIO_CHIP"] = self.chip.removeprefix("gpiochip")
        self.watch: Callable[[], None] | None = None
        """Called after every edge."""

    def low(self, *lines: int) -> None:
        self._pull("pull-down", lines)

    def high(self, *lines: int) -> None:
        self._pull("pull-up", lines)

    def _pull(self, way: str, lines: tuple[int, ...]) -> None:
        for line in lines:
            self.pull_file(line).write_text(way)
        if self.watch is not None:
            self.watch()

    def pull_file(self, line: int) -> Path:
        """Where the line's pull is written to."""
        return self._lines / f"sim_gpio{line}" / "pull"

    def level(self, line: int) -> bool:
        """The level of the line, whoever drives it."""
        return (self._lines / f"sim_gpio{line}" / "value").read_text().strip() == "1"

    def bounce(self, line: int, *, ends_low: bool, edges: int = 4) -> None:
        """A contact that closes, or opens, with several edges."""
        ways = (self.high, self.low) if ends_low else (self.low, self.high)
        for way in itertools.islice(itertools.cycle(reversed(ways)), edges - edges % 2 + 1):
            way(line)

    def remove(self) -> None:
        (self._config / "live").write_text("0")
        (self._config / "bank0").rmdir()
        self._config.rmdir()


@functools.cache
def chip() -> SimChip:
    """The one chip of this process."""
    return SimChip()


class GpioRig:
    """Keys on lines of gpio-sim, read through RPi.GPIO."""

    def __init__(self, **changed: Any) -> None:
        """`changed`: fields of the profile's [keys] that are to be others."""
        self.chip = chip()
        self.boot = KernelBoot()
        profile = msgspec.structs.replace(load_profile("rpi-4").keys, **changed)
        self.levels = {key.name: key.level for key in profile.key if key.level}
        self.lines = {key.name: key.line for key in profile.key}
        self.chip.high(*self.lines.values())
        build = find_driver("rpi-4", profile.driver or "gpio-keys", PadCode.KEYS_GONE)
        self.keys = build(profile, None, self.boot)

    def press(self, name: str) -> None:
        self.armed()
        self.chip.bounce(self.lines[name], ends_low=True)
        until(lambda: not self.keys.armed, PATIENCE_S, "the press", every_s=0.002)
        self.chip.bounce(self.lines[name], ends_low=False)
        self.armed()

    def confuse(self) -> None:
        self.armed()
        self.chip.low(*list(self.lines.values())[:2])
        until(lambda: not self.keys.armed, PATIENCE_S, "the press", every_s=0.002)
        self.chip.high(*self.lines.values())

    def armed(self) -> None:
        def ready() -> bool:
            return self.keys.armed or not self.keys.alive

        until(ready, PATIENCE_S, "the keys are armed", every_s=0.002)


class UinputPad:
    """A USB key pad as the kernel sees it; it types the codes that it is given."""

    def __init__(self, name: str, codes: Iterable[int]) -> None:
        import evdev

        self._ecodes = evdev.ecodes
        able: dict[int, Any] = {evdev.ecodes.EV_KEY: sorted(codes), evdev.ecodes.EV_REP: []}
        self._device = evdev.UInput(able, name=name)
        assert self._device.device is not None
        self.path = str(self._device.device.path)
        self._device.device.close()  # it opens its own node, which would be a reader more

    def send(self, *keys: tuple[int, int]) -> None:
        """Codes and values in one packet."""
        for code, value in keys:
            self._device.write(self._ecodes.EV_KEY, code, value)
        self._device.syn()

    def hold(self, *codes: int) -> None:
        self.send(*((code, 1) for code in codes))

    def let_go(self, *codes: int) -> None:
        self.send(*((code, 0) for code in codes))

    def press(self, *codes: int) -> None:
        self.hold(*codes)
        self.let_go(*codes)

    def unplug(self) -> None:
        with contextlib.suppress(OSError):
            self._device.close()


class UinputRig:
    """Keys of a uinput device, which the driver finds by its name."""

    name = "ratingpad bench keypad"

    def __init__(self, model: str = "input-digits-rising", **changed: Any) -> None:
        """`changed`: fields of the profile's [keys] that are to be others."""
        keypad = load_keypad(model)
        self.codes = {key.name: key.code for key in keypad.key}
        self.levels = {key.name: key.level for key in keypad.key if key.level}
        self.pad = self.plug()
        table = {"name": self.name, "model": model}
        profile = load_profile("linux-input")
        keys = msgspec.structs.replace(profile.keys, **changed)
        board = build_board(msgspec.structs.replace(profile, keys=keys), {"keys": table})
        self.keys: Any = board.keys
        self.boot = board.boot

    def plug(self) -> UinputPad:
        self.pad = UinputPad(self.name, self.codes.values())
        return self.pad

    def press(self, name: str) -> None:
        self.armed()
        self.pad.press(self.codes[name])

    def confuse(self) -> None:
        self.armed()
        self.pad.press(*list(self.codes.values())[:2])

    def armed(self) -> None:
        until(lambda: self.keys.armed, PATIENCE_S, "the device is held", every_s=0.002)


@contextlib.contextmanager
def gpio(_: Path) -> Iterator[GpioRig]:
    """Five keys on gpio-sim's lines."""
    yield GpioRig()


@contextlib.contextmanager
def evdev(_: Path) -> Iterator[UinputRig]:
    """A pad of uinput's."""
    rig = UinputRig()
    try:
        yield rig
    finally:
        rig.pad.unplug()


RIGS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Any]]] = (
    {"gpio": gpio, "evdev": evdev} if INSIDE else {}
)
