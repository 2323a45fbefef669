"""The code tables: both numberings, in both directions; unknown numbers are errors."""

import pytest

from sync import codes
from sync.codes import Numbering, UnknownNumberError
from sync.entries import Channel, Level


@pytest.mark.parametrize("numbering", Numbering)
def test_every_level_is_converted_to_its_number_and_back(numbering):
    numbers = codes.level_numbers(numbering)
    assert set(numbers) == set(Level)
    for level in Level:
        assert codes.level_of(numbering, numbers[level]) is level


def test_the_numbers_are_the_ones_that_the_standard_and_the_interfaces_print():
    standard = codes.level_numbers(Numbering.GBT_39046)
    live = codes.level_numbers(Numbering.LIVE_INTERFACE)
    assert [standard[level] for level in Level] == [1, 2, 3, 4, 5]
    assert [live[level] for level in Level] == [5, 4, 3, 2, 1]


def test_the_two_numberings_agree_on_the_middle_level_only():
    """The control: a number that is read in the wrong numbering turns the best into the worst."""
    mistaken = {
        level: codes.level_of(Numbering.GBT_39046, number)
        for level, number in codes.level_numbers(Numbering.LIVE_INTERFACE).items()
    }
    assert [level for level, read in mistaken.items() if level is read] == [
        Level.BASICALLY_SATISFIED
    ]
    assert mistaken[Level.VERY_SATISFIED] is Level.VERY_DISSATISFIED


@pytest.mark.parametrize("number", [0, 6, -1, 255, True])
@pytest.mark.parametrize("numbering", Numbering)
def test_an_unknown_number_is_an_error_and_never_a_level(numbering, number):
    with pytest.raises(UnknownNumberError):
        codes.level_of(numbering, number)


def test_the_public_reads_the_five_names_of_the_policy():
    assert [codes.level_name(level) for level in Level] == [
        "非常满意",
        "满意",
        "基本满意",
        "不满意",
        "非常不满意",
    ]


def test_a_topic_is_reported_as_a_code_only_where_that_says_no_more():
    reported = {
        (name, level): code
        for name in codes.topics()
        for level in Level
        if (code := codes.official_code(name, level)) is not None
    }
    assert reported == {
        ("attitude", Level.SATISFIED): "413",  # good attitude
        ("attitude", Level.BASICALLY_SATISFIED): "314",  # average attitude
        ("attitude", Level.DISSATISFIED): "214",  # curt attitude
    }


def test_a_code_is_reported_as_itself_and_what_is_neither_is_an_error():
    assert codes.official_code("109", Level.VERY_DISSATISFIED) == "109"
    with pytest.raises(UnknownNumberError):
        codes.official_code("weather", Level.SATISFIED)


def test_the_codes_of_a_topic_are_those_of_its_level():
    for topic in codes.topics().values():
        for level, code in topic.codes.items():
            assert codes.option_of(code).level is level
    assert list(codes.topics()) == [
        "attitude",
        "efficiency",
        "documents",
        "guidance",
        "online",
        "other",
    ]


def test_each_level_has_eight_reasons_of_which_three_are_the_base_set():
    for level in Level:
        offered = [o for o in codes.options().values() if o.level is level and not o.retired]
        assert len(offered) == 8
        assert sum(not option.extended for option in offered) == 3
        assert all(option.gloss for option in offered)


def test_a_reason_begins_with_the_live_number_of_its_level():
    live = codes.level_numbers(Numbering.LIVE_INTERFACE)
    for option in codes.options().values():
        assert option.code[0] == str(live[option.level]), option.code


def test_a_retired_reason_is_still_read_and_an_unknown_one_is_not():
    assert codes.option_of("501").retired
    assert not codes.option_of("510").retired
    with pytest.raises(UnknownNumberError):
        codes.option_of("403")


def test_every_channel_is_converted_to_its_number_and_back():
    for channel in Channel:
        assert codes.channel_of(codes.channel_number(channel)) is channel
    assert codes.channel_number(Channel.HALL_PAD) == 4


@pytest.mark.parametrize("number", [6, 7])
def test_a_channel_that_differs_from_province_to_province_is_not_guessed(number):
    with pytest.raises(UnknownNumberError, match="not known for Jilin"):
        codes.channel_of(number)
