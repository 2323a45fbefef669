"""The udev rules under a real udev and a real kernel: names, groups, and who may open what."""

import json
import re
import shlex
from collections.abc import Iterator

import pytest

from tests.rigs.vm import kernel
from tests.rigs.vm.machine import ROOT, Machine

pytestmark = [pytest.mark.kernel_vm, pytest.mark.udev, pytest.mark.timeout(600)]

USB = (
    *("-device", "qemu-xhci"),
    *("-chardev", "file,id=s0,path=/dev/null", "-chardev", "file,id=s1,path=/dev/null"),
    *("-device", "usb-serial,chardev=s0,serial=A10KX2,port=1"),
    *("-device", "usb-serial,chardev=s1,serial=0001,port=2"),
    *("-device", "usb-kbd,port=3"),
)
"""Two adapters with FTDI's numbers, one of them with the number that clones carry, and a keyboard
that plays a USB key pad. QEMU's keyboard is 0627:0001."""

TECHNICIAN = (
    'SUBSYSTEM=="input", ATTRS{idVendor}=="0627", ATTRS{idProduct}=="0001", '
    'ENV{RATINGPAD_KEYS}="usb"\n'
)

SET_UP = """
export SYSTEMD_IGNORE_CHROOT=1
systemd-sysusers "$PWD/hw/systemd/sysusers.conf"
cp hw/udev/*.rules /etc/udev/rules.d/
mkdir -p /run/udev
/lib/systemd/systemd-udevd --daemon
d=/sys/kernel/config/gpio-sim/udev
mkdir -p $d/bank0 && echo 8 >$d/bank0/num_lines && echo 1 >$d/live
i=0
until [ -e /sys/class/tty/ttyUSB1 ] && grep -q QEMU /sys/class/input/event*/device/name; do
  i=$((i + 1)); [ $i -lt 300 ]; sleep 0.1
done
udevadm trigger --action=add
udevadm settle --timeout=60
"""

VIRTUAL = """
import sys, time, evdev
made = [evdev.UInput({evdev.ecodes.EV_KEY: [0x100]}, name=name) for name in sys.argv[1:]]
print("made", flush=True)
time.sleep(600)
"""

LOOK = """
import grp, json, os, pathlib, stat
found = {}
for folder in ("/dev", "/dev/input"):
    for path in pathlib.Path(folder).iterdir():
        if path.is_char_device() and not path.is_symlink():
            about = path.stat()
            group = grp.getgrgid(about.st_gid).gr_name
            found[str(path)] = [group, oct(stat.S_IMODE(about.st_mode))]
links = pathlib.Path("/dev/ratingpad")
names = {}
for event in pathlib.Path("/sys/class/input").glob("event*"):
    names["/dev/input/" + event.name] = (event / "device/name").read_text().strip()
print(json.dumps({
    "nodes": found,
    "names": names,
    "links": {p.name: os.path.realpath(p) for p in links.iterdir()} if links.is_dir() else {},
}))
"""

MAY_OPEN = """
import json, os, sys
os.initgroups("ratingpad", __import__("pwd").getpwnam("ratingpad").pw_gid)
os.setgid(__import__("pwd").getpwnam("ratingpad").pw_gid)
os.setuid(__import__("pwd").getpwnam("ratingpad").pw_uid)
answer = {}
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
        answer[path] = True
    except PermissionError:
        answer[path] = False
print(json.dumps(answer))
"""


class Seen:
    """What stands in /dev of a machine with the rules."""

    def __init__(self, vm: Machine) -> None:
        self.vm = vm
        told = json.loads(self._python(LOOK))
        self.nodes: dict[str, list[str]] = told["nodes"]
        self.links: dict[str, str] = told["links"]
        self.events: dict[str, str] = {name: path for path, name in told["names"].items()}

    def may_open(self, *paths: str) -> list[bool]:
        """Whether the service's user may open each of them."""
        answer = json.loads(self._python(MAY_OPEN, *paths))
        return [answer[path] for path in paths]

    def _python(self, script: str, *arguments: str) -> str:
        done = self.vm.run([str(ROOT / ".venv/bin/python"), "-c", script, *arguments], 60)
        assert done.code == 0, done.output
        return done.output


@pytest.fixture(scope="module")
def seen(stock_kernel: kernel.Kernel) -> Iterator[Seen]:
    """A machine with our rules, two USB serial adapters, a USB keyboard and two virtual ones."""
    modules = ("usbhid", "hid_generic")
    with Machine(modules=modules, qemu_options=USB) as vm:
        write = f"printf %s {shlex.quote(TECHNICIAN)} >/etc/udev/rules.d/59-ratingpad-keys.rules"
        done = vm.run(["sh", "-ec", f"mkdir -p /etc/udev/rules.d\n{write}\n{SET_UP}"], 120)
        assert done.code == 0, done.output
        python = str(ROOT / ".venv/bin/python")
        virtual = vm.start([python, "-c", VIRTUAL, "ratingpad-keys", "somebody's keyboard"])
        virtual.wait_for("made", 60)
        env = {"SYSTEMD_IGNORE_CHROOT": "1"}  # the machine's root is one
        done = vm.run(["udevadm", "settle", "--timeout=60"], 90, env=env)
        assert done.code == 0, done.output
        yield Seen(vm)


def complaints(seen: Seen) -> list[str]:
    """What udev says of rules files, one line each, when it reads them all."""
    script = "udevadm test $(realpath /sys/class/tty/ttyUSB0)"
    env = {"SYSTEMD_IGNORE_CHROOT": "1", "SYSTEMD_LOG_LEVEL": "debug"}
    done = seen.vm.run(["sh", "-c", script], 60, env=env)
    assert done.code == 0, done.output
    lines = [line for line in done.output.splitlines() if "/etc/udev/rules.d/" in line]
    assert any("Reading rules file" in line for line in lines), done.output
    done_by_rules = re.compile(r"Reading rules file|GROUP \d+|MODE \d+|LINK '|Importing|Skipping")
    return [line for line in lines if not done_by_rules.search(line)]


def test_udev_has_nothing_to_say_against_the_rules(seen: Seen) -> None:
    assert complaints(seen) == []
    broken = "/etc/udev/rules.d/61-broken.rules"  # the control
    seen.vm.run(["sh", "-c", f"""echo 'SUBSYTEM=="tty", MODE="0660"' >{broken}"""], 30)
    assert [line for line in complaints(seen) if "SUBSYTEM" in line]
    seen.vm.run(["rm", broken], 30)


def test_an_adapter_has_a_name_by_its_number_and_one_by_its_port(seen: Seen) -> None:
    assert seen.links["line-ftdi-A10KX2"].startswith("/dev/ttyUSB")
    ports = {name: to for name, to in seen.links.items() if name.startswith("line-ftdi-pci-")}
    assert sorted(ports.values()) == ["/dev/ttyUSB0", "/dev/ttyUSB1"]
    assert seen.links["line-ftdi-A10KX2"] in ports.values()


def test_a_number_that_every_clone_carries_makes_no_name(seen: Seen) -> None:
    assert [name for name in seen.links if "0001" in name.split("-")] == []


def test_the_kernels_keys_and_the_usb_pad_are_the_pads(seen: Seen) -> None:
    assert seen.links["keys-gpio"] == seen.events["ratingpad-keys"]
    assert seen.links["keys-usb"] == seen.events["QEMU QEMU USB Keyboard"]
    for path in (seen.links["keys-gpio"], seen.links["keys-usb"]):
        assert seen.nodes[path] == ["ratingpad", "0o660"]
    assert seen.may_open(seen.links["keys-gpio"], seen.links["keys-usb"]) == [True, True]


def test_nobodys_keyboard_is_the_pads(seen: Seen) -> None:
    """The control of the one above: without its mark a device stays closed to the service."""
    other = seen.events["somebody's keyboard"]
    assert seen.nodes[other][0] == "input"
    assert seen.may_open(other) == [False]


def test_pins_buses_and_lines_are_open_to_the_service(seen: Seen) -> None:
    chips = [path for path in seen.nodes if path.startswith("/dev/gpiochip")]
    buses = [path for path in seen.nodes if path.startswith("/dev/i2c-")]
    assert chips
    assert buses
    assert {seen.nodes[path][0] for path in chips} == {"gpio"}
    assert {seen.nodes[path][0] for path in buses} == {"i2c"}
    assert all(seen.may_open(*chips, *buses, "/dev/ttyUSB0", "/dev/ttyUSB1"))
    assert seen.may_open("/dev/mem") == [False]
