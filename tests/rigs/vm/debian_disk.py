"""Disks with Debian as apt installs it, made once by mmdebstrap and kept in `.cache/vm`."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from tests.rigs.vm.archive import output_of, progress

BARE = "for one in proc sys dev; do umount --recursive $0/$one || true; done"
"""What hooks have mounted there belongs to no disk."""


def sources(suite: str) -> tuple[str, ...]:
    """The lines of sources.list."""
    return (
        f"deb http://deb.debian.org/debian {suite} main",
        f"deb http://deb.debian.org/debian {suite}-updates main",
        f"deb http://deb.debian.org/debian-security {suite}-security main",
    )


@contextlib.contextmanager
def kept(folder: Path, recipe: str) -> Iterator[bool]:
    """Whether `disk` in this folder was made of another recipe, and is to be made in the block.

    One process at a time is in the block. When it raises, the next one makes the disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_of = folder / "ready"
        stale = not made_of.exists() or made_of.read_text() != recipe
        if stale:
            made_of.unlink(missing_ok=True)
            (folder / "disk").unlink(missing_ok=True)
        yield stale
        made_of.write_text(recipe)


def image_hook(folder: Path, size: str) -> str:
    """The last hook of mmdebstrap: an ext4 image, `disk` in `folder`, of what was installed.

    It is a file with holes: it takes what is in it.
    """
    image = f"mke2fs -q -t ext4 -d $0 {folder}/disk {size}"
    return f"unshare --mount sh -c '{BARE}; {image}' \"$1\""


def debootstrap(folder: Path, suite: str, packages: tuple[str, ...], hooks: list[str]) -> None:
    """Install Debian with these packages, and run mmdebstrap's hooks in `folder`."""
    with progress(f"Debian {suite} with {' '.join(packages)}"):
        output_of(
            [
                *("mmdebstrap", "--variant=important", "--format=null"),
                f"--include={','.join(packages)}",
                *(f"--customize-hook={hook}" for hook in hooks),
                *(suite, "/dev/null", *sources(suite)),
            ],
            folder,
        )
