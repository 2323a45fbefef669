"""Mistakes in a table: the value that was found, and what is allowed."""

import datetime
import enum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from device.config_errors import ConfigErrors, as_toml, bounds, did_you_mean, read_struct
from device.errors import ConfigError


class Table(msgspec.Struct):
    scan_ms: Annotated[int, bounds(1, 20, "a whole number of milliseconds")] = 5
    stuck_s: Annotated[float, bounds(0.5, 86_400, "a number of seconds")] = 15.0


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("scan_ms", 0, "scan_ms = 0: must be a whole number of milliseconds from 1 to 20"),
        ("scan_ms", 21, "scan_ms = 21: must be a whole number of milliseconds from 1 to 20"),
        ("stuck_s", 0.4, "stuck_s = 0.4: must be a number of seconds from 0.5 to 86400"),
    ],
)
def test_a_number_out_of_bounds_is_reported_with_the_bounds(
    key: str, value: float, line: str
) -> None:
    problems = ConfigErrors()
    assert read_struct(Table, {key: value}, problems) is None
    assert problems.lines == [line]


@pytest.mark.parametrize(("key", "value"), [("scan_ms", 1), ("scan_ms", 20), ("stuck_s", 0.5)])
def test_the_bounds_themselves_are_allowed(key: str, value: float) -> None:
    problems = ConfigErrors()
    assert getattr(read_struct(Table, {key: value}, problems), key) == value
    assert problems.lines == []


def test_every_mistake_is_counted_and_has_a_line_of_its_own() -> None:
    for mistakes, head in ((1, "1 mistake in pad.toml"), (2, "2 mistakes in pad.toml")):
        problems = ConfigErrors()
        for place in range(mistakes):
            problems.add(f"key_{place}", "missing")
        with pytest.raises(ConfigError) as caught:
            problems.result_or_raise(None, "pad.toml")
        lines = [f"  key_{place}: missing" for place in range(mistakes)]
        assert caught.value.detail.split("\n") == [head, *lines]


def test_what_cannot_be_read_at_all_is_one_mistake() -> None:
    with pytest.raises(ConfigError) as caught:
        ConfigErrors().result_or_raise(None, "pad.toml")
    assert caught.value.detail == "1 mistake in pad.toml\n  not readable"


def test_a_file_that_may_come_later_is_a_mistake_only_where_files_are_asked_for() -> None:
    problems = ConfigErrors()
    problems.at("desk").wrong_file("token_file", "nowhere", "cannot be read")
    assert problems.lines == ['desk.token_file = "nowhere": cannot be read']
    assert problems.own_errors == 0
    assert problems.result_or_raise("read", "pad.toml", files=False) == "read"
    with pytest.raises(ConfigError, match="1 mistake in"):
        problems.result_or_raise("read", "pad.toml")
    problems.wrong("port", 0, "must be a port")
    assert problems.own_errors == 1
    with pytest.raises(ConfigError, match="2 mistakes in"):
        problems.result_or_raise("read", "pad.toml", files=False)


def test_a_table_with_a_missing_file_is_read_nevertheless() -> None:
    problems = ConfigErrors()

    def check(values: dict[str, Any], errors: ConfigErrors) -> None:
        errors.wrong_file("scan_ms", values["scan_ms"], "is a file, say")

    assert read_struct(Table, {}, problems, checks={Table: check}) == Table()
    assert problems.own_errors == 0
    assert len(problems.lines) == 1


@pytest.mark.parametrize(
    ("where", "key", "text", "line"),
    [
        ("", "id", "missing", "id: missing"),
        ("pad", "id", "missing", "pad.id: missing"),
        ("pad", "", "missing", "pad: missing"),
        ("pad", "id", ": too short", "pad.id: too short"),
        ("", "", "missing", "missing"),
    ],
)
def test_a_mistake_is_at_the_path_of_its_key(where: str, key: str, text: str, line: str) -> None:
    problems = ConfigErrors()
    (problems.at(where) if where else problems).add(key, text)
    assert problems.lines == [line]


def test_a_path_has_every_table_on_the_way() -> None:
    problems = ConfigErrors()
    problems.at("board").at("keys").add("line", "missing")
    assert problems.lines == ["board.keys.line: missing"]


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Point(msgspec.Struct):
    x: int
    y: int = 0


class Everything(msgspec.Struct):
    name: str
    count: int
    share: float
    on: bool
    file: Path
    colour: Colour
    one: Point
    maybe: Colour | None = None
    points: tuple[Point, ...] = ()
    words: list[str] = msgspec.field(default_factory=list)
    day: datetime.date | None = None
    limited: Annotated[int, bounds(1, 2, "a number")] | None = None


WHOLE = {
    "name": "a",
    "count": 1,
    "share": 0.5,
    "on": True,
    "file": "a/b",
    "colour": "red",
    "one": {"x": 1},
}


def mistakes(table: object) -> list[str]:
    problems = ConfigErrors()
    assert read_struct(Everything, table, problems) is None
    return problems.lines


def test_a_table_is_read_with_its_tables_lists_and_defaults() -> None:
    problems = ConfigErrors()
    more = {
        **WHOLE,
        "maybe": "green",
        "points": [{"x": 1, "y": 2}, {"x": 3}],
        "day": datetime.date(2026, 1, 2),
    }
    found = read_struct(Everything, more, problems, base=Path("/etc"))
    assert problems.lines == []
    assert found == Everything(
        name="a",
        count=1,
        share=0.5,
        on=True,
        file=Path("/etc/a/b"),
        colour=Colour.RED,
        one=Point(1),
        maybe=Colour.GREEN,
        points=(Point(1, 2), Point(3)),
        day=datetime.date(2026, 1, 2),
    )
    bare = read_struct(Everything, WHOLE, problems)
    assert bare is not None
    assert (bare.points, bare.words, bare.maybe, bare.file) == ((), [], None, Path("a/b"))


def test_what_is_missing_is_named_with_what_it_must_be() -> None:
    assert mistakes({}) == [
        "name: missing; must be a text in quotes",
        "count: missing; must be a whole number",
        "share: missing; must be a number",
        "on: missing; must be true or false",
        "file: missing; must be a path",
        'colour: missing; must be one of "red", "green"',
        "one: this section is missing",
    ]


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("name", 1, "name = 1: must be a text in quotes"),
        ("count", "1", 'count = "1": must be a whole number'),
        ("share", "1", 'share = "1": must be a number'),
        ("on", 1, "on = 1: must be true or false"),
        ("file", "", 'file = "": must be a path'),
        ("file", 3, "file = 3: must be a path"),
        ("colour", "gren", 'colour = "gren": must be one of "red", "green"; did you mean "green"?'),
        ("maybe", 7, 'maybe = 7: must be one of "red", "green"'),
        ("words", [1], "words = [1]: must be a list"),
        ("day", "no", 'day = "no": must be of another type'),
        ("limited", 3, "limited = 3: must be a number from 1 to 2"),
        ("one", 5, "one = 5: must be a table"),
        ("points", [{"x": 1}, {"x": "a"}], 'points[2].x = "a": must be a whole number'),
        ("nam", 1, 'nam: not known; did you mean "name"?'),
        ("zzzz", 1, "zzzz: not known"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(key: str, value: object, line: str) -> None:
    assert mistakes({**WHOLE, key: value}) == [line]


def test_what_is_no_table_is_said_to_have_to_be_one() -> None:
    assert mistakes([1]) == ["[1]: must be a table"]


def test_a_home_folder_may_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/pad")
    found = read_struct(Everything, {**WHOLE, "file": "~/x"}, ConfigErrors(), base=Path("/etc"))
    assert found is not None
    assert found.file == Path("/srv/pad/x")


def test_a_check_sees_what_was_read_and_its_mistake_counts() -> None:
    seen = []

    def check(values: dict[str, Any], errors: ConfigErrors) -> None:
        seen.append(values)
        errors.wrong("x", values["x"], "must be less than y")

    problems = ConfigErrors()
    table = {**WHOLE, "points": [{"x": 4}]}
    assert read_struct(Everything, table, problems, checks={Point: check}) is None
    assert seen == [{"x": 1, "y": 0}, {"x": 4, "y": 0}]
    assert problems.lines == [
        "one.x = 1: must be less than y",
        "points[1].x = 4: must be less than y",
    ]


@pytest.mark.parametrize(
    ("word", "known", "says"),
    [
        ("windw", ["window", "hall"], '; did you mean "window"?'),
        ("WINDOW", ["hall", "window"], '; did you mean "window"?'),
        ("xyz", ["window", "hall"], ""),
        ("window", [], ""),
    ],
)
def test_a_word_is_answered_with_the_nearest_that_is_known(
    word: str, known: list[str], says: str
) -> None:
    assert did_you_mean(word, known) == says


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        ("满意", '"满意"'),
        ([1, "a"], '[1, "a"]'),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        ("a" * 58, '"' + "a" * 58 + '"'),  # 60 characters
        ("a" * 59, '"' + "a" * 56 + "..."),  # 60 as well
    ],
)
def test_a_value_is_written_as_in_toml_in_60_characters_at_most(value: object, text: str) -> None:
    assert as_toml(value) == text
    assert len(text) <= 60
