"""The shipped unit under a real systemd, on a kernel of its own: it starts, it bites, it holds."""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rigs.time.wait import until
from tests.rigs.vm.kernel import Kernel
from tests.rigs.vm.machine import Machine
from tests.rigs.vm.sandbox_probe import ELSEWHERE, FORBIDDEN, NEEDED
from tests.rigs.vm.service_pad import INTERPRETER, PROGRAM, RATINGPAD, ServicePad

pytestmark = [pytest.mark.kernel_vm, pytest.mark.timeout(900)]

BITES_S = 120.0
"""Within this time a pad that hangs has been started again: 30 s of patience on a slow machine."""

RESET_S = 60.0
"""Within this time a machine that hangs has been reset: 14 s of patience."""

PROBE = "/run/systemd/system/ratingpad-probe.service"


@pytest.fixture(scope="module")
def pad(stock_kernel: Kernel) -> Iterator[ServicePad]:
    """One installed pad for the module; the first test starts it."""
    with Machine(init="/lib/systemd/systemd") as vm:
        yield ServicePad(vm)


@pytest.fixture
def running(pad: ServicePad) -> ServicePad:
    """The pad, running."""
    pad.start()
    return pad


Bodies = list[dict[str, Any]]


def strays(bodies: Bodies) -> list[tuple[str, int]]:
    """The presses on record, each with its boot's moment."""
    return [
        (body["at"]["boot"], body["at"]["mono"]) for body in bodies if body["kind"] == "strayed"
    ]


def boots(bodies: Bodies) -> list[int]:
    return [body["boots"] for body in bodies if body["kind"] == "booted"]


def restarts(pad: ServicePad) -> int:
    return int(pad.properties()["NRestarts"])


def started_again(pad: ServicePad, before: int) -> None:
    """Wait until systemd has started it once more and it takes keys."""

    def back() -> bool:
        told = pad.properties()
        return int(told["NRestarts"]) == before + 1 and told["ActiveState"] == "active"

    until(back, BITES_S, "it was started again", 1)


def nothing_lost(pad: ServicePad, before: Bodies) -> None:
    """All of it is there, one boot more, the chain whole, and the next press is taken."""
    now = pad.press(1)
    assert now[: len(before)] == before
    assert boots(now) == [*boots(before), boots(before)[-1] + 1]
    assert len(strays(now)) == len(strays(before)) + 1
    verdict = pad.verify()
    assert verdict.code == 0, verdict.output


def test_the_service_is_ready_when_it_takes_keys_and_its_status_is_in_words(
    pad: ServicePad,
) -> None:
    pad.start()
    told = pad.properties()
    assert (told["ActiveState"], told["NRestarts"]) == ("active", "0")
    assert re.match(r"window 3: ready; \d+ entries wait for the province", told["StatusText"])
    assert len(strays(pad.press(1))) == 1
    assert int(told["MemoryCurrent"]) < int(told["MemoryMax"]) / 2
    assert "Traceback" not in pad.log()
    assert "systemd cannot be reached" not in pad.log()


def test_a_process_that_stands_still_is_started_again_and_nothing_is_lost(
    running: ServicePad,
) -> None:
    before, count = running.press(2), restarts(running)
    running.sh("systemctl kill --signal=STOP ratingpad")
    started_again(running, count)
    assert "Watchdog timeout" in running.log()
    nothing_lost(running, before)


def test_a_loop_that_hangs_while_its_threads_live_is_started_again_and_says_where(
    running: ServicePad,
) -> None:
    running.launch("-m tests.rigs.pad.faulty_pad loop-hangs")
    running.sh("systemctl restart ratingpad")
    before, count = running.press(2), restarts(running)
    running.launch(RATINGPAD)  # from the next start on
    running.press_in_vain()  # never recorded, and nobody was thanked for it
    started_again(running, count)
    assert "faulty_pad.py" in running.log()  # where it hung
    nothing_lost(running, before)


def test_a_killed_process_is_started_again_and_nothing_is_lost(running: ServicePad) -> None:
    before, count = running.press(2), restarts(running)
    running.sh("systemctl kill --signal=KILL ratingpad")
    started_again(running, count)
    nothing_lost(running, before)


def test_a_pad_that_is_stopped_has_put_everything_into_its_file(running: ServicePad) -> None:
    running.press(1)
    running.sh("systemctl stop ratingpad")
    told = running.properties()
    assert (told["ActiveState"], told["Result"]) == ("inactive", "success")
    assert "ledger.db-wal" not in running.sh("ls /var/lib/ratingpad").split()
    assert running.verify().code == 0


# --- the sandbox -------------------------------------------------------------------------------


def test_the_sandbox_gives_what_a_pad_needs_and_nothing_else(pad: ServicePad) -> None:
    pad.sh(f"ip address replace {ELSEWHERE}/32 dev lo")
    unit = pad.sh("cat /etc/systemd/system/ratingpad.service")
    other = r"(?m)^(Type|Restart|RestartSec|WatchdogSec|NotifyAccess|ExecStart)=.*\n"
    probe = re.sub(other, "", unit)
    probe = probe.replace(
        "[Service]\n",
        "[Service]\nType=oneshot\nStandardOutput=truncate:/run/probe.json\n"
        f"ExecStart={INTERPRETER.replace('env', '/usr/bin/env', 1)}"
        " -m tests.rigs.vm.sandbox_probe\n",
    )
    pad.write(PROBE, probe)
    pad.sh("systemctl stop ratingpad; systemctl daemon-reload")
    pad.sh("systemctl start ratingpad-probe || { journalctl -u ratingpad-probe; exit 1; }")
    found = json.loads(pad.sh("cat /run/probe.json"))
    assert {name: found[name] for name in NEEDED if found[name] != "done"} == {}
    assert [name for name in FORBIDDEN if found[name] == "done"] == []
    # The control: outside of the sandbox root may do all of it.
    free = json.loads(pad.python("-m", "tests.rigs.vm.sandbox_probe"))
    assert [name for name in FORBIDDEN if free[name] != "done"] == []


def test_the_program_is_not_the_services_to_change(pad: ServicePad) -> None:
    assert pad.sh(f"stat -c %U:%a {PROGRAM}").strip() == "root:755"


# --- the machine -------------------------------------------------------------------------------


def test_a_machine_whose_systemd_hangs_is_reset_by_its_own_watchdog(stock_kernel: Kernel) -> None:
    """The kernel's software watchdog stands for the board's; a reset switches this machine off."""
    with Machine(init="/lib/systemd/systemd", modules=("softdog",)) as vm:
        pad = ServicePad(vm)
        assert "RuntimeWatchdogUSec=14s" in pad.sh("systemctl show")
        with contextlib.suppress(AssertionError):  # the machine may go before it answers
            pad.run("kill", "-SEGV", "1")  # systemd writes that down, and freezes
        vm.wait_off(RESET_S)


def test_control_without_a_watchdog_a_machine_whose_systemd_hangs_stays_so(
    stock_kernel: Kernel,
) -> None:
    with Machine(init="/lib/systemd/systemd", modules=("softdog",)) as vm:
        vm.run(["kill", "-SEGV", "1"], 60)
        with pytest.raises(subprocess.TimeoutExpired):
            vm.wait_off(RESET_S / 2)
