"""A bare system as a folder: the files that `ratingpad setup` looks at, and its commands.

It rigs apt, pip, systemd and the user database: each command changes what the next one sees, and
any can be made to fail. Nothing of it says how real ones behave: the machine in
tests/hardware/long does.
"""

from collections.abc import Sequence
from pathlib import Path

from device.setup.setup_system import CommandOutcome, OnLine, SetupSystem

PI_4 = {
    "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
    "etc/rpi-issue": "Raspberry Pi reference 2025-05-13\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "proc/device-tree/serial-number": "10000000a1b2c3d4\0",
    "proc/sys/kernel/osrelease": "6.12.25+rpt-rpi-v8\n",
    "proc/sys/kernel/hostname": "raspberrypi\n",
    "proc/meminfo": "MemTotal:        1910816 kB\nMemFree: 1 kB\n",
    "proc/bus/input/devices": "",
    "boot/firmware/config.txt": "# For more options\ndtparam=audio=on\n\n[cm4]\notg_mode=1\n",
    "run/systemd/system/.keep": "",
}

USB_KEYS = """I: Bus=0003 Vendor=1a2c Product=0e24 Version=0110
N: Name="HID Five Keys"
P: Phys=usb-0000:01:00.0-1.2/input0
B: EV=120013
B: KEY=1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe

"""

TOUCHSCREEN = """I: Bus=0000 Vendor=0000 Product=0000 Version=0000
N: Name="raspberrypi-ts"
B: EV=b
B: KEY=400 0 0 0 0 0
B: ABS=260800000000003

"""


class BareRoot:
    """The folder and what its commands have done. `ran`: every command, in order."""

    def __init__(self, folder: Path, files: dict[str, str] | None = None) -> None:
        for name, text in {**PI_4, **(files or {})}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        self.folder = folder
        self.ran: list[tuple[str, ...]] = []
        self.fails = ""
        """A command that begins so fails."""
        self.packages: set[str] = {"python3"}
        self.running: set[str] = set()
        self.system = SetupSystem(folder, self._run)

    def lines(self) -> list[str]:
        """Every command that has run, as it is typed."""
        return [" ".join(command) for command in self.ran]

    def _run(self, command: Sequence[str], on_line: OnLine | None) -> CommandOutcome:
        line = " ".join(command)
        if self.fails and line.startswith(self.fails):
            return CommandOutcome(100, "first line\nE: it failed\n")
        match list(command):
            case ["dpkg-query", *_, package]:
                there = package in self.packages
                return CommandOutcome(0 if there else 1, "installed" if there else "")
            case ["getent", "passwd", user]:
                return CommandOutcome(0 if user in self.running else 2, "")
            case ["systemctl", "is-enabled" | "is-active", "--quiet", unit]:
                return CommandOutcome(0 if unit in self.running else 3, "")
        self.ran.append(tuple(command))
        if on_line is not None:
            on_line("a line of its output")
        match list(command):
            case ["apt-get", "install", *names]:
                self.packages |= {name for name in names if not name.startswith("-")}
            case ["systemd-sysusers", *_]:
                self.running.add("ratingpad")
            case ["systemctl", "restart", unit]:
                self.running.add(unit)
            case [*_, "-m", "pip", "--version"]:
                return CommandOutcome(int(not self._program.parent.is_dir()), "")
            case ["python3", "-m", "venv", *_]:
                self._program.parent.mkdir(parents=True)
            case [*_, "pip", "install", "--upgrade", _]:
                self._program.write_text("#!/bin/sh\n")
        return CommandOutcome(0, "a line of its output\n")

    @property
    def _program(self) -> Path:
        return self.folder / "opt/ratingpad/bin/ratingpad"
