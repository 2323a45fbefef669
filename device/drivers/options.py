"""What `[board.keys]` and `[board.display]` may say to the real drivers.

Imports nothing that the drivers need, so that a configuration can be checked on any machine.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from device.keypad import find_keypad
from device.problems import Problems


class SerialOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A serial key pad: the line that it is on, its model, and its window's address on the line."""

    port: Annotated[
        str,
        Meta(
            pattern=r"^(/|(socket|rfc2217|spy)://)[^\x00-\x20]+\Z",
            description='a path like "/dev/ttyUSB0", or a socket://, rfc2217:// or spy:// address',
        ),
    ]
    model: Annotated[str, Meta(description="the name of a key map in hw/keypads")]
    address: Annotated[
        int, Meta(ge=0, le=127, description="the window's address on the line, from 0 to 127")
    ]

    @staticmethod
    def check(values: dict[str, Any], problems: Problems) -> None:
        """The model must have a key map, and a right one."""
        if "model" in values:
            find_keypad(values["model"], problems.at("model"))
