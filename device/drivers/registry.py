"""From the word of a driver to a board. The one module that imports drivers.

The words and their modules are the table in `device/board/driver_names.py`. A driver's module
imports its vendor library at its top; only the drivers that the profile names are imported, so no
other library is. Nothing is tried in their place: a board that cannot be built is an error with a
remedy.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from device.board.driver_names import DRIVERS
from device.board.profile import Profile, read_options
from device.errors import DriverError, PadCode
from device.ports import Board


def build_board(profile: Profile, options: msgspec.Struct | Mapping[str, Any]) -> Board:
    """The board that `profile` names, with its own options (`Config.board`, or a bare table).

    Nothing is opened before `Board.start`. Raises DriverError when the driver cannot be imported
    on this machine, ConfigError for a table that does not fit the driver.
    """
    if not isinstance(options, msgspec.Struct):
        options = read_options(profile, options)
    build = find_driver(profile.name, profile.driver, PadCode.KEYS_GONE)
    board: Board = build(profile, options)
    return board


def find_driver(board: str, name: str, code: PadCode) -> Callable[..., Any]:
    """The function `build` of the driver `name`, a word of the table; its module is imported.

    Raises DriverError, with `code`, when it cannot be imported on this machine.
    """
    module = DRIVERS[name].module
    try:
        build: Callable[..., Any] = importlib.import_module(module).build
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        # RuntimeError: RPi.GPIO raises it on import where there is no Raspberry Pi; OSError:
        # rpi-lgpio does where it cannot make its pipe.
        raise DriverError(f"board {board}: driver {name} ({module}): {error}", code) from error
    return build
