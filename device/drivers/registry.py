"""From a profile's name of a driver to a board. The one place that imports drivers.

A driver's module imports its vendor library at its top, as modules do; what makes it lazy is that
only the driver which the profile names is imported here. No second choice is ever tried: a board
that cannot be built is an error with a remedy, not a fallback.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

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


def find_driver(board: str, reference: str, code: PadCode) -> Callable[..., Any]:
    """The function that `reference` names ("package.module:name"), its module imported.

    Raises DriverError, with `code`, when it cannot be imported on this machine.
    """
    module, name = reference.split(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        # RuntimeError: RPi.GPIO raises it on import where there is no Raspberry Pi; OSError:
        # rpi-lgpio does where it cannot make its pipe.
        raise DriverError(f"board {board}: driver {reference}: {error}", code) from error
    return found
