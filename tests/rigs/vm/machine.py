"""A machine with Debian's own kernel, in which the project's tests run on real kernel devices.

    with Machine() as vm:
        done = vm.run([sys.executable, "-c", "print(1)"], timeout_s=20)
        assert done == Done(code=0, output="1\\n")
        results = vm.pytest("tests/conformance", "-k", "gpio", timeout_s=100)
        assert not results.failed and len(results.passed) == 10, results.summary()

- It sees the host's root file system at the same paths: `.venv`, the checkout, everything. What it
  writes goes into memory and is gone at the end; only `vm.share` (a folder of the host, at the same
  path inside) is written by both. /tmp and /run inside are its own and empty.
- One boot serves any number of commands, one after the other (`run`, `pytest`) or side by side
  (`start` and `start_module` give a `Command`: `.output`, `.wait(timeout_s)`,
  `.wait_for(text, timeout_s)`, `.wait_until(holds, timeout_s, what)`, `.kill()`).
- Everything runs as root. Loaded are gpio-sim, gpio_keys, uinput, evdev, i2c-dev, i2c-stub (an
  empty chip at 0x3c), ftdi_sio, xhci and snd-aloop; configfs is mounted. `modules=("softdog",)`
  loads more, `module_options={"softdog": "soft_margin=5"}` gives them parameters.
- `qemu_options` are appended to QEMU's command line, `kernel_options` to the kernel's.
- `init="/lib/systemd/systemd"` lets the host's systemd be process 1 (13 s): basic.target is
  reached with the host's units, dbus and udev run, no other service of the host is started, and
  commands run from the unit rig.service. Units of your own go to /run/systemd/system by `run`,
  then `systemctl daemon-reload`. cgroup2 has all controllers; DynamicUser and sandboxes work.
  `target="multi-user.target"` starts everything that is enabled instead.
- `disk` is an ext4 image whose system it boots instead of the host's, as a pad boots from its card:
  what it writes there goes into a file that is gone at the end, and takes no memory of its own.
  With `keeps_disk` it stays in the image, for the next machine. With `sees_checkout=False` nothing
  of the project is inside but the rig's own folder.
- Nothing survives: leaving the `with` kills the machine, and so does the end of this process. The
  kernel's console is `vm.console()`; it is in the message of everything that fails.

The processor is emulated (TCG, about 20 times slower than the host's), because that works
everywhere and the same; do not quote its timing as the product's. There is one of it: with two, a
busy host starves either alone, and a contact that bounces slowly is two presses. /dev/kvm is left
alone: there are hosts on which it opens and makes a machine, and Debian's kernel does not come up
in it within minutes.
"""

import contextlib
import itertools
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.rigs.vm.channel import Channel, Command, Done
from tests.rigs.vm.initramfs import pack
from tests.rigs.vm.junit import Results, read_results
from tests.rigs.vm.kernel import Kernel, prepare
from tests.rigs.vm.modules import in_order

__all__ = ["Command", "Done", "Machine", "Results"]

ROOT = Path(__file__).parents[3]
"""The checkout."""

BOOT_S = 300.0
"""A boot takes 6 s alone and many times as long beside other work."""

MODULES = (
    *("virtio_pci", "virtio_console", "virtio_rng", "9p", "9pnet_virtio", "overlay"),
    *("uinput", "evdev", "gpio_keys", "i2c_dev"),
)
OF_A_DISK = ("crc32c_generic", "virtio_blk", "ext4")
OF_A_PC = ("i2c_stub", "xhci_pci", "ftdi_sio", "snd_aloop")


class Architecture(NamedTuple):
    """How QEMU is started for one architecture, and what its kernel has and wants."""

    qemu: tuple[str, ...]
    console: str
    processor: str
    modules: tuple[str, ...]


ARCHITECTURES = {
    "amd64": Architecture(
        ("qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi"), "ttyS0", "max", OF_A_PC
    ),
    "arm64": Architecture(
        ("qemu-system-aarch64", "-M", "virt", "-accel", "tcg,thread=multi"),
        "ttyAMA0",
        "cortex-a72",
        ("rtc_pl031",),
    ),
}


class Machine:
    """One running machine, in a `with`. QEMU ends with the thread that entered it."""

    def __init__(
        self,
        architecture: str = "amd64",
        *,
        root: Path = Path("/"),
        python: str = sys.executable,
        memory_mib: int = 1536,
        modules: tuple[str, ...] = (),
        module_options: dict[str, str] | None = None,
        init: str = "",
        target: str = "rig.target",
        disk: Path | None = None,
        keeps_disk: bool = False,
        sees_checkout: bool = True,
        processors: int = 1,
        qemu_options: tuple[str, ...] = (),
        kernel_options: str = "",
    ) -> None:
        """`root` is the directory that becomes its root, or `disk` the image of one; `python` is an
        interpreter in there.
        """
        self._plan = ARCHITECTURES[architecture]
        self.kernel: Kernel = prepare(architecture)
        self._root = root
        self._python = python
        self._memory_mib = memory_mib
        of_a_disk = OF_A_DISK if disk is not None else ()
        self._modules = (*MODULES, *of_a_disk, *self._plan.modules, *modules)
        self._module_options = {"i2c_stub": "chip_addr=0x3c", **(module_options or {})}
        self._init = init
        self._target = target
        self._disk = disk
        self._keeps_disk = keeps_disk
        self._sees = ROOT if sees_checkout else Path(__file__).parent
        self._processors = processors
        self._qemu_options = qemu_options
        self._kernel_options = kernel_options
        self._counter = itertools.count(1)

    # --- coming and going ----------------------------------------------------------------------

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as coming:
            # Not in /tmp, which systemd empties when it starts inside.
            folder = tempfile.TemporaryDirectory(prefix="rig-", dir="/var/tmp")
            self._folder = Path(coming.enter_context(folder))
            self._switch_on(coming)
            self._channel.hello.wait(BOOT_S)
            self._leave = coming.pop_all().close
        return self

    def _switch_on(self, coming: contextlib.ExitStack) -> None:
        self.share = self._folder / "share"
        self.share.mkdir()
        self._console = self._folder / "console"
        (self._folder / "initramfs").write_bytes(self._initramfs())
        ours, theirs = socket.socketpair()
        with theirs, self._console.open("w") as console:
            self._qemu = subprocess.Popen(
                # QEMU ends with whoever started it, even when that is killed.
                ["setpriv", "--pdeathsig", "KILL", *self._command(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
            )
        self._channel = Channel(ours, self.console)
        coming.callback(self._channel.close)
        coming.callback(self._qemu.wait)
        coming.callback(self._qemu.kill)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        what: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()

    def _initramfs(self) -> bytes:
        modules = in_order(self.kernel.modules, [self.kernel.gpio_sim], self._modules)
        return pack(self.kernel.busybox, modules, self._module_options)

    def _command(self, channel: int) -> list[str]:
        shares = {"root": (self._root, "/"), "rw0": (self.share, self.share)}
        if self._disk is not None:
            del shares["root"]
        if self._root != Path("/") or self._disk is not None or ROOT.parts[1] in ("tmp", "run"):
            shares["ro0"] = (self._sees, self._sees)  # inside, these two are fresh and empty
        told = ",".join(f"{tag}:{inside}" for tag, (_, inside) in shares.items() if tag != "root")
        words = (
            f"console={self._plan.console} quiet loglevel=4 panic=-1 mitigations=off"
            f" rig.shares={told} rig.python={self._python}"
            f" rig.inside={Path(__file__).with_name('inside.py')}"
        )
        if self._init:
            words += f" rig.init={self._init} systemd.unit={self._target}"
        if self._disk is not None:
            words += " rig.disk=/dev/vda"
        return [
            *self._plan.qemu,
            *("-cpu", self._plan.processor, "-smp", str(self._processors)),
            *("-m", str(self._memory_mib)),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-serial", "stdio", "-kernel", str(self.kernel.image)),
            *("-initrd", str(self._folder / "initramfs")),
            *("-append", f"{words} {self._kernel_options}".strip()),
            *("-device", "virtio-serial-pci", "-device", "virtio-rng-pci"),
            *("-chardev", f"socket,id=rig,fd={channel}"),
            *("-device", "virtserialport,chardev=rig,name=ratingpad.rig"),
            *(word for tag, (path, _) in shares.items() for word in _nine_p(tag, path)),
            *(_card(self._disk, self._keeps_disk) if self._disk is not None else ()),
            *self._qemu_options,
        ]

    # --- what is done inside -------------------------------------------------------------------

    def start(
        self, command: list[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None
    ) -> Command:
        """Start a command inside and go on; `env` is added to a clean environment."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        clean = {"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8"}
        return self._channel.run(command, str(cwd), {**clean, **(env or {})})

    def run(
        self,
        command: list[str],
        timeout_s: float,
        *,
        cwd: Path = ROOT,
        env: dict[str, str] | None = None,
    ) -> Done:
        """Run a command inside to its end; AssertionError after the time."""
        return self.start(command, cwd=cwd, env=env).wait(timeout_s)

    def start_module(self, module: str, *arguments: str) -> Command:
        """Start one of our modules inside, `tests.rigs.x` and `device.x` alike."""
        return self.start(
            [self._python, "-m", module, *arguments], env={**PYTEST, "PYTHONPATH": str(ROOT)}
        )

    def pytest(
        self, *arguments: str, timeout_s: float, env: dict[str, str] | None = None
    ) -> Results:
        """Run a part of the tests inside, from the checkout; their output is in the results.

        AssertionError when nothing was collected, or pytest itself failed.
        """
        report = self.share / f"results-{next(self._counter)}.xml"
        done = self.run(
            [
                *(self._python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                *("-p", "pytest_timeout", f"--timeout={TEST_S}"),
                *(f"--junitxml={report}", *arguments),
            ],
            timeout_s,
            # Looking for plugins and loading them all takes longer than most tests.
            env={**PYTEST, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(env or {})},
        )
        assert done.code in RAN, (
            f"pytest inside: {RAN_NOTHING.get(done.code, done.code)}\n{done.output}"
        )
        return read_results(report, done.output)

    def console(self) -> str:
        """The output of the kernel and the init."""
        with contextlib.suppress(OSError):
            return self._console.read_text(errors="replace")
        return ""

    def wait_off(self, timeout_s: float) -> None:
        """Wait until the machine has switched itself off."""
        self._qemu.wait(timeout_s)


TEST_S = 300
"""The longest that one test inside may take, unless its own timeout says otherwise."""

RAN = {0, 1}
"""What pytest returns when it has run tests."""
RAN_NOTHING = {2: "interrupted", 3: "internal error", 4: "wrong usage", 5: "collected nothing"}

PYTEST = {
    "RATINGPAD_KERNEL": "1",
    "RPI_LGPIO_REVISION": "c03115",
    "RPI_LGPIO_CHIP": "0",
    "LG_WD": "/tmp",
}
"""A Pi 4, as rpi-lgpio asks it; and a folder where lgpio may keep its pipe."""


def _card(image: Path, is_kept: bool) -> list[str]:
    kept = "snapshot=off" if is_kept else "snapshot=on"
    return [
        *("-drive", f"if=none,id=card,format=raw,file={image},{kept},cache=unsafe"),
        *("-device", "virtio-blk-pci,drive=card"),
    ]


def _nine_p(tag: str, path: Path) -> list[str]:
    mode = "security_model=none" + ("" if tag.startswith("rw") else ",readonly=on")
    return [
        *("-fsdev", f"local,id={tag},path={path},multidevs=remap,{mode}"),
        *("-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"),
    ]
