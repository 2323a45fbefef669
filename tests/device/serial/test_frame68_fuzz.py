"""The reader of "68" frames against a fuzzer that watches which way its bytes take through it."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from device.serial.frame68 import ACKNOWLEDGE, PRESS, Frame
from tests.rigs.system.child_environment import environment

LONG = os.environ.get("RATINGPAD_LONG") == "1"
BOUND = ["-max_total_time=120"] if LONG else ["-runs=10000"]
FOUND = 77

pytestmark = pytest.mark.skipif(
    find_spec("atheris") is None, reason="no atheris (there are wheels for x86_64 only)"
)

PRESSED = Frame(0x83, PRESS, b"\x04").to_bytes()
ANSWER = Frame(0x83, ACKNOWLEDGE).to_bytes()
BEGINNINGS = [
    PRESSED,
    ANSWER + PRESSED,
    Frame(0x05, 0x0A, PRESSED).to_bytes(),
    b"\x68\x40\x40\x68" + PRESSED + ANSWER,
    PRESSED[:-3] + PRESSED,
]
"""What is on a bus: the fuzzer begins from these. The byte before each says how it is cut."""


def fuzz(folder: Path, *options: str) -> tuple[int, str]:
    """Let the fuzzer loose; how it ended and what it said."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, beginning in enumerate(BEGINNINGS):
        (corpus / str(number)).write_bytes(bytes((number,)) + beginning)
    bounds = ["-seed=68", "-max_len=600", "-timeout=10", "-rss_limit_mb=1024", *BOUND]
    done = subprocess.run(
        [sys.executable, "-m", "tests.rigs.serial.frame68_fuzzer", *options, *bounds, corpus],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.timeout(700)
def test_no_bytes_break_what_is_promised_of_the_reader(tmp_path: Path) -> None:
    code, said = fuzz(tmp_path)
    assert code == 0, said[-2000:]
    assert "Done" in said
    assert list(tmp_path.glob("crash-*")) == []


def test_control_the_fuzzer_finds_a_mistake_that_was_planted(tmp_path: Path) -> None:
    code, said = fuzz(tmp_path, "--planted")
    assert code == FOUND, said[-2000:]
    assert "is nowhere in the bytes" in said
    (crash,) = tmp_path.glob("crash-*")
    assert crash.stat().st_size < 100
