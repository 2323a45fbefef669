"""A card that can be full: a small tmpfs, where the tests may mount one."""

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FILLER = "filler"


@contextmanager
def small_disk(size_kb: int = 512) -> Iterator[Path]:
    """A file system of so many KB; skips the test where it may not be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="rp-card-"))
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "ratingpad-test", str(folder)],
            check=False,
            capture_output=True,
        ).returncode
    )
    try:
        if not mounted:
            pytest.skip("a full card needs root, to mount a small tmpfs")
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def fill(card: Path) -> None:
    """Leave no free page."""
    with (card / FILLER).open("ab", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                return


def free(card: Path) -> None:
    """Give the space back."""
    (card / FILLER).unlink()
