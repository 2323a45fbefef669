"""Which entries of a ledger were carried over without proof? Reads only (decision 18)."""

from pathlib import Path
from typing import NamedTuple

from device.ledger.file import open_to_read
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
    found: Unproven | None = None
    with open_to_read(path) as connection:
        rows = connection.execute(
            "SELECT body FROM entry WHERE instr(body, ?) ORDER BY seq", (_MARK,)
        )
        for (raw,) in rows:
            body = read_body(raw)
            if isinstance(body, Salvaged) and body.unproven:
                before = found or Unproven(body.ledger, body.seq, 0)
                found = before._replace(entries=before.entries + 1)
    return found
