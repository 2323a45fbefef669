"""Opens a ledger and says how long it took and how much memory: a process of its own.

    python -m benchmarks.pads.salvage_pad FOLDER

The peak is counted above what the same process has reached with an empty ledger.
"""

import json
import sys
import time
from pathlib import Path

from device.ledger.startup_state import read_startup_state
from tests.rigs.ledger.ledger_process import open_in


def peak_kib() -> int:
    """The highest resident memory of this process so far."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main(folder: Path) -> None:
    """Open the ledger in `folder`; print the result as JSON."""
    small = folder / "small"
    small.mkdir(exist_ok=True)
    with_empty = open_in(small)
    read_startup_state(with_empty)
    with_empty.close()
    before_kib = peak_kib()
    began_s = time.perf_counter()
    ledger = open_in(folder)
    read_startup_state(ledger)
    took_s = time.perf_counter() - began_s
    found = {
        "seconds": took_s,
        "kib": peak_kib() - before_kib,
        "salvaged": ledger.opened_because is not None,
        "head": ledger.head[0],
    }
    ledger.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
