"""Every command on a poor terminal, or with a reader that stops: no traceback, nothing forged."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from province.store import open_store
from sync.entries import Lapsed, Level
from tests.rigs.ledger.ledger_builder import LedgerBuilder, at, invited, rated

FORGED = "A03\n2026-11-30T00:00:00Z\tntp\tpad-1\tA03\tx\trated\tvery_satisfied\thall_pad\x1b[1A"

POOR = [
    {"PYTHONIOENCODING": "gbk"},
    {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with a Korean case, a date in the year 10000 and texts that forge lines."""
    url = f"sqlite:///{tmp_path / 'province.db'}"
    opened = open_store(url)
    pad = LedgerBuilder().add(invited("i1", case="친절-1"), rated("i1", Level.DISSATISFIED))
    pad.add(Lapsed(at=at(0, 253_402_300_800_000), invitation="late"))
    pad.add(invited("i2", case=FORGED, step="\u202e"), rated("i2"))
    opened.take([pad.arrival()])
    opened.close()
    return url


def run(
    command: list[str], environment: dict[str, str], stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """One command of ours, as the installed program runs it."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def commands(store: str) -> list[list[str]]:
    return [
        ["device.cli", "wiring", "--board", "rpi-4"],
        ["province.cli", "ratings", "--store", store],
        ["province.cli", "verify", "--store", store],
        ["demo.cli", "--help"],
        ["benchmarks", "--help"],
    ]


@pytest.mark.parametrize("environment", POOR, ids=str)
def test_every_command_writes_what_the_terminal_can_show(
    environment: dict[str, str], store: str
) -> None:
    for command in commands(store):
        done = run(command, environment)
        assert b"Traceback" not in done.stderr, (command, done.stderr.decode())
        assert done.returncode in {0, 3}, (command, done.stderr.decode())
        assert done.stdout, command
        done.stdout.decode(environment.get("PYTHONIOENCODING", "ascii"))
    if environment.get("PYTHONIOENCODING") == "gbk":
        listed = run(["province.cli", "ratings", "--store", store], environment).stdout
        assert rb"\uce5c\uc808-1" in listed


def test_every_command_ends_quietly_when_its_reader_has_gone(store: str) -> None:
    for number, command in enumerate(commands(store)):
        unbuffered = "1" if number % 2 else ""
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = run(command, {"PYTHONUNBUFFERED": unbuffered}, writing)
        finally:
            os.close(writing)
        assert done.stderr == b"", (command, done.stderr.decode())
        assert done.returncode in {0, 141}, command


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_every_command_says_so_when_its_output_is_full(unbuffered: str, store: str) -> None:
    for command in [*commands(store), ["province.cli", "status", "--store", store]]:
        with Path("/dev/full").open("wb") as full:
            done = run(command, {"PYTHONUNBUFFERED": unbuffered}, full.fileno())
        assert done.returncode == 74, (command, done.stderr.decode())
        assert done.stderr == b"the output could not be written: No space left on device\n", command


def test_a_command_that_writes_files_does_not_take_its_output_for_one(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = ["device.cli", "units", "--out", str(tmp_path)]
    try:
        done = run(command, {"PYTHONUNBUFFERED": "1"}, writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_no_stored_text_forges_a_line_and_every_date_can_be_shown(store: str) -> None:
    listed = run(["province.cli", "ratings", "--store", store], {}).stdout.decode()
    header, *lines = listed.splitlines()
    assert header.startswith("time (UTC+8)")
    assert len(lines) == 3
    assert "\x1b" not in listed
    assert re.match(r"253402300800000 ms +pad-1 +- +- +- +unrated$", lines[0])
    assert re.match(r"2026-09-21 22:13:23 +pad-1 +A03 +c7 +친절-1 +dissatisfied$", lines[2])
