"""`ratingpad` whose loop hangs at the third press while all its threads live.

python -m tests.rigs.pad.hanging_pad run --config FILE
"""

import itertools
import sys
import threading
from unittest import mock

from device import cli
from device.events import Press
from device.pad import Pad

_presses = itertools.count(1)
_press = Pad.press


def press(pad: Pad, made: Press) -> None:
    """As ever, twice."""
    if next(_presses) == 3:
        threading.Event().wait()
    _press(pad, made)


if __name__ == "__main__":
    with mock.patch.object(Pad, "press", press):
        sys.exit(cli.main())
