"""The wiring table says of every wire where it goes, and says only what the profile says."""

import msgspec
import pytest

from device.board.pins import claims
from device.board.profile import board_names, load_header, load_profile
from device.wiring import wiring_words as words
from device.wiring.pin_table import Wire, wires
from sync.codes import level_name
from sync.entries import Level

WIRED = [name for name in board_names() if load_profile(name).header is not None]


def table(name: str, **changed) -> list[Wire]:
    profile = msgspec.structs.replace(load_profile(name), **changed)
    return wires(profile, load_header(profile))


def of_part(found: list[Wire], part: str) -> dict[str, int]:
    return {wire.name.en: wire.pin.pin for wire in found if wire.part == part}


def test_the_wires_of_a_pi():
    found = table("rpi-4")
    assert of_part(found, "key") == {
        "very satisfied": 29,
        "satisfied": 31,
        "basically satisfied": 33,
        "dissatisfied": 35,
        "very dissatisfied": 37,
        "ground": 39,
    }
    assert of_part(found, "light") == {
        "very satisfied": 11,
        "satisfied": 12,
        "basically satisfied": 13,
        "ground": 14,
        "dissatisfied": 15,
        "very dissatisfied": 16,
    }
    assert of_part(found, "display") == {"VCC (3.3 V)": 1, "SDA": 3, "SCL": 5, "GND": 6}
    assert of_part(found, "beeper") == {"5 V": 4, "ground": 34, "signal": 36}


def test_the_wires_of_a_display_on_spi():
    assert of_part(table("rpi-4-spi"), "display") == {
        "VCC (3.3 V)": 17,
        "DC": 18,
        "D1 (MOSI)": 19,
        "GND": 20,
        "RES": 22,
        "D0 (SCLK)": 23,
        "CS": 24,
    }


@pytest.mark.parametrize("name", WIRED)
def test_no_pin_has_two_wires_and_every_line_of_the_profile_has_one(name):
    found = table(name)
    pins = [wire.pin.pin for wire in found]
    assert len(pins) == len(set(pins))
    claimed = claims(msgspec.structs.asdict(load_profile(name)))
    lines = {claim.line for claim in claimed if claim.line is not None}
    assert lines <= {wire.pin.line for wire in found}
    assert not [wire for wire in found if wire.pin.reserved]


@pytest.mark.parametrize("name", WIRED)
def test_every_part_has_its_ground(name):
    found = table(name)
    for part in {wire.part for wire in found}:
        powers = {wire.pin.power for wire in found if wire.part == part}
        assert "GND" in powers, part


@pytest.mark.parametrize("name", WIRED)
def test_nothing_but_a_beeper_meets_5_volts(name):
    assert {wire.part for wire in table(name) if wire.pin.power == "5V"} <= {"beeper"}


def test_parts_that_work_the_other_way_round_are_wired_the_other_way_round():
    usual = load_profile("rpi-4")
    assert usual.lights is not None
    assert usual.beeper is not None
    found = table(
        "rpi-4",
        keys=msgspec.structs.replace(usual.keys, active_low=False),
        lights=msgspec.structs.replace(usual.lights, active_low=True),
        beeper=msgspec.structs.replace(usual.beeper, active_low=True),
    )
    powers = {
        part: {wire.pin.power for wire in found if wire.part == part} - {None}
        for part in ("key", "light", "beeper")
    }
    assert powers == {"key": {"3V3"}, "light": {"3V3"}, "beeper": {"3V3", "GND"}}
    notes = {wire.note.en for wire in found if wire.name.en == "very satisfied"}
    shared = {wire.part for wire in found if wire.pin.pin == 17}
    assert shared == {"key", "light", "beeper"}  # three want 3.3 V where there is one pin left
    assert notes == {
        "through the button to 3.3 V; nothing else",
        "330 Ω, then the LED's short leg (−)",
    }


def test_parts_that_a_board_does_not_have_have_no_wires():
    found = table("rpi-4", lights=None, beeper=None, display=None)
    assert {wire.part for wire in found} == {"key"}


def test_a_level_is_called_what_it_is_called_everywhere():
    assert {level: text.zh for level, text in words.LEVELS.items()} == {
        level: level_name(level) for level in Level
    }


@pytest.mark.parametrize("name", WIRED)
def test_every_word_stands_in_both_languages(name):
    for wire in table(name):
        assert bool(wire.note.en) == bool(wire.note.zh)
        assert wire.name.en
        assert wire.name.zh
