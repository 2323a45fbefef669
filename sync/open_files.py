"""Whether files that SQLite has open are still at their paths.

A file that is removed, renamed or replaced stays writable through its open descriptor, and all that
is written then is gone at the next start. SQLite does not notice it in WAL mode.
"""

from pathlib import Path


class OpenFiles:
    """A database's file and its WAL, as they are on the disk now. To be made while SQLite has them
    open, and after it has made the WAL. Used by one thread at a time.
    """

    def __init__(self, database: Path) -> None:
        wal = database.with_name(database.name + "-wal")
        self._known = {path: _identity(path) for path in (database, wal)}

    def displaced(self) -> str | None:
        """What is wrong with the first file that is not at its path any more; None while all are.
        Costs one stat(2) for each file.
        """
        for path, known in self._known.items():
            now = _identity(path)
            if now != known:
                return f"{path} was {'removed' if now is None else 'replaced'} while it was in use"
        return None


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode; None when there is no such file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino
