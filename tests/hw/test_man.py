"""The manual pages and the completion fit the parsers, and man and bash take them."""

import argparse
import os
import subprocess
from pathlib import Path

import pytest

from device.board.profile import board_names
from sync.language import CHINESE, ENGLISH
from tests.rigs.commands import manuals
from tests.rigs.commands.manuals import FOLDERS, HW, PROGRAMS, parsers

PAGES = [folder / f"{name}.1" for folder in FOLDERS.values() for name in PROGRAMS]


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_a_page_is_made_from_the_parsers(path: Path) -> None:
    """`make manuals` writes it."""
    assert (HW / path).read_text("utf-8") == manuals.files()[path]


def test_every_option_and_exit_code_is_in_both_pages() -> None:
    for language in (ENGLISH, CHINESE):
        for name, program in PROGRAMS.items():
            page = manuals.man_page(name, program, language)
            for parser in parsers(program.parser()):
                for action in parser._actions:
                    for option in action.option_strings:
                        assert manuals.roff(option) in page
            for command in program.commands:
                for one in command.exits:
                    assert rf"\fB{one.code}\fR" in page


@pytest.mark.man
@pytest.mark.parametrize("path", PAGES, ids=str)
def test_man_has_no_complaint_about_a_page(path: Path) -> None:
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", HW / path],
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stderr == ""
    assert ("名称" if "zh_CN" in path.parts else "NAME") in done.stdout


# --- completion ----------------------------------------------------------------------------------

COMPLETE = """
source "$1"
COMP_WORDS=($2)
[[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_LINE=$2 COMP_POINT=${#2}
chosen=$(complete -p "${COMP_WORDS[0]}" | sed 's/.*-F \\([^ ]*\\).*/\\1/')
"$chosen" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(typed: str, folder: Path = HW) -> set[str]:
    """What bash offers when the tab key is pressed there."""
    program = typed.split(maxsplit=1)[0]
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", HW / "completions" / program, typed],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_tab_key_offers_every_command_and_its_options(name: str) -> None:
    program = PROGRAMS[name]
    assert offered(f"{name} ") == {command.name for command in program.commands}
    for action in program.parser()._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        for command, parser in action.choices.items():
            options = {
                option
                for one in parser._actions
                for option in one.option_strings
                if option.startswith("--")
            }
            assert offered(f"{name} {command} --") == options


def test_the_tab_key_offers_boards_choices_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "pad.toml").touch()
    (tmp_path / "padded").mkdir()
    assert offered("ratingpad wiring --board ") == set(board_names())
    assert offered("ratingpad units --kiosk ") == {"cog", "chromium"}
    assert offered("ratingpad check --config pa", tmp_path) == {"pad.toml", "padded"}
    assert offered("ratingpad units --out pa", tmp_path) == {"padded"}
    assert offered("ratingpad verify pa", tmp_path) == {"pad.toml", "padded"}
