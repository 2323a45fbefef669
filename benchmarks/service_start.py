"""From the start of the unit to the first key on record, under systemd on a machine of its own.

The machine's processor is emulated, so its seconds are not a pad's; the same program without its
sandbox is measured beside it, and the ratio is what that costs.
"""

import json
from typing import NamedTuple

from benchmarks.result_table import Row, median, seconds
from benchmarks.run import Run
from benchmarks.scratch import BenchError
from tests.rigs.vm import service_pad
from tests.rigs.vm.channel import Command
from tests.rigs.vm.machine import Machine
from tests.rigs.vm.service_pad import ServicePad

_NOTE = (
    "Debian's kernel and systemd on an emulated processor (TCG), which is some 20 times slower than"
    " the machine it runs on: only the ratio means something. Ours: the shipped unit with its whole"
    " sandbox, from its start until a press, made as soon as there is a board, can be read from the"
    " ledger. Against: the same program and user in a unit that locks nothing"
    " away. A ledger is there already; the first start, which fills the caches, is left out."
)

_SHARE = (
    "Type=exec",
    "CPUWeight=500",
    "IOWeight=500",
    "RuntimeDirectory=ratingpad",
    "StateDirectory=ratingpad",
)
"""What the other unit has in common with ours."""


class Start(NamedTuple):
    """One start, in seconds: until READY, until the first key."""

    ready_s: float
    first_key_s: float


def rows(run: Run) -> list[Row]:
    """The shipped unit beside the bare program."""
    try:
        with Machine(init="/lib/systemd/systemd") as vm:
            pad = ServicePad(vm)
            pad.start()
            pad.press(1)
            pad.sh("systemctl stop ratingpad")
            pairs = []
            for turn in range(run.rounds):
                pairs.append((_unit(pad), _bare(pad)))
                run.say(f"service: round {turn + 1}/{run.rounds}: {pairs[-1]}")
    except (AssertionError, OSError) as error:
        raise BenchError(f"no machine with systemd: {error}") from error
    ours = median([unit.first_key_s for unit, _ in pairs])
    theirs = median([bare.first_key_s for _, bare in pairs])
    ready = seconds(median([unit.ready_s for unit, _ in pairs]))
    return [
        Row(
            "start of the unit → first key in the ledger",
            f"{seconds(ours)}, ready after {ready}",
            "the same without its sandbox",
            seconds(theirs),
            ours / theirs,
            "",
            note=_NOTE,
        )
    ]


def _unit(pad: ServicePad) -> Start:
    """One start of the unit, pressed as soon as it has a board."""
    return _measured(pad, "ratingpad", "systemctl start ratingpad")


def _bare(pad: ServicePad) -> Start:
    """One start of the same program by the same user, in a unit that locks nothing away."""
    given = " ".join(f"-p {setting}" for setting in _SHARE)
    started = f"systemd-run --quiet --unit=bare --uid=ratingpad --gid=ratingpad {given}"
    config = "/etc/ratingpad/pad.toml"
    return _measured(pad, "bare", f"{started} {service_pad.PROGRAM} run --config {config}")


def _measured(pad: ServicePad, unit: str, start: str) -> Start:
    presser = pad.vm.start(["sh", "-c", _press_command()])
    pad.sh(start)
    first_ms = _first_ms(presser)
    lines = pad.sh(f"systemctl show {unit}").splitlines()
    properties = dict(line.split("=", 1) for line in lines if "=" in line)
    began_ms = int(properties["InactiveExitTimestampMonotonic"]) / 1e3
    ready_ms = int(properties["ActiveEnterTimestampMonotonic"]) / 1e3
    pad.sh(f"systemctl stop {unit}")
    return Start((ready_ms - began_ms) / 1e3, (first_ms - began_ms) / 1e3)


def _press_command() -> str:
    presser = "-m tests.rigs.vm.remote_presser"
    return f"{service_pad.INTERPRETER} {presser} {service_pad.CONTROL} {service_pad.LEDGER} 1"


def _first_ms(presser: Command) -> float:
    done = presser.wait(180)
    if done.code:
        raise BenchError(f"the pad takes no key: {done.output}")
    return float(json.loads(done.output)["first_ms"])
