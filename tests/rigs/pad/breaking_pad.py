"""`ratingpad` with a part that fails where nobody expects it: the third press raises.

python -m tests.rigs.pad.breaking_pad run --config FILE
"""

import itertools
import sys
from unittest import mock

from device import cli
from device.events import Press
from device.pad import Pad

_presses = itertools.count(1)
_press = Pad.press


def press(pad: Pad, made: Press) -> None:
    """As ever, twice."""
    if next(_presses) == 3:
        raise ZeroDivisionError("a part of the agent failed")
    _press(pad, made)


if __name__ == "__main__":
    with mock.patch.object(Pad, "press", press):
        sys.exit(cli.main())
