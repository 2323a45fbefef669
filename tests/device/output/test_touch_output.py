"""A pad whose touch page is on no screen; and a pad without a touchscreen, without a page."""

import subprocess
import sys
from pathlib import Path

import pytest

from device.config.config import load
from device.events import Refusal
from device.output.touch_output import TouchOutput
from device.ui.touch.kiosk_secret import RESTART_REQUEST
from device.ui.touch.reports import PageShown
from sync.entries import Rated, Service, Withdrawn
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.time.virtual_time import pass_s, run

PRINT_IMPORTS = """
import sys
import device.agent
lazy = ("device.output.touch_output", "device.ui.touch", "web.server", "fontTools", "starlette")
found = [name for name in sys.modules if name.startswith((*lazy, "uvicorn"))]
print(*found)
"""


def test_an_agent_without_a_touchscreen_imports_nothing_of_its_page() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", PRINT_IMPORTS],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert printed.stdout.split() == []


def test_control_an_import_of_the_page_is_noticed() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", "import device.ui.touch.page_start\n" + PRINT_IMPORTS],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert "device.ui.touch.page_start" in printed.stdout.split()


TOUCH_ONLY = ("touch-7", "")
WITH_KEYS = ("simulated-touch", "px_per_mm = 6.65\n")
VISIT = Service(case="2224-0001", step="1")


class TouchBench:
    """A running pad whose page is on no screen until `shown` is called."""

    def __init__(self, folder: Path, board: str, more: str) -> None:
        self.again = folder / "kiosk" / RESTART_REQUEST
        file = folder / "pad.toml"
        file.write_text(
            f'[pad]\nid = "pad-1"\nboard = "{board}"\n[ledger]\npath = "l.db"\n'
            f'[touch]\nentry_file = "{self.again.with_name("entry.html")}"\n{more}'
        )
        self.bench = VirtualPad()
        self.pad = self.bench.pad
        self.output = TouchOutput(load(file), self.pad.clock, None)
        self.output.bind(
            self.pad.session, self.pad.apply_event, lambda: None, self.pad.driver_fault
        )
        self.pad.start()

    async def after_s(self, seconds: int) -> list[str]:
        """The standing faults after this time, which passes second by second."""
        for _ in range(seconds):
            await pass_s(1)
            self.output.again(None)
        return [fault.code for fault in self.pad.faults.now]

    async def restart_requested(self) -> None:
        """Wait until the request to systemd is written, or has failed."""
        assert self.output._restarting is not None
        await self.output._restarting

    def shown(self, width_mm: float = 154.0, *, clipped: bool = False) -> list[str]:
        """A browser shows the page; the faults that stand then."""
        self.output._shown(PageShown(width_mm, 92.0, clipped))
        return [fault.code for fault in self.pad.faults.now]


def test_nobody_is_invited_while_the_page_is_on_no_screen(tmp_path: Path) -> None:
    async def story() -> None:
        touch = TouchBench(tmp_path, *TOUCH_ONLY)
        assert await touch.after_s(29) == []
        assert not isinstance(await touch.pad.invite(VISIT, "c7", "http"), Refusal), "the control"
        assert await touch.after_s(1) == ["K05"]
        await touch.bench.settle()
        assert [body.reason for body in touch.bench.recorded(Withdrawn)] == ["fault"]
        assert await touch.pad.invite(VISIT, "c7", "http") is Refusal.FAULT
        assert touch.pad.window().fault == "K05"
        assert touch.shown() == [], "without a wait"
        assert not isinstance(await touch.pad.invite(VISIT, "c7", "http"), Refusal)
        await touch.output.stop()

    run(story())


def test_with_keys_the_window_stays_open_without_the_page(tmp_path: Path) -> None:
    async def story() -> None:
        touch = TouchBench(tmp_path, *WITH_KEYS)
        assert await touch.after_s(30) == ["D02"]
        assert not isinstance(await touch.pad.invite(VISIT, "c7", "http"), Refusal)
        touch.bench.press()
        await touch.bench.settle()
        assert len(touch.bench.recorded(Rated)) == 1
        assert touch.shown() == []
        await touch.output.stop()

    run(story())


def test_a_page_that_does_not_fit_its_screen_is_a_fault_that_closes_nothing(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        touch = TouchBench(tmp_path, *TOUCH_ONLY)
        assert touch.shown(135.6) == ["D03"]
        assert "136 x 92 mm by px_per_mm" in touch.pad.faults.now[0].detail
        assert not isinstance(await touch.pad.invite(VISIT, "c7", "http"), Refusal)
        assert touch.shown() == []
        assert touch.shown(clipped=True) == ["D03"]
        assert "too long" in touch.pad.faults.now[0].detail
        await touch.output.stop()

    run(story())


def test_with_watch_s_0_a_page_on_no_screen_is_no_fault(tmp_path: Path) -> None:
    async def story() -> None:
        board, more = TOUCH_ONLY
        touch = TouchBench(tmp_path, board, more + "watch_s = 0\n")
        assert await touch.after_s(300) == []
        assert touch.shown() == []
        await touch.output.stop()

    run(story())


def test_a_restart_of_the_browser_is_requested_after_a_minute(tmp_path: Path) -> None:
    async def story() -> None:
        touch = TouchBench(tmp_path, *TOUCH_ONLY)
        touch.again.parent.mkdir()
        await touch.after_s(59)
        assert not touch.again.exists()
        await touch.after_s(1)
        await touch.restart_requested()
        touch.again.unlink()
        touch.shown()
        await touch.after_s(59)
        assert not touch.again.exists()
        await touch.output.stop()

    run(story())


def test_a_restart_that_cannot_be_requested_is_logged_and_the_pad_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        touch = TouchBench(tmp_path, *TOUCH_ONLY)
        assert await touch.after_s(70) == ["K05"]
        await touch.restart_requested()
        assert "cannot be asked for" in caplog.text
        assert touch.shown() == []
        await touch.output.stop()

    run(story())
