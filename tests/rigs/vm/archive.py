"""Packages from Debian's archive, fetched and unpacked without being installed.

The host's sources and keys are used, but apt's state is in our cache: nothing of the host
changes, root is not needed, and another architecture can be asked for.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

LISTS_LAST_S = 24 * 3600
"""How long a downloaded list of the archive is good for; the kernel moves every few weeks."""


class Archive:
    """Debian's archive as seen by one architecture, for example `amd64` or `arm64`."""

    def __init__(self, architecture: str, cache: Path) -> None:
        self.architecture = architecture
        self._folder = cache / "apt" / architecture
        state, debs = self._folder / "state", self._folder / "cache"
        settings = {
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "Dir::State": state,
            "Dir::State::Status": state / "status",
            "Dir::Cache": debs,
            "APT::Sandbox::User": "",  # it is our folder, and `_apt` may not write there
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        self._options = [f"-o{name}={value}" for name, value in settings.items()]
        self._options.append("-oAPT::Architectures::=" + architecture)

    def _apt(self, *command: str, cwd: Path | None = None) -> str:
        return output_of([command[0], *self._options, *command[1:]], cwd or self._folder)

    def refresh(self) -> None:
        """Have lists that are not older than a day."""
        stamp = self._folder / "refreshed"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_LAST_S:
            return
        for name in ("state/lists/partial", "cache/archives/partial"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "state/status").touch()
        with progress(f"the archive's lists for {self.architecture}"):
            self._apt("apt-get", "-qq", "update")
        stamp.touch()

    def depends(self, package: str) -> list[str]:
        """The dependencies of a package, first alternatives only."""
        said = self._apt("apt-cache", "depends", "--no-recommends", "--no-suggests", package)
        rows = (line.strip().partition("Depends: ") for line in said.splitlines())
        return [
            name.strip("<>") for mark, is_dependency, name in rows if is_dependency and not mark
        ]

    def all_depends(self, *packages: str) -> list[str]:
        """The packages and all their dependencies, as apt would install them on an empty system."""
        said = self._apt(
            *("apt-get", "-qq", "--simulate", "--no-install-recommends", "install"), *packages
        )
        return [line.split()[1] for line in said.splitlines() if line.startswith("Inst ")]

    def download(self, folder: Path, *packages: str) -> list[Path]:
        """Fetch packages into a folder; those that are there already are not fetched again."""
        folder.mkdir(parents=True, exist_ok=True)
        self._apt("apt-get", "-qq", "download", *packages, cwd=folder)
        return [self._newest(folder, package.partition(":")[0]) for package in packages]

    @staticmethod
    def _newest(folder: Path, package: str) -> Path:
        found = sorted(folder.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)
        return found[-1]


def unpack(deb: Path, folder: Path) -> None:
    """The files of a package, without its scripts."""
    folder.mkdir(parents=True, exist_ok=True)
    output_of(["dpkg-deb", "--extract", str(deb), str(folder)], folder)


def output_of(command: list[str], cwd: Path) -> str:
    """The output of a command; RuntimeError with all of it when it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on the terminal what is being waited for, and how long it took."""
    since = time.monotonic()
    print(f"-- {what} ...", end="", flush=True)
    yield
    print(f" {time.monotonic() - since:.1f} s", flush=True)
