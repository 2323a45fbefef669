"""A named pipe in place of a file: nothing waits for it, and somebody says so."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.child_environment import BIN, environment
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
SIDE_FILES = ("ledger.desired.json", "ledger.db.head", "ledger.starts")


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def checked(pad: PadProcess) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "ratingpad", "check", "--config", str(pad.config)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=environment(),
    )


def test_a_pad_serves_beside_pipes_in_place_of_its_side_files(deployment: Deployment) -> None:
    pad = deployment.pad(start=False)
    for name in SIDE_FILES:
        pipe(pad.folder / name)
    pad.start()
    pad.rate("case-1")
    assert pad.end(signal.SIGTERM) == 0


def test_a_pipe_in_place_of_the_token_or_the_ledger_is_named(deployment: Deployment) -> None:
    pad = deployment.pad(start=False)
    pipe(pad.folder / "token")
    done = checked(pad)
    assert done.returncode != 0
    assert "not a regular file" in done.stdout + done.stderr
    pad.start(ready=False)
    until(lambda: "not a regular file" in pad.last_words(), 20, "the token's pipe is named")
    assert pad.end(signal.SIGTERM) == 0
    (pad.folder / "token").unlink()
    (pad.folder / "token").write_text("a-token-for-tests-only")
    pipe(pad.ledger)
    pad.start(ready=False)
    until(lambda: "not a regular file" in pad.last_words(), 20, "the ledger's pipe is named")
    pad.end(signal.SIGTERM)


def test_a_pipe_in_place_of_the_configuration_is_refused(tmp_path: Path) -> None:
    pipe(tmp_path / "pad.toml")
    done = subprocess.run(
        [BIN / "ratingpad", "check", "--config", str(tmp_path / "pad.toml")],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=environment(),
    )
    assert done.returncode == 1
    assert "not a regular file" in done.stderr
