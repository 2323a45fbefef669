"""Installs the peers on demand: thingsboard-gateway into a venv of its own, mosquitto by apt."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.scratch import BenchError

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "peers"
THINGSBOARD = CACHE / "thingsboard"
"""The peer's own environment: none of its twenty dependencies reaches ours."""
THINGSBOARD_REQUIREMENT = "thingsboard-gateway>=3.8,<4"


def thingsboard_python() -> Path | None:
    """The interpreter that can import thingsboard-gateway, or None while it is not installed."""
    python = THINGSBOARD / "bin" / "python"
    return python if (THINGSBOARD / "bin" / "thingsboard-gateway").exists() else None


def install_thingsboard() -> Path:
    """Install thingsboard-gateway (about 15 s) unless it is there; its interpreter."""
    python = thingsboard_python()
    if python is None:
        CACHE.mkdir(parents=True, exist_ok=True)
        venv.create(THINGSBOARD, with_pip=True, clear=True)
        python = THINGSBOARD / "bin" / "python"
        command = [str(python), "-m", "pip", "install", "-q", THINGSBOARD_REQUIREMENT]
        if subprocess.run(command, timeout=600, check=False).returncode:
            raise BenchError(f"{THINGSBOARD_REQUIREMENT} could not be installed")
    return python


def install_debian(program: str, package: str) -> None:
    """Make sure `program` exists; by apt when this process may, else say what to type."""
    if find_program(program):
        return
    if os.geteuid() != 0:
        raise BenchError(f"{program} is missing: sudo apt-get install -y {package}")
    command = ["apt-get", "install", "-y", "-q", package]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(command, env=quiet, timeout=600, check=False).returncode:
        raise BenchError(f"{package} could not be installed")


def find_program(program: str) -> str | None:
    """The full path of a Debian program; /usr/sbin is searched too, where brokers live."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def main() -> int:
    """`python -m benchmarks.peers.install`."""
    try:
        print(f"thingsboard-gateway: {install_thingsboard()}")
        for program, package in (("mosquitto", "mosquitto"), ("strace", "strace")):
            install_debian(program, package)
            print(f"{program}: {find_program(program)}")
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
