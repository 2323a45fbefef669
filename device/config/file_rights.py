"""Whether the service may read the files that a configuration names, and nobody else its secrets.

`ratingpad check` is typed by root, who may read everything; the agent runs as a user of its own. So
owner, group and mode decide here, and not whether this process can open the file.
"""

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from device.config.config import Config
from device.config_errors import as_toml
from device.os_errors import SERVICE_USER
from sync.sentence import Sentence


class Reader(NamedTuple):
    """A user and all groups of that user."""

    name: str
    uid: int
    gids: frozenset[int]


def reader(name: str) -> Reader | None:
    """The user of this name; None when there is none on this machine."""
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        return None
    return Reader(name, user.pw_uid, frozenset(os.getgrouplist(name, user.pw_gid)))


def service_reader() -> Reader | None:
    """The service's user, when root asks and there is one; else the rights of this process hold."""
    return reader(SERVICE_USER) if os.geteuid() == 0 else None


def wrong_rights(config: Config, file: Path, user: Reader | None) -> list[str]:
    """A line for each file that `user` cannot read, and for each secret that everybody can read.
    `file`: of the configuration itself.
    """
    found: list[str] = []
    for name, path, is_secret in ((None, file, False), *_files(config)):
        where = "" if name is None else f"{name} = "
        try:
            mode = path.stat().st_mode
        except OSError:
            continue  # `load` has said so
        if is_secret and mode & stat.S_IROTH:
            found.append(
                Sentence(
                    "{where}{path}: mode {mode:o}, every user of this machine may read it:"
                    " `{command}`",
                    where=where,
                    path=as_toml(str(path)),
                    mode=mode & 0o777,
                    command=_mend(path, user),
                )
            )
        elif user is not None and (closed := _closed(path, user)) is not None:
            found.append(
                Sentence(
                    "{where}{path}: the service's user {user} cannot read it ({closed}): {remedy}",
                    where=where,
                    path=as_toml(str(path)),
                    user=user.name,
                    closed=closed,
                    remedy=_remedy(path, user),
                )
            )
    return found


def closed_path(path: Path, user: Reader) -> Path:
    """The first part of the path that the user may not pass or read."""
    for part in (*reversed(path.resolve().parents), path.resolve()):
        wanted = 0o4 if part == path.resolve() else 0o1
        if not _may(part, user, wanted):
            return part
    return path


def _closed(path: Path, user: Reader) -> str | None:
    """What keeps the user from reading; None when nothing does."""
    part = closed_path(path, user)
    wanted = 0o4 if part == path.resolve() else 0o1
    if _may(part, user, wanted):
        return None
    found = part.stat()
    return Sentence(
        "{file} is {owner} {mode:o}",
        file=part,
        owner=_owner(found),
        mode=found.st_mode & 0o777,
    )


def _may(part: Path, user: Reader, wanted: int) -> bool:
    """Whether the user may read (4) or pass (1) this file or folder: the first of owner, group and
    others that fits decides alone (path_resolution(7)).
    """
    found = part.stat()
    if user.uid == 0:
        return True
    if found.st_uid == user.uid:
        return bool(found.st_mode >> 6 & wanted)
    if found.st_gid in user.gids:
        return bool(found.st_mode >> 3 & wanted)
    return bool(found.st_mode & wanted)


def _remedy(path: Path, user: Reader) -> str:
    """What lets the user read the file; no command for a folder that has more than the pad's."""
    part = closed_path(path, user)
    homes = {Path(entry.pw_dir).resolve() for entry in pwd.getpwall()}
    folder = path.resolve().parent
    if part == path.resolve() or (part == folder and part not in homes and len(part.parts) > 2):
        return f"`{_mend(part, user)}`"
    return Sentence(
        "move it to a folder that {user} may enter, such as /etc/ratingpad", user=user.name
    )


def _mend(path: Path, user: Reader | None) -> str:
    group = user.name if user is not None else SERVICE_USER
    mode = "750" if path.is_dir() else "640"
    quoted = shlex.quote(str(path))
    return f"chgrp {group} {quoted} && chmod {mode} {quoted}"


def _owner(found: os.stat_result) -> str:
    names = []
    for number, find in ((found.st_uid, pwd.getpwuid), (found.st_gid, grp.getgrgid)):
        try:
            names.append(find(number)[0])
        except KeyError:
            names.append(str(number))
    return ":".join(names)


def _files(config: Config) -> Iterator[tuple[str, Path, bool]]:
    """The files that the agent reads: the key that names each, and whether it is a secret."""
    desk, touch = config.desk, config.touch
    if desk is not None:
        yield "desk.token_file", desk.token_file, True
        if desk.plugin_token_file is not None:
            yield "desk.plugin_token_file", desk.plugin_token_file, True
        if desk.certificate is not None:
            yield "desk.certificate", desk.certificate, desk.certificate_key is None
        if desk.certificate_key is not None:
            yield "desk.certificate_key", desk.certificate_key, True
    if config.phone.key_file is not None:
        yield "phone.key_file", config.phone.key_file, True
    if touch is not None and touch.card is not None and touch.card.photo is not None:
        yield "touch.card.photo", touch.card.photo, False
