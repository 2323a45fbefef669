"""The tests of `web/server.py` and `web/connections.py` with the ends of the range of uvicorn.

The oldest and the newest that setup.cfg allows are installed beside each other.

Both override methods of uvicorn that are not public. Controls: a uvicorn in which one
of them, or something else that is used, has another name must make the tests fail.
"""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.source.source_tree import ROOT
from tests.rigs.system.child_environment import environment

SETTINGS = configparser.ConfigParser()
SETTINGS.read(ROOT / "setup.cfg", "utf-8")
PIN = re.search(r"^uvicorn>=([\d.]+),<([\d.]+)", SETTINGS["options.extras_require"]["pad"], re.M)
assert PIN, "setup.cfg pins a range of uvicorn"
ENDS = {"oldest": f"uvicorn=={PIN[1]}", "newest": f"uvicorn>={PIN[1]},<{PIN[2]}"}


def fetch(requirement: str, folder: Path) -> Path:
    """A folder that holds this uvicorn and nothing else."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--target", folder, requirement], check=True)
    return folder


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fetch(ENDS["newest"], tmp_path_factory.mktemp("newest"))


def run_with(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run Python with the packages of a folder before those that are installed."""
    found = environment()
    found["PYTHONPATH"] = os.pathsep.join([str(folder), found["PYTHONPATH"]])
    return subprocess.run(
        [sys.executable, *command], env=found, cwd=ROOT, capture_output=True, text=True, check=False
    )


TESTS = ("tests/web/test_server.py", "tests/web/test_connections.py")


def run_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the tests of both say with the uvicorn in a folder."""
    where = run_with(folder, "-c", "import uvicorn; print(uvicorn.__file__)").stdout
    assert where.startswith(str(folder)), where
    return run_with(folder, "-m", "pytest", "-q", "-x", *TESTS)


@pytest.mark.parametrize("end", ENDS)
def test_the_server_works_at_both_ends_of_the_range(end: str, tmp_path: Path) -> None:
    ran = run_tests(fetch(ENDS[end], tmp_path))
    assert ran.returncode == 0, ran.stdout


INTERNALS = (
    "capture_signals",
    "conn",
    "connection_lost",
    "cycle",
    "disconnected",
    "handle_websocket_upgrade",
    "lifespan",
    "main_loop",
    "message_event",
    "response_complete",
    "send_400_response",
    "server_state",
    "servers",
    "started",
    "startup",
)
"""What they use or overrides, besides what asyncio itself calls."""


@pytest.mark.parametrize("name", INTERNALS)
def test_an_internal_that_has_another_name_makes_the_tests_fail(
    name: str, newest: Path, tmp_path: Path
) -> None:
    changed = shutil.copytree(newest, tmp_path / "changed")
    for file in ("server.py", "protocols/http/h11_impl.py"):
        path = changed / "uvicorn" / file
        path.write_text(re.sub(rf"\b{name}\b", f"{name}_", path.read_text("utf-8")), "utf-8")
    ran = run_tests(changed)
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout
