"""What an error of the operating system means: its words, its code, whose file it is about.

The one place that looks at errno. A full card, missing rights, a path that is not there and a card
that fails have different remedies, whichever call met them.
"""

import errno
import grp
import os
import pwd
import shlex
import sqlite3
from pathlib import Path

from device.errors import LedgerError, PadCode
from sync.sentence import Sentence
from sync.system_reasons import reason

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

SERVICE_USER = "ratingpad"
"""Whom the unit runs the agent as."""

_SQLITE_RIGHTS = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
"""How SQLite says that it may not open or write a file; it does not say which, nor why."""


def words(error: OSError) -> Sentence:
    """The reason and the file, without a number: "No such file or directory: /x/ledger.db"."""
    says = reason(error)
    if error.errno == errno.ELOOP:
        says = Sentence("a symbolic link, which is not followed here")
    if error.filename is None:
        return says
    return Sentence("{reason}: {file}", reason=says, file=os.fsdecode(error.filename))


def code_of(error: OSError, otherwise: PadCode) -> PadCode:
    """The code by the error's errno: full, no rights, a path that is wrong; else `otherwise`."""
    return _CODES.get(error.errno or 0, otherwise)


def explain(error: OSError, ledger: Path | None = None) -> Sentence:
    """`words`, and where rights are missing whose the file is. `ledger`: of an error about the
    pad's own ledger; only then what gives it to the right user.
    """
    if code_of(error, PadCode.INTERNAL) is PadCode.RIGHTS_MISSING and error.filename is not None:
        whose = _whose(Path(os.fsdecode(error.filename)), ledger)
        return Sentence.joined("; ", (words(error), whose))
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
            return _whose(file, path)
    return None


def missing_folder(ledger: Path) -> str | None:
    """That the ledger's folder is not there, and what to do; None when there is one. The folder is
    never made here: where a card is mounted later, entries would be hidden below it.
    """
    folder = ledger.parent
    if folder.is_dir():
        return None
    if os.path.lexists(folder):
        return Sentence(
            "the folder of `[ledger] path`, {folder}, is no folder: correct the path or make the"
            " folder",
            folder=folder,
        )
    return Sentence(
        "the folder of `[ledger] path`, {folder}, is not there: correct the path or make the"
        " folder",
        folder=folder,
    )


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
                Sentence(
                    "{file} belongs to {name}, and this is root, whose files {name} could not open:"
                    " `systemctl start ratingpad`, or `sudo -u {name} ratingpad …`",
                    file=file,
                    name=name,
                ),
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


def _whose(file: Path, ledger: Path | None) -> Sentence:
    """Who owns the file, or the nearest folder above it that can be looked at; for a file of the
    ledger also what to do.
    """
    for at in (file, *file.parents):
        try:
            found = at.stat()
        except OSError:
            continue
        break
    else:
        return Sentence("this is the user {user}", user=user_name(os.geteuid()))
    owner = f"{user_name(found.st_uid)}:{group_name(found.st_gid)}"
    mode, me = found.st_mode & 0o7777, user_name(os.geteuid())
    says = Sentence(
        "{file} belongs to {owner} (mode {mode:o}), this is {user}",
        file=at,
        owner=owner,
        mode=mode,
        user=me,
    )
    if ledger is None:
        return says
    return Sentence.joined("; ", (says, _ledger_remedy(at, found.st_uid, ledger)))


def _ledger_remedy(at: Path, owner: int, ledger: Path) -> Sentence:
    """What to do about the ledger's file or folder `at`, which this process may not write. Never a
    command that gives away what holds more than the ledger.
    """
    me, folder = os.geteuid(), ledger.parent
    service = _uid_of(SERVICE_USER)
    belongs = at == folder or (at.parent == folder and _is_of(at, ledger))
    if belongs and (owner != 0 if service is None else me != service):
        user = user_name(owner) if service is None else SERVICE_USER
        return Sentence(
            "run it as {user} (`sudo -u {user} ratingpad …`), or give another `[ledger] path`",
            user=user,
        )
    give = f"chown -R {user_name(me)}:{group_name(os.getegid())}"
    if belongs and _is_own_folder(folder, ledger):
        return Sentence("as root: `{command}`", command=f"{give} {shlex.quote(str(folder))}")
    if belongs and at != folder:
        files = f"{shlex.quote(str(folder / ledger.stem))}.*"
        return Sentence("as root: `{command}`", command=f"{give} {files}")
    return Sentence(
        "give the ledger a folder of its own, such as {folder}", folder=f"/var/lib/{SERVICE_USER}"
    )


def _is_of(file: Path, ledger: Path) -> bool:
    """Whether it is the ledger or one of the files beside it that are named after it."""
    return file.name.startswith(f"{ledger.stem}.")


def _is_own_folder(folder: Path, ledger: Path) -> bool:
    """Whether the folder is the unit's, or has nothing but the ledger and the files beside it."""
    if folder.name == SERVICE_USER and folder.is_relative_to("/var/lib"):
        return True
    try:
        names = list(folder.iterdir())
    except OSError:
        return False
    return bool(names) and all(_is_of(name, ledger) and not name.is_dir() for name in names)


def _uid_of(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
