"""A profile's pins: every double use is refused with both owners, and nothing else is."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.board.descriptions import find_text
from device.board.pins import Pin, PinClaim, check_claims, claims, read_header
from device.board.profile import board_names, find_header, load_profile, parse_profile
from device.config.config import load
from device.config_errors import ConfigErrors
from device.errors import ConfigError
from sync.entries import Level

LINES = (5, 6, 13, 19, 26)
LIGHTS = (17, 18, 27, 22, 23)


def the_header():
    problems = ConfigErrors()
    header = find_header("rpi40", problems)
    assert problems.lines == []
    assert header is not None
    return header


HEADER = the_header()
FREE = [pin.line for pin in HEADER.pin if pin.line is not None and pin.reserved is None]


def board(*more: str, lines=LINES, lights=LIGHTS, beeper=16, display='bus = "i2c-1"') -> str:
    """A board with a header that takes what these say."""
    text = 'title = "t"\ndriver = "linux"\nheader = "rpi40"\n'
    for level, line in zip(Level, lines, strict=True):
        text += f'[[keys.key]]\nname = "{level.value}"\nline = {line}\nlevel = "{level.value}"\n'
    text += f'[display]\n{display}\n[beeper]\ndriver = "gpio-beeper"\nline = {beeper}\n'
    text += '[lights]\ndriver = "gpio-lights"\n'
    for level, line in zip(Level, lights, strict=True):
        text += f'[[lights.light]]\nname = "{level.value}"\nline = {line}\n'
    return text + "\n".join(more)


def mistakes(text: str) -> list[str]:
    problems = ConfigErrors()
    profile = parse_profile("bench", text, problems)
    assert (profile is None) == bool(problems.lines)
    return problems.lines


def test_a_board_that_takes_no_pin_twice_is_right():
    assert mistakes(board()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            board(lights=(5, *LIGHTS[1:])),
            "line 5 (pin 29): key very_satisfied and light very_satisfied",
        ),
        (board(beeper=26), "line 26 (pin 37): key very_dissatisfied and beeper"),
        (board(beeper=27), "line 27 (pin 13): light basically_satisfied and beeper"),
        (
            board(lines=(2, *LINES[1:])),
            "line 2 (pin 3): key very_satisfied and display (i2c-1 SDA)",
        ),
        (board(beeper=3), "line 3 (pin 5): display (i2c-1 SCL) and beeper"),
        (
            board(display='bus = "spi-0.0"\ndc_line = 9\nreset_line = 25'),
            "line 9 (pin 21): display (spi-0.0 MISO) and display data/command",
        ),
        (
            board(display='bus = "spi-0.0"\ndc_line = 24\nreset_line = 7'),
            "line 7 (pin 26): display (spi-0.0 CE1) and display reset",
        ),
        (
            board(display='bus = "spi-0.0"\ndc_line = 24\nreset_line = 24'),
            "line 24 (pin 18): display data/command and display reset",
        ),
        (board(beeper=28), "line 28: beeper: rpi40 does not bring it out"),
        (
            board(beeper=0),
            "line 0 (pin 27): beeper: reserved, the memory of an add-on board is read here at boot",
        ),
        (
            board(display='bus = "i2c-7"'),
            "bus i2c-7: display: rpi40 does not bring it out",
        ),
        (
            board(display='bus = "spi-0.2"\ndc_line = 24'),
            "bus spi-0.2: display: rpi40 does not bring it out",
        ),
        (
            board(display='bus = "i2c-0"'),
            "bus i2c-0: display: rpi40 does not bring it out",
        ),
    ],
)
def test_what_is_taken_twice_reserved_or_not_there_is_named_with_its_owners(text, says):
    assert mistakes(text) == [f"header: {says}"]


def test_every_double_use_stands_in_one_report():
    lines = mistakes(board(lights=(5, 6, 27, 22, 22), beeper=2))
    assert lines == [
        "header: line 5 (pin 29): key very_satisfied and light very_satisfied",
        "header: line 6 (pin 31): key satisfied and light satisfied",
        "header: line 22 (pin 15): light dissatisfied and light very_dissatisfied",
        "header: line 2 (pin 3): display (i2c-1 SDA) and beeper",
    ]


def test_a_double_use_is_reported_beside_other_mistakes():
    lines = mistakes(board("[voice]\nspeaks = true", beeper=5))
    assert "header: line 5 (pin 29): key very_satisfied and beeper" in lines
    assert any(line.startswith("voice.speaks: not known") for line in lines)


def test_an_unknown_header_is_answered_with_those_there_are():
    says = mistakes(board().replace("rpi40", "rpi4O"))
    assert says == ["header: no header 'rpi4O'; there is rpi40; did you mean \"rpi40\"?"]


def test_without_a_header_lines_are_just_numbers():
    """Control: the same double use passes where no header says which lines are pins."""
    assert mistakes(board(beeper=5).replace('header = "rpi40"\n', "")) == []


def test_check_tells_it_before_a_pad_is_wired(tmp_path, monkeypatch):
    texts = {
        "boards": board(beeper=5),
        "headers": find_text("headers", "", "rpi40", ConfigErrors()),
    }
    monkeypatch.setattr("device.board.profile.find_text", lambda folder, *_: texts[folder])
    file = tmp_path / "pad.toml"
    file.write_text('[pad]\nid = "a"\nboard = "bench"\n[ledger]\npath = "l.db"\n')
    with pytest.raises(ConfigError, match=r"line 5 \(pin 29\): key very_satisfied and beeper"):
        load(file)


# --- the boards that there are -----------------------------------------------------------------

PIS = [name for name in board_names() if name.startswith("rpi-")]


def taken_by(name: str, *left_out: str) -> set[int]:
    profile = load_profile(name)
    assert profile.header == "rpi40"
    found = claims(msgspec.structs.asdict(profile))
    return set().union(*(pins_of(claim) for claim in found if claim.part not in left_out))


@pytest.mark.parametrize("name", PIS)
def test_every_pi_is_wired_the_same_but_for_its_display(name):
    assert taken_by(name, "display") == taken_by("rpi-4", "display")
    assert name.endswith("-spi") or taken_by(name) == taken_by("rpi-4")


@pytest.mark.parametrize("bus", ["i2c-1", "spi-0.0", "spi-0.1", "uart-0"])
def test_keys_lights_and_beeper_leave_the_buses_free(bus):
    assert not taken_by("rpi-4", "display") & {pin.pin for pin in HEADER.of_bus(bus).values()}


def test_only_the_pi_that_may_have_a_battery_is_believed_its_clock():
    assert [name for name in PIS if load_profile(name).has_rtc] == ["rpi-5"]


# --- any board ---------------------------------------------------------------------------------

BUSES = ["i2c-1", "spi-0.0", "spi-0.1", "spi-1.0"]


def pins_of(claim: PinClaim) -> set[int]:
    """The pins of a claim, found the plain way."""
    if claim.line is not None:
        return {pin.pin for pin in HEADER.pin if pin.line == claim.line}
    bus = str(claim.bus).partition(".")[0]
    return {pin.pin for pin in HEADER.pin if any(f.startswith(f"{bus} ") for f in pin.functions)}


LINE = st.builds(
    lambda n, line: PinClaim("key", f"k{n}", line=line), st.integers(), st.sampled_from(FREE)
)
BUS = st.builds(
    lambda n, bus: PinClaim("display", f"d{n}", bus=bus), st.integers(), st.sampled_from(BUSES)
)


@given(st.lists(LINE | BUS, max_size=12))
def test_claims_are_refused_exactly_when_two_share_a_pin(claimed):
    problems = ConfigErrors()
    check_claims(HEADER, claimed, problems)
    taken = [pin for claim in claimed for pin in pins_of(claim)]
    assert len(problems.lines) == len(taken) - len(set(taken))


@given(
    st.permutations([line for line in FREE if line not in (2, 3)]),
)
def test_any_board_without_double_use_is_right(lines):
    assert mistakes(board(lines=lines[:5], lights=lines[5:10], beeper=lines[10])) == []


# --- the header itself -------------------------------------------------------------------------


def test_the_header_has_forty_pins_and_their_power():
    assert [pin.pin for pin in HEADER.pin] == list(range(1, 41))
    power = {
        name: [pin.pin for pin in HEADER.pin if pin.power == name] for name in ("3V3", "5V", "GND")
    }
    assert power == {"3V3": [1, 17], "5V": [2, 4], "GND": [6, 9, 14, 20, 25, 30, 34, 39]}
    assert sorted(FREE) == list(range(2, 28))


def test_the_buses_are_where_every_display_expects_them():
    def lines(bus):
        return {signal: pin.line for signal, pin in HEADER.of_bus(bus).items()}

    assert lines("i2c-1") == {"SDA": 2, "SCL": 3}
    assert lines("spi-0.0") == {"MOSI": 10, "MISO": 9, "SCLK": 11, "CE0": 8, "CE1": 7}
    assert lines("uart-0") == {"TXD": 14, "RXD": 15}


@pytest.mark.parametrize(
    ("pins", "says"),
    [
        ([{"pin": 1, "line": 4}, {"pin": 1, "line": 5}], "pin 1.pin = 1: stands there twice"),
        ([{"pin": 1, "line": 4}, {"pin": 2, "line": 4}], "pin 2.line = 4: stands there twice"),
        ([{"pin": 1}], "pin 1: must have either a line or power"),
        ([{"pin": 1, "line": 4, "power": "GND"}], "pin 1: must have either a line or power"),
        (
            [{"pin": 1, "line": 4, "functions": ["SDA"]}],
            'pin[1].functions = ["SDA"]: must be a list of functions like "i2c-1 SDA"',
        ),
    ],
)
def test_a_wrong_header_is_reported(pins, says):
    problems = ConfigErrors()
    assert read_header("bench", {"title": "t", "pin": pins}, problems) is None
    assert problems.lines == [says]


def test_a_header_has_at_most_200_pins():
    assert msgspec.convert({"pin": 200, "power": "GND"}, Pin).pin == 200
    for number in (0, 201):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"pin": number, "power": "GND"}, Pin)
