"""Nothing on the agent's event loop waits for a disk, so a hanging card stops no key or page."""

import signal
import sys
from pathlib import Path

import httpx
import pytest

from device.desk.pages import PUBLIC
from sync.mqtt import BrokerAddress
from tests.rigs.pad import disk_watch_pad
from tests.rigs.pad.disk_watch_pad import SEEN, WATCHES
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

TOUCH_FILES = ("/", "/touch.js", "/touch.css", "/drawing.js", "/fonts.css", "/photo")


@pytest.fixture
def pad(tmp_path: Path) -> PadProcess:
    launcher = (sys.executable, "-m", "tests.rigs.pad.disk_watch_pad")
    nowhere = BrokerAddress("127.0.0.1", free_port())
    return PadProcess(tmp_path / "p", "pad-1", nowhere, launcher=launcher, touch="reasons = false")


def seen(pad: PadProcess) -> list[str]:
    """The files that the event loop opened since the first signal."""
    lines = [line for line in pad.last_words().splitlines() if line.startswith(SEEN)]
    return [line.removeprefix(SEEN) for line in lines]


def test_an_agent_at_work_opens_no_file_on_its_loop(pad: PadProcess) -> None:
    pad.start()
    try:
        assert pad.process is not None
        pad.process.send_signal(signal.SIGUSR1)
        until(lambda: WATCHES in pad.last_words(), 10, "it watches")
        pad.rate("a case")
        for path in PUBLIC:
            assert pad.desk.get(path).status_code in (200, 204)
        touch = f"http://127.0.0.1:{pad.touch_port}"
        with httpx.Client(trust_env=False) as client:
            for path in TOUCH_FILES:
                assert client.get(touch + path).status_code in (200, 404)
        pad.rate("another")
        assert pad.desk.post("/v1/window/pause").status_code == 200
        pad.process.send_signal(signal.SIGUSR2)
        until(lambda: "end" in seen(pad), 10, "it has listed the files")
        control = f"open {Path(disk_watch_pad.__file__)}"
        assert seen(pad) == [control, "end"]
    finally:
        pad.end(signal.SIGTERM)
        pad.remove()
