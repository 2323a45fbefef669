"""`ratingpad-province receive` that dies between the commit and the receipt.

    python -m tests.rigs.province.dying_receiver TAKES --store URL --broker URL

Its store commits; after the `TAKES`-th group with batches in it the process kills itself
before `take` returns.
"""

import os
import signal
import sys
from collections.abc import Sequence
from unittest import mock

from province import cli
from province.store import ProvinceStore
from sync.messages import Receipt
from sync.store_port import Arrival, Told, Unkept

_take = ProvinceStore.take
_left = int(sys.argv[1])


def take_and_die(
    store: ProvinceStore,
    arrivals: Sequence[Arrival],
    told: Sequence[Told] = (),
    unkept: Sequence[Unkept] = (),
) -> list[Receipt]:
    """Commit; for the last group die before the receipts are sent."""
    global _left  # noqa: PLW0603 -- one process, one count
    receipts = _take(store, arrivals, told, unkept)
    if not arrivals:
        return receipts
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return receipts


if __name__ == "__main__":
    with mock.patch.object(ProvinceStore, "take", take_and_die):
        sys.exit(cli.main(["receive", *sys.argv[2:]]))
