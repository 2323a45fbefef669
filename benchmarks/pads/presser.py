"""Presses keys from a separate process, so that the measured program does not pay for it.

Arguments: `lines FILE …` (the `pull` files of gpio-sim's lines), `input NAME CODE …` (a device of
uinput's), `serial CODE …` (a "68" pad on a pseudo-terminal). It prints where it is, then takes one
JSON line for each request, the place of a key in its list: {"down": 0} goes down and is answered
with {"at_ns": CLOCK_MONOTONIC just before}, {"up": 0} comes up.
"""

import contextlib
import json
import os
import sys
import time
import tty
from collections.abc import Callable
from typing import Any

from device.serial.frame68 import EVALUATOR, PRESS, Frame

WINDOW = 3

Presser = tuple[dict[str, Any], Callable[[int], int], Callable[[int], None]]
"""The first line printed; press a key, which returns the time in ns; release a key."""


def on_lines(*files: str) -> Presser:
    """A line is pulled low, and high again."""
    pulls = [os.open(file, os.O_WRONLY) for file in files]

    def down(place: int) -> int:
        at_ns = time.monotonic_ns()
        os.pwrite(pulls[place], b"pull-down", 0)
        return at_ns

    def up(place: int) -> None:
        os.pwrite(pulls[place], b"pull-up", 0)

    return {}, down, up


def on_input(name: str, *codes: str) -> Presser:
    """A key of an input device goes down, and up."""
    from evdev import UInput, ecodes

    keys = [int(code) for code in codes]
    pad = UInput({ecodes.EV_KEY: keys}, name=name)

    def send(place: int, value: int) -> int:
        at_ns = time.monotonic_ns()
        pad.write(ecodes.EV_KEY, keys[place], value)
        pad.syn()
        return at_ns

    def up(place: int) -> None:
        send(place, 0)

    return {"path": pad.device.path}, lambda place: send(place, 1), up


def on_serial(*codes: str) -> Presser:
    """A frame is sent, and what is answered taken off the line."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    frames = [Frame(EVALUATOR + WINDOW, PRESS, bytes([int(code)])).to_bytes() for code in codes]

    def down(place: int) -> int:
        at_ns = time.monotonic_ns()
        os.write(master, frames[place])
        return at_ns

    def up(_: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(master, 4096)

    return {"path": os.ttyname(slave), "frame": len(frames[0])}, down, up


KINDS: dict[str, Callable[..., Presser]] = {
    "lines": on_lines,
    "input": on_input,
    "serial": on_serial,
}


def main() -> None:
    """Press until stdin is closed."""
    kind, *rest = sys.argv[1:]
    first_line, down, up = KINDS[kind](*rest)
    print(json.dumps(first_line), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "down" in request:
            print(json.dumps({"at_ns": down(request["down"])}), flush=True)
        else:
            up(request["up"])
            print(json.dumps({}), flush=True)


if __name__ == "__main__":
    main()
