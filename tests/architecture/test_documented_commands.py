"""What the documents have a person type: found whole, the same in both languages, and understood.

tests/hardware/long/test_documents.py types it on a bare system.
"""

import contextlib
import io
import re

import pytest

from demo.cli import parser as demo_parser
from device.cli import parser as pad_parser
from province.cli import parser as province_parser
from tests.rigs.source.documented_steps import (
    BLOCK,
    CELL,
    COMMENT,
    OURS,
    PROGRAMS,
    programs_of,
    steps_of,
    typed_lines,
)
from tests.rigs.source.source_tree import ROOT
from tests.rigs.system.documented_sequences import (
    ANSWERS,
    ELSEWHERE,
    FILES,
    INSTEAD,
    LEFT_OUT,
    NEWCOMER,
    ON_A_PAD,
    REFERENCE,
    Section,
    commands_in,
    steps_in,
)

PARSERS = dict(zip(OURS, (pad_parser, province_parser, demo_parser), strict=True))
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "README.zh-CN.md")
)
IN_CHINESE = [name for name in DOCUMENTS if name.endswith(".zh-CN.md")]
FOR_A_PERSON = (
    *("README.md", "docs/hardware.md", "docs/operations.md", "docs/desk.md", "docs/touch.md"),
)
"""The documents that somebody follows from the first line to the last."""


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


# --- found whole -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_program_of_a_block_is_known_so_that_it_is_found_in_a_sentence_too(name):
    typed = [step.text for step in steps_of(read(name)) if step.kind == BLOCK]
    programs = {words[0] for line in typed for words in programs_of(line)}
    assert programs - PROGRAMS == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_command_stands_in_a_block_of_another_language(name):
    """But for examples of what a command prints, which `text` has with the command above them."""
    told = (COMMENT, "text")
    others = [
        step for step in steps_of(read(name)) if not step.is_command and step.kind not in told
    ]
    lines = [(step.kind, line) for step in others for line in step.text.splitlines()]
    first = re.compile(rf"^(?:[#$] )?(?:sudo |(?:{'|'.join(map(re.escape, PROGRAMS))}) )")
    assert [line for line in lines if first.match(line[1])] == []


def test_a_block_is_read_as_it_is_typed():
    assert typed_lines("sh", "# why\nsudo a --b \\\n  c   # note\n") == ["sudo a --b c"]
    text = "# head\n```console\n# openssl d\n$ X=$(cat e)\n```\n"
    assert [step.text for step in steps_of(text)] == ["openssl d", "X=$(cat e)"]
    assert programs_of("X=$(sudo cat e)") == [["cat", "e"]]
    assert programs_of("a 'b | c' | sudo -u d e && f") == [["a", "b | c"], ["e"], ["f"]]
    assert steps_of("say `make x` or `make`.\n| 1 | `cat y` |\n")[1].kind == CELL


# --- the same in both languages ----------------------------------------------------------------


@pytest.mark.parametrize("name", IN_CHINESE)
def test_both_languages_have_a_person_type_the_same(name):
    ours, theirs = (
        [(step.part, step.text) for step in steps_of(read(one)) if step.kind in (BLOCK, CELL)]
        for one in (name, name.replace(".zh-CN", ""))
    )
    assert ours == theirs


# --- understood --------------------------------------------------------------------------------


MENTION = 2
"""Words: a program's name, or that and a command's."""


def complaint(words: list[str]) -> str:
    """What the real parser has against a command. A name alone, `ratingpad check`, is a mention."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            PARSERS[words[0]]().parse_args([re.sub(r"^[A-Z]$", "1", word) for word in words[1:]])
        except SystemExit as end:
            is_mention = len(words) <= MENTION and "required" in said.getvalue()
            if not end.code or is_mention:
                return ""
            return said.getvalue()
    return ""


TO_COME = {"ratingpad ledger"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_documented_command_is_one_that_the_program_knows(name):
    ours = [
        ["ratingpad", *words[1:]] if words[0] == "./ratingpad" else words
        for step in steps_of(read(name))
        if step.is_command
        for words in programs_of(step.text)
        if words[0] in (*OURS, "./ratingpad")
    ]
    found = {" ".join(words): complaint(words) for words in ours}
    wrong = {command: said for command, said in found.items() if said}
    assert {command: wrong[command] for command in wrong if command not in TO_COME} == {}


@pytest.mark.parametrize(
    "wrong", ["ratingpad chekc", "ratingpad check --cofnig x", "ratingpad wiring --board"]
)
def test_a_command_that_the_program_does_not_know_is_noticed(wrong):
    assert complaint(wrong.split())


# --- the sequences -----------------------------------------------------------------------------

FOLLOWED = (*ON_A_PAD, NEWCOMER)


def test_every_section_in_which_something_is_typed_has_its_place_in_the_long_test():
    typed = {
        Section(name, step.section)
        for name in FOR_A_PERSON
        for step in steps_of(read(name))
        if step.kind in (BLOCK, CELL)
    }
    assert typed - {*FOLLOWED, *ELSEWHERE, *REFERENCE} == set()


@pytest.mark.parametrize("section", [*FOLLOWED, *ELSEWHERE, *REFERENCE])
def test_every_section_of_the_long_test_is_in_its_document(section):
    assert steps_in(section), section


def test_every_exception_is_one_that_the_long_test_meets():
    followed = [command for section in FOLLOWED for command in commands_in(section)]
    assert {*LEFT_OUT, *INSTEAD, *ANSWERS} - {*followed} == set()
    assert len({*LEFT_OUT, *INSTEAD, *ANSWERS}) == len(LEFT_OUT) + len(INSTEAD) + len(ANSWERS)


def test_every_file_that_the_documents_show_there_is_one_that_the_long_test_writes():
    shown = {
        re.split("[=\n]", step.text)[0]
        for section in FOLLOWED
        for step in steps_in(section)
        if not step.is_command and step.kind not in (COMMENT, "json")
    }
    assert shown == set(FILES)
