"""The entries of a file that SQLite cannot read, or not all of: what a salvage would find, and the
entries that the province has, too.

The index of what is found is in a folder for temporary files, never beside the ledger.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from device.errors import LedgerError, PadCode
from device.ledger.file import as_ledger_error, beside, exclude_agents
from device.ledger.records import PAGE_BYTES, records_in
from device.ledger.salvage import Carryover, carve
from device.ledger.wal import frames
from sync.entries import HashName
from sync.sentence import Sentence

UNKNOWN = "unknown"
"""The id of a ledger whose first entry is lost."""


@contextmanager
def carved(
    path: Path, progress: Callable[[float], None] = lambda _: None, after: int = 0
) -> Iterator[Carryover]:
    """What can be read in the file at `path` and in its WAL, from entry `after + 1` on. It takes a
    pass over the file before the first entry; no agent can open the ledger meanwhile.

    Raises LedgerError: L04 while an agent has it open, L06 when the file never was a ledger.
    """
    with tempfile.TemporaryDirectory(prefix="ratingpad-") as folder:
        reading = carve(
            path,
            ledger=UNKNOWN,
            hash_name=HashName.SHA256,
            base=Path(folder) / "index",
            source=b"",  # of this index there is no earlier one to compare with
            after=after,
            everything=True,
            progress=progress,
        )
        with (
            as_ledger_error(Sentence("reading {path}", path=path)),
            exclude_agents(path, together=True),
        ):
            found = reading.__enter__()
        try:
            if found.is_foreign:
                raise LedgerError(
                    Sentence("{file} is no ledger", file=path), PadCode.LEDGER_FOREIGN
                )
            yield found
        finally:
            reading.__exit__(None, None, None)


def wal_goes_on(path: Path, head: int) -> bool:
    """Whether the WAL holds records behind `head`, the last entry that SQLite reads: a commit that
    a power cut interrupted, or entries behind a damaged frame. False beside an agent, which reads
    all of its WAL. Raises LedgerError.
    """

    def empty(_: int) -> bytes:
        return bytes(PAGE_BYTES)  # a long record counts, whatever is on its other pages

    try:
        with (
            as_ledger_error(Sentence("reading {path}", path=path)),
            exclude_agents(path, together=True),
        ):
            wal = beside(path, "-wal")
            return any(True for f in frames(wal) for _ in records_in(f.page, empty, head))
    except LedgerError as error:
        if error.code is PadCode.LEDGER_IN_USE:
            return False
        raise
