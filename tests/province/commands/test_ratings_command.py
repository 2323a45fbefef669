"""`ratingpad-province ratings`: what a person sees, a spreadsheet opens and a program reads."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from province.cli import main
from province.commands.rating_arguments import LIMIT_MAX, read_levels
from province.commands.rating_lists import NAMES, csv_lines, json_members, table_lines
from province.rows import Rating
from province.store import ProvinceStore
from sync.codes import Numbering, level_name, level_numbers
from sync.columns import columns
from sync.csv_lines import BYTE_ORDER_MARK
from sync.entries import HASTY_MS, Channel, Level, Trust, Withdrawn
from sync.shown_text import shown
from tests.rigs.ledger.ledger_builder import (
    NOON_MS,
    LedgerBuilder,
    at,
    clock,
    invited,
    lapsed,
    rated,
    without_time,
)

CASE = "22010220260921000123"
Output = pytest.CaptureFixture[str]


@pytest.fixture
def listed(store: ProvinceStore, store_url: str, capsys: Output) -> Callable[..., list[str]]:
    """A function that lists a store with one rating of each sort: the lines of stdout."""
    pad = LedgerBuilder()
    pad.add(invited("i1", case=CASE), rated("i1", Level.DISSATISFIED))
    pad.add(invited("i2", case="办件-1"), rated("i2", elapsed_ms=HASTY_MS - 1))
    pad.add(invited("i3", channel=Channel.HALL_TERMINAL, case="=1+1"), rated("i3"))
    pad.add(rated("i3", Level.VERY_SATISFIED, at(4000), again=True))
    pad.add(invited("i4", case="친절"), rated("i4", when=without_time(2, "b2")))
    pad.add(invited("i5"), lapsed("i5", without_time(9, "b3")), clock(10, NOON_MS + 10, "b3"))
    pad.add(invited("i6", at(5, trust=Trust.RTC)))
    pad.add(invited("i7"), Withdrawn(at=at(8), invitation="i7", reason="desk"))
    store.take([pad.arrival()])

    def list_ratings(*options: str) -> list[str]:
        assert main(["ratings", "--store", store_url, *options]) == 0
        return capsys.readouterr().out.splitlines()

    return list_ratings


TABLE = """\
time (UTC+8)         pad    window  clerk  case                  result          remarks
date unknown         pad-1  A03     c7     친절                  satisfied
2026-09-21 22:13:24  pad-1  A03     c7     =1+1                  very satisfied  corrected, hall_\
terminal
2026-09-21 22:13:23  pad-1  A03     c7     办件-1                satisfied       hasty
2026-09-21 22:13:23  pad-1  A03     c7     22010220260921000123  dissatisfied
2026-09-21 22:13:20  pad-1  A03     c7     -                     unrated         dated later, ±21 ms
2026-09-21 22:13:20  pad-1  A03     c7     -                     withdrawn       desk
2026-09-21 22:13:20  pad-1  A03     c7     -                     open            clock rtc
"""


def test_the_table_has_a_header_beijings_time_and_straight_columns(
    listed: Callable[..., list[str]],
) -> None:
    assert listed() == TABLE.splitlines()


def test_in_chinese_the_levels_have_their_official_names(
    listed: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    lines = listed("--level", "negative")
    assert lines == [
        "时间（UTC+8）        评价器  窗口  工作人员  办件编号              评价结果  备注",
        f"2026-09-21 22:13:23  pad-1   A03   c7        {CASE}  不满意",
    ]


@pytest.mark.parametrize(
    ("options", "cases"),
    [
        (["--level", "dissatisfied"], [CASE]),
        (["--level", "不满意", "--level", "very-satisfied"], ["=1+1", CASE]),
        (["--standing", "rated", "--limit", "2"], ["친절", "=1+1"]),
        (["--standing", "unrated", "--standing", "open"], ["-", "-"]),
        (["--case", CASE], [CASE]),
        (["--case", f"'{CASE}"], [CASE]),  # copied from a spreadsheet
        (["--case", " 办件－1 "], ["办件-1"]),  # typed with an input method
        (["--window", "Ａ03", "--clerk", "c7", "--pad", "pad-1", "--limit", "1"], ["친절"]),
        (["--from", "2026-09-21 22:13:24", "--to", "2026-09-21"], ["=1+1"]),
        (["--to", "2026-09-20"], []),
        (["--from", "2026-09-22"], []),
        (["--to", "2026-09-21 22:13:23", "--standing", "rated"], ["办件-1", CASE]),
    ],
    ids=str,
)
def test_the_options_choose_ratings(
    listed: Callable[..., list[str]], options: list[str], cases: list[str]
) -> None:
    lines = listed(*options)[1:]
    assert [re.split(r" {2,}", line)[4] for line in lines] == cases


def test_what_is_left_out_is_said_and_is_not_in_the_list(
    listed: Callable[..., list[str]], store_url: str, capsys: Output
) -> None:
    listed()  # fills the store

    def said(*options: str) -> str:
        assert main(["ratings", "--store", store_url, *options]) == 0
        return capsys.readouterr().err

    assert said() == ""
    assert said("--limit", "7") == ""
    assert said("--limit", "6") == "there are more than these 6; see --limit\n"
    assert said("--from", "2026-09-21") == "1 rating without a date is left out\n"
    assert said("--to", "1999-1-1") == "no rating fits\n1 rating without a date is left out\n"


@pytest.mark.parametrize(
    ("option", "what"),
    [
        (["--pad", "pad-11"], "pad 'pad-11'"),
        (["--window", "A3"], "window 'A3'"),
        (["--clerk", "c\x1b[1A"], r"clerk 'c\x1b[1A'"),
        (["--case", "no"], "case 'no'"),
    ],
    ids=str,
)
def test_what_the_store_does_not_know_is_a_mistake_and_nothing_is_listed(
    listed: Callable[..., list[str]], store_url: str, capsys: Output, option: list[str], what: str
) -> None:
    listed()
    assert main(["ratings", "--store", store_url, *option, "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["code"], document["detail"][-len(what) :]) == ("P23", what)
    for form in ([], ["--csv"]):
        assert main(["ratings", "--store", store_url, *option, *form]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("P23 ")
        assert f"the store knows no {what}." in said.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--from", "2026-02-31"], "there is no 2026-02-31"),
        (["--to", "yesterday"], "'yesterday' is no date like 2026-11-30"),
        (["--from", "2026-11-30", "--to", "2026-11-29"], "--from is after --to"),
        (["--level", "great"], "'great' is no level; there are very-satisfied 非常满意, "),
        (["--level", "6"], "'6' is no level"),
        (["--level", "gbt-39046:6"], "'gbt-39046:6' is no level"),
        (["--level", "iso:1"], "'iso:1' is no level"),
        (["--level", "1"], "gbt-39046:1 非常满意, live-interface:1 非常不满意"),
        (["--standing", "great"], "invalid choice"),
        (["--csv", "--json"], "not allowed with"),
        (["--limit", "0"], f"0 is not 1 to {LIMIT_MAX}"),
    ],
    ids=str,
)
def test_a_wrong_option_is_told_in_its_own_words(
    options: list[str], message: str, capsys: Output
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["ratings", "--store", "sqlite:////nowhere/x.db", *options])
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_every_name_and_numbering_of_the_code_table_is_a_level() -> None:
    for level in Level:
        for text in (
            level.value,
            level.value.replace("_", "-").upper(),
            level.value.replace("_", " "),
            level_name(level),
            *(f"{one.value}:{level_numbers(one)[level]}" for one in Numbering),
        ):
            assert read_levels(text) == {level}, text
    assert read_levels("3") == read_levels("３") == {Level.BASICALLY_SATISFIED}
    assert read_levels("差评") == {Level.DISSATISFIED, Level.VERY_DISSATISFIED}


def test_csv_is_a_file_for_excel(listed: Callable[..., list[str]], store_url: str) -> None:
    listed()
    written = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(written, "ascii", write_through=True)) as output:
        assert main(["ratings", "--store", store_url, "--csv"]) == 0
        output.flush()
    raw = written.getvalue()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 8
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert list(rows[0]) == list(NAMES)
    by_invitation = {row["invitation"]: row for row in rows}
    assert by_invitation["i1"]["case"] == f"'{CASE}"
    assert by_invitation["i3"]["case"] == "'=1+1"
    assert by_invitation["i2"]["case"] == "办件-1"
    first = by_invitation["i1"]
    assert (first["time_beijing"], first["time_utc"]) == (
        "2026-09-21 22:13:23",
        "2026-09-21T14:13:23Z",
    )
    assert (first["level"], first["level_name"]) == ("dissatisfied", "不满意")
    assert (by_invitation["i4"]["time_beijing"], by_invitation["i4"]["dated_by"]) == ("", "unknown")


def test_json_is_one_document(
    listed: Callable[..., list[str]], store_url: str, capsys: Output
) -> None:
    document = json.loads("\n".join(listed("--json", "--limit", "6")))
    assert (document["undated_left_out"], document["more"]) == (0, True)
    assert [row["invitation"] for row in document["ratings"]] == [
        "i4",
        "i3",
        "i2",
        "i1",
        "i5",
        "i7",
    ]
    corrected = document["ratings"][1]
    assert corrected["time_utc"] == "2026-09-21T14:13:24.000Z"
    assert corrected["time_beijing"] == "2026-09-21T22:13:24.000+08:00"
    assert corrected["utc_ms"] == NOON_MS + 4000
    assert (corrected["case"], corrected["corrected"], corrected["hasty"]) == ("=1+1", True, False)
    assert document["ratings"][0]["time_utc"] is None
    empty = json.loads("\n".join(listed("--json", "--to", "2000-01-01")))
    assert empty == {"ratings": [], "undated_left_out": 1, "more": False}
    assert main(["ratings", "--json", "--pad", "pad-1", "--store", store_url]) == 0
    assert "办件" in capsys.readouterr().out


def test_json_is_ascii_where_the_output_is_not_utf_8(
    listed: Callable[..., list[str]], store_url: str
) -> None:
    listed()
    written = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(written, "gbk", "backslashreplace")) as output:
        assert main(["ratings", "--store", store_url, "--json"]) == 0
        output.flush()
    document = json.loads(written.getvalue().decode("ascii"))
    assert {row["case"] for row in document["ratings"]} >= {"办件-1", "친절"}


TEXTS = st.none() | st.text(max_size=12)
RATINGS = st.builds(
    Rating,
    *(st.text(max_size=12) for _ in ("pad", "invitation", "standing")),
    st.none() | st.sampled_from([level.value for level in Level]) | st.text(max_size=5),
    st.booleans(),
    st.none() | st.integers(0, 2**53),
    *(TEXTS for _ in range(9)),
    TEXTS,
    st.none() | st.integers(0, 2**53),
    st.text(max_size=12),
    st.integers(0, 2**53),
    st.text(max_size=5),
    st.integers(0, 2**53),
    st.none() | st.integers(-(2**53), 2**53),
    st.sampled_from(["ntp", "rtc", "held", "anchor", "unknown"]) | st.text(max_size=5),
    st.none() | st.integers(0, 2**53),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RATINGS, max_size=4))
def test_nothing_that_is_stored_breaks_a_terminal_a_spreadsheet_or_a_program(
    ratings: list[Rating],
) -> None:
    lines = list(table_lines(ratings))
    assert len(lines) == len(ratings) + 1
    assert all(line == shown(line) for line in lines)
    text = "".join(csv_lines(ratings)).removeprefix(BYTE_ORDER_MARK)
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == len(ratings) == text.count("\n") - 1
    assert all(line == shown(line) for line in text.split("\r\n"))
    for row, rating in zip(rows, ratings, strict=True):
        assert row["pad"].removeprefix("'") == shown(rating.pad).removeprefix("'")
        for cell in row.values():
            assert not cell.strip().startswith(("=", "+", "-", "@", "\t", "\r"))
    document = json.loads("[" + "".join(json_members(ratings, ascii_only=False)) + "]")
    assert [row["case"] for row in document] == [rating.case_number for rating in ratings]


def test_columns_are_those_of_the_first_rows_and_rows_come_as_they_are_read() -> None:
    read = 0

    def endless() -> Iterator[Rating]:
        nonlocal read
        while True:
            read += 1
            pad = "评价器" if read < 1000 else "a-much-longer-pad"
            yield Rating(
                *(pad, "i", "open", None, False, None, None, None, "1"),
                *(None,) * 8,
                *("L", 1, "b", 1, None, "unknown", None),
            )

    lines = table_lines(endless())
    first = [next(lines) for _ in range(900)]
    assert read < 1000
    assert {columns(line.split("1  ")[0]) for line in first[1:]} == {
        columns("time (UTC+8)  评价器  ")
    }
    assert any("a-much-longer-pad  1" in next(lines) for _ in range(200))
