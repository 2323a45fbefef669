"""One rig for each driver of keys: the driver, and keys that can be pressed.

The conformance suite uses no more of a driver than what the port promises.
"""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from device.board.driver_options import InputOptions
from device.board.keypad import load_keypad
from device.board.profile import load_profile
from device.drivers.evdev_keys import InputKeys
from device.drivers.kernel_clocks import KernelBoot
from device.drivers.registry import build_board
from device.drivers.sim.board import SimBoard
from device.drivers.sim.client import SimClient
from device.ports import BootClock, Keys
from sync.entries import Level
from tests.rigs.board.fake_rpi import FakePi, installed
from tests.rigs.keys import kernel_keys
from tests.rigs.keys.fake_evdev import FakeKernel
from tests.rigs.serial.serial_keypad import PATIENCE_S, PtyLine, SerialKeypad
from tests.rigs.time.wait import until


class KeysRig(Protocol):
    """`levels`: the keys by name; `press` one of them, or `confuse` with what has no level."""

    @property
    def keys(self) -> Keys: ...

    @property
    def boot(self) -> BootClock: ...

    @property
    def levels(self) -> dict[str, Level]: ...

    def press(self, name: str) -> None: ...

    def confuse(self) -> None: ...


class SimRig:
    """The simulated board, pressed through its control socket."""

    def __init__(self, board: SimBoard, client: SimClient) -> None:
        self.keys, self.boot = board.keys, board.boot
        self.levels = {
            key.name: key.level for key in load_profile("simulated").keys.key if key.level
        }
        self._client = client

    def press(self, name: str) -> None:
        # So long that a busy machine scans the keys meanwhile.
        self._client.press(name, hold_ms=250)
        until(lambda: self.keys.at_rest or not self.keys.alive, PATIENCE_S, "the key is released")

    def confuse(self) -> None:
        self._client.press(*list(self.levels)[:2])


class SerialRig:
    """A "68" key pad on a pseudo-terminal."""

    def __init__(self, folder: Path, model: str) -> None:
        self.line = PtyLine(folder / "pad")
        table = {"port": str(self.line.link), "model": model, "address": 9}
        board = build_board(load_profile("linux-68"), {"keys": table})
        self.keys, self.boot = board.keys, board.boot
        keys = load_keypad(model).key
        self.levels = {key.name: key.level for key in keys if key.level}
        self._codes = {key.name: key.code for key in keys}
        self._pad = SerialKeypad(9, self.line)

    def press(self, name: str) -> None:
        self._pad.forget()
        self._pad.press(self._codes[name])

    def confuse(self) -> None:
        self._pad.forget()
        self._pad.press(0x77)


class FakePinsRig:
    """Contacts that bounce on the pins of a fake Raspberry Pi."""

    def __init__(self, pi: FakePi) -> None:
        self.boot = KernelBoot()
        profile = load_profile("rpi-4").keys
        self.levels = {key.name: key.level for key in profile.key if key.level}
        self._lines = {key.name: key.line for key in profile.key}
        for line in self._lines.values():
            pi.wire(line)
        driver = importlib.import_module("device.drivers.gpio_keys")
        self.keys = driver.build(profile, None, self.boot)
        self._pi = pi

    def press(self, name: str) -> None:
        self._settle()
        self._pi.press_until(self._felt, self._lines[name])
        self._settle()

    def confuse(self) -> None:
        self._settle()
        self._pi.press_until(self._felt, *list(self._lines.values())[:2])

    def _felt(self) -> bool:
        return not self.keys.armed

    def _settle(self) -> None:
        def settled() -> bool:
            return self._pi.at_rest() and (self.keys.armed or not self.keys.alive)

        until(settled, PATIENCE_S, "the key is released")


class FakeInputRig:
    """A pad that types digits, under a fake kernel."""

    def __init__(self, kernel: FakeKernel) -> None:
        self.boot = KernelBoot()
        keypad = load_keypad("input-digits-falling")
        self._pad = kernel.plug("ACME Keypad", set(keypad.by_code()))
        self.keys = InputKeys(
            keypad,
            load_profile("linux-input").keys,
            InputOptions(name="ACME*", model=keypad.name),
            self.boot,
            sysfs=kernel.sysfs,
            dev=kernel.dev,
        )
        self.levels = {key.name: key.level for key in keypad.key if key.level}
        self._codes = {key.name: key.code for key in keypad.key}

    def press(self, name: str) -> None:
        until(lambda: self.keys.armed, PATIENCE_S, "the device is held")
        self._pad.press(self._codes[name])

    def confuse(self) -> None:
        until(lambda: self.keys.armed, PATIENCE_S, "the device is held")
        self._pad.press(*list(self._codes.values())[:2])


@contextlib.contextmanager
def simulated(folder: Path) -> Iterator[KeysRig]:
    board = build_board(load_profile("simulated"), {"control": str(folder / "control")})
    assert isinstance(board, SimBoard)
    board.start()
    with SimClient(folder / "control") as client:
        yield SimRig(board, client)
    board.stop()


def serial(model: str) -> Callable[[Path], contextlib.AbstractContextManager[KeysRig]]:
    @contextlib.contextmanager
    def rig(folder: Path) -> Iterator[KeysRig]:
        keypad_rig = SerialRig(folder, model)
        yield keypad_rig
        keypad_rig.line.pull()

    return rig


@contextlib.contextmanager
def fake_pins(_: Path) -> Iterator[KeysRig]:
    with installed() as pi:
        yield FakePinsRig(pi)


@contextlib.contextmanager
def fake_input(folder: Path) -> Iterator[KeysRig]:
    with FakeKernel(folder / "kernel").installed() as kernel:
        yield FakeInputRig(kernel)


KEYS_RIGS: dict[str, Callable[[Path], contextlib.AbstractContextManager[KeysRig]]] = {
    "simulated": simulated,
    "68-rising": serial("68-rising"),
    "68-falling": serial("68-falling"),
    "gpio-fake": fake_pins,
    "evdev-fake": fake_input,
    **kernel_keys.RIGS,
}
