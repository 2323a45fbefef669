"""`ratingpad` whose commits are not synced (`PRAGMA synchronous=NORMAL`). A control.

python -m tests.rigs.pad.careless_pad run --config FILE
"""

import sqlite3
import sys

from device import cli
from device.ledger import file as ledger_file

_settle = ledger_file._settle


def careless(connection: sqlite3.Connection) -> None:
    """As ever, but without the sync of each commit."""
    _settle(connection)
    connection.execute("PRAGMA synchronous=NORMAL")


if __name__ == "__main__":
    ledger_file._settle = careless
    sys.exit(cli.main())
