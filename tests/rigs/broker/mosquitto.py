"""A real mosquitto on a free loopback port, that can be stopped, killed and started again."""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.mqtt import BrokerAddress
from tests.rigs.time.wait import until

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
persistence false
log_dest file {log}
log_type error
log_type warning
"""


def mosquitto() -> str:
    """The mosquitto executable; a test that needs one is marked `broker`."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found is None:
        raise LookupError("no mosquitto (Debian package mosquitto)")
    return found


def free_port() -> int:
    """A TCP port on loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class Broker:
    """One mosquitto process; the port and the folder stay the same over restarts."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.address = BrokerAddress("127.0.0.1", port or free_port())
        self.folder = folder
        self.log = folder / "mosquitto.log"
        self._config = folder / "mosquitto.conf"
        self._config.write_text(CONFIG.format(port=self.address.port, log=self.log))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> "Broker":
        """Start and wait until it listens."""
        self._process = subprocess.Popen(
            [mosquitto(), "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.listens, 10, "mosquitto listens")
        return self

    def listens(self) -> bool:
        try:
            socket.create_connection(self.address, 0.2).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without asking."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None


@contextmanager
def running_broker(folder: Path | None = None) -> Iterator[Broker]:
    """A broker for the time of a `with` block."""
    with tempfile.TemporaryDirectory() as own:
        broker = Broker(folder or Path(own)).start()
        try:
            yield broker
        finally:
            broker.stop()
