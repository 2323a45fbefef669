"""PyPI's wheels for Debian 12's Python, chosen as pip chooses them there, in a folder."""

import configparser
import subprocess
import sys
from pathlib import Path

from tests.rigs.vm.archive import progress

ROOT = Path(__file__).parents[3]

OLDEST_GLIBC, GLIBC = 17, 36
"""Debian 12 has glibc 2.36; wheels made for any version from 2.17 on run on it."""
PYTHON = "3.11"


def requirements(*extras: str) -> list[str]:
    """What the project asks for, with these extras."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    offered = settings["options.extras_require"]
    listed = [settings["options"]["install_requires"], *(offered[name] for name in extras)]
    return [line for text in listed for line in text.splitlines() if line]


def install(folder: Path, machine: str, wanted: list[str]) -> None:
    """Put what is wanted into `folder`, for one `uname -m`; nothing of it is run here."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = folder.with_name(f"{folder.name}.asked")
    asked.write_text("\n".join(wanted) + "\n")
    glibcs = range(GLIBC, OLDEST_GLIBC - 1, -1)
    made_for = [*(f"manylinux_2_{minor}" for minor in glibcs), "manylinux2014"]
    with progress(f"PyPI's wheels for {machine}"):
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"),
                *(f"--target={folder}", "--implementation=cp", f"--python-version={PYTHON}"),
                *("--only-binary=:all:", *(f"--platform={name}_{machine}" for name in made_for)),
                *("-r", str(asked)),
            ],
            check=True,
            stdin=subprocess.DEVNULL,
        )
    asked.unlink()
