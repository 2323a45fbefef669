"""The root file system of a 64-bit Pi, unpacked from packages: Debian's Python and PyPI's wheels.

Nothing foreign is run here: packages are unpacked, and pip chooses the very wheels that it would
choose on a Pi with Debian's Python. What has no wheel there (evdev) is Debian's package.
"""

import fcntl
import shutil
from pathlib import Path

from tests.rigs.vm.archive import Archive, progress, unpack
from tests.rigs.vm.kernel import CACHE
from tests.rigs.vm.wheels import PYTHON, install, requirements

PACKAGES = ("python3", "python3-evdev", "coreutils", "dash", "libstdc++6", "tzdata", "netbase")
EXTRAS = ("pad", "serial", "oled", "lgpio")
"""What docs/operations.md has a Pi with keys on its pins install."""
FOR_TESTS = ("pytest", "pytest-timeout", "httpx")


def prepare_root() -> Path:
    """The directory, from the cache when it was made for the same requirements."""
    folder = CACHE / "arm64"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "root.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_for, wanted = folder / "root.ready", "\n".join([*PACKAGES, *_wanted()])
        if not made_for.exists() or made_for.read_text() != wanted:
            shutil.rmtree(folder / "root", ignore_errors=True)
            _unpack_packages(folder)
            place = folder / "root" / f"usr/local/lib/python{PYTHON}/dist-packages"
            install(place, "aarch64", _wanted())
            made_for.write_text(wanted)
    return folder / "root"


def _wanted() -> list[str]:
    """What the project asks for, and what its tests need besides."""
    return [*requirements(*EXTRAS), *FOR_TESTS]


def _unpack_packages(folder: Path) -> None:
    archive = Archive("arm64", CACHE)
    archive.refresh()
    with progress(f"a root for arm64: {', '.join(PACKAGES)}"):
        names = archive.all_depends(*PACKAGES)
        for deb in archive.download(folder / "root-debs", *names):
            unpack(deb, folder / "root")
        shutil.rmtree(folder / "root-debs")
    (folder / "root/etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
