"""`python -m benchmarks.kiosk_screen`: each kiosk on a real screen, as systemd starts it.

Debian 12 with the shipped units boots in a machine of QEMU whose processor is emulated; the picture
on the screen is taken from outside. So the memory is a board's own, and the times are those of a
very slow board: read their ratio, and the yardstick, which is the same sum in Python inside and
outside. The browsers take turns; the first start of each makes its profile and is not counted.

    --memory 512    how much the machine has, in MiB; may be repeated
"""

import argparse
import contextlib
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.result_table import median, number, seconds
from tests.rigs.vm.kiosk_pad import FACES, KioskPad, kiosk_machine

BROWSERS = ("chromium", "cog")
"""The first is what the others are divided by."""
PRESSES = 3
"""After each start."""
FACE = "satisfied"
TIMEOUT_S = 60
MORE = "reasons = false\n"
"""So that the pad is free again soon."""
SUM = "import time; t = time.time(); sum(i * i for i in range(3_000_000)); print(time.time() - t)"


@dataclass
class Found:
    """What was measured of one browser, a value for each counted start or press."""

    pss_kib: list[int] = field(default_factory=list)
    agent_kib: list[int] = field(default_factory=list)
    free_kib: list[int] = field(default_factory=list)
    drawn_s: list[float] = field(default_factory=list)
    pressed_s: list[float] = field(default_factory=list)
    thanked_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 when every browser showed its page at every start, otherwise 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kiosk_screen", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="counted starts of each browser")
    parser.add_argument("--memory", type=int, action="append", help="MiB; 2048 if not given")
    parser.add_argument("--only", choices=BROWSERS, action="append", help="may be repeated")
    given = parser.parse_args(arguments)
    browsers, good = given.only or BROWSERS, True
    print(f"yardstick outside: {seconds(_outside_s())}")
    for memory_mib in given.memory or (2048,):
        found = {name: Found() for name in browsers}
        with kiosk_machine(memory_mib) as kiosk:
            kiosk.install(browsers[0], MORE)
            inside_s = float(kiosk.python(SUM))
            for turn, name in itertools.product(range(given.rounds + 1), browsers):
                print(f"  {memory_mib} MiB, {name}: start {turn}/{given.rounds}", file=sys.stderr)
                _measure(kiosk, name, found[name], counted=turn > 0)
            killed = kiosk.sh("dmesg | grep -c 'Out of memory\\|oom-kill' || true").strip()
        print(
            f"\n{memory_mib} MiB; yardstick inside: {seconds(inside_s)}; out of memory: {killed}\n"
        )
        print(_table(found), flush=True)
        good &= not any(measured.failures for measured in found.values())
    return int(not good)


def _outside_s() -> float:
    start = time.time()
    sum(i * i for i in range(3_000_000))
    return time.time() - start


def _measure(kiosk: KioskPad, name: str, found: Found, *, counted: bool) -> None:
    """Start it, wait until its page is on the glass, press, weigh it."""
    kiosk.choose(name)
    start = time.monotonic()
    kiosk.sh("systemctl start --no-block ratingpad-kiosk")
    try:
        kiosk.see("standby")
        drawn_s = time.monotonic() - start
        presses = [_press(kiosk) for _ in range(PRESSES if counted else 1)]
    except AssertionError as error:
        found.failures.append(str(error))
        print(f"    {error}", file=sys.stderr)
        return
    if kiosk.kiosk_properties()["NRestarts"] != "0":
        found.failures.append("started more than once")
    if counted:
        found.drawn_s.append(drawn_s)
        found.pressed_s += [pressed_s for pressed_s, _ in presses]
        found.thanked_s += [thanked_s for _, thanked_s in presses]
        found.pss_kib.append(kiosk.pss_kib())
        found.agent_kib.append(kiosk.pss_kib("ratingpad"))
        found.free_kib.append(int(kiosk.sh("awk '/^MemAvailable/ { print $2 }' /proc/meminfo")))


_cases = itertools.count(1)


def _press(kiosk: KioskPad) -> tuple[float, float]:
    """Touch -> the face looks pressed; lift -> thanks; both on the screen, in seconds.

    Raises AssertionError when either does not come.
    """
    x, y = FACES[FACE]
    kiosk.invite(f"B-{next(_cases)}")
    kiosk.see("invitation", TIMEOUT_S)
    kiosk.read()
    with _touching(kiosk):
        start = time.monotonic()
        kiosk.touchscreen.down(x, y)
        pressed_s = _until(lambda: kiosk.looks_pressed(FACE), start)
        start = time.monotonic()
    thanked_s = _until(lambda: kiosk.scene() == "thanks", start)
    return pressed_s, thanked_s


@contextlib.contextmanager
def _touching(kiosk: KioskPad) -> Iterator[None]:
    """Lift the touch at the end, also after an exception."""
    try:
        yield
    finally:
        kiosk.touchscreen.up()


def _until(shown: Callable[[], bool], start: float) -> float:
    """Seconds since `start` at which it was shown; looks as often as QEMU gives a picture."""
    while not shown():
        if time.monotonic() - start > TIMEOUT_S:
            raise AssertionError(f"not on the glass within {TIMEOUT_S} s of a touch")
    return time.monotonic() - start


def _table(found: dict[str, Found]) -> str:
    """A line for each browser, divided by the first that was measured."""
    lines = [
        "| browser | memory (PSS, with compositor) | unit's start → page"
        " | finger down → face pressed | finger up → thanks | agent | left of the machine |",
        "|---|---|---|---|---|---|---|",
    ]
    against = next((measured for measured in found.values() if measured.drawn_s), None)
    for name, measured in found.items():
        if against is None or not measured.drawn_s:
            lines.append(f"| {name} | no page in {len(measured.failures)} starts | | | | | |")
            continue
        cells = [
            f"{median(mine) / median(theirs):.2f}× ({said})"
            for mine, theirs, said in (
                (measured.pss_kib, against.pss_kib, _mib(measured.pss_kib)),
                (measured.drawn_s, against.drawn_s, seconds(median(measured.drawn_s))),
                (measured.pressed_s, against.pressed_s, seconds(median(measured.pressed_s))),
                (measured.thanked_s, against.thanked_s, seconds(median(measured.thanked_s))),
            )
        ]
        cells += [_mib(measured.agent_kib), _mib(measured.free_kib)]
        lines.append("| " + " | ".join((name, *cells)) + " |")
        if measured.failures:
            lines.append(
                f"| {name} | and failed {number(len(measured.failures))} times | | | | | |"
            )
    return "\n".join(lines)


def _mib(kib: list[int]) -> str:
    return f"{median(kib) / 1024:.0f} MiB"


if __name__ == "__main__":
    sys.exit(main())
