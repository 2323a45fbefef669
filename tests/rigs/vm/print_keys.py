"""Prints the presses and faults of a board's keys.

    python -m tests.rigs.vm.print_keys PROFILE KEYS_TABLE_AS_JSON

One JSON object a line: `{"key": ..., "level": ...}` for a press, `{"fault": ..., "standing": ...}`
for a fault. Ends when it is killed.
"""

import json
import signal
import sys

from device.board.profile import load_profile
from device.drivers.registry import build_board
from device.events import Press
from device.ports import FaultReport


def write(**what: object) -> None:
    print(json.dumps(what), flush=True)


def write_press(press: Press) -> None:
    write(key=press.key, level=press.level and press.level.value)


def write_fault(report: FaultReport) -> None:
    write(fault=report.code.code, standing=report.broken)


def main() -> None:
    profile, table = sys.argv[1:]
    board = build_board(load_profile(profile), {"keys": json.loads(table)})
    board.keys.start(write_press, write_fault)
    write(started=True)
    signal.pause()


if __name__ == "__main__":
    main()
