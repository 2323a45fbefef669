"""From the word of a driver to a board. The one module that imports drivers.

The words and their modules are the table in `device/board/driver_names.py`. A driver's module
imports its vendor library at its top; only the drivers that the profile names are imported, so no
other library is. Nothing is tried in their place: a board that cannot be built is an error with a
remedy.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from device.board.driver_names import DRIVERS
from device.board.profile import PARTS, Profile, read_options
from device.errors import DriverError, PadCode
from device.ports import Board
from sync.missing_extra import pip_line
from sync.sentence import Sentence


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
        what = f"board {board}: driver {name} ({module})"
        library = error.name if isinstance(error, ModuleNotFoundError) else None
        if library is not None and (line := pip_line(library)) is not None:
            raise missing_library(what, library, line, code) from error
        raise DriverError(f"{what}: {error}", code) from error
    return build


def missing_library(what: str, library: str, line: str, code: PadCode) -> DriverError:
    """The error of a part whose library is not installed: S07 for keys (`code` K03), else S08."""
    missing = PadCode.PART_LIBRARY_MISSING
    if code is PadCode.KEYS_GONE:
        missing = PadCode.LIBRARY_MISSING
    words = Sentence(
        "{what}: {library} is not installed: `{line}`", what=what, library=library, line=line
    )
    return DriverError(words, missing)


def missing_libraries(profile: Profile, more: Sequence[str] = ()) -> list[DriverError]:
    """An error for each library that a driver of the board needs and that is not installed here,
    and for each of `more`. Imports none of them.
    """
    errors = []
    for part in PARTS:
        name = getattr(getattr(profile, part), "driver", None)
        for library in DRIVERS[name].libraries if name is not None else ():
            if not _is_installed(library):
                code = PadCode.KEYS_GONE if part == "keys" else PadCode.SIGNAL_GONE
                line = pip_line(library) or ""
                errors.append(missing_library(_driver_of(part, name), library, line, code))
    for library in more:
        if not _is_installed(library):
            line = pip_line(library) or ""
            errors.append(
                missing_library(Sentence("the pad's file"), library, line, PadCode.SIGNAL_GONE)
            )
    return errors


def _driver_of(part: str, name: str | None) -> Sentence:
    return Sentence("{part}: driver {name}", part=part, name=name)


def _is_installed(library: str) -> bool:
    """By its first name only: finding `luma.oled` would import `luma`."""
    return importlib.util.find_spec(library.partition(".")[0]) is not None
