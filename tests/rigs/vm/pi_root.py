"""The root file system of a 64-bit Pi, unpacked from packages: Debian's Python and PyPI's wheels.

Nothing foreign is run here: packages are unpacked, and pip chooses the very wheels that it would
choose on a Pi with Debian's Python. What has no wheel there (evdev) is Debian's package.
"""

import configparser
import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

from rigs.vm.archive import Archive, progress, unpack
from rigs.vm.kernel import CACHE

ROOT = Path(__file__).parents[3]

PACKAGES = ("python3", "python3-evdev", "coreutils", "dash", "libstdc++6", "tzdata", "netbase")
EXTRAS = ("pad", "serial", "oled", "lgpio")
"""What docs/operations.md has a Pi with keys on its pins install."""
FOR_TESTS = ("pytest", "pytest-timeout", "httpx")
OLDEST_GLIBC, GLIBC = 17, 36
"""Debian 12 has glibc 2.36; wheels made for any version from 2.17 on run on it."""
PYTHON = "3.11"


def prepare_root() -> Path:
    """The directory, from the cache when it was made for the same requirements."""
    folder = CACHE / "arm64"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "root.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_for, wanted = folder / "root.ready", "\n".join([*PACKAGES, *requirements()])
        if not made_for.exists() or made_for.read_text() != wanted:
            shutil.rmtree(folder / "root", ignore_errors=True)
            _unpack_packages(folder)
            _install_wheels(folder)
            made_for.write_text(wanted)
    return folder / "root"


def requirements() -> list[str]:
    """What the project asks for, and what its tests need besides."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    extras = settings["options.extras_require"]
    listed = [settings["options"]["install_requires"], *(extras[name] for name in EXTRAS)]
    lines = [line for text in listed for line in text.splitlines() if line]
    return [*lines, *FOR_TESTS]


def _unpack_packages(folder: Path) -> None:
    archive = Archive("arm64", CACHE)
    archive.refresh()
    with progress(f"a root for arm64: {', '.join(PACKAGES)}"):
        names = archive.all_depends(*PACKAGES)
        for deb in archive.download(folder / "root-debs", *names):
            unpack(deb, folder / "root")
        shutil.rmtree(folder / "root-debs")
    (folder / "root/etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")


def _install_wheels(folder: Path) -> None:
    asked = folder / "requirements.txt"
    asked.write_text("\n".join(requirements()) + "\n")
    platforms = [f"manylinux_2_{minor}_aarch64" for minor in range(GLIBC, OLDEST_GLIBC - 1, -1)]
    with progress("PyPI's wheels for arm64"):
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"),
                *(f"--target={folder / 'root'}/usr/local/lib/python{PYTHON}/dist-packages",),
                *("--implementation=cp", f"--python-version={PYTHON}", "--only-binary=:all:"),
                *(f"--platform={name}" for name in [*platforms, "manylinux2014_aarch64"]),
                *("-r", str(asked)),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
        )
