"""A board before anybody has done anything: a disk with Debian, a network, the user `pi`.

    with BareSystem() as system:
        folder = system.put_checkout()                    # ~pi/ratingpad, as a user has it
        system.run("sudo apt-get update", user="pi")      # AssertionError when it fails
        told = system.ask("systemctl is-active ratingpad")  # Ran(code, out, err), never raises
        system.put("/etc/ratingpad/pad.toml", b"...")
        system.reboot()
        print(system.times())

A machine with QEMU and not a container, because here udev, the sandbox of a unit and
a restart are what they are on a board. The price is time: its processor is emulated, some 20 times
slower than the host's, and what it took must not be quoted as a board's. It has no watchdog unless
`modules` loads one: beside other work it stands still for longer than the 14 s of the units.

Each has a copy of its own of the disk, which is gone at the end. The servers of apt and pip are
reached as the host reaches them (`package_indexes`). What is there of the project was put there.
Commands run in a login shell of bash, as at a terminal: root's PATH has sbin, that of `pi` has not.
"""

import contextlib
import io
import itertools
import shlex
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.rigs.vm import package_indexes
from tests.rigs.vm.bare_disk import prepare_disk
from tests.rigs.vm.machine import ROOT, Machine

PATIENCE_S = 3600.0
"""For one command: apt and pip work for many minutes where the processor is emulated."""
UP_S = 600.0
DOWN_S = 300.0

LEFT_BEHIND = {"__pycache__", "build", "node_modules"}
"""Folders of a checkout that are not the project; none whose name begins with a dot is taken."""


class Ran(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


class BareSystem:
    """One bare system, in a `with`; it is up, and the network is there."""

    def __init__(
        self,
        suite: str = "bookworm",
        *,
        memory_mib: int = 1024,
        processors: int = 2,
        modules: tuple[str, ...] = (),
    ) -> None:
        """`suite`: bookworm or trixie; both are run by bookworm's kernel."""
        self._disk = prepare_disk(suite)
        self._memory_mib = memory_mib
        self._processors = processors
        self._modules = modules
        self._times: list[tuple[str, float]] = []
        self._counter = itertools.count(1)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as coming:
            folder = tempfile.TemporaryDirectory(prefix="rig-", dir="/var/tmp")
            self._card = Path(coming.enter_context(folder)) / "card"
            sparse = ["cp", "--sparse=always", "--reflink=auto"]
            subprocess.run([*sparse, str(self._disk), str(self._card)], check=True)
            self._power = coming.enter_context(contextlib.ExitStack())
            self._switch_on("the first start")
            self._leave = coming.pop_all().close
            self._tell_indexes()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        what: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _switch_on(self, what: str) -> None:
        since = time.monotonic()
        self.vm = self._power.enter_context(
            Machine(
                python="/usr/bin/python3",
                memory_mib=self._memory_mib,
                processors=self._processors,
                modules=("virtio_net", *self._modules),
                init="/lib/systemd/systemd",
                target="multi-user.target",
                disk=self._card,
                keeps_disk=True,
                sees_checkout=False,
                qemu_options=(
                    *("-netdev", "user,id=net,ipv6=off"),
                    *("-device", "virtio-net-pci,netdev=net"),
                ),
            )
        )
        # A unit that failed is for the test to find: degraded is up, too.
        self.vm.run(["systemctl", "is-system-running", "--wait"], UP_S, cwd=Path("/"))
        self._times.append((what, time.monotonic() - since))

    def _tell_indexes(self) -> None:
        self.put("/etc/pip.conf", package_indexes.pip_conf().encode())
        self.put(package_indexes.CERTIFICATES, package_indexes.certificates())
        self.put("/etc/apt/apt.conf.d/90of-the-host", package_indexes.apt_conf().encode())

    # --- what is done inside ---

    def ask(
        self,
        command: str,
        *,
        user: str = "root",
        folder: str = "~",
        stdin: str = "",
        timeout_s: float = PATIENCE_S,
    ) -> Ran:
        """Run a command of the shell to its end, in a folder, as a user who has just logged in."""
        said = self.vm.share / f"stderr-{next(self._counter)}"
        typed = said.with_name(f"{said.name}.stdin")
        typed.write_text(stdin)
        line = f"cd {folder} && {{\n{command}\n}}"
        login = shlex.join(["runuser", "-l", user, "-s", "/bin/bash", "-c", line])
        since = time.monotonic()
        outer = ["/bin/sh", "-c", f"exec {login} 2>{said} <{typed}"]
        done = self.vm.run(outer, timeout_s, cwd=Path("/"))
        self._times.append((f"{user}: {command}", time.monotonic() - since))
        return Ran(done.code, done.output, said.read_text(errors="replace"))

    def run(
        self,
        command: str,
        *,
        user: str = "root",
        folder: str = "~",
        stdin: str = "",
        timeout_s: float = PATIENCE_S,
    ) -> str:
        """The same for a command that must succeed; what it printed on stdout."""
        ran = self.ask(command, user=user, folder=folder, stdin=stdin, timeout_s=timeout_s)
        assert ran.code == 0, f"{user}: {command}: {ran.code}\n{ran.out}{ran.err}"
        return ran.out

    def put(self, path: str, content: bytes, *, owner: str = "root", mode: int = 0o644) -> None:
        """Make a file as an editor of this user makes it; its folder must be there."""
        source = self.vm.share / f"put-{next(self._counter)}"
        source.write_bytes(content)
        install = ["install", "-o", owner, "-g", owner, "-m", f"{mode:o}", str(source), path]
        done = self.vm.run(install, 120, cwd=Path("/"))
        assert done.code == 0, done.output

    def put_checkout(self, user: str = "pi") -> str:
        """Copy this checkout into a user's home; the folder's path."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for path in sorted(ROOT.iterdir()):
                tar.add(path, f"ratingpad/{path.name}", filter=_of_the_project)
        self.put("/var/tmp/ratingpad.tar", packed.getvalue())
        self.run("tar -xf /var/tmp/ratingpad.tar --no-same-owner", user=user)
        self.run("rm /var/tmp/ratingpad.tar")
        return f"/home/{user}/ratingpad"

    # --- power ---

    def reboot(self) -> None:
        """Restart as `systemctl reboot` does; what was written is still there."""
        self.vm.start(["systemctl", "reboot"], cwd=Path("/"))
        self.vm.wait_off(DOWN_S)
        self._again("a restart")

    def cut_power(self) -> None:
        """Take the power away and give it back."""
        self._again("a start after a power cut")

    def _again(self, what: str) -> None:
        self._power.close()
        self._switch_on(what)

    def times(self, at_least_s: float = 10.0) -> str:
        """What took how long, a line each, and all of it."""
        long = [f"{took:7.1f} s  {what}" for what, took in self._times if took >= at_least_s]
        whole = sum(took for _, took in self._times)
        return "\n".join([*long, f"{whole:7.1f} s  = {whole / 60:.1f} min, all of it"])


def _of_the_project(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = Path(member.name).name
    hidden = name.startswith(".") or name in LEFT_BEHIND or name.endswith(".egg-info")
    return None if hidden else member
