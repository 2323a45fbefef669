"""`make story` with the real programs; its exit code says how it ended."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.delivery_count import count
from demo.story import exit_code
from tests.rigs.time.wait import until

DEMO = [sys.executable, "-c", "from demo.cli import main; raise SystemExit(main())"]
PAGE = re.compile(r"http://127\.0\.0\.1:\d+/")


def test_the_story_ends_with_nothing_lost_and_nothing_doubled(short_folder):
    began = time.monotonic()
    told = subprocess.run(
        [sys.executable, "-m", "demo.story", "--seed", "7"],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env={"TMPDIR": str(short_folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    lines = told.stdout.splitlines()
    end = re.fullmatch(
        r"pressed (\d+), thanked \1, stored \1, lost 0, doubled 0", lines[-1] if lines else ""
    )
    assert end, told.stdout + told.stderr
    assert int(end[1]) >= 5  # how many fit in is the machine's affair
    assert told.returncode == 0
    assert sum(line.startswith("pressed") for line in lines) == 1
    assert told.stderr == ""
    assert list(short_folder.iterdir()) == []
    # The promise is 30 s on a quiet machine; beside a test run it may take twice as long.
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("thanked", "committed", "stored", "wrong", "code"),
    [
        ({"a"}, {"a"}, {"a": 1}, [], 0),
        ({"a", "b"}, {"a"}, {"a": 1}, [], 1),
        ({"a"}, {"a"}, {"a": 2}, [], 1),
        ({"a"}, {"a"}, {}, [], 1),
        (set(), {"a"}, {"a": 1}, [], 1),
        (set(), set(), {}, [], 1),
        ({"a"}, {"a"}, {"a": 1}, ["a chain is broken"], 1),
    ],
    ids=["kept", "lost", "doubled", "under way", "not thanked", "empty", "not proved"],
)
def test_the_story_fails_when_it_did_not_end_well(thanked, committed, stored, wrong, code):
    assert exit_code(count(thanked, committed, stored), wrong) == code


def family(pid: int) -> set[int]:
    """The living descendants of a process."""
    found = set()
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = {int(one) for one in listing.read_text().split()}
        except OSError:  # gone meanwhile
            continue
        found |= children.union(*map(family, children))
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def started(short_folder):
    """A demo with its temporary directory at a known place."""
    process = subprocess.Popen(
        [*DEMO, "--no-open", "--pads", "2"],
        stdout=subprocess.PIPE,
        text=True,
        env={"TMPDIR": str(short_folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    assert process.stdout is not None
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_the_demo_ends_it_leaves_nothing_behind(started, short_folder, sign):
    assert any(PAGE.search(line) for line in started.stdout)
    relatives = family(started.pid)
    assert len(relatives) >= 5, "broker, receiver, two pads, sweeper"
    started.send_signal(sign)
    until(lambda: started.poll() is not None, 20, "the demo has ended")
    until(lambda: not any(map(is_alive, relatives)), 10, "every child has ended")
    until(lambda: not list(short_folder.iterdir()), 10, "the directory is gone")
    assert started.returncode == (-signal.SIGKILL if sign == signal.SIGKILL else 0)


def test_an_interrupted_start_leaves_nothing_behind(started, short_folder):
    until(lambda: list(short_folder.glob("*/pad-01")), 20, "the stage is being set")
    relatives = family(started.pid)
    started.send_signal(signal.SIGINT)
    until(lambda: started.poll() is not None, 20, "the demo has ended")
    until(lambda: not any(map(is_alive, relatives)), 10, "every child has ended")
    until(lambda: not list(short_folder.iterdir()), 10, "the directory is gone")


def test_a_taken_port_is_reported_in_one_sentence_and_leaves_nothing_behind(short_folder):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = subprocess.run(
            [*DEMO, "--no-open", "--port", str(taken.getsockname()[1])],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"TMPDIR": str(short_folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        )
    assert refused.returncode == 1
    assert "cannot be listened on" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(short_folder.iterdir()) == []
