"""Whatever is typed for a number ends in a number that is meant, or in a message that is safe."""

import argparse
from collections.abc import Iterator

import pytest

from demo import cli as demo_cli
from device import cli as device_cli
from province import cli as province_cli
from sync.arguments import CommandParser, Subcommand, command_parser, group_of, whole_number

NONSENSE = [
    *("99999999999999999999", "-99999999999999999999", "9" * 5000, "1e3", "1.0", "0x10"),
    *("nan", "inf", "", " ", "１０", "٣", "1_000", "+1", "--", "1\0", "\x1b[2J"),
]


@pytest.mark.parametrize("text", NONSENSE)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a whole number"):
        whole_number(-5, 5)(text)


def test_the_bounds_are_numbers_of_their_own() -> None:
    read = whole_number(-5, 5)
    assert [read(text) for text in ("-5", "0", "5", "05")] == [-5, 0, 5, 5]
    for text in ("-6", "6", "9" * 18):
        with pytest.raises(argparse.ArgumentTypeError, match="is not -5 to 5"):
            read(text)


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its subcommands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in action.choices.values():
                yield from parsers(one)


class BuiltError(Exception):
    """Carries the parser that a command has built."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


COMMANDS = {
    "ratingpad": device_cli.main,
    "ratingpad-province": province_cli.main,
    "ratingpad-demo": demo_cli.main,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_number_of_every_command_has_bounds(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise BuiltError(parser)

    monkeypatch.setattr(CommandParser, "parse_args", stop)
    with pytest.raises(BuiltError) as built:
        COMMANDS[name]([])
    every = list(parsers(built.value.parser))
    assert all(isinstance(one, CommandParser) for one in every)
    unbounded = [
        action.dest for one in every for action in one._actions if action.type in (int, float)
    ]
    assert unbounded == []


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_typed_is_shown_as_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        COMMANDS[name](["\x1b[2J\x9b2J\u202e"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert not [sign for sign in told if sign != "\n" and not sign.isprintable()]


# --- commands of a command -----------------------------------------------------------------------


def grouped(*arguments: str) -> argparse.Namespace:
    def add_file(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--json", action="store_true")

    first = Subcommand("first", "what is meant", add_file, lambda _: 1)
    second = Subcommand("second", "the other", add_file, lambda _: 2)
    group = group_of("group", "two of them", (first, second))
    alone = Subcommand("alone", "no group", add_file, lambda _: 3)
    return command_parser("program", "for a test", (group, alone)).parse_args(arguments)


@pytest.mark.parametrize(
    ("arguments", "code", "file"),
    [
        (["group", "second", "x"], 2, "x"),
        (["group", "first", "x"], 1, "x"),
        (["group", "x"], 1, "x"),
        (["group", "--json", "x"], 1, "x"),
        (["group", "x", "--json"], 1, "x"),
        (["group", "./second"], 1, "./second"),
        (["group", "first", "second"], 1, "second"),
        (["alone", "first"], 3, "first"),
    ],
)
def test_where_no_command_of_a_group_is_named_its_first_is_meant(
    arguments: list[str], code: int, file: str
) -> None:
    given = grouped(*arguments)
    assert (given.run(given), given.file) == (code, file)


def test_a_group_explains_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["group", "--help"], ["group", "-h"]):
        with pytest.raises(SystemExit) as ended:
            grouped(*arguments)
        assert ended.value.code == 0
        told = capsys.readouterr().out
        assert "what is meant" in told
        assert "the other" in told
    with pytest.raises(SystemExit) as ended:
        grouped("group")
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
