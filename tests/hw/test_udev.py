"""The udev rules: well formed, within their folder, and no wider than the service needs.

What they do on a real kernel is tested in tests/hardware/test_udev.py.
"""

import re

import pytest

from tests.rigs.board.udev_rules import read_rules
from tests.rigs.source import source_tree

TEXT = (source_tree.ROOT / "hw/udev/60-ratingpad.rules").read_text("utf-8")
RULES = read_rules(TEXT)
SYSUSERS = (source_tree.ROOT / "hw/systemd/sysusers.conf").read_text("utf-8")


def assigned(key: str) -> list[str]:
    return [word.value for rule in RULES for word in rule if word.key == key and word.assigns]


def test_every_name_is_in_the_pads_own_folder():
    links = assigned("SYMLINK")
    assert links
    assert all(re.match(r"ratingpad/(line|keys)-", link) for link in links)


def test_every_group_is_one_that_the_service_is_in():
    made = set(re.findall(r"^[gu] (\w+)", SYSUSERS, re.MULTILINE))
    joined = set(re.findall(r"^m ratingpad (\w+)", SYSUSERS, re.MULTILINE)) | {"ratingpad"}
    groups = set(assigned("GROUP"))
    assert groups <= joined
    assert groups <= made


def test_the_service_may_not_read_every_keyboard():
    assert "input" not in assigned("GROUP")
    assert not re.search(r"^m ratingpad input$", SYSUSERS, re.MULTILINE)


def test_nothing_is_for_everybody():
    assert set(assigned("MODE")) == {"0660"}


def test_an_input_device_is_the_pads_only_by_its_mark():
    for rule in RULES:
        if any(word.key == "GROUP" and word.value == "ratingpad" for word in rule):
            assert ("ENV", "RATINGPAD_KEYS", "==", "?*") in rule


def test_the_example_for_the_technician_is_a_rule():
    example = re.search(r"^#   (SUBSYSTEM==.*)$", TEXT, re.MULTILINE)
    assert example
    (rule,) = read_rules(example[1])
    assert ("ENV", "RATINGPAD_KEYS", "=", "usb") in rule


@pytest.mark.parametrize(
    "wrong",
    [
        'SUBSYSTEM=="tty" GROUP="x"',
        'SUBSYSTEM=="tty", GROUP="x",',
        'SUBSYTEM=="tty", GROUP="x"',
        'SUBSYSTEM="tty"',
        'GROUP=="x"',
        'KERNEL{a}=="x"',
        'ENV=="x"',
        'SUBSYSTEM=="tty", MODE="rw"',
        'IMPORT{builtin}="usbid"',
        "SUBSYSTEM==tty",
        'GOTO="end"',
        'LABEL="end"',
        'LABEL="end"\nGOTO="end"',
        'GOTO="end"\nLABEL="end"\nLABEL="end"',
    ],
)
def test_what_udev_would_not_take_is_noticed(wrong):
    with pytest.raises(ValueError):
        read_rules(wrong)
