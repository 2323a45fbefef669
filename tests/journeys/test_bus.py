"""The agent in the place of an old key pad: an old controller at the other end of a pty."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device.drivers.sim.client import SimClient
from device.serial.frame68 import ACKNOWLEDGE, EVALUATOR, PRESS, Frame, Parser
from tests.rigs.serial.serial_keypad import PtyLine
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

PATIENCE_S = 20.0
WINDOW = 3
CODES = {"very_satisfied": 0, "satisfied": 1, "basically_satisfied": 2, "dissatisfied": 3}
CONFIG = """
[pad]
id = "pad-1"
window = "3"
[ledger]
path = "ledger.db"
[session]
grace_s = 1
thanks_s = 1
[province]
broker = "mqtt://127.0.0.1:{nobody}"
[board]
control = "control"
bounce_ms = 2
[bus68]
port = "{line}"
model = "68-falling"
address = 3
tells = "{tells}"
"""


class Controller:
    """The old hall controller on its line: starts ratings, acknowledges presses, remembers all."""

    def __init__(self, line: PtyLine) -> None:
        self.line = line
        self.told: list[int] = []
        self.believed: list[Frame] = []
        self.acknowledges = True
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def call(self) -> None:
        """Ask window 3 for a rating."""
        self.line.write(Frame(EVALUATOR + WINDOW, ACKNOWLEDGE).to_bytes(lead=False))

    def stop(self) -> None:
        """Read no more."""
        self._ending.set()
        self._thread.join()

    def _read(self) -> None:
        parser = Parser()
        while not self._ending.is_set():
            try:
                frames = parser.feed(self.line.read(0.02))
            except OSError:  # the adapter was pulled out
                return
            for frame in frames:
                self.believed.append(frame)
                if frame.command == PRESS:
                    self.told.append(frame.data[0])
                    if self.acknowledges:
                        self.call()


class Hall:
    """A pad that runs with simulated keys, and its bus."""

    def __init__(self, folder: Path, tells: str) -> None:
        self.folder, self.link = folder, folder / "bus"
        (folder / "pad.toml").write_text(
            CONFIG.format(nobody=free_port(), line=self.link, tells=tells)
        )
        self.line = PtyLine(self.link)
        self.controller = Controller(self.line)
        ratingpad = Path(sys.executable).with_name("ratingpad")
        self.process = subprocess.Popen([ratingpad, "run", "--config", folder / "pad.toml"])

    def asked(self, how_many: int) -> None:
        """Start a rating until the pad has taken so many; a pad that starts up hears nothing."""

        def taken() -> bool:
            if len(self.bodies("invited")) >= how_many:
                return True
            self.controller.call()
            return False

        until(taken, PATIENCE_S, "the citizen is asked", every_s=0.3)

    def press(self, key: str) -> None:
        with SimClient(self.folder / "control") as board:
            board.press(key)

    def rated(self, how_many: int) -> None:
        until(lambda: len(self.bodies("rated")) == how_many, PATIENCE_S, "it is in the ledger")

    def faults(self, kind: str) -> list[str]:
        return [body["code"] for body in self.bodies(kind) if body["code"] == "B01"]

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Entries of the ledger of one kind, read as it lies there."""
        read_only = f"file:{self.folder / 'ledger.db'}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(read_only, uri=True)) as ledger:
                rows = ledger.execute("SELECT body FROM entry ORDER BY seq").fetchall()
        except sqlite3.OperationalError:  # it is not there yet
            return []
        return [body for (raw,) in rows if (body := json.loads(raw))["kind"] == kind]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_S)
        self.controller.stop()
        self.line.pull()
        return status


@pytest.fixture
def hall(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hall]:
    one = Hall(tmp_path, getattr(request, "param", "levels"))
    yield one
    if one.process.poll() is None:
        one.end()


def test_an_old_controller_asks_hears_the_level_once_and_goes_on_after_a_pulled_plug(
    hall: Hall,
) -> None:
    hall.asked(1)
    hall.press("dissatisfied")
    hall.rated(1)
    until(lambda: hall.controller.told, PATIENCE_S, "the level is told")
    hall.asked(2)  # so the controller's acknowledgement was none
    assert set(hall.controller.told) == {CODES["dissatisfied"]}
    hall.press("satisfied")
    hall.rated(2)
    until(lambda: CODES["satisfied"] in hall.controller.told, PATIENCE_S, "the next level is told")

    hall.controller.stop()
    hall.line.pull()
    until(lambda: hall.faults("fault"), PATIENCE_S, "the bus is gone")
    hall.line = PtyLine(hall.link)
    hall.controller = Controller(hall.line)
    until(lambda: hall.faults("cleared"), PATIENCE_S, "the bus is back")
    hall.controller.acknowledges = False
    hall.asked(3)
    hall.press("very_satisfied")
    until(lambda: len(hall.faults("fault")) == 2, PATIENCE_S, "nobody acknowledges the level")
    assert set(hall.controller.told) == {CODES["very_satisfied"]}
    assert {frame.command for frame in hall.controller.believed} == {PRESS}
    assert hall.end() == 0
    rated = [body["level"] for body in hall.bodies("rated")]
    assert rated == ["dissatisfied", "satisfied", "very_satisfied"]
    assert {body["source"] for body in hall.bodies("invited")} == {"bus68"}
    assert len(hall.bodies("invited")) == 3


@pytest.mark.parametrize("hall", ["nothing"], indirect=True)
def test_a_controller_that_is_told_nothing_hears_nothing(hall: Hall) -> None:
    for visit in (1, 2):
        hall.asked(visit)
        hall.press("dissatisfied")
        hall.rated(visit)
    hall.asked(3)
    assert hall.end() == 0
    assert hall.controller.believed == []
    assert [body["level"] for body in hall.bodies("rated")] == ["dissatisfied"] * 2
