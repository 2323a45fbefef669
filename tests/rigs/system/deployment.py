"""Broker, receivers and pads in a temporary folder, started as their users start them.

Every process is the installed command; every port is free and on loopback; each pad's connection
to the broker runs through a proxy that can be cut. Leaving the context ends all of them.
"""

import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.rigs.broker.mosquitto import Broker
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.province.store_reader import StoreReader
from tests.rigs.system.child_environment import BIN, environment
from tests.rigs.time.wait import until

WHOLE = (0, 3)
"""What `verify` ends with when nothing is wrong; 3: a person must look, at a fork for instance."""


class Receiver:
    """`ratingpad-province receive`, or a program in its place."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = list(command)
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Receiver":
        with self._log.open("ab") as log:
            mark = log.tell()
            self.process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=environment()
            )
        until(lambda: self._ready(mark), 20, "the receiver is up")
        return self

    def _ready(self, mark: int) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the receiver ended: {self._log.read_text()[-3000:]}")
        with self._log.open("rb") as log:
            log.seek(mark)
            return b"connecting to" in log.read()

    def ended(self) -> int | None:
        """Its exit code once it has ended by itself."""
        return self.process.poll() if self.process is not None else None

    def kill(self, number: int = signal.SIGKILL) -> int:
        """End it; its exit code. Safe to call twice."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(15)


class Deployment:
    """Broker, receivers and pads; a context that leaves nothing behind."""

    def __init__(self, store: str | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rp-system-"))
        self.store_file = self.folder / "province.db"
        self.store = store or f"sqlite:///{self.store_file}"
        self.store_reader = StoreReader(self.store)
        (self.folder / "broker").mkdir()
        self.broker = Broker(self.folder / "broker")
        self.receivers: list[Receiver] = []
        self.pads: list[PadProcess] = []

    def __enter__(self) -> "Deployment":
        self.broker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for pad in self.pads:
            if error is not None:
                print(f"--- {pad.id}\n{pad.last_words()}", file=sys.stderr)
            pad.remove()
        for receiver in self.receivers:
            receiver.kill()
        self.broker.stop()
        if error is None:
            shutil.rmtree(self.folder)

    def receiver(self, *command: str) -> Receiver:
        """Start a receiver, or `command` in its place."""
        given = list(command) or [str(BIN / "ratingpad-province"), "receive"]
        given += ["--store", self.store, "--broker", f"mqtt://127.0.0.1:{self.broker.address.port}"]
        receiver = Receiver(given, self.folder / f"receiver-{len(self.receivers)}.log")
        self.receivers.append(receiver)
        return receiver.start()

    def pad(self, name: str = "pad-1", *, start: bool = True, **options: Any) -> PadProcess:
        """A pad at its own window; `options` are PadProcess's."""
        pad = PadProcess(self.folder / name, name, self.broker.address, **options)
        self.pads.append(pad)
        if start:
            pad.start()
        return pad

    def caught_up(self, pad: PadProcess, timeout_s: float = 30.0) -> None:
        """Wait until the province has stored the pad's ledger to its last entry."""

        def level() -> bool:
            ledger, seq, digest = pad.head()
            return self.store_reader.head(ledger) == (seq, digest)

        until(level, timeout_s, f"the province holds all of {pad.id}")

    def prove(self, *pads: PadProcess) -> None:
        """Check all promises: what was thanked for is stored, once, as pressed; the chains hold."""
        for pad in pads:
            self.caught_up(pad)
            missing = self.store_reader.missing(pad.thanked)
            assert missing == {}, f"missing: {missing}"
            assert pad.missed <= 1
            verdict = pad.verify()
            assert verdict.returncode in WHOLE, verdict.stdout
        doubled = self.store_reader.doubled()
        assert doubled == {}, f"doubled: {doubled}"
        verdict = self.verify()
        assert verdict.returncode in WHOLE, verdict.stdout

    def back_up(self, name: str) -> Path:
        """A copy of the SQLite store as it is now; it may be in use."""
        copy = self.folder / name
        with closing(sqlite3.connect(self.store_file)) as db, closing(sqlite3.connect(copy)) as to:
            db.backup(to)
        return copy

    def restore(self, copy: Path) -> None:
        """Replace the SQLite store by an older copy; it must not be in use."""
        for companion in ("-wal", "-shm"):
            Path(f"{self.store_file}{companion}").unlink(missing_ok=True)
        shutil.copy(copy, self.store_file)

    def verify(self) -> subprocess.CompletedProcess[str]:
        """`ratingpad-province verify`."""
        return subprocess.run(
            [BIN / "ratingpad-province", "verify", "--store", self.store],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
