"""A real mosquitto on a free loopback port, that can be stopped, killed and started again."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.mqtt import BrokerAddress
from tests.rigs.system.loopback import free_port, listens
from tests.rigs.time.wait import until

CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
max_queued_bytes 0
log_dest file {log}
log_type error
log_type warning
log_type subscribe
user root
"""
"""Without `set_tcp_nodelay` a client that waits for answers is 3 to 7 times slower. Queues are
unlimited (0): by default mosquitto drops the 1001st message and reports nothing. Started by root,
Debian's build changes to the user `mosquitto`, who may not write into the folder; `user root`
prevents that.
"""


def mosquitto() -> str:
    """The mosquitto executable; a test that needs one is marked `broker`. Raises LookupError."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found is None:
        raise LookupError("no mosquitto (Debian package mosquitto)")
    return found


class Broker:
    """One mosquitto process; the port and the folder stay the same over restarts.

    `lines` are appended to its configuration. Several brokers may share a folder by their names.
    """

    def __init__(
        self, folder: Path, port: int | None = None, *lines: str, name: str = "mosquitto"
    ) -> None:
        self.port = port or free_port()
        self.address = BrokerAddress("127.0.0.1", self.port)
        self._log = folder / f"{name}.log"
        self._log.unlink(missing_ok=True)
        self._config = folder / f"{name}.conf"
        text = CONFIG.format(port=self.port, log=self._log)
        self._config.write_text(text + "".join(f"{line}\n" for line in lines))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Broker":
        """Start and wait until it listens. Raises LookupError, AssertionError after 10 s."""
        self._process = subprocess.Popen(
            [mosquitto(), "-c", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: listens(self.port), 10, f"mosquitto listens on port {self.port}")
        return self

    def log(self) -> str:
        """What it has logged since it was made: errors, warnings, subscriptions."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def stop(self) -> None:
        """End it in order (SIGTERM); safe to call twice."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None


@contextmanager
def broker_with(*lines: str) -> Iterator[Broker]:
    """A broker with these lines at the end of its configuration."""
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder), None, *lines).start()
        try:
            yield broker
        finally:
            broker.stop()


@contextmanager
def running_broker(folder: Path | None = None) -> Iterator[Broker]:
    """A broker for the time of a `with` block."""
    with tempfile.TemporaryDirectory() as own:
        broker = Broker(folder or Path(own)).start()
        try:
            yield broker
        finally:
            broker.stop()
