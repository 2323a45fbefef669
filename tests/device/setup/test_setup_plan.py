"""The steps: done once, not twice, and again where an earlier setup stopped."""

import os
from pathlib import Path

import pytest

from device.setup.board_parts import read_parts
from device.setup.machine import Keyboard, find_machine
from device.setup.setup_plan import (
    MADE_OF,
    PAD_FILE,
    UNFINISHED,
    Plan,
    needs_restart,
    to_do,
    unfinished,
)
from device.setup.setup_system import CommandFailedError
from tests.device.setup.test_pad_file import answers_for
from tests.rigs.system.bare_root import BareRoot


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small checkout."""
    folder = tmp_path / "checkout"
    (folder / "device").mkdir(parents=True)
    (folder / "device/agent.py").write_text("print('one')\n")
    (folder / "setup.cfg").write_text("[metadata]\n")
    return folder


def plan_for(root: BareRoot, board: str, source: Path | None) -> Plan:
    return Plan(answers_for(board), read_parts(board), find_machine(root.folder), source)


def carry_out(plan: Plan, root: BareRoot) -> list[str]:
    """Do what is left; the titles."""
    left = to_do(plan, root.system)
    if left:
        with unfinished(root.system):
            for step in left:
                step.do(lambda _: None)
    return [step.title for step in left]


def test_a_bare_pi_becomes_a_pad(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "rpi-4", source)
    assert carry_out(plan, root) == [
        *("Debian packages", "the program", "the bus of the display", "the driver of the bus"),
        *("service, user, folders, devices", "the pad's file", "the desk's token", "the service"),
    ]
    lines = root.lines()
    order = ["apt-get update", "apt-get install", "python3 -m venv", "systemd-sysusers"]
    order += ["systemctl daemon-reload", "/opt/ratingpad/bin/ratingpad check"]
    order += ["systemctl enable ratingpad", "systemctl restart ratingpad"]
    places = [next(n for n, line in enumerate(lines) if line.startswith(one)) for one in order]
    assert places == sorted(places)
    config = (root.folder / "boot/firmware/config.txt").read_text()
    assert config.endswith("\n[all]\ndtparam=i2c_arm=on,i2c_arm_baudrate=400000\n")
    assert "\n[cm4]\notg_mode=1\n" in config
    assert (root.folder / "etc/modules-load.d/ratingpad.conf").read_text().endswith("\ni2c-dev\n")
    assert (root.folder / "usr/local/bin/ratingpad").is_symlink()


@pytest.mark.parametrize("board", ["rpi-4", "rpi-4-spi", "touch-7", "linux-68", "simulated"])
def test_a_second_setup_leaves_a_pad_that_serves_alone(board, tmp_path, source):
    root = BareRoot(tmp_path / "root")
    carry_out(plan_for(root, board, source), root)
    root.ran.clear()
    assert to_do(plan_for(root, board, source), root.system) == []
    assert root.ran == []


def test_another_window_writes_the_file_and_restarts_the_service(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "simulated", source)
    carry_out(plan, root)
    other = plan._replace(answers=plan.answers._replace(window="9"))
    assert carry_out(other, root) == ["the pad's file", "the service"]
    assert 'window = "9"' in (root.system.read(PAD_FILE) or "")


def test_a_newer_checkout_is_installed(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "simulated", source)
    carry_out(plan, root)
    (source / "device/agent.py").write_text("print('two')\n")
    assert carry_out(plan, root) == ["the program", "the service"]
    root.ran.clear()
    assert carry_out(plan, root) == []


def test_the_installed_program_sets_up_without_a_checkout(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    carry_out(plan_for(root, "simulated", source), root)
    assert carry_out(plan_for(root, "simulated", None), root) == []
    bare = BareRoot(tmp_path / "bare")
    with pytest.raises(FileNotFoundError, match="of a checkout"):
        carry_out(plan_for(bare, "simulated", None), bare)


@pytest.mark.parametrize(
    "fails", ["apt-get install", "python3 -m venv", "/opt", "systemd-tmpfiles", "systemctl restart"]
)
def test_a_setup_that_stopped_goes_on_where_it_was(fails, tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "simulated", source)
    root.fails = fails if fails != "/opt" else f"{root.folder}/opt/ratingpad/bin/python -m pip inst"
    with pytest.raises(CommandFailedError, match="ended with 100:\n  first line\n  E: it failed"):
        carry_out(plan, root)
    assert root.system.path(UNFINISHED).exists()
    assert root.system.read(MADE_OF) is None or fails.startswith("system")
    root.fails = ""
    assert carry_out(plan, root)[-1] == "the service"
    assert to_do(plan, root.system) == []


def test_what_an_interrupted_setup_changed_is_started(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "simulated", source)
    carry_out(plan, root)
    with pytest.raises(KeyboardInterrupt), unfinished(root.system):
        raise KeyboardInterrupt  # the file was written, and then somebody pressed Ctrl-C
    assert carry_out(plan, root) == ["the service"]


def test_the_token_is_made_once_and_only_the_pad_reads_it(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    carry_out(plan_for(root, "simulated", source), root)
    file = root.folder / "etc/ratingpad/desk-token"
    token = file.read_text()
    assert len(token.strip()) >= 32
    assert file.stat().st_mode & 0o777 == 0o640
    assert token.strip() not in "\n".join(root.lines())
    carry_out(plan_for(root, "rpi-4", source), root)
    assert file.read_text() == token


def test_a_file_that_somebody_has_changed_is_never_written_over(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "simulated", source)
    carry_out(plan, root)
    changed = (root.system.read(PAD_FILE) or "") + "\n[session]\ngrace_s = 5\n"
    root.system.write(PAD_FILE, changed)
    carry_out(plan._replace(answers=plan.answers._replace(window="9")), root)
    assert root.system.read(PAD_FILE) == changed


def test_a_usb_key_pad_is_the_pads_alone(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "linux-input", source)
    plan = plan._replace(keyboard=Keyboard("HID Five Keys", "1a2c", "0e24"))
    assert "the USB key pad" in carry_out(plan, root)
    rule = (root.folder / "etc/udev/rules.d/59-ratingpad-keys.rules").read_text()
    assert 'ATTRS{idVendor}=="1a2c", ATTRS{idProduct}=="0e24", ENV{RATINGPAD_KEYS}="usb"' in rule
    assert to_do(plan, root.system) == []


def test_a_kiosk_is_enabled_with_its_seat(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    carry_out(plan_for(root, "touch-7", source)._replace(kiosk="cog"), root)
    assert {"cage", "cog", "seatd"} <= root.packages
    assert "systemctl restart ratingpad-kiosk" in root.lines()
    assert (root.folder / "etc/systemd/system/ratingpad-kiosk.service").exists()


def test_without_a_network_wheels_are_taken_from_a_folder(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "simulated", source)._replace(wheels=Path("/media/usb"))
    carry_out(plan, root)
    assert any("--no-index --find-links=/media/usb" in line for line in root.lines())


def test_only_a_bus_that_was_off_needs_a_restart_of_the_computer(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    plan = plan_for(root, "rpi-4", source)
    assert needs_restart(plan)
    carry_out(plan, root)
    assert not needs_restart(plan)
    assert not needs_restart(plan_for(root, "simulated", source))


def test_nothing_of_the_checkout_is_changed(tmp_path, source):
    def state() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}

    before = state()
    root = BareRoot(tmp_path / "root")
    carry_out(plan_for(root, "simulated", source), root)
    assert state() == before


def test_what_setup_makes_can_be_read_whatever_roots_umask_is(tmp_path, source):
    root = BareRoot(tmp_path / "root")
    before = os.umask(0o077)
    try:
        carry_out(plan_for(root, "touch-7", source)._replace(kiosk="chromium"), root)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    for name in ("systemd/system/ratingpad.service", "chromium/policies/managed/ratingpad.json"):
        path = root.folder / "etc" / name
        assert path.stat().st_mode & 0o777 == 0o644
        assert path.parent.stat().st_mode & 0o777 == 0o755
    assert (root.folder / "etc/ratingpad/pad.toml").stat().st_mode & 0o777 == 0o640


def test_two_setups_do_not_run_at_once(tmp_path):
    root = BareRoot(tmp_path)
    with unfinished(root.system), pytest.raises(BlockingIOError), unfinished(root.system):
        pass
