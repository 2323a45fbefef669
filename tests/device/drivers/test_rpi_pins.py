"""Pins by RPi.GPIO: several users in one process, and every failure is reported."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import DriverError, PadCode
from tests.rigs.board.fake_rpi import FakePi, error, installed
from tests.rigs.source import source_tree


@pytest.fixture
def pi() -> Iterator[FakePi]:
    with installed() as one:
        yield one


def user(owner: str, code: PadCode = PadCode.KEYS_GONE):
    return importlib.import_module("device.drivers.rpi_pins").Pins(owner, code)


@pytest.mark.parametrize("pull_up", [True, False])
def test_an_input_rests_at_its_pull_and_follows_its_contact(pi: FakePi, pull_up: bool) -> None:
    pi.wire(5, to_ground=pull_up, bounce_ms=0)
    keys = user("keys")
    keys.claim_input(5, pull_up=pull_up)
    assert keys.read(5) is pull_up
    pi.stick(5, True)
    assert keys.read(5) is not pull_up


def test_an_output_begins_at_its_level_and_is_driven(pi: FakePi) -> None:
    lights = user("lights")
    lights.claim_output(17, high=True)
    lights.write(17, False)
    assert [(line, high) for _, line, high in pi.written] == [(17, True), (17, False)]


def test_a_pin_that_another_part_holds_is_refused_with_its_owners_name(pi: FakePi) -> None:
    user("keys").claim_input(5, pull_up=True)
    with pytest.raises(DriverError, match="GPIO 5: already taken by the keys") as caught:
        user("lights", PadCode.SIGNAL_GONE).claim_output(5, high=False)
    assert caught.value.code is PadCode.SIGNAL_GONE
    assert 5 in pi.pulls  # it is still the keys'


def test_a_pin_of_somebody_else_can_be_neither_read_nor_driven_nor_released(pi: FakePi) -> None:
    keys, lights = user("keys"), user("lights")
    keys.claim_input(5, pull_up=True)
    for use in (lambda: lights.read(5), lambda: lights.write(5, True)):
        with pytest.raises(ValueError, match="GPIO 5 is not held by the lights"):
            use()
    lights.release(5)
    lights.release_all()
    assert keys.read(5)


def test_the_chip_is_released_with_the_last_pin_and_not_before(pi: FakePi) -> None:
    keys, lights = user("keys"), user("lights")
    keys.claim_input(5, pull_up=True)
    lights.claim_output(17, high=True)
    lights.release_all()
    assert keys.read(5)
    assert pi.opened == 1
    keys.release(5)
    keys.claim_input(5, pull_up=True)
    assert pi.opened == 2


def test_a_pin_that_another_process_holds_is_reported_and_can_be_claimed_once_it_is_free(
    pi: FakePi,
) -> None:
    pi.elsewhere.add(6)
    keys = user("keys")
    with pytest.raises(DriverError, match="GPIO 6: cannot be claimed: GPIO busy") as caught:
        keys.claim_input(6, pull_up=True)
    assert caught.value.code is PadCode.KEYS_GONE
    pi.elsewhere.clear()
    keys.claim_input(6, pull_up=True)
    assert keys.read(6)


def test_a_missing_chip_is_reported_and_opened_once_it_is_there(pi: FakePi) -> None:
    pi.gone = True
    keys = user("keys")
    with pytest.raises(DriverError, match="can not open gpiochip"):
        keys.claim_input(6, pull_up=True)
    pi.gone = False
    keys.claim_input(6, pull_up=True)
    assert keys.read(6)


def test_what_fails_later_is_reported_with_its_pin(pi: FakePi) -> None:
    pins = user("lights", PadCode.SIGNAL_GONE)
    pins.claim_input(5, pull_up=True)
    pins.claim_output(17, high=True)
    pi.dead = {5, 17}
    with pytest.raises(DriverError, match="GPIO 5: cannot be read: GPIO read/write failed"):
        pins.read(5)
    with pytest.raises(DriverError, match="GPIO 17: cannot be driven") as caught:
        pins.write(17, False)
    assert caught.value.code is PadCode.SIGNAL_GONE
    pi.gone = True
    pins.release_all()
    assert not issubclass(error, OSError | RuntimeError | ValueError)  # it had to be named


def test_a_number_that_no_pi_has_is_reported(pi: FakePi) -> None:
    with pytest.raises(DriverError, match="GPIO 99: cannot be claimed: The channel sent"):
        user("keys").claim_input(99, pull_up=True)


# --- the real package ---------------------------------------------------------------------------


def imported(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The door, imported by a process of its own whose working folder is this."""
    code = (
        "import os, device.drivers.rpi_pins as pins\n"
        "print(os.getcwd(), os.environ.get('LG_WD'), len(pins.FAILURES))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(source_tree.ROOT), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_machine_that_is_no_raspberry_pi_is_a_runtime_error(tmp_path: Path) -> None:
    done = imported(tmp_path)
    assert "RuntimeError: This module can only be run on a Raspberry Pi!" in done.stderr


def test_the_library_neither_moves_the_process_nor_leaves_anything_behind(tmp_path: Path) -> None:
    done = imported(tmp_path, RPI_LGPIO_REVISION="c03115", LG_WD="kept")
    assert done.stdout.split() == [str(tmp_path), "kept", "4"], done.stderr
    assert list(tmp_path.iterdir()) == []


def test_control_by_itself_it_leaves_a_pipe(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", "import RPi.GPIO"],
        cwd=tmp_path,
        env={**os.environ, "RPI_LGPIO_REVISION": "c03115"},
        check=True,
    )
    assert [path.name for path in tmp_path.iterdir()] == [".lgd-nfy0"]
