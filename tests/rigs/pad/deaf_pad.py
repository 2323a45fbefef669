"""`ratingpad` with keys whose thread dies of the first press.

python -m tests.rigs.pad.deaf_pad run --config FILE
"""

import sys
from unittest import mock

from device import cli
from device.drivers.debounce import Debounce, Happening

_feed = Debounce.feed


def feed(debounce: Debounce, mono_ms: int, mask: int) -> list[Happening]:
    """As ever, until a key is down."""
    if mask:
        raise ZeroDivisionError("a part of the driver failed")
    return _feed(debounce, mono_ms, mask)


if __name__ == "__main__":
    with mock.patch.object(Debounce, "feed", feed):
        sys.exit(cli.main())
