"""A real, throw-away PostgreSQL: its own cluster in a temporary directory, fsync on.

`find_bin()` says where the server's executables are (Debian keeps them off PATH); None means that
there is none and why is printed by the tests that skip. A server refuses to run as root, so under
root it runs as the user `postgres`.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

MISSING = "no PostgreSQL server (Debian package postgresql)"


def find_bin() -> Path | None:
    """The directory with `initdb` and `postgres`, the newest version of several."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    usable = [path for path in found if (path / "initdb").exists() and (path / "postgres").exists()]
    return usable[-1] if usable else None


def _as_server_user(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]


class PostgresCluster:
    """A running server. `url(database)` for SQLAlchemy; `create(database)` makes an empty one."""

    def __init__(self, directory: Path, binaries: Path, *options: str) -> None:
        self.directory = directory
        self._binaries = binaries
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self) -> None:
        """Start the server; returns once it answers."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                _as_server_user(
                    [
                        str(self._binaries / "postgres"),
                        *("-D", str(self.directory / "data")),
                        *("-k", str(self.directory)),
                        *("-h", "127.0.0.1", "-p", str(self.port)),
                        *self._options,
                    ]
                ),
                stdout=log,
                stderr=log,
                cwd=self.directory,
            )
        until(self._answers, 30, "PostgreSQL answers")

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise AssertionError((self.directory / "log").read_text())
        asked = subprocess.run(
            [self._binaries / "pg_isready", "-q", "-h", str(self.directory), "-p", str(self.port)],
            check=False,
        )
        return asked.returncode == 0

    def kill(self) -> None:
        """End the server as a crash does (immediate shutdown, recovery at the next start)."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End the server in order (fast shutdown)."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def create(self, database: str, encoding: str = "UTF8") -> str:
        """Create an empty database and give its URL. Another encoding gets the locale C."""
        locale = [] if encoding == "UTF8" else ["--locale=C"]
        subprocess.run(
            _as_server_user(
                [
                    str(self._binaries / "createdb"),
                    *("-h", str(self.directory), "-p", str(self.port)),
                    *("-U", "postgres", "-T", "template0", "-E", encoding, *locale, database),
                ]
            ),
            check=True,
            cwd=self.directory,
        )
        return self.url(database)

    def url(self, database: str) -> str:
        """The URL of `database`, over loopback (no password: the cluster trusts this machine)."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


@contextmanager
def cluster(*options: str) -> Iterator[PostgresCluster]:
    """A fresh cluster, removed afterwards. `options`: further ones for `postgres`."""
    binaries = find_bin()
    if binaries is None:
        raise LookupError(MISSING)
    directory = Path(tempfile.mkdtemp(prefix="rp-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
        subprocess.run(
            _as_server_user(
                [
                    str(binaries / "initdb"),
                    *("-D", str(directory / "data"), "-U", "postgres", "-A", "trust"),
                    *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
                ]
            ),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=directory,
        )
        server = PostgresCluster(directory, binaries, *options)
        try:
            server.start()
            yield server
        finally:
            server.kill()  # what it would flush in order is removed anyway
    finally:
        shutil.rmtree(directory, ignore_errors=True)
