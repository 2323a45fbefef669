"""`ratingpad` on a card that hangs: the first press is never written.

python -m tests.rigs.pad.slow_pad run --config FILE
"""

import sys
import threading
from unittest import mock

from device import cli
from device.ledger.ledger import Ledger
from sync.entries import Body, Entry, Strayed

_append = Ledger.append


def append(ledger: Ledger, body: Body) -> Entry:
    """As ever, but a stray press waits for ever."""
    if isinstance(body, Strayed):
        threading.Event().wait()
    return _append(ledger, body)


if __name__ == "__main__":
    with mock.patch.object(Ledger, "append", append):
        sys.exit(cli.main())
