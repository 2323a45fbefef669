"""Finding the key pad among the input devices: exactly one, or a fault that says what there is."""

from pathlib import Path

import pytest

from device.board.driver_options import InputOptions
from device.board.keypad import load_keypad
from device.drivers.input_nodes import find_node, read_bitmap
from device.errors import DriverError, PadCode
from tests.rigs.keys.fake_evdev import FakeKernel

PAD = load_keypad("input-digits-rising")
DIGITS = {key.code for key in PAD.key}
VOLUME = {113, 114, 115}


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    return FakeKernel(tmp_path)


def found(kernel: FakeKernel, **by: str) -> str:
    return find_node(PAD, InputOptions(model=PAD.name, **by), kernel.sysfs).event


def refused(kernel: FakeKernel, **by: str) -> str:
    with pytest.raises(DriverError) as caught:
        found(kernel, **by)
    assert caught.value.code is PadCode.KEYS_GONE
    return caught.value.detail


@pytest.mark.parametrize(
    "by",
    [
        {"name": "ACME Keypad"},
        {"name": "ACME*"},
        {"name": "ACME Keypa?"},
        {"phys": "usb-1.3/input0"},
        {"phys": "usb-1.[34]/*"},
    ],
    ids=str,
)
def test_a_device_is_found_by_its_name_or_by_its_socket(
    kernel: FakeKernel, by: dict[str, str]
) -> None:
    kernel.plug("Power Button", {116}, "PNP0C0C/button/input0")
    kernel.plug("ACME Keypad", DIGITS | {28, 0x2FF}, "usb-1.3/input0")
    assert found(kernel, **by) == "event1"


@pytest.mark.parametrize("name", ["acme keypad", "ACME", "Keypad"])
def test_a_part_of_a_name_or_another_case_is_not_the_name(kernel: FakeKernel, name: str) -> None:
    kernel.plug("ACME Keypad", DIGITS, "usb-1.3/input0")
    assert refused(kernel, name=name) == (
        f'no input device of this name "{name}"; there is event0 "ACME Keypad" at usb-1.3/input0'
    )


def test_where_there_is_no_device_at_all_that_is_said(kernel: FakeKernel) -> None:
    assert refused(kernel, name="x") == 'no input device of this name "x"; there is none at all'
    kernel.sysfs.rmdir()
    assert "there is none at all" in refused(kernel, name="x")


def test_two_that_match_are_named_and_not_guessed_at(kernel: FakeKernel) -> None:
    kernel.plug("ACME Keypad", DIGITS, "usb-1.3/input0")
    kernel.plug("ACME Keypad", DIGITS, "usb-1.4/input0")
    assert refused(kernel, name="ACME Keypad") == (
        '2 input devices of name "ACME Keypad": event0 "ACME Keypad" at usb-1.3/input0; '
        'event1 "ACME Keypad" at usb-1.4/input0'
    )
    assert found(kernel, phys="usb-1.4/input0") == "event1"


def test_what_has_none_of_the_keys_is_passed_over(kernel: FakeKernel) -> None:
    """A pad's volume keys are a device of their own under the same name."""
    kernel.plug("ACME Keypad", VOLUME)
    assert "with keys of input-digits-rising name" in refused(kernel, name="ACME Keypad")
    kernel.plug("ACME Keypad", DIGITS)
    assert found(kernel, name="ACME Keypad") == "event1"


def test_a_pad_that_lacks_a_level_is_the_wrong_one_or_has_the_wrong_map(
    kernel: FakeKernel,
) -> None:
    kernel.plug("ACME Keypad", DIGITS - {2}, "")
    assert refused(kernel, name="ACME*") == (
        'event0 "ACME Keypad" has no key for very_dissatisfied; is it a input-digits-rising?'
    )


def test_a_device_that_goes_while_it_is_looked_at_is_passed_over(kernel: FakeKernel) -> None:
    kernel.plug("ACME Keypad", DIGITS)
    (kernel.sysfs / "event9").mkdir()
    assert found(kernel, name="ACME*") == "event0"


@pytest.mark.parametrize(
    ("text", "word_bits", "codes"),
    [
        ("0\n", 64, set()),
        ("7c\n", 64, {2, 3, 4, 5, 6}),
        ("1f 0 0 0 0\n", 64, {256, 257, 258, 259, 260}),
        ("1f 0 0 0 0 0 0 0 7c\n", 32, {2, 3, 4, 5, 6, 256, 257, 258, 259, 260}),
    ],
)
def test_a_bitmap_is_read_as_the_kernel_prints_it(
    text: str, word_bits: int, codes: set[int]
) -> None:
    assert read_bitmap(text, word_bits) == codes
