"""The drivers on real kernel devices: gpio-sim, uinput and i2c-stub under Debian's own kernel."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.vm.machine import ROOT, Machine

pytestmark = [pytest.mark.kernel_vm, pytest.mark.timeout(900)]

RIGS = ("gpio", "evdev")
"""The rigs of the conformance suite that there are only inside."""


def conformance_tests(rig: str) -> set[str]:
    """The names of the conformance suite's tests for one rig of keys, as collected on this host."""
    listed = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
            *("tests/conformance/test_keys.py", "-k", rig),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ends = f"[{rig}]"
    return {
        line.partition("::")[2].removesuffix(ends)
        for line in listed.splitlines()
        if line.endswith(ends)
    }


def test_the_kernel_is_debians_own_and_not_the_hosts(vm: Machine) -> None:
    assert vm.run(["uname", "-r"], 30).output.strip() == vm.kernel.version
    loaded = vm.run(["cat", "/proc/modules"], 30).output
    assert {"gpio_sim", "uinput", "evdev", "i2c_stub"} <= {
        line.split()[0] for line in loaded.splitlines()
    }


def test_the_drivers_pass_the_conformance_suite_on_kernel_devices(vm: Machine) -> None:
    results = vm.pytest(
        *("tests/conformance/test_keys.py", "tests/hardware/inside"),
        *("-k", "not simulated and not 68- and not -fake"),
        timeout_s=600,
    )
    assert not results.failed, results.summary()
    assert not results.skipped, results.summary()
    wanted = conformance_tests("simulated")
    assert len(wanted) >= 6
    for rig in RIGS:
        passed = {name.partition("::")[2] for name in results.passed}
        missing = {f"{name}[{rig}]" for name in wanted} - passed
        assert not missing, results.summary()
    for module in (ROOT / "tests/hardware/inside").glob("test_*.py"):
        assert any(f".{module.stem}::" in name for name in results.passed), results.summary()


def test_what_fails_inside_is_reported_outside(vm: Machine) -> None:
    """The control: a test that fails, one that cannot start, one that is left out."""
    broken = vm.share / "test_broken.py"
    broken.write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_wrong(): assert open('/sys/class/gpio-sim').read() == 'here'\n"
        "def test_unstartable(no_such_fixture): pass\n"
        "def test_left_out(): pytest.skip('no such device')\n"
    )
    results = vm.pytest(str(broken), f"--confcutdir={vm.share}", timeout_s=120)
    assert [name.partition("::")[2] for name in results.passed] == ["test_good"]
    assert {name.partition("::")[2] for name in results.failed} == {
        "test_wrong",
        "test_unstartable",
    }
    assert list(results.skipped.values()) == ["no such device"]


def test_a_run_that_collects_nothing_is_no_success(vm: Machine) -> None:
    """The control for counting: a misspelt rig must not look like a pass."""
    with pytest.raises(AssertionError, match="collected nothing"):
        vm.pytest("tests/conformance", "-k", "no_such_rig", timeout_s=120)


def test_a_command_that_does_not_end_is_killed_and_the_machine_goes_on(vm: Machine) -> None:
    endless = vm.start(["sh", "-c", "echo started; sleep 1000 & sleep 1000"])
    endless.wait_for("started", 30)
    with pytest.raises(AssertionError, match="not within"):
        endless.wait(0.1)
    endless.kill()
    names = vm.run(["sh", "-c", "cat /proc/[0-9]*/comm"], 30).output.split()
    assert "sh" in names
    assert "sleep" not in names


def test_what_is_written_inside_stays_inside_but_for_the_share(vm: Machine, tmp_path: Path) -> None:
    done = vm.run(
        ["sh", "-c", f"mkdir -p {tmp_path} && touch {tmp_path}/x {ROOT}/x {vm.share}/x"], 30
    )
    assert done == (0, "")
    assert not (tmp_path / "x").exists()
    assert not (ROOT / "x").exists()
    assert (vm.share / "x").exists()


def test_a_machine_that_dies_says_so_and_shows_its_console() -> None:
    with Machine() as other:
        last = other.start(["sh", "-c", "echo o >/proc/sysrq-trigger; sleep 100"])
        with pytest.raises(AssertionError, match=r"the machine is gone(.|\n)*rig: mounted"):
            last.wait(60)
