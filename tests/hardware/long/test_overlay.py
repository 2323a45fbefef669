"""The very overlay that a Pi loads, on Debian's arm64 kernel: from a pulled line to a press.

QEMU's machine `virt` has no Pi's pin controller; gpio-sim stands in for it, made by the device tree
as the kernel makes any chip. The overlay does not know the difference: it asks for a node with the
label `gpio`.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.board.keypad import load_keypad
from device.board.profile import load_profile
from tests.rigs.board.device_tree import compile_tree, lay_over
from tests.rigs.source.source_tree import ROOT
from tests.rigs.vm.key_output import wait_for
from tests.rigs.vm.machine import Machine
from tests.rigs.vm.pi_root import prepare_root

pytestmark = [
    pytest.mark.kernel_vm,
    pytest.mark.arm64_vm,
    pytest.mark.dtc,
    pytest.mark.timeout(900),
]

PATIENCE_S = 90.0
MODEL = "input-gpio-keys"
TABLE = {"name": "ratingpad-keys", "model": MODEL}
KEYS = load_profile("rpi-4").keys.key

CHIP = """
/ {
	gpio-sim {
		compatible = "gpio-simulator";

		gpio: bank0 {
			gpio-controller;
			#gpio-cells = <2>;
			ngpios = <28>;
			gpio-sim,label = "header";
			pinctrl-use-default;	/* no pin controller to wait for */
		};
	};
};
"""

PULL = "echo {way} >$(echo /sys/devices/platform/*/gpiochip*/sim_gpio{line}/pull)"


def pulls(way: str, *lines: int) -> str:
    """A shell's words that pull these lines up or down."""
    return " && ".join(PULL.format(way=f"pull-{way}", line=line) for line in lines)


@pytest.fixture
def vm(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose tree has the overlay in it, all keys up."""
    dumped = tmp_path / "virt.dtb"
    machine = ["qemu-system-aarch64", "-M", f"virt,dumpdtb={dumped}"]
    subprocess.run(
        [*machine, "-cpu", "max", "-smp", "1", "-m", "1536"], capture_output=True, check=True
    )
    plain = subprocess.run(
        ["dtc", "-q", "-I", "dtb", "-O", "dts", dumped], capture_output=True, text=True, check=True
    ).stdout
    base, _ = compile_tree(plain + CHIP, tmp_path, "base")
    source = (ROOT / "hw/overlays/ratingpad-keys.dts").read_text("utf-8")
    overlay, says = compile_tree(source, tmp_path, "ratingpad-keys")
    assert says == ""
    tree = lay_over(base, overlay)
    with Machine(
        "arm64",
        root=prepare_root(),
        python="/usr/bin/python3",
        qemu_options=("-dtb", str(tree)),
    ) as vm:
        done = vm.run(["sh", "-c", pulls("up", *(key.line for key in KEYS))], 60)
        assert done == (0, ""), vm.console()
        yield vm


def test_every_key_of_the_header_arrives_as_its_level(vm: Machine) -> None:
    named = vm.run(["cat", "/proc/bus/input/devices"], 60)
    assert 'Name="ratingpad-keys"' in named.output, vm.console()
    codes = {coded.name: coded.code for coded in load_keypad(MODEL).key}
    assert set(codes) == {key.name for key in KEYS}
    keys = vm.start_module("tests.rigs.vm.print_keys", "linux-input", json.dumps(TABLE))
    assert wait_for(keys, 1, PATIENCE_S) == {"started": True}
    count = 1
    for key in KEYS:
        assert vm.run(["sh", "-c", pulls("down", key.line)], 60).code == 0
        count += 1
        assert wait_for(keys, count, PATIENCE_S) == {
            "key": key.name,
            "level": key.level and key.level.value,
        }
        assert vm.run(["sh", "-c", pulls("up", key.line)], 60).code == 0
    keys.kill()
