"""From options, the pad's file, what was found and answers: the plan."""

import argparse
import io
from pathlib import Path

import pytest

from device.commands import setup_command
from device.setup import decisions
from device.setup.decisions import UnsuitableError, decide
from device.setup.machine import Keyboard, find_machine
from device.setup.pad_file import pad_file
from device.setup.questions import Questions, UnansweredError
from device.setup.setup_plan import PAD_FILE, Plan
from device.system.system_files import write
from tests.device.setup.test_screen_size import edid
from tests.rigs.system.bare_root import TOUCHSCREEN, USB_KEYS, BareRoot

HOME_PC = {"proc/device-tree/model": ""}


def options(*given: str) -> argparse.Namespace:
    """The options of `ratingpad setup`."""
    parser = argparse.ArgumentParser()
    setup_command.add_arguments(parser)
    return parser.parse_args(given)


def plan_of(root: BareRoot, *given: str, answers: str | None = None) -> tuple[Plan, int]:
    """The plan, and how many questions were asked."""
    keyboard = io.StringIO(answers) if answers is not None else None
    questions = Questions(keyboard, io.StringIO())
    machine = find_machine(root.folder)._replace(free_mib=10_000)
    plan = decide(options(*given), machine, root.system, questions, None)
    return plan, questions.asked


def test_on_a_pi_four_questions_make_a_pad(tmp_path):
    plan, asked = plan_of(BareRoot(tmp_path), answers="\n3\n\n2\n")
    assert asked == 4
    answers = plan.answers
    assert (answers.board, answers.window, answers.pad_id) == ("rpi-4", "3", "pad-a1b2c3d4")
    assert (answers.broker, answers.chip) == ("mqtt://127.0.0.1:1883", "sh1106")
    assert plan.extras == ("pad", "oled", "lgpio")
    assert plan.kiosk is None


def test_what_is_given_is_not_asked(tmp_path):
    given = [
        "--board",
        "rpi-5",
        "--window",
        "7",
        "--broker",
        "mqtt://localhost",
        "--chip",
        "ssd1306",
    ]
    given += ["--id", "jl-1", "--hall", "延吉市政务服务大厅", "--languages", "zh,ko"]
    plan, asked = plan_of(BareRoot(tmp_path), *given, answers="")
    assert asked == 0
    assert plan.answers[:6] == (
        *("jl-1", "rpi-5", "7", "延吉市政务服务大厅", ("zh", "ko"), "mqtt://localhost"),
    )


def test_with_nobody_to_ask_what_cannot_be_found_is_named(tmp_path):
    with pytest.raises(UnansweredError, match="--window"):
        plan_of(BareRoot(tmp_path))
    with pytest.raises(UnansweredError, match="--board"):
        plan_of(BareRoot(tmp_path / "pc", HOME_PC), "--window", "3")


def test_every_wrong_option_is_named_at_once(tmp_path):
    with pytest.raises(UnsuitableError) as refused:
        plan_of(BareRoot(tmp_path), "--board", "rpi4", "--window", "1234567890", "--id", "A")
    for option in ("--board 'rpi4'", "--window '1234567890'", "--id 'A'"):
        assert option in str(refused.value)


def test_a_touchscreen_says_its_size_and_memory_chooses_the_browser(tmp_path):
    files = {**HOME_PC, "proc/bus/input/devices": TOUCHSCREEN}
    root = BareRoot(tmp_path, files)
    connector = tmp_path / "sys/class/drm/card0-HDMI-A-1"
    connector.mkdir(parents=True)
    (connector / "edid").write_bytes(edid(1280, 800, 217, 136))
    plan, asked = plan_of(root, "--window", "3")
    assert (plan.answers.board, plan.answers.px_per_mm, plan.kiosk) == (
        "linux-touch",
        5.9,
        "chromium",
    )
    assert asked == 0
    (connector / "edid").unlink()
    with pytest.raises(UnansweredError, match="--px-per-mm"):
        plan_of(root, "--window", "3")
    small = BareRoot(tmp_path / "s", {**files, "proc/meminfo": "MemTotal: 437000 kB\n"})
    assert plan_of(small, "--window", "3", "--px-per-mm", "5")[0].kiosk == "cog"
    assert plan_of(small, "--window", "3", "--px-per-mm", "5", "--kiosk", "none")[0].kiosk is None


def test_a_usb_key_pad_is_registered_by_its_numbers(tmp_path):
    root = BareRoot(tmp_path, {**HOME_PC, "proc/bus/input/devices": USB_KEYS})
    plan, _ = plan_of(root, "--board", "linux-input", "--window", "3", answers="\n1\n\n")
    assert plan.answers.keys == {"name": "HID Five Keys", "model": "input-digits-falling"}
    assert plan.keyboard == Keyboard("HID Five Keys", "1a2c", "0e24")


def test_two_key_pads_of_one_name_are_not_registered_by_chance(tmp_path):
    twin = USB_KEYS.replace("0e24", "0e25")
    root = BareRoot(tmp_path, {**HOME_PC, "proc/bus/input/devices": USB_KEYS + twin})
    given = ["--board", "linux-input", "--window", "3", "--key-name", "HID Five Keys"]
    plan, _ = plan_of(root, *given, "--key-model", "input-digits-rising")
    assert plan.keyboard is None


@pytest.mark.parametrize("board", ["linux-input", "linux-68"])
def test_a_key_pad_that_is_not_plugged_in_is_missed(board, tmp_path):
    with pytest.raises(UnsuitableError, match="plug it in"):
        plan_of(BareRoot(tmp_path), "--board", board, "--window", "3")


def test_a_serial_key_pad_has_a_line_a_map_and_an_address(tmp_path):
    root = BareRoot(tmp_path, {"dev/ratingpad/line-ftdi-A1": ""})
    plan, _ = plan_of(
        root, "--board", "linux-68", "--window", "3", answers="\n\n68-rising\n200\n7\n\n"
    )
    assert plan.answers.keys == {
        "port": "/dev/ratingpad/line-ftdi-A1",
        "model": "68-rising",
        "address": 7,
    }


def written(root: BareRoot, plan: Plan, more: str = "") -> None:
    """The pad's file of this plan, as setup writes it, and what a technician adds."""
    root.system.write(PAD_FILE, pad_file(plan.answers, plan.parts) + more)


def test_a_second_setup_asks_nothing_and_changes_what_is_given(tmp_path):
    root = BareRoot(tmp_path)
    first, _ = plan_of(root, "--window", "3", "--chip", "sh1106", "--hall", "甲")
    written(root, first)
    again, asked = plan_of(root, answers="")
    assert (again.answers, asked) == (first.answers, 0)
    other, _ = plan_of(root, "--window", "4", answers="")
    assert other.answers == first.answers._replace(window="4")


def test_a_file_changed_by_hand_stays_and_contradictions_are_named(tmp_path):
    root = BareRoot(tmp_path)
    first, _ = plan_of(root, "--window", "3")
    written(root, first, "\n[session]\ngrace_s = 5\n")
    again, asked = plan_of(root, answers="")
    assert (again.answers, asked) == (first.answers, 0)
    assert plan_of(root, "--window", "3")[0].answers == first.answers
    with pytest.raises(UnsuitableError, match=r"--window '4'.* says '3'"):
        plan_of(root, "--window", "4")


def test_a_file_that_is_none_is_left_for_check(tmp_path):
    root = BareRoot(tmp_path)
    root.system.write(PAD_FILE, "[pad\n")
    with pytest.raises(UnsuitableError, match="ratingpad check"):
        plan_of(root, "--window", "3")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"etc/os-release": 'PRETTY_NAME="Fedora 41"\nID=fedora\n'}, "Fedora 41; Raspberry Pi OS"),
        ({"etc/os-release": 'PRETTY_NAME="Debian 11"\nID=debian\nVERSION_ID="11"\n'}, "bookworm"),
    ],
)
def test_a_system_that_does_not_suit_is_named(files, why, tmp_path):
    with pytest.raises(UnsuitableError, match=why):
        plan_of(BareRoot(tmp_path, files), "--window", "3")


def test_without_systemd_or_space_there_is_no_pad(tmp_path):
    root = BareRoot(tmp_path)
    (tmp_path / "run/systemd/system/.keep").unlink()
    (tmp_path / "run/systemd/system").rmdir()
    machine = find_machine(root.folder)._replace(free_mib=50)
    with pytest.raises(UnsuitableError) as refused:
        decide(options("--window", "3"), machine, root.system, Questions(None), None)
    assert "systemd does not run here" in str(refused.value)
    assert "50 MiB are free" in str(refused.value)


def test_a_checkout_is_known_by_its_files(tmp_path):
    command = tmp_path / "device/commands/setup_command.py"
    assert decisions.source_of(command) is None
    for name in ("setup.cfg", "pyproject.toml"):
        (tmp_path / name).touch()
    assert decisions.source_of(command) == tmp_path
    assert decisions.source_of(Path(setup_command.__file__)) is not None


@pytest.mark.parametrize(("python", "pi_os", "good"), [(13, 0, 0), (13, 1, 1), (12, 0, 1)])
def test_buttons_on_pins_need_a_library_that_python_has(python, pi_os, good, tmp_path, monkeypatch):
    root = BareRoot(tmp_path)
    if not pi_os:
        (tmp_path / "etc/rpi-issue").unlink()
    monkeypatch.setattr("sys.version_info", (3, python, 1))
    if good:
        assert plan_of(root, "--window", "3")[0].extras[-1] == "lgpio"
    else:
        with pytest.raises(UnsuitableError, match="Raspberry Pi OS"):
            plan_of(root, "--window", "3")
    assert plan_of(root, "--window", "3", "--board", "simulated")[0].extras == ("pad",)


@pytest.mark.parametrize("chosen", ["chromium", "cog", "none"])
def test_a_second_setup_keeps_the_browser_that_was_chosen(chosen, tmp_path):
    root = BareRoot(tmp_path)
    given = ["--board", "touch-7", "--window", "3"]
    first, _ = plan_of(root, *given, "--kiosk", chosen)
    written(root, first)
    write(root.folder, Path("/opt/ratingpad/bin/ratingpad"), first.kiosk)
    assert plan_of(root)[0].kiosk == first.kiosk == (None if chosen == "none" else chosen)
    assert plan_of(root, "--kiosk", "cog")[0].kiosk == "cog"


def test_a_clock_that_is_far_behind_is_named_before_anything_is_fetched(tmp_path):
    root = BareRoot(tmp_path)
    source = tmp_path / "checkout"
    source.mkdir()
    (source / "setup.cfg").touch()
    written_s = (source / "setup.cfg").stat().st_mtime
    machine = find_machine(root.folder)._replace(free_mib=10_000)
    given = options("--window", "3")
    for now_s, good in ((0.0, False), (written_s - 90_000, False), (written_s - 80_000, True)):
        machine = machine._replace(now_s=now_s)
        if good:
            assert decide(given, machine, root.system, Questions(None), source)
        else:
            with pytest.raises(UnsuitableError, match="the clock says"):
                decide(given, machine, root.system, Questions(None), source)
