"""The agent with the real drivers: a key pad at a pty, and an OLED that is not connected."""

import contextlib
import itertools
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rigs.serial.serial_keypad import PtyLine, SerialKeypad
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

PATIENCE_S = 20.0
TOKEN = "0123456789abcdef"
CONFIG = """
[pad]
id = "pad-1"
board = "linux-68-oled"
window = "3"
[ledger]
path = "ledger.db"
[session]
grace_s = 0
thanks_s = 1
[province]
broker = "mqtt://127.0.0.1:{closed_port}"
[desk]
token_file = "token"
port = {port}
[board.keys]
port = "{line}"
model = "68-falling"
address = 3
[board.display]
bus = "i2c-250"
"""


class Hall:
    """A running pad, and its desk's client."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.link, port = folder, folder / "line", free_port()
        self.cases = itertools.count(417)
        (folder / "token").write_text(TOKEN)
        (folder / "pad.toml").write_text(
            CONFIG.format(closed_port=free_port(), port=port, line=self.link)
        )
        self.desk = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/v1", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        ratingpad = Path(sys.executable).with_name("ratingpad")
        self.process = subprocess.Popen([ratingpad, "run", "--config", folder / "pad.toml"])

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.desk.request(method, path, json=body).json()
        except httpx.TransportError:
            return {}
        return found

    def invite(self) -> dict[str, Any]:
        return self.ask("POST", "/invitations", {"case": f"220100-2026-{next(self.cases):06d}"})

    def open_one(self) -> str:
        """An invitation, as soon as the window is open."""
        invitation = until(
            lambda: self.invite().get("invitation"), PATIENCE_S, "the window is open"
        )
        return str(invitation)

    def rated(self, invitation: str) -> None:
        path = f"/invitations/{invitation}"
        until(lambda: self.ask("GET", path).get("standing") == "rated", PATIENCE_S, "it is rated")

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Entries of one kind, read from the ledger's file."""
        read_only = f"file:{self.folder / 'ledger.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(read_only, uri=True)) as ledger:
            rows = ledger.execute("SELECT body FROM entry ORDER BY seq").fetchall()
        return [body for (raw,) in rows if (body := json.loads(raw))["kind"] == kind]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path)
    yield made
    made.process.send_signal(signal.SIGTERM)
    made.process.wait(PATIENCE_S)
    made.desk.close()


def test_presses_on_a_serial_pad_are_ratings_before_and_after_its_plug_was_pulled(
    hall: Hall,
) -> None:
    line = PtyLine(hall.link)
    for code in (0, 4):
        visit = hall.open_one()
        SerialKeypad(3, line).press(code)
        hall.rated(visit)
        line.pull()
        until(lambda: hall.invite().get("error") == "fault", PATIENCE_S, "the window closes")
        line = PtyLine(hall.link)
    visit = hall.open_one()
    SerialKeypad(3, line).press(0x42)
    until(lambda: hall.bodies("strayed"), PATIENCE_S, "the unknown key is kept as a stray")
    assert hall.ask("GET", f"/invitations/{visit}")["standing"] == "open"
    levels = [(body["level"], body["source"]) for body in hall.bodies("rated")]
    assert levels == [("very_satisfied", "serial68"), ("very_dissatisfied", "serial68")]
    assert [body["key"] for body in hall.bodies("strayed")] == ["unknown_42"]
    codes = [body["code"] for body in hall.bodies("fault")]
    assert codes.count("K03") == 2
    assert codes.count("D01") == 1
    assert hall.bodies("booted")[0]["board"] == "linux-68-oled"
    line.pull()
