"""A pad whose page nobody can see; and a pad without a touchscreen, which knows nothing of one."""

import subprocess
import sys
from pathlib import Path

import pytest

from device.config.config import load
from device.events import Refusal
from device.output.touch_output import TouchOutput
from device.ui.touch.kiosk_secret import RESTART_REQUEST
from sync.entries import Rated, Service, Withdrawn
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.time.virtual_time import pass_s, run

WEIGHT = """
import sys
import device.agent
lazy = ("device.output.touch_output", "device.ui.touch", "web.server", "fontTools", "starlette")
found = [name for name in sys.modules if name.startswith((*lazy, "uvicorn"))]
print(*found)
"""


def test_an_agent_without_a_touchscreen_imports_nothing_of_its_page() -> None:
    told = subprocess.run(
        [sys.executable, "-c", WEIGHT], capture_output=True, text=True, check=True, timeout=30
    )
    assert told.stdout.split() == []


def test_the_control_one_that_has_a_page_is_noticed() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import device.ui.touch.page_start\n" + WEIGHT],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "device.ui.touch.page_start" in told.stdout.split()


TOUCH_ONLY = ("touch-7", "")
WITH_KEYS = ("simulated-touch", "px_per_mm = 6.65\n")
VISIT = Service(case="2224-0001", step="1")


class Dark:
    """A pad at work whose page stands on no screen until the test says so."""

    def __init__(self, folder: Path, board: str, more: str) -> None:
        self.again = folder / "kiosk" / RESTART_REQUEST
        file = folder / "pad.toml"
        file.write_text(
            f'[pad]\nid = "pad-1"\nboard = "{board}"\n[ledger]\npath = "l.db"\n'
            f'[touch]\nentry_file = "{self.again.with_name("entry.html")}"\n{more}'
        )
        self.bench = VirtualPad()
        self.pad = self.bench.pad
        self.touching = TouchOutput(load(file), self.pad.clock, None)
        self.touching.bind(self.pad.session, self.pad.happen, lambda: None, self.pad.driver_fault)
        self.pad.start()

    async def after_s(self, seconds: int) -> list[str]:
        """So much later, second by second: the faults that stand."""
        for _ in range(seconds):
            await pass_s(1)
            self.touching.again(None)
        return [fault.code for fault in self.pad.faults.now]

    async def asked(self) -> None:
        """Until what was asked of systemd is written, or cannot be."""
        assert self.touching._restarting is not None
        await self.touching._restarting

    def seen(self) -> list[str]:
        """A browser has it on a screen: the faults that stand now."""
        self.touching._shown()
        return [fault.code for fault in self.pad.faults.now]


def test_nobody_is_asked_to_rate_on_a_dark_screen(tmp_path: Path) -> None:
    async def tell() -> None:
        dark = Dark(tmp_path, *TOUCH_ONLY)
        assert await dark.after_s(29) == []
        assert not isinstance(await dark.pad.invite(VISIT, "c7", "http"), Refusal), "the control"
        assert await dark.after_s(1) == ["K05"]
        await dark.bench.settle()
        assert [one.reason for one in dark.bench.recorded(Withdrawn)] == ["fault"]
        assert await dark.pad.invite(VISIT, "c7", "http") is Refusal.FAULT
        assert dark.pad.window().fault == "K05"
        assert dark.seen() == [], "at once"
        assert not isinstance(await dark.pad.invite(VISIT, "c7", "http"), Refusal)
        await dark.touching.stop()

    run(tell())


def test_where_there_are_keys_the_window_stays_open(tmp_path: Path) -> None:
    async def tell() -> None:
        dark = Dark(tmp_path, *WITH_KEYS)
        assert await dark.after_s(30) == ["D02"]
        assert not isinstance(await dark.pad.invite(VISIT, "c7", "http"), Refusal)
        dark.bench.press()
        await dark.bench.settle()
        assert len(dark.bench.recorded(Rated)) == 1
        assert dark.seen() == []
        await dark.touching.stop()

    run(tell())


def test_a_page_that_another_program_shows_when_it_likes_is_not_missed(tmp_path: Path) -> None:
    async def tell() -> None:
        board, more = TOUCH_ONLY
        dark = Dark(tmp_path, board, more + "watch_s = 0\n")
        assert await dark.after_s(300) == []
        assert dark.seen() == []
        await dark.touching.stop()

    run(tell())


def test_the_browser_is_asked_for_when_a_minute_has_gone_by(tmp_path: Path) -> None:
    async def tell() -> None:
        dark = Dark(tmp_path, *TOUCH_ONLY)
        dark.again.parent.mkdir()
        await dark.after_s(59)
        assert not dark.again.exists()
        await dark.after_s(1)
        await dark.asked()
        dark.again.unlink()
        dark.seen()
        await dark.after_s(59)
        assert not dark.again.exists()
        await dark.touching.stop()

    run(tell())


def test_a_folder_that_cannot_be_written_costs_the_pad_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def tell() -> None:
        dark = Dark(tmp_path, *TOUCH_ONLY)
        assert await dark.after_s(70) == ["K05"]
        await dark.asked()
        assert "cannot be asked for" in caplog.text
        assert dark.seen() == []
        await dark.touching.stop()

    run(tell())
