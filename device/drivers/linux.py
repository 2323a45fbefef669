"""A board that is any Linux computer, made from the parts that its profile names.

`driver` in the profile's tables names the drivers of keys, display, lights, beeper and voice. Their
modules, and with them the vendors' libraries, are imported when the board is built, not before. The
clocks are the kernel's.
"""

from typing import Any

from device.board.profile import KeysProfile, PartOptions, Profile
from device.drivers.kernel_clocks import KernelBoot, KernelWall
from device.drivers.no_keys import NoKeys
from device.drivers.registry import find_driver
from device.errors import ConfigError, DriverError, PadCode
from device.ports import Beeper, Display, FaultReport, Keys, Lights, Voice


class LinuxBoard:
    """The parts of one profile. They share nothing that would have to be started or stopped."""

    def __init__(self, profile: Profile, options: PartOptions) -> None:
        if profile.keys.driver is None and profile.keys != KeysProfile():
            raise ConfigError(f"board {profile.name}: its profile names no driver for the keys")
        self.name = profile.name
        self.boot = KernelBoot()
        self.wall = KernelWall(has_rtc=profile.has_rtc)
        self.keys: Keys = NoKeys()
        if profile.keys.driver is not None:
            build_keys = find_driver(profile.name, profile.keys.driver, PadCode.KEYS_GONE)
            self.keys = build_keys(profile.keys, options.keys, self.boot)
        self.missing: list[FaultReport] = []
        self.display: Display | None = None
        if profile.display is not None and profile.display.driver is not None:
            self.display = self._build(
                profile.display.driver, profile.display, options.display, code=PadCode.DISPLAY_GONE
            )
        self.lights: Lights | None = None
        if profile.lights is not None and profile.lights.driver is not None:
            self.lights = self._build(profile.lights.driver, profile.lights)
        self.beeper: Beeper | None = None
        if profile.beeper is not None and profile.beeper.driver is not None:
            self.beeper = self._build(profile.beeper.driver, profile.beeper)
        self.voice: Voice | None = None
        if profile.voice is not None and profile.voice.driver is not None:
            self.voice = self._build(profile.voice.driver, options.voice)

    def _build(self, driver: str, *arguments: object, code: PadCode = PadCode.SIGNAL_GONE) -> Any:
        """A part without which the pad can still take ratings; None, and a fault in `missing`, when
        its library is not installed.
        """
        try:
            return find_driver(self.name, driver, code)(*arguments)
        except DriverError as error:
            if error.code is not PadCode.PART_LIBRARY_MISSING:
                raise
            self.missing.append(FaultReport(error.code, True, error.detail))
            return None

    def start(self) -> None:
        """Does nothing: each part opens its own lines."""

    def stop(self) -> None:
        """Does nothing; safe to call twice."""


def build(profile: Profile, options: PartOptions) -> LinuxBoard:
    """The board of `profile`; nothing is opened yet. Raises DriverError, ConfigError."""
    return LinuxBoard(profile, options)
