"""Keys of a board, told on stdout: `python -m tests.rigs.vm.print_keys PROFILE KEYS_TABLE_AS_JSON`.

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


def tell(**what: object) -> None:
    print(json.dumps(what), flush=True)


def told_press(press: Press) -> None:
    tell(key=press.key, level=press.level and press.level.value)


def told_fault(report: FaultReport) -> None:
    tell(fault=report.code.code, standing=report.standing)


def main() -> None:
    profile, table = sys.argv[1:]
    board = build_board(load_profile(profile), {"keys": json.loads(table)})
    board.keys.start(told_press, told_fault)
    tell(started=True)
    signal.pause()


if __name__ == "__main__":
    main()
