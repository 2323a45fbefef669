"""No command says an English sentence to somebody whose locale is Chinese: help, output, errors."""

import argparse
import contextlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from device import cli as device_cli
from province import cli as province_cli
from sync.language import tr
from tests.rigs.commands.manuals import PROGRAMS, parsers
from tests.rigs.ledger.ledger_process import open_in, rated

CHINESE_SIGN = re.compile(r"[\u4e00-\u9fff]")
SENTENCE = re.compile(r"(?:\b[A-Za-z][a-z]+ +){3,}")
"""Three English words in a row: no name, no command, no list of choices."""

GOOD = '[pad]\nid = "pad-1"\nwindow = "3"\n[ledger]\npath = "ledger.db"\n'
WRONG = """
pads = 1
[pad]
id = "Pad 1"
window = "123456789"
board = "rpi-44"
languages = ["zh", "zh"]
[ledger]
retention_days = 0
[session]
grace_s = "three"
[province]
broker = "mqtt://10.0.0.1"
[desk]
token_file = "no-token"
host = "0.0.0.0"
[phone]
key_file = "pad.toml"
[touch]
entry_file = "page.htm"
watch_s = 1
"""

Typed = Callable[[str, str], str]


@pytest.fixture
def typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Typed:
    """Types a command of a program in a Chinese locale: all that it prints."""
    (tmp_path / "pad.toml").write_text(GOOD)
    (tmp_path / "wrong.toml").write_text(WRONG)
    ledger = open_in(tmp_path)
    ledger.append(rated(0))
    ledger.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    mains = {"ratingpad": device_cli.main, "ratingpad-province": province_cli.main}

    def command(program: str, line: str) -> str:
        with contextlib.suppress(SystemExit):
            mains[program](line.split())
        printed = capsys.readouterr()
        return printed.out + printed.err

    return command


def english_in(printed: str) -> list[str]:
    """The sentences in English; commands, and what stands in backquotes, are no sentences."""
    return SENTENCE.findall(re.sub(r"`[^`]*`|ratingpad(?: [a-z-]+)*", "", printed))


LINES = [
    *[("ratingpad", line) for line in (
        "", "nonsense", "check", "check --config pad.toml", "check --config wrong.toml",
        "check --config nowhere.toml", "check --config pad.toml --user no-such-user",
        "verify ledger", "verify nowhere", "verify .", "verify pad.toml", "verify pad.toml/x",
        "wiring --board rpi-4", "wiring --board rpi-44", "wiring --board simulated",
        "wiring --board rpi-4 --svg --json", "units --out out", "units --out pad.toml/x",
        "voice --out pad.toml/x", "selftest --config wrong.toml",
        "selftest --config pad.toml --report pad.toml", "run --config pad.toml --log x",
        "setup --board nonsense --yes", "ledger ledger", "ledger show ledger",
        "ledger show nowhere", "ledger show pad.toml", "ledger show ledger --kind x",
        "ledger show ledger --seq x", "ledger copy ledger x", "ledger copy ledger pad.toml/x",
        "ledger copy nowhere out/x",
    )],
    *[("ratingpad-province", line) for line in (
        "", "nonsense", "verify", "verify --store sqlite:///nowhere.db",
        "verify --store nonsense", "verify --store sqlite:///pad.toml",
        "verify --store sqlite:///x.db --looked-at wrong.toml",
        "status --store sqlite:///nowhere.db", "ratings --store sqlite:///nowhere.db",
        "ratings --store x --limit 0", "phone-key --pad p --number x --out k",
        "phone-key --pad p --number 1 --out pad.toml", "token --key pad.toml x",
        "token --key nowhere x", "receive --store sqlite:///x.db --broker http://x",
        "receive --store nonsense --broker mqtt://127.0.0.1:1",
    )],
]  # fmt: skip


@pytest.mark.parametrize(("program", "line"), LINES, ids=lambda part: part[:40])
def test_a_command_says_no_sentence_in_english(program: str, line: str, typed: Typed) -> None:
    printed = typed(program, line)
    assert CHINESE_SIGN.search(printed)
    assert english_in(printed) == []


def test_an_english_sentence_would_be_noticed() -> None:
    assert english_in("S01 配置有误: there are three mistakes in it")
    assert not english_in("以 root 身份：`chown -R ratingpad ratingpad /var/lib/ratingpad`")
    assert not english_in("/etc/ratingpad/pad.toml: window = 3, linux-68 rpi-4 simulated")


HELP = [
    (name, command)
    for name, program in PROGRAMS.items()
    for command in ("", *(one.name for one in program.commands))
]


@pytest.mark.parametrize(("program", "command"), HELP)
def test_every_help_is_in_chinese(program: str, command: str, typed: Typed) -> None:
    printed = typed(program, f"{command} --help")
    assert "显示本帮助并退出" in printed
    assert english_in(printed) == []


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_argument_has_a_help_in_both_languages(name: str) -> None:
    missing = []
    for parser in parsers(PROGRAMS[name].parser()):
        assert tr(parser.description or "", "zh") != parser.description
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
                continue
            told = action.help or ""
            is_example = " " not in told or told.startswith("sqlite:///")
            if not told or not (CHINESE_SIGN.search(tr(told, "zh")) or is_example):
                missing.append((parser.prog, action.dest))
    assert missing == []
