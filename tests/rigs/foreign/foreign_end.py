"""The pad and the receiver in JavaScript (`tests/foreign/`), as processes.

Their MQTT client is npm's `mqtt`, installed once for each lock file into `.cache/foreign/`.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sync.mqtt import BrokerAddress
from tests.rigs.time.wait import until

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "tests" / "foreign"
CACHE = ROOT / ".cache" / "foreign"
INSTALL_S = 120
MISSING = "no Node.js 18 with npm (Debian packages nodejs, npm)"

Event = dict[str, Any]


def has_node() -> bool:
    """Whether node, from version 18 on, and npm are here."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = said.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= 18


def modules() -> Path:
    """The folder of the installed packages; installs them when they are not there.

    Raises LookupError with npm's last words when they cannot be fetched.
    """
    lock_bytes = (SOURCES / "package-lock.json").read_bytes()
    folder = CACHE / hashlib.sha256(lock_bytes).hexdigest()[:16]
    found = folder / "node_modules"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "complete").exists():
            return found
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise LookupError(f"npm ci did not end within {INSTALL_S} s") from None
        if done.returncode:
            raise LookupError(f"npm ci failed: {done.stderr.strip()[-300:]}")
        (folder / "complete").touch()
    return found


class ForeignEnd:
    """One process; `events`: what it has said, in order."""

    def __init__(self, modules: Path, program: str, *arguments: str) -> None:
        self._command = ["node", str(SOURCES / program), *arguments]
        self._environment = {**os.environ, "NODE_PATH": str(modules)}
        self.events: list[Event] = []
        self.process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment
        )
        self._reader = threading.Thread(target=self._read, name=program, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def order(self, name: str, **fields: Any) -> None:
        """Give it an order; each program says which it knows."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": name, **fields}).encode() + b"\n")
        self.process.stdin.flush()

    def said(self, event: str, **fields: Any) -> list[Event]:
        """The events of a name that have these fields."""
        return [
            seen
            for seen in list(self.events)
            if seen["event"] == event and all(seen.get(k) == v for k, v in fields.items())
        ]

    def wait_for(self, event: str, timeout_s: float = 20, **fields: Any) -> Event:
        """Wait until it has said this, and give the last such event."""

        def found() -> list[Event]:
            if self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}: {self._command}")
            return self.said(event, **fields)

        return until(found, timeout_s, f"{event} {fields} from {self._command[1]}")[-1]

    def kill(self) -> None:
        """SIGKILL. Safe to call twice."""
        self.process.kill()
        self._close()

    def stop(self) -> None:
        """By its own order, with a state `stopped`."""
        self.order("stop")
        self._close()

    def _close(self) -> None:
        self.process.wait(15)
        self._reader.join(5)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@contextmanager
def _running(start: Callable[[], ForeignEnd]) -> Iterator[ForeignEnd]:
    end = start()
    try:
        yield end
    finally:
        if end.process.poll() is None:
            end.kill()


def foreign_pad(
    modules: Path, broker: BrokerAddress, pad: str, folder: Path, hash_name: str = "sha256"
) -> AbstractContextManager[ForeignEnd]:
    """A running pad for the time of a `with` block; its ledger is in `folder`."""
    url = f"mqtt://{broker.host}:{broker.port}"
    return _running(lambda: ForeignEnd(modules, "pad.js", url, pad, str(folder), hash_name))


def foreign_receiver(
    modules: Path, broker: BrokerAddress, folder: Path
) -> AbstractContextManager[ForeignEnd]:
    """A running receiver for the time of a `with` block; its store is in `folder`."""
    url = f"mqtt://{broker.host}:{broker.port}"
    return _running(lambda: ForeignEnd(modules, "receiver.js", url, str(folder)))


def ledger_bodies(folder: Path, ledger: str) -> list[bytes]:
    """What a foreign pad has in a ledger, byte for byte."""
    return (folder / f"{ledger}.ndjson").read_bytes().split(b"\n")[:-1]
