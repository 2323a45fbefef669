"""Who listens on a TCP port of this machine, from /proc (proc(5)); Linux only."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

LISTEN = "0A"
"""A socket's state in /proc/net/tcp."""


def port_holder(port: int, proc: Path = Path("/proc")) -> str:
    """In words: "python3 (process 4242) has it", or how to find out where this user may not see
    it. Reads one link for each open file of each process.
    """
    sockets = {f"socket:[{inode}]" for inode in _inodes(port, proc)}
    for process in proc.glob("[0-9]*") if sockets else ():
        with contextlib.suppress(OSError):  # another user's process, or one that has just ended
            if sockets & set(_open_files(process)):
                return f"{_name(process)} (process {process.name}) has it"
    return f"to see who has it, as root: `ss -ltnp 'sport = :{port}'`"


def _open_files(process: Path) -> Iterator[str]:
    for link in (process / "fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            yield str(link.readlink())


def _name(process: Path) -> str:
    return (process / "comm").read_text("utf-8", "replace").strip()


def _inodes(port: int, proc: Path) -> list[str]:
    """The inodes of the sockets that listen on the port."""
    found = []
    for table in ("tcp", "tcp6"):
        try:
            rows = (proc / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.append(fields[9])
    return found
