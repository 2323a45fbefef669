"""`ratingpad` that tells on SIGUSR1 what a collection of garbage would have to look through.

python -m tests.rigs.pad.counting_pad run --config FILE
"""

import gc
import signal
import sys

from device import cli

COLLECTS = "a collection looks at"


def tell(*_: object) -> None:
    """One line in the log: looked at, and kept out of it."""
    print(f"{COLLECTS} {len(gc.get_objects())} of", gc.get_freeze_count(), file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, tell)
    sys.exit(cli.main())
