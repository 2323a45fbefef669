"""What `[board]` may say to the simulated board. Imports nothing that the board needs."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from device.config_errors import bounds


class SimOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the simulated board.

    `control`: where its control socket is made; without it nobody can press a key.
    `wall`: `system` believes this machine's clock, `1970` boots without knowing the time.
    `film`: a file that gets a line `picture <hex>` for each picture before it is shown, for rigs
    that must know the order of pictures and writes.
    `seed` and `bounce_ms`: the random bounce of its contacts, and how long it lasts at most.
    """

    control: Annotated[Path, Meta(description="the path of a Unix socket")] | None = None
    film: Annotated[Path, Meta(description="the path of a file")] | None = None
    wall: Annotated[Literal["system", "1970"], Meta(description='"system" or "1970"')] = "system"
    seed: Annotated[int, Meta(ge=0, description="a whole number from 0")] = 1
    bounce_ms: Annotated[float, bounds(0, 50, "milliseconds")] = 10.0
