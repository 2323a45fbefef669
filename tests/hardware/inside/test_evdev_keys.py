"""Keys of real input devices (uinput), grabbed, stamped and lost by a real kernel."""

import errno
import itertools
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import evdev
import pytest
from evdev import ecodes

from device.drivers.evdev_keys import REMEDIES
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from sync.entries import Level
from tests.rigs.keys.kernel_keys import PATIENCE_S, KeyEvents, UinputPad, UinputRig, recording
from tests.rigs.time.wait import until

APART_MS = 60
"""Between two presses of one story: longer than the debounce time."""


@pytest.fixture
def rig() -> Iterator[UinputRig]:
    one = UinputRig(stuck_s=1.0)
    yield one
    one.pad.unplug()


@pytest.fixture
def heard(rig: UinputRig) -> Iterator[KeyEvents]:
    with recording(rig.keys) as one:
        rig.armed()
        yield one


def test_a_hundred_presses_are_a_hundred_presses_in_order(rig: UinputRig, heard: KeyEvents) -> None:
    """The finger does not wait for the driver."""
    wanted = list(itertools.islice(itertools.cycle(rig.levels.items()), 100))
    stamps = []
    for name, _ in wanted:
        stamps.append(rig.boot.mono_ms())
        rig.pad.press(rig.codes[name])
        until(lambda: rig.boot.mono_ms() >= stamps[-1] + APART_MS, PATIENCE_S, "a pause", 0.01)
    found = [heard.pressed() for _ in wanted]
    assert [(press.key, press.level) for press in found] == wanted
    for press, stamp_ms in zip(found, stamps, strict=True):
        assert stamp_ms <= press.mono_ms < stamp_ms + APART_MS
    assert heard.quiet()


def test_two_keys_are_never_a_level_however_short_they_are(
    rig: UinputRig, heard: KeyEvents
) -> None:
    rig.pad.press(rig.codes["satisfied"], rig.codes["dissatisfied"])
    press = heard.pressed()
    assert (set(press.key.split("+")), press.level) == ({"satisfied", "dissatisfied"}, None)
    assert heard.quiet()


def test_a_key_that_the_kernel_repeats_is_one_press_then_stuck(rig: UinputRig) -> None:
    bare = evdev.InputDevice(rig.pad.path)
    rig.pad.hold(rig.codes["satisfied"])
    repeats: list[int] = []

    def repeated() -> bool:
        try:
            repeats.extend(event.value for event in bare.read() if event.value == 2)
        except BlockingIOError:
            return False
        return len(repeats) >= 3

    until(repeated, PATIENCE_S, "the control: the kernel does repeat it")
    bare.close()
    rig.pad.let_go(rig.codes["satisfied"])
    with recording(rig.keys) as heard:
        rig.armed()
        rig.pad.hold(rig.codes["satisfied"])
        assert heard.pressed().level is Level.SATISFIED
        assert heard.fault() == FaultReport(PadCode.KEY_STUCK, True, "satisfied")
        rig.pad.press(rig.codes["dissatisfied"])
        assert heard.pressed().level is Level.DISSATISFIED
        rig.pad.let_go(rig.codes["satisfied"])
        assert heard.fault() == FaultReport(PadCode.KEY_STUCK, False, "satisfied")
        assert heard.quiet()


def test_a_key_that_is_down_at_the_start_is_no_press(rig: UinputRig) -> None:
    rig.pad.hold(rig.codes["satisfied"])
    with recording(rig.keys) as heard:
        rig.armed()
        rig.pad.let_go(rig.codes["satisfied"])
        rig.pad.press(rig.codes["dissatisfied"])
        assert heard.pressed().level is Level.DISSATISFIED
        assert heard.quiet()


def test_unplugged_and_plugged_in_again_it_goes_on_under_another_node(
    rig: UinputRig, heard: KeyEvents
) -> None:
    nodes = set()
    others = []
    for number in range(3):
        nodes.add(rig.pad.path)
        rig.press("satisfied")
        assert heard.pressed().level is Level.SATISFIED
        rig.pad.unplug()
        fault = heard.fault()
        assert (fault.code, fault.broken) == (PadCode.KEYS_GONE, True)
        assert f'"{rig.name}"' in fault.detail
        others.append(UinputPad(f"another device {number}", [ecodes.KEY_A]))
        rig.plug()
        assert heard.fault() == FaultReport(PadCode.KEYS_GONE, False, fault.detail)
    rig.press("dissatisfied")
    assert heard.pressed().level is Level.DISSATISFIED
    assert len(nodes) == 3
    assert heard.quiet()
    for other in others:
        other.unplug()


def test_a_key_that_is_held_while_the_plug_is_pulled_is_not_stuck(
    rig: UinputRig, heard: KeyEvents
) -> None:
    rig.pad.hold(rig.codes["satisfied"])
    assert heard.pressed().level is Level.SATISFIED
    rig.pad.unplug()
    fault = heard.fault()
    rig.plug()
    assert heard.fault() == FaultReport(PadCode.KEYS_GONE, False, fault.detail)
    rig.press("dissatisfied")
    assert heard.pressed().level is Level.DISSATISFIED
    assert heard.quiet()


def test_nobody_else_reads_what_is_pressed(rig: UinputRig, heard: KeyEvents) -> None:
    """Nor would a console that the kernel types into: a grab passes it by too."""
    second = evdev.InputDevice(rig.pad.path)
    rig.press("satisfied")
    heard.pressed()
    with pytest.raises(BlockingIOError):
        list(second.read())
    rig.keys.stop()
    rig.pad.press(rig.codes["satisfied"])
    keys = [event for event in second.read() if event.type == ecodes.EV_KEY]
    assert [event.value for event in keys] == [1, 0]  # the control: ungrabbed, it does
    second.close()


def test_a_device_that_another_program_has_grabbed_is_a_fault_until_it_lets_go(
    rig: UinputRig,
) -> None:
    other = evdev.InputDevice(rig.pad.path)
    other.grab()
    with recording(rig.keys) as heard:
        fault = heard.fault()
        assert f"{rig.pad.path}: another program has grabbed it" in fault.detail
        other.close()
        assert heard.fault() == FaultReport(PadCode.KEYS_GONE, False, fault.detail)
        rig.press("satisfied")
        assert heard.pressed().level is Level.SATISFIED


def test_two_devices_of_one_name_are_a_fault_until_one_is_gone(rig: UinputRig) -> None:
    twin = UinputPad(rig.name, rig.codes.values())
    with recording(rig.keys) as heard:
        fault = heard.fault()
        assert fault.detail.startswith(f'2 input devices of name "{rig.name}": ')
        twin.unplug()
        assert heard.fault() == FaultReport(PadCode.KEYS_GONE, False, fault.detail)
        rig.press("satisfied")
        assert heard.pressed().level is Level.SATISFIED


def test_events_that_the_kernel_had_to_drop_make_no_level(
    rig: UinputRig, caplog: pytest.LogCaptureFixture
) -> None:
    presses: list[Press] = []
    inside, go_on = threading.Event(), threading.Event()

    def slow(press: Press) -> None:
        presses.append(press)
        inside.set()
        go_on.wait(PATIENCE_S)

    with caplog.at_level(logging.WARNING):
        rig.keys.start(slow, lambda _: None)
        rig.armed()
        rig.pad.press(rig.codes["satisfied"])
        assert inside.wait(PATIENCE_S)
        for _ in range(200):
            rig.pad.press(rig.codes["dissatisfied"])
        rig.pad.hold(rig.codes["very_satisfied"])
        go_on.set()
        until(lambda: "events were lost" in caplog.text, PATIENCE_S, "it is noticed")
        rig.pad.let_go(rig.codes["very_satisfied"])
        rig.pad.press(rig.codes["very_dissatisfied"])
        until(
            lambda: presses[-1].level is Level.VERY_DISSATISFIED, PATIENCE_S, "it goes on after it"
        )
        rig.keys.stop()
    assert Level.VERY_SATISFIED not in {press.level for press in presses}


UNPRIVILEGED = """
import json, sys
from device.drivers.registry import build_board
from device.board.profile import load_profile
board = build_board(load_profile("linux-input"), {"keys": json.loads(sys.argv[1])})
tell = lambda what: print(json.dumps(what), flush=True)
board.keys.start(lambda press: tell(press.key), lambda fault: tell([fault.broken, fault.detail]))
sys.stdin.read()
board.keys.stop()
"""


def test_a_user_who_may_not_open_it_is_reported_so_and_goes_on_once_let_in(
    rig: UinputRig,
) -> None:
    Path(rig.pad.path).chmod(0o600)
    table = json.dumps({"name": rig.name, "model": "input-digits-rising"})
    with subprocess.Popen(
        [
            *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
            *(sys.executable, "-c", UNPRIVILEGED, table),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        told = f"{rig.pad.path}: {REMEDIES[errno.EACCES]}"
        assert json.loads(child.stdout.readline()) == [True, told]
        Path(rig.pad.path).chmod(0o666)
        assert json.loads(child.stdout.readline()) == [False, told]
        bare = evdev.InputDevice(rig.pad.path)
        until(lambda: _is_grabbed(bare), PATIENCE_S, "the device is held")
        bare.close()
        rig.pad.press(rig.codes["satisfied"])
        assert json.loads(child.stdout.readline()) == "satisfied"
        child.stdin.close()


def _is_grabbed(device: evdev.InputDevice) -> bool:
    try:
        device.grab()
    except OSError:
        return True
    device.ungrab()
    return False
