"""Key maps of key pads: those there are, and how a wrong one is reported."""

import pytest
from evdev import ecodes

from device.board.keypad import keypad_names, load_keypad, parse_keypad
from device.config_errors import ConfigErrors
from device.errors import ConfigError
from sync.entries import Level


def mistakes(text: str) -> list[str]:
    problems = ConfigErrors()
    parse_keypad("bench", text, problems)
    return problems.lines


def keys(*rows: tuple[str, int, str]) -> str:
    return 'title = "t"\n' + "".join(
        f'[[key]]\nname = "{name}"\ncode = {code}\n' + (f'level = "{level}"\n' if level else "")
        for name, code, level in rows
    )


FIVE = [(level.value, place, level.value) for place, level in enumerate(Level)]


@pytest.mark.parametrize("name", keypad_names())
def test_every_key_map_gives_each_level_by_exactly_one_code(name: str) -> None:
    levels = [key.level for key in load_keypad(name).by_code().values() if key.level]
    assert len(levels) == len(Level)
    assert set(levels) == set(Level)


def test_the_two_generations_permute_their_codes() -> None:
    rising, falling = load_keypad("68-rising"), load_keypad("68-falling")
    assert rising.by_code().keys() == falling.by_code().keys()
    assert [code for code in range(5) if rising.by_code()[code] == falling.by_code()[code]] == [2]


def test_the_codes_that_a_front_end_is_known_to_read() -> None:
    """0 差, 1 一般, 2 较好, 3 好, 4 很好."""
    worst_first = [load_keypad("68-rising").by_code()[code].level for code in range(5)]
    assert worst_first == [
        Level.VERY_DISSATISFIED,
        Level.DISSATISFIED,
        Level.BASICALLY_SATISFIED,
        Level.SATISFIED,
        Level.VERY_SATISFIED,
    ]


def test_a_key_without_a_level_may_have_a_code() -> None:
    assert mistakes(keys(*FIVE, ("clerk", 9, ""))) == []


def test_every_mistake_in_a_key_map_is_named() -> None:
    rows = [*FIVE[:4], ("very_dissatisfied", 0, "satisfied")]
    assert mistakes(keys(*FIVE) + "baud = 1\n")[0] == "key[5].baud: not known"
    assert mistakes(keys(*rows)) == [
        "key very_dissatisfied.code = 0: already taken by key 'very_satisfied'",
        "key very_dissatisfied.level = \"satisfied\": already taken by key 'satisfied'",
        "key: no key gives very_dissatisfied",
    ]
    assert mistakes("baud = 1\n" + keys(*FIVE)) == [
        "baud = 1: must be bits a second from 300 to 4000000"
    ]
    assert "not TOML: " in mistakes("[[key")[0]


def test_an_unknown_model_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no key pad '68-risin'; .* mean \"68-rising\""):
        load_keypad("68-risin")


# --- codes of input devices ---------------------------------------------------------------------

INPUT = [name for name in keypad_names() if load_keypad(name).protocol == "input"]


@pytest.mark.parametrize("name", INPUT)
def test_every_code_of_an_input_device_is_the_one_that_the_kernel_gives_its_name(name: str) -> None:
    for key in load_keypad(name).key:
        assert key.says
        assert ecodes.ecodes[key.says] == key.code


def test_what_is_ignored_is_what_pads_type_around_a_digit() -> None:
    around = {ecodes.ecodes[name] for name in ("KEY_ENTER", "KEY_KPENTER", "KEY_NUMLOCK")}
    assert {code for name in INPUT for code in load_keypad(name).ignore} == around


@pytest.mark.parametrize("stem", ["input-digits", "input-keypad-digits", "input-function-keys"])
def test_a_pad_that_counts_the_other_way_round_has_a_map_too(stem: str) -> None:
    rising, falling = (load_keypad(f"{stem}-{way}") for way in ("rising", "falling"))
    last = {key.says: key.level for key in rising.key}
    assert {key.says: key.level for key in falling.key} == dict(
        zip(last, reversed(last.values()), strict=True)
    )
    assert (
        next(level for says, level in last.items() if says and says[-1] == "5")
        is Level.VERY_SATISFIED
    )


def test_a_code_that_its_kind_of_key_pad_cannot_send_is_named() -> None:
    rows = [*FIVE[1:], ("very_satisfied", 0x100, "very_satisfied")]
    assert mistakes('protocol = "input"\n' + keys(*rows)) == []
    assert mistakes('protocol = "68"\n' + keys(*rows)) == [
        'key very_satisfied.code = 256: a "68" key pad has codes up to 255'
    ]
    rows[-1] = ("very_satisfied", 768, "very_satisfied")
    assert mistakes(keys(*rows))[0] == "key[5].code = 768: must be a code from 0 to 767"


def test_a_key_cannot_be_ignored() -> None:
    text = 'protocol = "input"\nignore = [28, 3]\n' + keys(*FIVE)
    assert mistakes(text) == ["ignore = 3: it is the code of key 'dissatisfied'"]


def test_a_map_for_another_kind_of_key_pad_is_refused() -> None:
    load_keypad("68-rising", "68")
    with pytest.raises(ConfigError, match=r'"68-rising": a key map of "68" codes; .* "input"'):
        load_keypad("68-rising", "input")
    with pytest.raises(ConfigError, match=r'a key map of "input" codes; this needs "68"'):
        load_keypad("input-gpio-keys", "68")


def test_a_key_of_a_level_does_nothing_for_the_clerk_and_one_of_neither_is_allowed() -> None:
    both = keys(*FIVE) + 'does = "invite"\n'
    assert mistakes(both) == [
        f'key {FIVE[-1][0]}.does = "invite": a key with a level does nothing else'
    ]
    free = keys(*FIVE, ("clerk", 9, "")) + 'does = "invite"\n'
    assert mistakes(free) == []
