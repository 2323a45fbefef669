"""`ratingpad run` on the simulated board, as citizen, clerk and technician use it."""

import contextlib
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from device.drivers.sim.client import SimClient
from device.events import Scene
from sync.entries import Body, Opened, read_body
from sync.mqtt import BrokerAddress
from tests.rigs.broker.proxy_thread import ProxyThread
from tests.rigs.display.display_watcher import DisplayWatcher
from tests.rigs.system.child_environment import BIN, environment
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import load, until

TOKEN = "a-token-for-tests-only"
HALL = "测试大厅"
WINDOW = "3"
HOLD_MS = 250.0
"""On a machine with nothing else to do. Where other programs want the cores a press lasts longer
(`load`), or the keys' thread could sleep through it."""
SETTLE_MS = 60.0
"""After a release the keys take this long to be ready: bounce and debounce."""
LISTENS = "the desk listens on 127.0.0.1:"


class PadProcess:
    """One pad. `thanked`: what citizens were thanked for, by invitation, as seen on the display.

    With `touch`, further lines of [touch], it has a touchscreen, whose page begins at `entry`.
    """

    LAUNCHER = (str(BIN / "ratingpad"),)

    def __init__(
        self,
        folder: Path,
        pad: str,
        broker: BrokerAddress,
        *,
        ledger: Path | None = None,
        launcher: Sequence[str] | None = None,
        timings: str = "invitation_s = 30\ngrace_s = 0\nthanks_s = 1",
        touch: str | None = None,
        **board: Any,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.id = pad
        self.thanked: dict[str, str] = {}
        self.windows = [WINDOW]
        self.cable = ProxyThread(broker.port).start()
        self.ledger = ledger or folder / "ledger.db"
        self.control = folder / "board.sock"
        self.log = folder / "pad.log"
        self.config = folder / "pad.toml"
        self.launcher = tuple(launcher or self.LAUNCHER)
        (folder / "token").write_text(TOKEN)
        options = "\n".join(f'{key} = "{value}"' for key, value in board.items())
        self.entry = folder / "entry.html"
        self.touch_port = free_port()
        if touch is not None:
            screen = f'entry_file = "entry.html"\nport = {self.touch_port}\npx_per_mm = 5.19'
            options += f"\n[touch]\n{screen}\n{touch}"
        self.config.write_text(
            f"""\
[pad]
id = "{pad}"
board = "simulated{"" if touch is None else "-touch"}"
window = "{WINDOW}"
hall = "{HALL}"
[ledger]
path = "{self.ledger}"
[session]
{timings}
[province]
broker = "mqtt://127.0.0.1:{self.cable.address.port}"
keepalive_s = 5
reconnect_max_s = 0.5
probe_s = 0.3
health_s = 1
[desk]
port = 0
token_file = "token"
[board]
control = "board.sock"
{options}
"""
        )
        self.process: subprocess.Popen[bytes] | None = None
        self._display: DisplayWatcher | None = None
        self._desk: httpx.Client | None = None
        self.missed = 0
        self._mark = 0
        self._settled_s = 0.0

    # --- power ---

    def start(self, *, ready: bool = True) -> "PadProcess":
        """Switch it on; with `ready`, wait until its desk answers."""
        self.control.unlink(missing_ok=True)
        self._display = None
        with self.log.open("ab") as log:
            self._mark = log.tell()
            self.process = subprocess.Popen(
                [*self.launcher, "run", "--config", str(self.config)],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment(),
            )
        if ready:
            self.be_ready()
        return self

    def is_ready(self) -> bool:
        """Whether its desk is open."""
        return self._desk_port() is not None

    def be_ready(self) -> None:
        """Wait for the display and the desk."""
        port = until(self._desk_port, 20, f"{self.id} opens its desk")
        self.look()
        self._desk = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
        )

    def look(self) -> DisplayWatcher:
        """Watch this run's display, from as soon as there is one."""
        if self._display is None:
            self._display = until(self._open_display, 20, f"{self.id} has a display")
        return self._display

    def _open_display(self) -> DisplayWatcher | None:
        try:
            return DisplayWatcher(self.control, self.windows, HALL)
        except OSError:
            return None

    def _desk_port(self) -> int | None:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError(f"the pad ended: {self.last_words()}")
        text = self.last_words()
        place = text.find(LISTENS)
        line = text[place + len(LISTENS) :]
        return int(line.split()[0]) if place >= 0 and "\n" in line else None

    def holder(self) -> int:
        """The id of the process that has the ledger open, from the lock file."""
        return int(Path(f"{self.ledger}.lock").read_text().split()[0])

    def last_words(self) -> str:
        """What this run has logged."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._mark)
            return log.read().decode()

    def end(self, number: int = signal.SIGKILL) -> int:
        """End the process, by SIGKILL unless told otherwise; its exit code. Safe to call twice."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        if self._desk is not None:
            self._desk.close()
            self._desk = None
        process.send_signal(number)
        code = process.wait(15)
        if self._display is not None:
            self._display.finish()
        return code

    def outcome(self) -> int:
        """Wait for a process that ends by itself; its exit code."""
        if self.process is None:
            raise AssertionError("the pad does not run")
        process, self.process = self.process, None
        code = process.wait(20)
        if self._display is not None:
            self._display.finish()
        return code

    def remove(self) -> None:
        """End it and take its cable away."""
        self.end()
        self.cable.stop()

    # --- the citizen ---

    @property
    def display(self) -> DisplayWatcher:
        """The watcher of this run's display; after the end it keeps what it saw."""
        if self._display is None:
            raise AssertionError("the pad has never run")
        return self._display

    def press(self, *keys: str) -> None:
        """Press one key or several, once the last press has settled."""
        until(lambda: time.monotonic() > self._settled_s, 5, "the last press has settled")
        hold_ms = HOLD_MS * load()
        with SimClient(self.control) as board:
            board.press(*keys, hold_ms=hold_ms)
        self._settled_s = time.monotonic() + (hold_ms + SETTLE_MS) / 1000

    def rate(self, case: str, key: str = "satisfied") -> str:
        """Invite, press, wait for the thanks on the display; the invitation."""
        self.free()
        seen = len(self.display.seen)
        invitation = self.invite(case)
        self.press_until(lambda: self.display.saw(Scene.THANKS, after=seen), key, "thanks")
        self.thanked[invitation] = key
        return invitation

    def stray(self, times: int) -> None:
        """Press without an invitation; each press is one entry."""
        for _ in range(times):
            seq = self.head()[1]
            self.press_until(lambda seq=seq: self.head()[1] > seq, "dissatisfied", "a stray")

    def press_until(self, seen: Callable[..., bool], key: str, what: str) -> None:
        """Press as a citizen does: again when nothing happens.

        On a starved machine the pad's scanning thread may sleep through a whole press; `missed`
        counts those, and `Deployment.prove` allows one.
        """
        for tries in range(3):
            self.press(key)
            with contextlib.suppress(AssertionError):
                until(seen, 3, what)
                self.missed += tries
                return
        raise AssertionError(f"three presses, and no sign of: {what}")

    # --- the clerk ---

    @property
    def desk(self) -> httpx.Client:
        """The desk's API, with the token."""
        if self._desk is None:
            raise AssertionError("the pad does not run")
        return self._desk

    def invite(self, case: str) -> str:
        """Ask for a rating; the invitation."""
        answer = self.desk.post("/v1/invitations", json={"case": case, "clerk": "c7"})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["invitation"])

    def standing(self, invitation: str) -> str:
        """open, rated, unrated or withdrawn."""
        return str(self.desk.get(f"/v1/invitations/{invitation}").json()["standing"])

    def window(self) -> dict[str, Any]:
        """The window's state, as the desk tells a clerk."""
        answer: dict[str, Any] = self.desk.get("/v1/window").json()
        return answer

    def free(self) -> None:
        """Wait until the window is ready for the next citizen."""
        until(lambda: self.window()["state"] == "ready", 10, "the window is ready")

    # --- the technician ---

    def bodies(self, ledger: Path | None = None) -> list[Body]:
        """Every entry of the ledger, read beside the running agent."""
        with closing(_read(ledger or self.ledger)) as db:
            rows = db.execute("SELECT body FROM entry ORDER BY seq").fetchall()
        return [body for (raw,) in rows if (body := read_body(raw)) is not None]

    def head(self) -> tuple[str, int, bytes]:
        """The ledger's id, last seq and digest."""
        with closing(_read(self.ledger)) as db:
            first = db.execute("SELECT body FROM entry WHERE seq = 1").fetchone()
            last = db.execute("SELECT seq, digest FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        opened = read_body(first[0])
        assert isinstance(opened, Opened)
        return opened.ledger, last[0], last[1]

    def verify(self, ledger: Path | None = None) -> subprocess.CompletedProcess[str]:
        """`ratingpad verify`."""
        return subprocess.run(
            [BIN / "ratingpad", "verify", str(ledger or self.ledger)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )


def _read(ledger: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=5)
