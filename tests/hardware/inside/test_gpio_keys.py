"""Keys on real GPIO lines (gpio-sim), read through the real RPi.GPIO API."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from device.errors import PadCode
from device.ports import FaultReport
from sync.entries import Level
from tests.rigs.keys.kernel_keys import PATIENCE_S, GpioRig, KeyEvents, recording


@pytest.fixture
def rig() -> GpioRig:
    return GpioRig(stuck_s=1.0)


@pytest.fixture
def heard(rig: GpioRig) -> Iterator[KeyEvents]:
    with recording(rig.keys) as one:
        rig.armed()
        yield one


def test_a_hundred_presses_that_bounce_are_a_hundred_presses_in_order(
    rig: GpioRig, heard: KeyEvents
) -> None:
    wanted = list(itertools.islice(itertools.cycle(rig.levels.items()), 100))
    for name, _ in wanted:
        rig.press(name)
    found = [heard.pressed() for _ in wanted]
    assert [(press.key, press.level) for press in found] == wanted
    assert [press.mono_ms for press in found] == sorted(press.mono_ms for press in found)
    assert heard.quiet()


def test_control_the_contacts_do_bounce(rig: GpioRig) -> None:
    """Whoever counts how often the line goes low counts three presses of one."""
    line, levels = rig.lines["satisfied"], [True]
    rig.chip.watch = lambda: levels.append(rig.chip.level(line))
    rig.chip.bounce(line, ends_low=True)
    rig.chip.watch = None
    assert sum(before and not now for before, now in itertools.pairwise(levels)) == 3
    assert not levels[-1]
    rig.chip.high(line)


def test_two_keys_are_never_a_level(rig: GpioRig, heard: KeyEvents) -> None:
    rig.confuse()
    press = heard.pressed()
    assert (press.key, press.level) == ("very_satisfied+satisfied", None)
    rig.armed()
    assert heard.quiet()


def test_a_stuck_key_is_named_the_others_go_on_and_it_mends(rig: GpioRig, heard: KeyEvents) -> None:
    stuck = rig.lines["very_satisfied"]
    rig.chip.low(stuck)
    assert heard.pressed().level is Level.VERY_SATISFIED
    assert heard.fault() == FaultReport(PadCode.KEY_STUCK, True, "very_satisfied")
    rig.press("satisfied")
    assert heard.pressed().level is Level.SATISFIED
    rig.chip.high(stuck)
    assert heard.fault() == FaultReport(PadCode.KEY_STUCK, False, "very_satisfied")
    assert heard.quiet()


OTHER = """
import sys, lgpio
chip = lgpio.gpiochip_open(int(sys.argv[1]))
lgpio.gpio_claim_input(chip, int(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_line_that_another_process_holds_is_a_fault_until_it_is_released(rig: GpioRig) -> None:
    line = rig.lines["satisfied"]
    number = rig.chip.chip.removeprefix("gpiochip")
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, number, str(line)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with recording(rig.keys) as heard:
            fault = heard.fault()
            assert fault == FaultReport(
                PadCode.KEYS_GONE, True, f"GPIO {line}: cannot be claimed: 'GPIO busy'"
            )
            other.stdin.close()
            assert heard.fault() == FaultReport(PadCode.KEYS_GONE, False, "")
            rig.press("satisfied")
            assert heard.pressed().level is Level.SATISFIED


def test_lights_and_keys_share_the_chip_and_let_go_of_their_own_lines_only(
    rig: GpioRig, heard: KeyEvents
) -> None:
    from device.drivers.rpi_pins import Pins

    lights = Pins("lights", PadCode.SIGNAL_GONE)
    lights.claim_output(17, high=True)
    assert rig.chip.level(17)
    lights.write(17, False)
    assert not rig.chip.level(17)
    lights.release_all()
    rig.press("satisfied")
    assert heard.pressed().level is Level.SATISFIED
    lights.claim_output(17, high=True)
    rig.keys.stop()
    assert lights.read(17)
    lights.release_all()


def test_stopping_is_quick_and_leaves_the_lines_to_others(rig: GpioRig) -> None:
    with recording(rig.keys):
        rig.armed()
        rig.keys.stop()
        assert not [one for one in threading.enumerate() if one.name == "keys"]
    number, line = rig.chip.chip.removeprefix("gpiochip"), str(rig.lines["satisfied"])
    done = subprocess.run(
        [sys.executable, "-c", OTHER, number, line],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("held\n", 0), done.stderr
