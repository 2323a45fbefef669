"""One pad of the demo: its program, its cable, its power, its card, its clerk, what it has shown.

The power switch is SIGKILL. With the card's switch off no file can be written. The time switch
stands for the time server: pads of this class have no battery-backed clock, so with the switch off
the pad starts in 1970 and does not know the time. On one asyncio loop.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from demo.control_client import PICTURE_BYTES, ControlClient, ControlError
from demo.db_readers import LedgerPage, LedgerReader
from demo.desk_client import DeskClient, DeskRefusalError
from demo.processes import Program, StageError, module
from demo.scene_reader import scene_of
from demo.tcp_proxy import TcpProxy
from device.drivers.sim.sim_signals import SignalEvent
from device.ui.touch.kiosk_secret import write_entry

DARK = bytes(PICTURE_BYTES)
HALL = "政务大厅"
READY_S = 20.0
PX_PER_MM = 5.19
"""Of a 7 inch screen of 800 × 480 pixels, in whose place the visitor's browser is."""


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """The demo's times; several are shorter than a hall's, so that a visitor need not wait."""

    invitation_s: int = 30
    grace_s: int = 3
    thanks_s: int = 4
    reconnect_max_s: float = 3.0
    probe_s: float = 1.0
    health_s: float = 10.0
    keepalive_s: int = 5


class Visit(msgspec.Struct):
    """One invitation as the clerk sees it: never a level."""

    id: str
    case: str
    standing: str = "open"
    interrupted: bool = False
    """Whether the power was cut, or the card failed, before the display had shown thanks for it."""


class StagedPad:
    """A pad at a window. `on_change` is called whenever something about it has changed.

    `touch_port`: of its touch page, for a pad whose public sees a touchscreen in place of the keys.
    `framed_by`: the origins of the pages that may show it. `languages`: of its public.
    """

    def __init__(
        self,
        name: str,
        *,
        window: str,
        home: Path,
        broker_port: int,
        desk_port: int,
        timings: Timings,
        on_change: Callable[[], None],
        touch_port: int | None = None,
        framed_by: Sequence[str] = (),
        languages: tuple[str, ...] = ("zh",),
    ) -> None:
        home.mkdir()
        self.name, self.window = name, window
        self.home, self.ledger_path = home, home / "ledger.db"
        self.timings = timings
        self.cable = TcpProxy(broker_port)
        self.ledger_reader = LedgerReader(self.ledger_path)
        self.page: LedgerPage | None = None
        self.power = False
        self.ready = False
        self.time_server = True
        self.card = True
        """Whether its memory card takes what is written."""
        self.window_state = ""
        self.picture = DARK
        self.shown_pictures: list[bytes] = []
        """Every picture that the display has shown, `DARK` for a power cut."""
        self.scene = ""
        self.lit: tuple[str, ...] = ()
        self.beeps = 0
        self.prompt = ""
        """The name of the prompt that is being spoken, or nothing."""
        self.visits: list[Visit] = []
        self.thanked_by_screen: set[str] = set()
        self.thanked_by_clerk: set[str] = set()
        self._desk_port, self._token = desk_port, secrets.token_urlsafe(24)
        self._touch = (touch_port, secrets.token_urlsafe(32)) if touch_port else None
        self._framed_by = tuple(framed_by)
        self._languages = languages
        self._config = home / "pad.toml"
        self._on_change = on_change
        self._switching = asyncio.Lock()
        self.program = Program(
            name, module("device.cli", "run", "--config", str(self._config)), home / "pad.log"
        )
        self.control = ControlClient(home / "board.sock", self._see, self._hear)
        self.desk = DeskClient(desk_port, self._token, clerk=f"C{window.zfill(3)}")

    # --- power --------------------------------------------------------------------------------

    async def power_on(self) -> None:
        """Start the pad's program and wait for its first picture and its desk.

        Raises StageError, with the end of the program's output, when it does not start.
        """
        async with self._switching:
            if self.power:
                return
            if not self.cable.port:
                await self.cable.start()
            self._write_config()
            await self.program.start()
            self.power = True
            self._on_change()
            try:
                await self._started()
            except ControlError as error:
                await self._dark()
                words = self.program.last_words()
                raise StageError(f"{self.name} did not start: {error}\n{words}") from error
            self.ready = True
            self._on_change()

    async def power_off(self) -> None:
        """Cut the power: SIGKILL, the display goes dark."""
        async with self._switching:
            if not self.power:
                return
            await self._dark()

    async def detect_exit(self) -> None:
        """Show a pad whose program has ended by itself as dark."""
        if self.ready and not self.program.alive:
            async with self._switching:
                await self._dark()

    async def _dark(self) -> None:
        self.ready = False
        await self.program.kill()
        self.power = False
        self.card = True  # a card that has failed is often read again after a power cut
        await self.control.finish()
        self._interrupt()
        self.picture, self.scene, self.window_state = DARK, "", ""
        self.shown_pictures.append(DARK)
        self.lit, self.prompt = (), ""
        self._on_change()

    async def _started(self) -> None:
        """Wait for the first picture and the desk, or until the program has ended."""
        ended = asyncio.create_task(self.program.ended())
        started = asyncio.create_task(self._seen_and_heard())
        try:
            await asyncio.wait((ended, started), return_when=asyncio.FIRST_COMPLETED)
            if not started.done():
                raise ControlError("its program ended")
            started.result()
        finally:
            ended.cancel()
            started.cancel()
            await asyncio.gather(ended, started, return_exceptions=True)

    async def _seen_and_heard(self) -> None:
        await self.control.watch(READY_S)
        await self._desk_ready(READY_S)

    async def _desk_ready(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while True:
            try:
                await self._ask_window()
                return
            except DeskRefusalError as refusal:
                if time.monotonic() > deadline or not self.program.alive:
                    raise ControlError(f"its desk does not answer: {refusal}") from refusal
            await asyncio.sleep(0.05)

    async def remove(self) -> None:
        """Stop the pad's program and its connections; safe to call twice."""
        await self.program.kill()
        await self.control.stop()
        await self.cable.stop()

    # --- card ---------------------------------------------------------------------------------

    async def set_card(self, works: bool) -> None:
        """Let the card fail, so that nothing can be written, or work again."""
        async with self._switching:
            if self.power:
                self.program.allow_writes(works)
                self.card = works
        self._on_change()

    def _interrupt(self) -> None:
        if self.visits and self.visits[-1].id not in self.thanked:
            self.visits[-1].interrupted = True

    # --- time ---------------------------------------------------------------------------------

    async def lose_time(self) -> None:
        """A power cut after which no time server is found: the pad starts in 1970."""
        was_on = self.power
        await self.power_off()
        self.time_server = False
        self._on_change()
        if was_on:
            await self.power_on()

    async def find_time(self) -> None:
        """The time server answers."""
        async with self._switching:
            if self.power:
                await self.control.set_clock(None, "ntp")
            self.time_server = True
        self._on_change()

    # --- the citizen ----------------------------------------------------------------------------

    async def press(self, *keys: str) -> None:
        """Press a key, or several together, and release them. Raises ControlError without power."""
        await self.control.press(*keys)
        await self.control.lift()

    def _see(self, picture: bytes) -> None:
        self.picture = picture
        self.shown_pictures.append(picture)
        self.scene = scene_of(picture, self.window, HALL, self._languages)
        if self.scene == "thanks" and self.visits:
            self.read_ledger()  # or it would be thanked for what is not seen
            self.thanked_by_screen.add(self.visits[-1].id)
        if self.scene == "fault":
            self._interrupt()
        if self.scene == "standby":
            self.prompt = ""
        self._on_change()

    def _hear(self, signal: SignalEvent) -> None:
        if signal.lit is not None:
            self.lit = signal.lit
        if signal.beep is not None:
            self.beeps += 1
        if signal.said is not None:
            self.prompt = signal.said[0]
        if signal.hushed:
            self.prompt = ""
        self._on_change()

    @property
    def touch_url(self) -> str | None:
        """The URL of its touch page, with its secret after the `#`."""
        return "http://127.0.0.1:{}/#{}".format(*self._touch) if self._touch else None

    @property
    def clerk_url(self) -> str:
        """The URL of the clerk's own page, with the desk's token after the `#`."""
        return f"http://127.0.0.1:{self._desk_port}/#token={self._token}"

    @property
    def is_asking(self) -> bool:
        """Whether its latest invitation is open, as far as the clerk knows."""
        return bool(self.visits) and self.visits[-1].standing == "open"

    @property
    def thanked(self) -> set[str]:
        """The invitations whose citizen has been told that the rating is kept."""
        return self.thanked_by_screen | self.thanked_by_clerk

    # --- the clerk ------------------------------------------------------------------------------

    async def invite(self, case: str, matter: str = "11220000MB0001", step: str = "办结") -> Visit:
        """Ask the citizen for a rating. Raises DeskRefusalError."""
        name = await self.desk.invite(case, matter, step)
        if not self.visits or self.visits[-1].id != name:
            self.visits.append(Visit(id=name, case=case))
        self._on_change()
        return self.visits[-1]

    def read_ledger(self) -> None:
        """Read on in its ledger. An invitation that was made at the clerk's own page is a visit,
        too.
        """
        self.page = self.ledger_reader.read() or self.page
        if self.ledger_reader.invited is None:
            return
        name, case = self.ledger_reader.invited
        if name not in (visit.id for visit in self.visits):
            self.visits.append(Visit(id=name, case=case))

    async def withdraw(self) -> None:
        """Take the open invitation back. Raises DeskRefusalError."""
        if self.visits:
            await self.desk.withdraw(self.visits[-1].id)
            await self.ask()

    async def pause(self, on: bool) -> None:
        """Close the window, or open it again. Raises DeskRefusalError."""
        await (self.desk.pause() if on else self.desk.resume())
        await self.ask()

    async def ask(self) -> None:
        """Ask the pad what became of the latest invitation, and whether the window is open."""
        if not self.ready:
            return
        try:
            await self._ask_window()
            for visit in self.visits[-3:]:
                # Committed, but the display could not show thanks in time: the clerk says it.
                unthanked = visit.interrupted and visit.standing == "rated"
                if visit.standing == "open" or (unthanked and visit.id not in self.thanked):
                    await self._ask_about(visit)
        except DeskRefusalError:
            return  # just switched off, or busy: the next refresh will succeed
        self._on_change()

    async def _ask_window(self) -> None:
        self.window_state = str((await self.desk.window())["state"])

    async def _ask_about(self, visit: Visit) -> None:
        visit.standing = await self.desk.standing(visit.id)
        if visit.interrupted and visit.standing == "rated":
            self.thanked_by_clerk.add(visit.id)

    # --- configuration --------------------------------------------------------------------------

    def _write_config(self) -> None:
        token = self.home / "desk.token"
        token.write_text(self._token + "\n", encoding="utf-8")
        token.chmod(0o600)
        t = self.timings
        wall = "system" if self.time_server else "1970"
        self._config.write_text(
            f"""\
[pad]
id = "{self.name}"
board = "{"simulated-touch" if self._touch else "simulated"}"
window = "{self.window}"
hall = "{HALL}"
languages = {_toml_list(self._languages)}

[ledger]
path = "{self.ledger_path}"

[session]
invitation_s = {t.invitation_s}
grace_s = {t.grace_s}
thanks_s = {t.thanks_s}

[province]
broker = "mqtt://127.0.0.1:{self.cable.port}"
keepalive_s = {t.keepalive_s}
reconnect_max_s = {t.reconnect_max_s}
probe_s = {t.probe_s}
health_s = {t.health_s}

[desk]
host = "127.0.0.1"
port = {self._desk_port}
token_file = "{token}"

[board]
control = "{self.home / "board.sock"}"
wall = "{wall}"
{self._touch_section()}""",
            encoding="utf-8",
        )

    def _touch_section(self) -> str:
        if self._touch is None:
            return ""
        port, secret = self._touch
        entry = self.home / "touch.html"
        write_entry(entry, port, secret)
        return f"""
[touch]
entry_file = "{entry}"
port = {port}
px_per_mm = {PX_PER_MM}
notices = ["请带好身份证件", "窗口工作人员看不到您的评价等级"]
reasons = false
watch_s = 0
framed_by = {_toml_list(self._framed_by)}
"""


def _toml_list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{text}"' for text in texts) + "]"
