"""What an error of the operating system means: its words, its code, whose file it is about.

The one place that looks at errno. A full card, missing rights, a path that is not there and a card
that fails have different remedies, whichever call met them.
"""

import errno
import grp
import os
import pwd
import sqlite3
from pathlib import Path

from device.errors import LedgerError, PadCode

_CODES = {
    errno.ENOSPC: PadCode.LEDGER_FULL,
    errno.EDQUOT: PadCode.LEDGER_FULL,
    errno.EACCES: PadCode.RIGHTS_MISSING,
    errno.EPERM: PadCode.RIGHTS_MISSING,
    errno.ENOTDIR: PadCode.CONFIG_WRONG,
    errno.EISDIR: PadCode.CONFIG_WRONG,
    errno.EINVAL: PadCode.CONFIG_WRONG,
    errno.EFBIG: PadCode.CONFIG_WRONG,
    errno.EEXIST: PadCode.CONFIG_WRONG,
    errno.ELOOP: PadCode.CONFIG_WRONG,
    errno.ENAMETOOLONG: PadCode.CONFIG_WRONG,
}

_SQLITE_RIGHTS = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
"""How SQLite says that it may not open or write a file; it does not say which, nor why."""


def words(error: OSError) -> str:
    """The reason and the file, without a number: "No such file or directory: /x/ledger.db"."""
    says = error.strerror or str(error) or type(error).__name__
    if error.errno == errno.ELOOP:
        says = "a symbolic link, which is not followed here"
    return says if error.filename is None else f"{says}: {os.fsdecode(error.filename)}"


def code_of(error: OSError, otherwise: PadCode) -> PadCode:
    """The code by the error's errno: full, no rights, a path that is wrong; else `otherwise`."""
    return _CODES.get(error.errno or 0, otherwise)


def explain(error: OSError) -> str:
    """`words`, and where rights are missing whose the file is and how that is mended."""
    if code_of(error, PadCode.INTERNAL) is PadCode.RIGHTS_MISSING and error.filename is not None:
        return f"{words(error)}; {_whose(Path(os.fsdecode(error.filename)))}"
    return words(error)


def without_rights(error: sqlite3.Error, path: Path) -> str | None:
    """Where SQLite failed because a file at `path` belongs to another user: whose it is, and how
    that is mended. None for any other failure.
    """
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code not in _SQLITE_RIGHTS:
        return None
    for file in (path.parent, *(path.with_name(path.name + end) for end in ("", "-wal", "-shm"))):
        if file.exists() and not os.access(file, os.R_OK | os.W_OK, effective_ids=True):
            return _whose(file)
    return None


def refuse_root(ledger: Path) -> None:
    """Raises LedgerError (S02) when root is about to write into another user's ledger folder: the
    files that it makes there could not be opened by that user afterwards.
    """
    if os.geteuid() != 0:
        return
    for file in (ledger.parent, ledger):
        try:
            owner = file.stat().st_uid
        except OSError:
            continue
        if owner != 0:
            name = user_name(owner)
            raise LedgerError(
                f"{file} belongs to {name}, and this is root, whose files {name} could not open:"
                f" `systemctl start ratingpad`, or `sudo -u {name} ratingpad …`",
                PadCode.RIGHTS_MISSING,
            )


def user_name(uid: int) -> str:
    """The name of a user; the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    """The name of a group; the number where it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _whose(file: Path) -> str:
    """Who owns the file, or the nearest folder above it that can be looked at; and the command that
    gives the file or its own folder to the user of this process, never one further up.
    """
    for at in (file, *file.parents):
        try:
            found = at.stat()
        except OSError:
            continue
        break
    else:
        return f"this is the user {user_name(os.geteuid())}"
    me, mine = user_name(os.geteuid()), group_name(os.getegid())
    owner = f"{user_name(found.st_uid)}:{group_name(found.st_gid)}"
    says = f"{at} belongs to {owner} (mode {found.st_mode & 0o7777:o}), this is {me}"
    if at not in (file, file.parent):
        return f"{says}; let it pass to {file}, or put the file elsewhere"
    return f"{says}; as root: `chown -R {me}:{mine} {at}`"
