"""What every run checks besides its tests: no process is left, skipped tests are reported."""

import os
import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rigs.foreign import foreign_end
from tests.rigs.province import pgbouncer, postgres
from tests.rigs.time.wait import until
from tests.rigs.web import chromium

os.environ["LANGUAGE"] = "en"  # what commands print, whatever the developer's own language

NO_SKIPS = os.environ.get("RATINGPAD_NO_SKIPS") == "1"
"""Set by CI: there a skipped test fails the run."""


def _finds(*names: str, also: str = "/usr/sbin") -> Callable[[], bool]:
    path = f"{os.environ.get('PATH', '')}:{also}"
    return lambda: any(shutil.which(name, path=path) for name in names)


def _finds_machine() -> bool:
    """The kernel comes from Debian's archive by apt, and gpio-sim is built for it."""
    needed = ("qemu-system-x86_64", "gcc", "make", "apt-get", "dpkg-deb", "setpriv")
    try:
        debian = platform.freedesktop_os_release()["ID"] == "debian"
    except OSError:
        return False
    return debian and platform.machine() == "x86_64" and all(map(shutil.which, needed))


NEEDS = {
    "broker": (_finds("mosquitto"), "no mosquitto (Debian package mosquitto)"),
    "postgres": (lambda: postgres.find_bin() is not None, postgres.MISSING),
    "pgbouncer": (lambda: pgbouncer.PROGRAM is not None, pgbouncer.MISSING),
    "browser": (
        _finds(*chromium.PROGRAMS),
        "no Chromium (Debian package chromium)",
    ),
    "node": (foreign_end.has_node, foreign_end.MISSING),
    "strace": (_finds("strace"), "no strace (Debian package strace)"),
    "alsa": (_finds("aplay"), "no aplay (Debian package alsa-utils)"),
    "espeak": (_finds("espeak-ng"), "no espeak-ng (Debian package espeak-ng)"),
    "systemd": (_finds("systemd-analyze"), "no systemd-analyze (Debian package systemd)"),
    "dtc": (
        _finds("fdtoverlay"),
        "no device-tree compiler (Debian package device-tree-compiler)",
    ),
    "udev": (_finds("udevadm"), "no udev (Debian package udev)"),
    "man": (_finds("man"), "no man (Debian package man-db)"),
    "kernel_vm": (
        _finds_machine,
        "no Debian on amd64 with QEMU and gcc (packages qemu-system-x86, gcc, libelf1)",
    ),
    "arm64_vm": (
        lambda: all(map(shutil.which, ("qemu-system-aarch64", "aarch64-linux-gnu-gcc"))),
        "no QEMU for arm64 (Debian packages qemu-system-arm, gcc-aarch64-linux-gnu)",
    ),
    "kiosk_vm": (
        lambda: all(map(shutil.which, ("mmdebstrap", "mke2fs"))),
        "no mmdebstrap or mke2fs (Debian packages mmdebstrap, e2fsprogs)",
    ),
}
"""For each marker: a check for what it needs, and the reason of the skip when it is missing."""


LONGEST = (
    "tests/hardware",
    "tests/journeys",
    "tests/sync/test_stateful.py",
    "tests/demo",
    "tests/power",
    "tests/foreign",
    "tests/device/desk",
    "tests/device/ui/touch",
    "tests/province",
)
"""Where the longest files are. In a parallel run they begin first: if one began last,
the other cores would be idle until it ends."""


def _by_length(item: pytest.Item) -> int:
    places = (place for place, path in enumerate(LONGEST) if item.nodeid.startswith(path))
    return next(places, len(LONGEST))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, with the reason, every test whose marker needs something that is not installed."""
    if hasattr(config, "workerinput"):  # a worker of pytest-xdist
        items.sort(key=_by_length)
    missing = {name: reason for name, (is_here, reason) in NEEDS.items() if not is_here()}
    for item in items:
        for name, reason in missing.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))


# --- skipped tests, counted at the end --------------------------------------------------------


def _left_out(terminalreporter: pytest.TerminalReporter) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        _, _, reason = report.longrepr
        reasons[str(reason).removeprefix("Skipped: ")] += 1
    return reasons


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests were skipped, and why."""
    reasons = _left_out(terminalreporter)
    terminalreporter.section("left out")
    if not reasons:
        terminalreporter.line("nothing was left out")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count} left out: {reason}")
    if reasons and NO_SKIPS:
        terminalreporter.line("RATINGPAD_NO_SKIPS=1: this fails the run", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if NO_SKIPS and reporter and _left_out(reporter) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


# --- processes that are left ------------------------------------------------------------------

LASTING: set[int] = set()
"""Processes that fixtures of a wider scope than one test have started."""


def _children() -> dict[int, str]:
    """The living child processes of this one, by id, with their command lines."""
    found: dict[int, str] = {}
    for listing in Path("/proc/self/task").glob("*/children"):
        try:
            pids = listing.read_text().split()
        except OSError:  # the thread has ended meanwhile
            continue
        for pid in pids:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:  # the process has ended meanwhile
                continue
            if state != "Z":
                found[int(pid)] = line.decode(errors="replace").strip()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object]) -> object:
    """Record which processes belong to a module's or the session's fixture."""
    if fixturedef.scope == "function":
        return (yield)
    before = _children()
    value = yield
    LASTING.update(_children().keys() - before.keys())
    return value


@pytest.fixture(autouse=True)
def nothing_left_running():
    """Fail a test that leaves a child process behind.

    Set up first, so torn down last: by then every other fixture of the test has cleaned up. A
    process that was just asked to end has five seconds to do so.
    """
    before = _children().keys()

    def left() -> dict[int, str]:
        return {
            pid: line
            for pid, line in _children().items()
            if pid not in before and pid not in LASTING
        }

    yield
    try:
        until(lambda: not left(), 5, "every child process has ended")
    except AssertionError:
        pytest.fail(f"left running: {left()}", pytrace=False)


# --- what several folders use ------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.PostgresCluster]:
    """A PostgreSQL server for a module whose tests are marked `postgres`."""
    with postgres.cluster() as server:
        yield server
