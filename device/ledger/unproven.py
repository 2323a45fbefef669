"""Which entries of a ledger were carried over without proof? Reads only (decision 18)."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from device.errors import LedgerError, PadCode
from device.ledger.file import (
    as_ledger_error,
    connect_alone,
    connect_beside_agent,
    exclude_agents,
)
from sync.entries import Salvaged, read_body

_MARK = b'"unproven":true'
"""What the canonical bytes of such an entry hold."""


class Unproven(NamedTuple):
    """`entries` of them; the first was entry `seq` of `ledger`."""

    ledger: str
    seq: int
    entries: int


def find_unproven(path: Path) -> Unproven | None:
    """None where there are none. Raises LedgerError (L01)."""
    with as_ledger_error(f"reading {path}"):
        try:
            with exclude_agents(path, together=True):
                return _find(connect_alone(path))
        except LedgerError as error:
            if error.code is not PadCode.LEDGER_IN_USE:
                raise
            return _find(connect_beside_agent(path))


def _find(connection: sqlite3.Connection) -> Unproven | None:
    found: Unproven | None = None
    with closing(connection):
        rows = connection.execute(
            "SELECT body FROM entry WHERE instr(body, ?) ORDER BY seq", (_MARK,)
        )
        for (raw,) in rows:
            body = read_body(raw)
            if isinstance(body, Salvaged) and body.unproven:
                before = found or Unproven(body.ledger, body.seq, 0)
                found = before._replace(entries=before.entries + 1)
    return found
