"""A 64-bit Pi but for its chip: Debian's arm64 kernel and Python, and the wheels that a Pi gets."""

import json
from collections.abc import Iterator

import pytest

from tests.rigs.vm.machine import Machine
from tests.rigs.vm.pi_root import prepare_root

pytestmark = [pytest.mark.kernel_vm, pytest.mark.arm64_vm, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def pi() -> Iterator[Machine]:
    with Machine("arm64", root=prepare_root(), python="/usr/bin/python3") as machine:
        yield machine


WHEELS = """
import evdev, importlib.metadata, json
names = ("lgpio", "msgspec", "pillow", "rpi-lgpio", "luma.oled", "pyserial")
tags = {name: importlib.metadata.distribution(name).read_text("WHEEL") for name in names}
print(json.dumps({**tags, "evdev": evdev.__file__}))
"""


def test_it_is_another_processor_with_wheels_built_for_it(pi: Machine) -> None:
    assert pi.run(["uname", "-m"], 60).output == "aarch64\n"
    done = pi.run(["/usr/bin/python3", "-c", WHEELS], 120)
    assert done.code == 0, done.output
    found = json.loads(done.output)
    assert found.pop("evdev").startswith("/usr/lib/python3/"), "Debian's package"
    built = {name for name, wheel in found.items() if "_aarch64" in wheel}
    assert built == {"lgpio", "msgspec", "pillow"}


def test_the_pins_pass_the_conformance_suite_through_the_wheels_of_a_pi(pi: Machine) -> None:
    results = pi.pytest(
        *("tests/conformance/test_keys.py", "tests/hardware/inside/test_gpio_keys.py"),
        *("tests/hardware/inside/test_agent.py", "-k", "not simulated and not 68- and not -fake"),
        timeout_s=900,
    )
    assert not results.failed, results.summary()
    assert not results.skipped, results.summary()
    for wanted in ("test_each_key_is_one_press_with_its_name_and_its_level[gpio]", "[evdev]"):
        assert any(name.endswith(wanted) for name in results.passed), results.summary()
    for wanted in (".test_gpio_keys::", "test_each_of_the_five_keys_is_its_rating_in_a_ledger"):
        assert any(wanted in name for name in results.passed), results.summary()
