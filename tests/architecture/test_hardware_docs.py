"""The two documents for the person with the screwdriver: complete and true.

That they say the same is in test_chinese_docs.py.
"""

import configparser
import re
from pathlib import Path

import pytest

from device.board.keypad import keypad_names
from device.board.profile import board_names, load_profile
from device.cli import main
from device.config import config
from device.errors import PadCode
from device.errors_zh import in_chinese
from tests.rigs.source import source_tree
from tests.rigs.source.two_languages import blocks, shape, tables

DOCUMENTS = {
    "en": (source_tree.ROOT / "docs/hardware.md").read_text("utf-8"),
    "zh": (source_tree.ROOT / "docs/hardware.zh-CN.md").read_text("utf-8"),
}
EN = DOCUMENTS["en"]
YES_NO = {"yes": True, "no": False, "是": True, "否": False}


def first_column(text: str, including: str) -> list[str]:
    """The first cells, without backticks, of the one table that has this among them."""
    columns = [[row[0].strip("`") for row in table] for table in tables(text)]
    (found,) = (column for column in columns if including in column)
    return found


# --- the same in both -------------------------------------------------------------------------


@pytest.mark.parametrize("language", DOCUMENTS)
def test_every_row_begins_with_what_is_the_same_in_every_language(language):
    assert [row for table in shape(DOCUMENTS[language])["rows"] for row in table if not row] == []


# --- complete ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", DOCUMENTS)
def test_every_code_of_a_pad_is_told_with_what_it_closes(language):
    told = {
        row[0]: YES_NO[row[2]]
        for table in tables(DOCUMENTS[language])
        for row in table
        if re.fullmatch(r"[A-Z]\d\d", row[0])
    }
    assert told == {code.code: code.blocks for code in PadCode}


def test_a_code_is_called_in_chinese_as_on_the_command_line():
    told = {row[0]: row[1] for table in tables(DOCUMENTS["zh"]) for row in table}
    expected = {code.code: in_chinese(code).says for code in PadCode}
    assert {key: says for key, says in told.items() if re.fullmatch(r"[A-Z]\d\d", key)} == expected


@pytest.mark.parametrize("language", DOCUMENTS)
def test_every_board_is_told(language):
    assert sorted(first_column(DOCUMENTS[language], "simulated")) == board_names()
    wired = [name for name in board_names() if load_profile(name).header]
    links = re.findall(r"\(hardware/([\w-]+)\.md\)", DOCUMENTS[language])
    assert sorted(links) == wired


@pytest.mark.parametrize("language", DOCUMENTS)
def test_every_key_map_is_told(language):
    assert sorted(first_column(DOCUMENTS[language], "68-rising")) == keypad_names()


@pytest.mark.parametrize("language", DOCUMENTS)
def test_every_extra_of_a_pad_is_told(language):
    settings = configparser.ConfigParser()
    settings.read(source_tree.ROOT / "setup.cfg")
    others = {"province", "postgres", "demo", "test", "lint"}
    extras = set(settings["options.extras_require"]) - others
    assert set(first_column(DOCUMENTS[language], "lgpio")) == extras


# --- true --------------------------------------------------------------------------------------


def examples(start: str) -> list[str]:
    """The TOML examples that begin with a section."""
    found = [block.removeprefix("```toml\n").removesuffix("```") for block in blocks(EN)]
    return [block for block in found if block.startswith(start)]


def test_the_pads_file_that_is_told_works(tmp_path: Path):
    (text,) = examples("[pad]")
    path = tmp_path / "pad.toml"
    path.write_text(text)
    assert config.load(path).pad.board == "rpi-4"


def test_the_keys_that_are_told_work_on_their_boards(tmp_path: Path):
    found = examples("[board.keys]")
    assert len(found) == 3
    for keys in found:
        board = "linux-68" if "port" in keys else "linux-input-oled"
        path = tmp_path / "pad.toml"
        path.write_text(f'[pad]\nid = "a"\nboard = "{board}"\n[ledger]\npath = "l.db"\n{keys}')
        assert config.load(path).pad.board == board


def test_the_rule_for_a_usb_pad_is_the_one_in_the_rules_file():
    rules = (source_tree.ROOT / "hw/udev/60-ratingpad.rules").read_text("utf-8")
    rule = re.search(r"^#   (SUBSYSTEM==.*)$", rules, re.MULTILINE)
    assert rule
    assert rule[1] in EN


def test_the_watchdogs_times_are_those_of_the_units():
    service = (source_tree.ROOT / "hw/systemd/ratingpad.service").read_text("utf-8")
    board = (source_tree.ROOT / "hw/systemd/system.conf.d/ratingpad-watchdog.conf").read_text(
        "utf-8"
    )
    hangs = re.search(r"^WatchdogSec=(\d+)$", service, re.MULTILINE)
    resets = re.search(r"^RuntimeWatchdogSec=(\d+)$", board, re.MULTILINE)
    assert hangs
    assert resets
    assert f"again after {hangs[1]} s" in EN
    assert f"reset after {resets[1]} s" in EN


def test_every_command_that_is_told_there_is(capsys: pytest.CaptureFixture[str]):
    told = set(re.findall(r"ratingpad ([a-z]+) --", EN))
    assert {"wiring", "units", "voice", "check", "selftest"} <= told
    for command in told:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0, command
    capsys.readouterr()
