"""The agent as it is started on a Pi: five fingers on real lines, five ratings in the ledger."""

import contextlib
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

from device.board.profile import load_profile
from tests.rigs.keys.kernel_keys import PATIENCE_S, chip
from tests.rigs.system.child_environment import environment
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

BOARD = "rpi-4"
LINES = {key.name: key.line for key in load_profile(BOARD).keys.key}
RATINGPAD = (sys.executable, "-c", "import sys; from device.cli import main; sys.exit(main())")
"""The command, as its script has it; a Pi's root made for tests has no scripts."""

TOKEN = "0123456789abcdef"
CONFIG = """
[pad]
id = "pad-1"
board = "{board}"
window = "3"
[ledger]
path = "ledger.db"
[session]
grace_s = 0
thanks_s = 1
[province]
broker = "mqtt://127.0.0.1:{nobody}"
[desk]
token_file = "token"
port = {port}
"""
"""No display is there: that is a fault, and the ratings go on."""


class Agent:
    """`ratingpad run`, and its clerk."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self._folder, port = folder / "ledger.db", folder, free_port()
        (folder / "token").write_text(TOKEN)
        config = folder / "pad.toml"
        config.write_text(CONFIG.format(board=BOARD, nobody=free_port(), port=port))
        self.desk = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/v1",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=PATIENCE_S,
        )
        self.process = subprocess.Popen(
            [*RATINGPAD, "run", "--config", str(config)], cwd=folder, env=environment()
        )

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        assert self.process.poll() is None, "the agent ended"
        try:
            found: dict[str, Any] = self.desk.request(method, path, json=body).json()
        except httpx.TransportError:
            return {}
        return found

    def invite(self, case: str) -> str:
        """An invitation, as soon as the window takes one."""

        def asked() -> str | None:
            return self.ask("POST", "/invitations", {"case": case}).get("invitation")

        return str(until(asked, PATIENCE_S, "the window is open"))

    def rated(self, invitation: str) -> bool:
        return self.ask("GET", f"/invitations/{invitation}").get("standing") == "rated"

    def bodies(self, kind: str) -> list[dict[str, Any]]:
        """Entries of the ledger of one kind, read as it lies there."""
        read_only = f"file:{self.ledger}?mode=ro"
        with contextlib.closing(sqlite3.connect(read_only, uri=True)) as ledger:
            rows = ledger.execute("SELECT body FROM entry ORDER BY seq").fetchall()
        return [body for (raw,) in rows if (body := json.loads(raw))["kind"] == kind]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    chip().high(*LINES.values())
    one = Agent(tmp_path)
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.wait()
    one.desk.close()


def test_each_of_the_five_keys_is_its_rating_in_a_ledger_that_verifies(agent: Agent) -> None:
    invited = []
    for name, line in LINES.items():
        invited.append(agent.invite(name))
        chip().bounce(line, ends_low=True)
        until(lambda: agent.rated(invited[-1]), PATIENCE_S, f"{name} is rated")
        chip().bounce(line, ends_low=False)
    assert agent.end() == 0

    found = [(body["invitation"], body["level"], body["source"]) for body in agent.bodies("rated")]
    assert [(one, level) for one, level, _ in found] == list(zip(invited, LINES, strict=True))
    assert len({source for *_, source in found}) == 1
    assert agent.bodies("strayed") == []
    verdict = subprocess.run(
        [*RATINGPAD, "verify", str(agent.ledger)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
