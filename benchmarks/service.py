"""From the start of the unit to the first key on record, under systemd on a machine of its own.

The machine's processor is emulated, so its seconds are not a pad's; the same machine without
systemd and its sandbox is measured beside it, and the ratio is what they cost.
"""

import json
from types import ModuleType
from typing import Any, NamedTuple

from benchmarks.rigs import rig
from benchmarks.run import Run
from benchmarks.scratch import BenchError
from benchmarks.table import Row, median, seconds

_NOTE = (
    "Debian's kernel and systemd on an emulated processor (TCG), which is some 20 times slower than"
    " the machine it runs on: only the ratio means something. Ours: the shipped unit with its whole"
    " sandbox, from its start until a press, made as soon as there is a board, can be read from the"
    " ledger. Against: the same program and user without systemd. A ledger is there"
    " already; the first start of each, which fills the caches, is left out."
)


class Start(NamedTuple):
    """One start, in seconds: until READY (nothing without systemd), until the first key."""

    ready_s: float
    first_key_s: float


def rows(run: Run) -> list[Row]:
    """The shipped unit beside the bare program."""
    machine, service = rig("rigs.vm.machine"), rig("rigs.service_vm")
    try:
        with machine.Machine(init="/lib/systemd/systemd") as vm:
            pad = service.ServicePad(vm)
            pad.start()
            pad.press(1)
            pad.sh("systemctl stop ratingpad")
            pairs = [(_unit(pad, service), _bare(run, pad, service)) for _ in range(run.rounds)]
    except (AssertionError, OSError) as error:
        raise BenchError(f"no machine with systemd: {error}") from error
    ours = median([unit.first_key_s for unit, _ in pairs])
    theirs = median([bare_s for _, bare_s in pairs])
    ready = seconds(median([unit.ready_s for unit, _ in pairs]))
    return [
        Row(
            "start of the unit → first key in the ledger",
            f"{seconds(ours)}, ready after {ready}",
            "the same without systemd",
            seconds(theirs),
            ours / theirs,
            "",
            note=_NOTE,
        )
    ]


def _unit(pad: Any, service: ModuleType) -> Start:
    """One start of the unit, pressed as soon as it has a board."""
    finger = pad.vm.start(["sh", "-c", _finger(service)])
    pad.sh("systemctl start ratingpad")
    first_ms = _first_ms(finger)
    told = pad.told()
    began_ms = int(told["InactiveExitTimestampMonotonic"]) / 1e3
    ready_ms = int(told["ActiveEnterTimestampMonotonic"]) / 1e3
    pad.sh("systemctl stop ratingpad")
    return Start((ready_ms - began_ms) / 1e3, (first_ms - began_ms) / 1e3)


def _bare(run: Run, pad: Any, service: ModuleType) -> float:
    """One start of the same program by the same user, with the same configuration."""
    pad.sh("mkdir -p /run/ratingpad && chown ratingpad: /run/ratingpad")
    finger = pad.vm.start(["sh", "-c", _finger(service)])
    began_ms = float(pad.python("import time; print(time.clock_gettime_ns(1) / 1e6)"))
    user = ["runuser", "-u", "ratingpad", "--"]
    agent = pad.vm.start([*user, service.PROGRAM, "run", "--config", "/etc/ratingpad/pad.toml"])
    first_ms = _first_ms(finger)
    agent.kill()
    took_s = (first_ms - began_ms) / 1e3
    run.say(f"without systemd: {took_s:.1f} s to a key")
    return took_s


def _finger(service: ModuleType) -> str:
    return f"{service.INTERPRETER} -m rigs.far_finger {service.CONTROL} {service.LEDGER} 1"


def _first_ms(finger: Any) -> float:
    done = finger.wait(180)
    if done.code:
        raise BenchError(f"the pad takes no key: {done.output}")
    return float(json.loads(done.output)["first_ms"])
