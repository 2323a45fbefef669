"""Real mosquitto brokers on loopback, one configuration file each."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from benchmarks.peers.install import find_program
from benchmarks.scratch import BenchError, free_port, listening, running, until


@dataclass(frozen=True)
class Broker:
    """A running broker: where it listens and its process."""

    port: int
    process: "Popen[str]"
    log_path: Path

    def log(self) -> str:
        """What it has logged: who subscribed to what."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""


FAST = (
    "set_tcp_nodelay true",  # worth 3 to 7 times for a drain that waits for answers
    "max_queued_messages 0",  # else it drops silently after 1000, to nobody's credit
    "max_queued_bytes 0",
)
"""What every broker here runs with, so that the contestants differ and the brokers do not."""


@contextlib.contextmanager
def mosquitto(
    place: Path, *lines: str, port: int | None = None, name: str = "broker"
) -> Iterator[Broker]:
    """A mosquitto on a loopback port (a free one unless given), plus configuration `lines`."""
    program = find_program("mosquitto")
    if program is None:
        raise BenchError("mosquitto is missing: apt-get install mosquitto")
    port = port or free_port()
    config = place / f"{name}.conf"
    head = [f"listener {port} 127.0.0.1", "allow_anonymous true", *FAST]
    log = place / f"{name}.log"
    log.unlink(missing_ok=True)
    head += ["log_dest stderr", "log_type subscribe", "log_type error"]
    # As root the Debian build drops to the user `mosquitto`, who may not write in our directory.
    config.write_text("\n".join((*head, "user root", *lines, "")))
    with running([program, "-c", config], cwd=place, log=log) as process:
        until(lambda: listening(port), 10, f"mosquitto on port {port}")
        yield Broker(port, process, log)
