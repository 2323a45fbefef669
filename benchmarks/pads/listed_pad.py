"""Commits ratings to a ledger that others list meanwhile, and says how long each took.

    python -m benchmarks.pads.listed_pad FOLDER PRESSES

Prints the milliseconds of each commit as JSON.
"""

import json
import sys
import time
from pathlib import Path

from tests.rigs.ledger.ledger_process import open_in, rated

BETWEEN_S = 0.01


def main(folder: Path, presses: int) -> None:
    """Open the ledger in `folder`, press, close."""
    ledger = open_in(folder)
    took_ms = []
    for number in range(presses):
        began_s = time.perf_counter()
        ledger.append(rated(number))
        took_ms.append((time.perf_counter() - began_s) * 1000)
        ledger.note_head()
        ledger.checkpoint_if_due()
        time.sleep(BETWEEN_S)
    ledger.close()
    print(json.dumps(took_ms))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
