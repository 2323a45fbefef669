"""A technician's walk through a pad with real lines: keys pressed, lights lit, no display there."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.board.profile import load_profile
from tests.rigs.keys.kernel_keys import PATIENCE_S, chip
from tests.rigs.system.child_environment import environment
from tests.rigs.time.wait import until

BOARD = load_profile("rpi-4")
LINES = {key.name: key.line for key in BOARD.keys.key}
LIGHTS = {light.name: light.line for light in BOARD.lights.light} if BOARD.lights else {}
SETTLE_S = 0.5
"""Between two fingers; the machine is slow."""
CONFIG = '[pad]\nid = "pad-1"\nboard = "rpi-4"\n[ledger]\npath = "l.db"\n'


class Walk:
    """`ratingpad selftest` without a terminal, and what it says."""

    def __init__(self, folder: Path) -> None:
        config = folder / "pad.toml"
        config.write_text(CONFIG)
        program = "import sys; from device.cli import main; sys.exit(main())"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "selftest", "--config", str(config)],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        self._place = 0
        self._lifted_s = 0.0
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.said += line

    def sees(self, words: str) -> None:
        """Wait for words that were not there before."""
        self._place = until(
            lambda: self.said.find(words, self._place) + 1, PATIENCE_S, f"{words!r} is told"
        )

    def press(self, name: str) -> None:
        """A finger on a real line, with its bounce, until something is said of it."""
        until(lambda: time.monotonic() > self._lifted_s + SETTLE_S, 5, "the line has settled")
        said = len(self.said)
        chip().bounce(LINES[name], ends_low=True)
        until(lambda: len(self.said) > said, PATIENCE_S, f"the press of {name} is told")
        chip().bounce(LINES[name], ends_low=False)
        self._lifted_s = time.monotonic()

    def end(self) -> int:
        """End it by hand; its exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE_S)
        self._reader.join()
        return code


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    chip().high(*LINES.values())
    one = Walk(tmp_path)
    yield one
    if one.process.poll() is None:
        one.process.kill()
        one.process.wait()


def test_keys_and_lights_on_real_lines_pass_and_a_display_that_is_not_there_fails(
    walk: Walk,
) -> None:
    for name in LINES:
        walk.sees("请按")
        walk.press(name)
    for name, line in LIGHTS.items():
        walk.sees(f"[light {name}]")
        until(lambda line=line: chip().level(line), PATIENCE_S, "the light is lit")
        dark = [other for other in LIGHTS.values() if other != line]
        assert not any(chip().level(other) for other in dark)
        walk.press("very_satisfied")
    walk.sees(f"passed 通过 | light {name}")
    assert walk.end() == 1
    for name in LINES:
        assert f"passed 通过 | key {name}" in walk.said
    for about in ("border", "checker", "text zh"):
        assert f"FAILED 未通过 | display {about}" in walk.said
    assert "D01" in walk.said
    assert "sha256 " in walk.said
