"""The pad as a real service: systemd is the first process, and the unit is the shipped one.

    with Machine(init="/lib/systemd/systemd") as vm:
        pad = ServicePad(vm)
        pad.start()

The unit starts /opt/ratingpad/bin/ratingpad; inside, that is a launcher of two lines in front of
this checkout and this interpreter, which are bound to names that a service may see.
"""

import json
import sys
import sysconfig
from typing import Any

from tests.rigs.vm.machine import ROOT, Done, Machine

PROGRAM = "/opt/ratingpad/bin/ratingpad"
LEDGER = "/var/lib/ratingpad/ledger.db"
CONTROL = "/run/ratingpad/board.sock"

PATIENCE_S = 180.0
"""For one command inside; the processor is emulated."""

CONFIG = f"""
[pad]
id = "pad-1"
window = "3"
[ledger]
path = "{LEDGER}"
[province]
broker = "mqtt://127.0.0.1:1883"
[desk]
token_file = "desk-token"
[board]
control = "{CONTROL}"
"""

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
PLACES = {
    "/opt/python": sys.base_prefix,
    "/opt/checkout": str(ROOT),
    "/opt/site": sysconfig.get_path("platlib"),
}
"""What is bound where: a service sees no home folders, and a checkout may lie in one."""
RATINGPAD = "-c 'import sys; from device.cli import main; sys.exit(main())'"
"""The command, as its script has it."""
INTERPRETER = (
    "env PYTHONPATH=/opt/checkout:/opt/site"
    # One that was built into a home folder looks for its library there.
    f" LD_LIBRARY_PATH=/opt/python/lib /opt/python/bin/{PYTHON}"
)


class ServicePad:
    """The installed service on a machine that systemd runs."""

    def __init__(self, vm: Machine) -> None:
        """Install it as `ratingpad units` does; it is not started yet."""
        self.vm = vm
        for place, source in PLACES.items():
            self.sh(f"mkdir -p {place} && mount --bind {source} {place}")
        self.launch(RATINGPAD)
        self.python(
            f"from pathlib import Path; from device.system.system_files import write;"
            f" write(Path('/'), Path('{PROGRAM}'))"
        )
        self.sh("systemd-sysusers && systemd-tmpfiles --create ratingpad.conf")
        self.write("/etc/ratingpad/pad.toml", CONFIG)
        self.write("/etc/ratingpad/desk-token", "0123456789abcdef\n")
        self.sh("systemd-tmpfiles --create ratingpad.conf && systemctl daemon-reload")
        self.sh("udevadm control --reload; udevadm trigger --settle")

    # --- inside ---

    def run(self, *command: str, timeout_s: float = PATIENCE_S) -> Done:
        """Run a command as root, outside of the service's sandbox."""
        return self.vm.run(list(command), timeout_s)

    def sh(self, line: str) -> str:
        """The output of a shell command that must succeed."""
        done = self.run("sh", "-c", line)
        assert done.code == 0, f"{line}\n{done.output}"
        return done.output

    def write(self, path: str, text: str) -> None:
        """Make a file inside."""
        self.sh(f"mkdir -p $(dirname {path}) && cat >{path} <<'END'\n{text}\nEND")

    def python(self, *words: str) -> str:
        """Run a statement, or with `-m` a module, with the service's own interpreter as root."""
        arguments = words if words[0] == "-m" else ("-c", *words)
        done = self.run(*INTERPRETER.split(), *arguments)
        assert done.code == 0, done.output
        return done.output

    def launch(self, program: str) -> None:
        """Run `program` in place of ratingpad from the next start on, with the same arguments."""
        self.write(
            PROGRAM,
            f'#!/bin/sh\nexec {INTERPRETER} {program} "$@"',
        )
        self.sh(f"chmod 755 {PROGRAM}")

    # --- the service ---

    def start(self) -> None:
        """Start it; returns once it has reported READY."""
        self.sh("systemctl start ratingpad || { systemctl status ratingpad; exit 1; }")

    def properties(self) -> dict[str, str]:
        """The service's properties in systemd."""
        lines = self.sh("systemctl show ratingpad").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def log(self) -> str:
        """What it has logged."""
        return self.sh("journalctl --no-pager -o cat -u ratingpad")

    def press(self, times: int) -> list[dict[str, Any]]:
        """Press so often, each time until it is on record; every entry of the ledger then."""
        said = self.python("-m", "tests.rigs.vm.remote_presser", CONTROL, LEDGER, str(times))
        found: list[dict[str, Any]] = json.loads(said)["bodies"]
        return found

    def bodies(self) -> list[dict[str, Any]]:
        """Every entry of the ledger, read beside the agent."""
        return self.press(0)

    def press_in_vain(self) -> None:
        """Press a key of a pad that takes no presses."""
        self.python(
            "from pathlib import Path; from device.drivers.sim.client import SimClient;"
            f" SimClient(Path('{CONTROL}')).press('satisfied', hold_ms=400)"
        )

    def verify(self) -> Done:
        """`ratingpad verify`."""
        return self.run(PROGRAM, "verify", LEDGER)
