"""A serial key pad on a real USB adapter (the kernel's ftdi_sio), plugged, pulled, plugged."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.board.keypad import load_keypad
from tests.rigs.serial.serial_keypad import SerialKeypad
from tests.rigs.vm.kernel import Kernel
from tests.rigs.vm.key_output import printed_keys, wait_for
from tests.rigs.vm.machine import Machine
from tests.rigs.vm.usb_serial import UsbSerial

pytestmark = [pytest.mark.kernel_vm, pytest.mark.timeout(600)]

PATIENCE_S = 60.0
MODEL = "68-rising"
TABLE = {"port": "/dev/ttyUSB0", "model": MODEL, "address": 9}


@pytest.fixture
def usb() -> Iterator[UsbSerial]:
    with tempfile.TemporaryDirectory() as folder:  # short: a socket's name has 107 bytes at most
        one = UsbSerial(Path(folder))
        yield one
        one.pull()


@pytest.fixture
def vm(stock_kernel: Kernel, usb: UsbSerial) -> Iterator[Machine]:
    with Machine(qemu_options=usb.qemu_options) as machine:
        yield machine


def test_an_adapter_pulled_in_use_is_a_fault_and_heals_without_a_restart(
    vm: Machine, usb: UsbSerial
) -> None:
    codes = {key.name: key.code for key in load_keypad(MODEL).key}
    levels = {key.name: key.level for key in load_keypad(MODEL).key if key.level}
    keys = vm.start_module("tests.rigs.vm.print_keys", "linux-68", json.dumps(TABLE))
    wait_for(keys, 2, PATIENCE_S)
    assert {"started": True} in printed_keys(keys.output)  # in either order
    assert {"fault": "K03", "standing": True} in printed_keys(keys.output), (
        "nothing is plugged in yet"
    )

    count = 2
    for _ in range(3):
        usb.plug()
        count += 1
        assert wait_for(keys, count, PATIENCE_S) == {"fault": "K03", "standing": False}
        pad = SerialKeypad(9, usb)
        for name, code in codes.items():
            pad.forget()
            pad.press(code)
            count += 1
            assert wait_for(keys, count, PATIENCE_S) == {"key": name, "level": levels[name].value}
        usb.pull()
        count += 1
        assert wait_for(keys, count, PATIENCE_S) == {"fault": "K03", "standing": True}
    keys.kill()
    assert "ftdi_sio" in vm.run(["dmesg"], 30).output
