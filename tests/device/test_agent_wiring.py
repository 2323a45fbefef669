"""How the agent connects its parts: settings, faults and the touchscreen's timing."""

import asyncio
from pathlib import Path
from typing import Any, cast

from device.agent import Agent
from device.config.config import load
from device.drivers.registry import build_board
from device.errors import PadCode
from device.ledger.startup_state import StartupState
from device.ports import FaultReport
from device.session.context import TOUCH_REPORT_DELAY_MS
from device.session.session import Timing
from sync.entries import GENESIS, Body, Entry, write_body
from sync.messages import VERSION, Desired, Settings

TOUCH = '[touch]\nentry_file = "entry.html"\npx_per_mm = 5.19\nreasons_s = 20\n'


class FakeTouch:
    """Takes what the agent gives to the touch page."""

    def __init__(self) -> None:
        self.windows: list[str | None] = []

    def apply_settings(self, settings: Settings) -> None:
        self.windows.append(settings.window)

    def bind(self, *_: object) -> None: ...
    def show(self, *_: object) -> None: ...
    def changed(self) -> None: ...


def make(folder: Path, board: str, more: str = "") -> Agent:
    file = folder / "pad.toml"
    pad = f'[pad]\nid = "pad-1"\nboard = "{board}"\nwindow = "3"\nhall = "x"\n'
    file.write_text(f'{pad}[ledger]\npath = "{folder}/ledger.db"\n{more}')
    config = load(file)
    agent = Agent(config, build_board(config.profile, config.board))

    async def append(body: Body) -> Entry:
        return Entry(1, write_body(body), GENESIS)

    cast("Any", agent.writer).append = append
    return agent


def test_settings_reach_session_display_and_touch_page(tmp_path: Path) -> None:
    async def story() -> None:
        agent, touch = make(tmp_path, "simulated-touch", TOUCH), FakeTouch()
        cast("Any", agent)._touch = touch
        pad = agent._make_pad(StartupState())
        agent._begin(pad, StartupState())
        assert touch.windows == ["3"]
        desired = Desired(v=VERSION, version=1, settings=Settings(window="5", grace_s=2))
        assert await agent.desired_config.accept(desired)
        assert touch.windows == ["3", "5"]
        assert pad.session.window == agent._display._window == "5"
        assert pad.session.timing.grace_ms == 2_000
        await pad.stop()

    asyncio.run(story())


def test_a_touchscreen_has_its_own_timing(tmp_path: Path) -> None:
    (tmp_path / "touch").mkdir()
    (tmp_path / "keys").mkdir()
    with_touch = make(tmp_path / "touch", "simulated-touch", TOUCH)
    with_keys = make(tmp_path / "keys", "simulated")

    async def story() -> None:
        timing = with_touch._make_pad(StartupState()).session.timing
        assert (timing.report_delay_ms, timing.details_ms) == (TOUCH_REPORT_DELAY_MS, 20_000)
        timing = with_keys._make_pad(StartupState()).session.timing
        assert timing.report_delay_ms == Timing().report_delay_ms

    asyncio.run(story())


def test_a_fault_from_before_the_ledger_was_opened_is_not_lost(tmp_path: Path) -> None:
    async def story() -> None:
        agent = make(tmp_path, "simulated")
        agent._output_fault(FaultReport(PadCode.DISPLAY_GONE, True, "unplugged"))
        pad = agent._make_pad(StartupState())
        agent._begin(pad, StartupState())
        assert "D01" in {fault.code for fault in pad.faults.now}
        agent._output_fault(FaultReport(PadCode.DISPLAY_GONE, False, "unplugged"))
        assert "D01" not in {fault.code for fault in pad.faults.now}
        await pad.stop()

    asyncio.run(story())
