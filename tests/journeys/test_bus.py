"""The agent in place of an old key pad, with an old controller at the other end of a pty."""

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
broker = "mqtt://127.0.0.1:{closed_port}"
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
    """The old hall controller on its line: starts ratings, acknowledges presses, records frames."""

    def __init__(self, line: PtyLine) -> None:
        self.line = line
        self.levels: list[int] = []
        self.frames: list[Frame] = []
        self.acknowledges = True
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def start_rating(self) -> None:
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
                self.frames.append(frame)
                if frame.command == PRESS:
                    self.levels.append(frame.data[0])
                    if self.acknowledges:
                        self.start_rating()


class Hall:
    """A pad that runs with simulated keys, and its bus."""

    def __init__(self, folder: Path, tells: str) -> None:
        self.folder, self.link = folder, folder / "bus"
        (folder / "pad.toml").write_text(
            CONFIG.format(closed_port=free_port(), line=self.link, tells=tells)
        )
        self.line = PtyLine(self.link)
        self.controller = Controller(self.line)
        ratingpad = Path(sys.executable).with_name("ratingpad")
        self.process = subprocess.Popen([ratingpad, "run", "--config", folder / "pad.toml"])

    def invite(self, how_many: int) -> None:
        """Ask for a rating until the pad has made so many invitations.

        While a pad starts, it does not receive frames.
        """

        def invited() -> bool:
            if len(self.bodies("invited")) >= how_many:
                return True
            self.controller.start_rating()
            return False

        until(invited, PATIENCE_S, "the citizen is invited", every_s=0.3)

    def press(self, key: str) -> None:
        with SimClient(self.folder / "control") as board:
            board.press(key)

    def rated(self, how_many: int) -> None:
        until(lambda: len(self.bodies("rated")) == how_many, PATIENCE_S, "it is in the ledger")

    def faults(self, kind: str) -> list[str]:
        return [body["code"] for body in self.bodies(kind) if body["code"] == "B01"]

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Entries of one kind, read from the ledger's file."""
        read_only = f"file:{self.folder / 'ledger.db'}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(read_only, uri=True)) as ledger:
                rows = ledger.execute("SELECT body FROM entry ORDER BY seq").fetchall()
        except sqlite3.OperationalError:  # it does not exist yet
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
    made = Hall(tmp_path, getattr(request, "param", "levels"))
    yield made
    if made.process.poll() is None:
        made.end()


def test_an_old_controller_asks_gets_the_level_once_and_goes_on_after_a_pulled_plug(
    hall: Hall,
) -> None:
    hall.invite(1)
    hall.press("dissatisfied")
    hall.rated(1)
    until(lambda: hall.controller.levels, PATIENCE_S, "the level is sent")
    hall.invite(2)  # the controller's acknowledgement made no invitation
    assert set(hall.controller.levels) == {CODES["dissatisfied"]}
    hall.press("satisfied")
    hall.rated(2)
    until(
        lambda: CODES["satisfied"] in hall.controller.levels, PATIENCE_S, "the next level is sent"
    )

    hall.controller.stop()
    hall.line.pull()
    until(lambda: hall.faults("fault"), PATIENCE_S, "the bus is a fault")
    hall.line = PtyLine(hall.link)
    hall.controller = Controller(hall.line)
    until(lambda: hall.faults("cleared"), PATIENCE_S, "the bus is back")
    hall.controller.acknowledges = False
    hall.invite(3)
    hall.press("very_satisfied")
    until(lambda: len(hall.faults("fault")) == 2, PATIENCE_S, "the level is not acknowledged")
    assert set(hall.controller.levels) == {CODES["very_satisfied"]}
    assert {frame.command for frame in hall.controller.frames} == {PRESS}
    assert hall.end() == 0
    rated = [body["level"] for body in hall.bodies("rated")]
    assert rated == ["dissatisfied", "satisfied", "very_satisfied"]
    assert {body["source"] for body in hall.bodies("invited")} == {"bus68"}
    assert len(hall.bodies("invited")) == 3


@pytest.mark.parametrize("hall", ["nothing"], indirect=True)
def test_with_tells_nothing_no_frame_is_sent_to_the_controller(hall: Hall) -> None:
    for visit in (1, 2):
        hall.invite(visit)
        hall.press("dissatisfied")
        hall.rated(visit)
    hall.invite(3)
    assert hall.end() == 0
    assert hall.controller.frames == []
    assert [body["level"] for body in hall.bodies("rated")] == ["dissatisfied"] * 2
