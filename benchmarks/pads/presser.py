"""A finger in a process of its own, so that pressing takes nothing from who is measured.

Arguments: `lines FILE …` (the `pull` files of gpio-sim's lines), `input NAME CODE …` (a device of
uinput's), `serial CODE …` (a "68" pad on a pseudo-terminal). It says where it is, then takes one
JSON line for each wish, the place of a key in its list: {"down": 0} goes down and is answered with
{"at_ns": CLOCK_MONOTONIC just before}, {"up": 0} comes up.
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

Finger = tuple[dict[str, Any], Callable[[int], int], Callable[[int], None]]
"""What is said first; a key goes down, at the time that is returned; a key comes up."""


def on_lines(*files: str) -> Finger:
    """A line is pulled low, and high again."""
    pulls = [os.open(file, os.O_WRONLY) for file in files]

    def down(place: int) -> int:
        at_ns = time.monotonic_ns()
        os.pwrite(pulls[place], b"pull-down", 0)
        return at_ns

    def up(place: int) -> None:
        os.pwrite(pulls[place], b"pull-up", 0)

    return {}, down, up


def on_input(name: str, *codes: str) -> Finger:
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


def on_serial(*codes: str) -> Finger:
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


KINDS: dict[str, Callable[..., Finger]] = {
    "lines": on_lines,
    "input": on_input,
    "serial": on_serial,
}


def main() -> None:
    """Press until nobody asks any more."""
    kind, *rest = sys.argv[1:]
    said, down, up = KINDS[kind](*rest)
    print(json.dumps(said), flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        if "down" in wish:
            print(json.dumps({"at_ns": down(wish["down"])}), flush=True)
        else:
            up(wish["up"])
            print(json.dumps({}), flush=True)


if __name__ == "__main__":
    main()
