"""`python -m benchmarks.kiosk`: what each kiosk browser costs that is installed here.

Each shows the touch page of the same real agent, in cage without a screen or a graphics chip, by
turns. A browser's first start is not counted: it makes its profile. Memory is that of the whole
tree, compositor included. "Painted" is what the page reports: the end of its frame after a handler,
without the touch itself, the compositor and the panel.
"""

import argparse
import contextlib
import os
import queue
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.procfs import family, memory
from benchmarks.result_table import median, number, percentile, seconds
from benchmarks.scratch import BenchError, running, scratch
from benchmarks.stopwatch_page import StopwatchPage
from sync.mqtt import BrokerAddress
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port

BROWSERS: dict[str, tuple[str, ...]] = {
    "chromium": (
        "chromium",
        "--kiosk",
        "--ozone-platform=x11",
        "--disable-gpu",
        "--enable-features=NetworkServiceInProcess2",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--password-store=basic",
    ),
    "cog": ("cog", "--platform=wl"),
    "surf": ("env", "GDK_BACKEND=x11", "surf", "-K", "-F"),
}
"""As on a pad; the first is what the others are divided by."""

COMPOSITOR = ("cage", "--")
BESIDE = ("Xwayland",)
"""Debian 12's cage does not start without it, and surf draws on it."""

NO_SCREEN = {
    "WLR_BACKENDS": "headless",
    "WLR_RENDERER": "pixman",
    "WLR_LIBINPUT_NO_DEVICES": "1",
}
USER = "nobody"
AS_USER = ("setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups")
"""Whose the browser is when root measures: neither cage nor Chromium's sandbox runs as root."""
TIMEOUT_S = 30


@dataclass
class Found:
    """What was measured of one browser, a value for each start but the first."""

    pss_kib: list[int] = field(default_factory=list)
    drawn_s: list[float] = field(default_factory=list)
    painted_s: list[float] = field(default_factory=list)
    processes: int = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when every browser here was measured, 1 when one was not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kiosk", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="counted starts of each browser")
    rounds: int = parser.parse_args(arguments).rounds
    needed = [name for name in (*COMPOSITOR[:1], *BESIDE) if not shutil.which(name)]
    here = [name for name in BROWSERS if shutil.which(name)]
    if needed or not here:
        print("missing here:", *needed, *(() if here else BROWSERS), file=sys.stderr)
        return 1
    found = {name: Found() for name in here}
    failed: dict[str, str] = {name: "not installed here" for name in BROWSERS if name not in here}
    with scratch("kiosk") as folder, _agent(folder) as page:
        for turn in range(rounds + 1):
            for name in [candidate for candidate in here if candidate not in failed]:
                print(f"  {name}: start {turn}/{rounds}", file=sys.stderr, flush=True)
                try:
                    _measure(name, folder, page, found[name], counted=turn > 0)
                except (BenchError, AssertionError) as error:
                    failed[name] = str(error)
    print(_table(found, failed))
    return int(any(name in failed for name in here))


def _measure(name: str, folder: Path, page: StopwatchPage, found: Found, *, counted: bool) -> None:
    """Start it once, wait until it has drawn and has been pressed, weigh it, end it."""
    home = folder / name
    if not home.exists():
        home.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(home, USER)
    while not page.told.empty():
        page.told.get()
    as_user = AS_USER if os.geteuid() == 0 else ()
    command = [*as_user, *COMPOSITOR, *BROWSERS[name], (folder / "entry.html").as_uri()]
    home_is = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    start = time.monotonic()
    with running(command, cwd=folder, log=folder / f"{name}.log", env=NO_SCREEN | home_is) as child:
        _told(page, "drawn")
        drawn_s = time.monotonic() - start
        presses = _told(page, "pressed")
        weight = memory(child.pid)
        processes = len(family(child.pid))
    if counted:
        found.drawn_s.append(drawn_s)
        found.painted_s += [float(ms) / 1000 for ms in presses]
        found.pss_kib.append(weight.pss_kib)
        found.processes = processes


def _told(page: StopwatchPage, what: str) -> list[str]:
    """The page's next report. Raises BenchError when it does not come, or is another."""
    try:
        told, *values = page.told.get(timeout=TIMEOUT_S)
    except queue.Empty:
        raise BenchError(f"not within {TIMEOUT_S} s: {what}") from None
    if told != what:
        raise BenchError(f"the page said {told}, not {what}")
    return values


@contextlib.contextmanager
def _agent(folder: Path) -> Iterator[StopwatchPage]:
    """A real agent; its page with a stopwatch, and an entry to that which the browser can read."""
    no_broker = BrokerAddress("127.0.0.1", free_port())
    pad = PadProcess(folder / "pad", "touch-1", no_broker, touch="")
    try:
        pad.start()
        with StopwatchPage(pad.touch_port).open() as page:
            entry = pad.entry.read_text("utf-8")
            ours = entry.replace(f"127.0.0.1:{pad.touch_port}", f"127.0.0.1:{page.port}")
            (folder / "entry.html").write_text(ours, "utf-8")
            folder.chmod(0o755)
            yield page
    finally:
        pad.remove()


def _table(found: dict[str, Found], failed: dict[str, str]) -> str:
    """A line for each browser, divided by the first that was measured."""
    lines = [
        "| browser | memory (PSS) | exec → page drawn | handler → frame, p50 | p99 | processes |",
        "|---|---|---|---|---|---|",
    ]
    against = next((measured for measured in found.values() if measured.pss_kib), None)
    for name, measured in found.items():
        if name in failed or against is None:
            continue
        cells = [
            f"{median(mine) / median(theirs):.2f}× ({text})"
            for mine, theirs, text in (
                (measured.pss_kib, against.pss_kib, f"{median(measured.pss_kib) / 1024:.0f} MiB"),
                (measured.drawn_s, against.drawn_s, seconds(median(measured.drawn_s))),
                (measured.painted_s, against.painted_s, seconds(median(measured.painted_s))),
            )
        ]
        late = seconds(percentile(measured.painted_s, 99))
        lines.append("| " + " | ".join((name, *cells, late, number(measured.processes))) + " |")
    lines += [f"| {name} | not measured: {why} | | | | |" for name, why in failed.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
