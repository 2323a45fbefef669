"""What a process may do here: tries each thing once and prints what came of it, as JSON.

python -m tests.rigs.vm.sandbox_probe
{"write /etc": "EROFS", "read the clock's state": "done", ...}
"""

import contextlib
import ctypes
import errno
import json
import mmap
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)

PTRACE_ATTACH, CLONE_NEWUSER = 16, 0x10000000
ELSEWHERE = "192.0.2.7"
"""An address of this machine that is not loopback's (TEST-NET-1); the caller gives it to `lo`."""


def _call(name: str, *arguments: object) -> None:
    """A call of the C library that must not give -1."""
    if getattr(libc, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _namespace() -> None:
    """In a child: in a user namespace of its own this process would lose its identity."""
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.unshare(CLONE_NEWUSER) == 0 else ctypes.get_errno())
    number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number:
        raise OSError(number, os.strerror(number))


def _send(family: int, address: str) -> None:
    with contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as sender:
        sender.sendto(b"x", (address, 9))


def _packet() -> None:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()


def _raw() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


def _code_that_was_data() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def _suid() -> None:
    file = Path("/var/lib/ratingpad/probe-suid")
    file.touch()
    try:
        file.chmod(0o4755)
    finally:
        file.unlink()


def _kept(path: str) -> Callable[[], None]:
    def write() -> None:
        file = Path(path)
        file.write_text("probe")
        file.unlink()

    return write


def _opened(path: str, flags: int = os.O_RDWR) -> Callable[[], None]:
    return lambda: os.close(os.open(path, flags))


def _seen(path: str) -> Callable[[], object]:
    return lambda: sum(1 for _ in Path(path).iterdir())


def _clock_state() -> None:
    from device.drivers.kernel_clocks import KernelWall

    source = KernelWall(has_rtc=False).read().source
    if source.startswith("adjtimex"):
        raise OSError(errno.EPERM, source)


def _boot_id() -> None:
    from device.drivers.kernel_clocks import KernelBoot

    KernelBoot()


FORBIDDEN: dict[str, Callable[[], object]] = {
    "write /etc": _kept("/etc/probe"),
    "write /usr": _kept("/usr/probe"),
    "write its own program": _kept("/opt/probe"),
    "write the configuration": _opened("/etc/ratingpad/pad.toml"),
    "read /root": _seen("/root"),
    "read the shadow file": _opened("/etc/shadow", os.O_RDONLY),
    "write a kernel tunable": _opened("/proc/sys/kernel/hostname"),
    "write a control group": _opened("/sys/fs/cgroup/cgroup.procs"),
    "read the kernel's log": _opened("/dev/kmsg", os.O_RDONLY),
    "open another device": _opened("/dev/hwrng", os.O_RDONLY),
    "open the memory": _opened("/dev/mem", os.O_RDONLY),
    "a packet socket": _packet,
    "a raw socket": _raw,
    "speak to another address": lambda: _send(socket.AF_INET, ELSEWHERE),
    "trace another process": lambda: _call("ptrace", PTRACE_ATTACH, 1, 0, 0),
    "a namespace of its own": _namespace,
    "mount": lambda: _call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "run code that was data": _code_that_was_data,
    "a program that runs as another": _suid,
    "real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "the host's name": lambda: socket.sethostname("probe"),
    "end another process": lambda: os.kill(1, 0),
}
"""Nothing of this is a pad's business."""

NEEDED: dict[str, Callable[[], object]] = {
    "write its folder": _kept("/var/lib/ratingpad/probe"),
    "write its run-time folder": _kept("/run/ratingpad/probe"),
    "read the configuration": _opened("/etc/ratingpad/pad.toml", os.O_RDONLY),
    "read the desk's token": _opened("/etc/ratingpad/desk-token", os.O_RDONLY),
    "read the clock's state": _clock_state,
    "read the boot's id": _boot_id,
    "speak to loopback": lambda: _send(socket.AF_INET, "127.0.0.1"),
    "speak to loopback by IPv6": lambda: _send(socket.AF_INET6, "::1"),
    "open a bus by its group": _opened("/dev/i2c-0"),
    "look for input devices": _seen("/dev/input"),
}
"""The pad needs all of this."""


def tried(what: dict[str, Callable[[], object]]) -> dict[str, str]:
    """Each thing, and `done` or the name of the error."""
    found = {}
    for name, act in what.items():
        try:
            act()
            found[name] = "done"
        except OSError as error:
            found[name] = errno.errorcode.get(error.errno or 0, str(error))
    return found


if __name__ == "__main__":
    json.dump(tried(NEEDED) | tried(FORBIDDEN), sys.stdout, indent=1)
