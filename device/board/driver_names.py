"""The drivers by the words that board profiles use: their module and the type of their options.

The table stands here, below the drivers, because a profile and a pad's file must be checked on any
machine, also where the driver's vendor library is missing. The type of the options is therefore a
type of this package; the driver's module is only a name, which `device/drivers/registry.py`
imports when the board is built.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from device.board.driver_options import (
    InputOptions,
    OledOptions,
    SerialOptions,
    SimOptions,
    VoiceOptions,
)
from device.config_errors import ConfigErrors, as_toml, did_you_mean
from sync.sentence import Sentence

Part = Literal["board", "keys", "display", "lights", "beeper", "voice"]
"""What a driver builds: the whole board, or one part of it."""


class Driver(NamedTuple):
    """One driver. `module` has a function `build`, which makes the part and opens nothing.

    `options`: the type of the part's table in the pad's file, `[board]` for a whole board and
    `[board.keys]` and so on for a part; None for a driver that takes no options.
    """

    part: Part
    module: str
    options: type[msgspec.Struct] | None = None
    libraries: tuple[str, ...] = ()
    """The vendor libraries that the module imports, as it does."""


DRIVERS: Mapping[str, Driver] = {
    "linux": Driver("board", "device.drivers.linux"),
    "simulated": Driver("board", "device.drivers.sim.board", SimOptions),
    "gpio-keys": Driver("keys", "device.drivers.gpio_keys", libraries=("RPi.GPIO",)),
    "serial-68": Driver("keys", "device.drivers.serial68", SerialOptions, ("serial",)),
    "evdev-keys": Driver("keys", "device.drivers.evdev_keys", InputOptions, ("evdev",)),
    "oled": Driver("display", "device.drivers.oled", OledOptions, ("luma.oled", "smbus2")),
    "gpio-lights": Driver("lights", "device.drivers.gpio_lights", libraries=("RPi.GPIO",)),
    "gpio-beeper": Driver("beeper", "device.drivers.gpio_beeper", libraries=("RPi.GPIO",)),
    "alsa-voice": Driver("voice", "device.drivers.alsa_voice", VoiceOptions),
}
"""Every driver by its word. A new driver is one line here and one in docs/configuration.md."""


def driver_names(part: Part) -> list[str]:
    """The words of the drivers that build `part`."""
    return sorted(name for name, driver in DRIVERS.items() if driver.part == part)


def check_driver(part: Part, name: str | None, problems: ConfigErrors) -> None:
    """Note in `problems` a word for which there is no driver of this part. None is no mistake."""
    names = driver_names(part)
    if name is not None and name not in names:
        known = ", ".join(map(as_toml, names))
        must = Sentence("must be one of {known}", known=known)
        problems.wrong("driver", name, Sentence.joined("", (must, did_you_mean(name, names))))
