"""Reading a file whose path somebody configured, or that others may put there.

A named pipe or a device in its place would block `open` or never end. So it must be a regular file,
and no longer than what its reader expects.
"""

import errno
import os
import stat
from pathlib import Path

from sync.sentence import Sentence

TEXT_MAX_BYTES = 1 << 20
"""The longest configuration, key or token file that is read."""


def open_regular(path: Path) -> int:
    """A descriptor to read the file at `path` from; it follows links, and never blocks. Raises
    OSError, with EINVAL for what is no regular file.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _refuse_other_kinds(os.fstat(fd), path)
    except OSError:
        os.close(fd)
        raise
    return fd


def check_regular(path: Path) -> None:
    """Raises OSError, as `open_regular` does, unless a regular file is there. Opens nothing:
    closing a descriptor would drop this process's locks on the file (POSIX fcntl locks).
    """
    _refuse_other_kinds(path.stat(), path)


def read_regular(path: Path, max_bytes: int = TEXT_MAX_BYTES) -> bytes:
    """What is in the file at `path`. Raises OSError, with EFBIG for a longer one than that."""
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(
            errno.EFBIG, Sentence("longer than {count} bytes", count=max_bytes), str(path)
        )
    return content


def read_regular_text(path: Path, max_bytes: int = TEXT_MAX_BYTES) -> str:
    """The same as text: UTF-8, with a byte order mark or without. May raise UnicodeDecodeError."""
    return read_regular(path, max_bytes).decode("utf-8-sig")


def _refuse_other_kinds(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        says = Sentence("not a regular file but a pipe, a socket or a device")
        raise OSError(errno.EINVAL, says, str(path))
