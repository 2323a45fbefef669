"""Every word of the driver table leads to a driver, or to an error that names what is missing."""

import json
import subprocess
import sys

import pytest

from device.board.driver_names import DRIVERS, Part, driver_names
from device.board.profile import PARTS, board_names, load_profile

LIBRARY = {
    "gpio-keys": "RPi",
    "gpio-lights": "RPi",
    "gpio-beeper": "RPi",
    "serial-68": "serial",
    "evdev-keys": "evdev",
    "oled": "luma",
}
"""The vendor library of each driver that has one."""

FIND = """
import json, sys
for library in sys.argv[1:]:
    sys.modules[library] = None
from device.board.driver_names import DRIVERS
from device.drivers.registry import find_driver
from device.errors import DriverError, PadCode
found = {}
for name in DRIVERS:
    try:
        found[name] = "" if callable(find_driver("bench", name, PadCode.KEYS_GONE)) else "none"
    except DriverError as error:
        found[name] = error.detail
print(json.dumps(found))
"""


def errors(*missing: str) -> dict[str, str]:
    """The error of each driver, empty for none, in a process where these libraries are missing."""
    found = subprocess.run(
        [sys.executable, "-c", FIND, *missing], capture_output=True, text=True, check=True
    )
    return dict(json.loads(found.stdout))


def test_without_any_vendor_library_each_driver_names_the_one_that_is_missing() -> None:
    found = errors(*set(LIBRARY.values()))
    assert {name for name, error in found.items() if error} == set(LIBRARY)
    for name, library in LIBRARY.items():
        _, _, reason = found[name].partition(f"driver {name} ({DRIVERS[name].module}): ")
        assert library in reason, found[name]


def test_with_its_library_each_driver_is_found() -> None:
    """RPi.GPIO is not on every machine, and refuses to be imported where there are no pins."""
    found = errors()
    assert {name for name, error in found.items() if error and LIBRARY.get(name) != "RPi"} == set()


@pytest.mark.parametrize("part", ["board", *PARTS])
def test_every_part_has_a_driver_and_a_driver_one_part(part: Part) -> None:
    names = driver_names(part)
    assert names
    assert {DRIVERS[name].part for name in names} == {part}


def test_every_driver_is_named_by_a_board() -> None:
    named = set()
    for profile in map(load_profile, board_names()):
        parts = (getattr(profile, part) for part in PARTS)
        named |= {profile.driver, *(part.driver for part in parts if part is not None)}
    assert named - {None} == set(DRIVERS)
