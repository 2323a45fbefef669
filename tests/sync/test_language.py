"""Which language a command talks in, and that its catalogues are whole."""

import io
import re
import string
import subprocess
import sys
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from sync import language
from sync.language import ARGPARSE, PROGRAMS, tr
from sync.sentence import Sentence
from tests.rigs.commands import strings
from tests.rigs.commands.strings import first


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.Big5"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "zha_CN"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN", "LC_MESSAGES": "en_GB"}, "en"),
        ({"LANG": "en_GB", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": "C"}, "en"),
        ({"LANG": "zh_CN", "LC_ALL": "POSIX", "LANGUAGE": "zh"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8", "LANGUAGE": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN", "LANGUAGE": "en"}, "en"),
        ({"LANG": "en_GB", "LANGUAGE": "ko:zh:en"}, "zh"),
        ({"LANG": "en_GB", "LANGUAGE": "en:zh"}, "en"),
        ({"LANGUAGE": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN", "LANGUAGE": ""}, "zh"),
    ],
)
def test_the_locale_decides(environ: dict[str, str], expected: str) -> None:
    assert language.language(environ) == expected


def test_a_text_that_no_catalogue_has_stays_as_it_is() -> None:
    assert tr("no catalogue has this", "zh") == "no catalogue has this"
    assert tr("", "zh") == ""
    assert tr(Sentence("", x=1), "zh") == ""


def test_a_sentence_is_said_in_both_languages() -> None:
    sentence = Sentence("{number} is not {least} to {most}", number=7, least=0, most=3)
    assert tr(sentence, "en") == "7 is not 0 to 3"
    assert tr(sentence, "zh") == "7 不在 0 到 3 之间"


def test_a_program_in_english_reads_no_catalogue() -> None:
    program = (
        "import sys; from device import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "from sync import language; print(language._catalogue.cache_info().currsize)"
    )
    for name, expected in (("en_GB", "0"), ("zh_CN", "1")):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"LANG": name, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stdout.splitlines()[-1] == expected


# --- the catalogues ------------------------------------------------------------------------------


def messages(name: str) -> Iterator[Message]:
    """The messages of a catalogue as it is committed."""
    data = strings.path_of(name, "po").read_bytes()
    return (message for message in read_po(io.BytesIO(data), locale="zh") if message.id)


def test_every_text_of_our_programs_is_in_the_catalogue_and_no_other() -> None:
    """When it fails: `make strings`, translate what it names, `make strings`."""
    there = {first(message.id) for message in messages(PROGRAMS)}
    assert there == {found.text for found in strings.program_texts()}


def test_every_text_of_this_pythons_argparse_is_in_the_catalogue() -> None:
    there = {first(message.id) for message in messages(ARGPARSE)}
    assert {found.text for found in strings.argparse_texts()} - there == set()


@pytest.mark.parametrize("name", [PROGRAMS, ARGPARSE])
def test_every_text_is_translated(name: str) -> None:
    missing = [message.id for message in messages(name) if not first(message.string)]
    assert missing == []


@pytest.mark.parametrize("name", [PROGRAMS, ARGPARSE])
def test_a_program_reads_what_people_have_written(name: str) -> None:
    """`make strings` compiles the file."""
    compiled = strings.path_of(name, "mo").read_bytes()
    assert compiled == strings.as_mo(read_po_of(name))


def read_po_of(name: str) -> Catalog:
    """A committed catalogue."""
    return read_po(io.BytesIO(strings.path_of(name, "po").read_bytes()), locale="zh")


def placeholders(text: str, of_argparse: bool) -> list[str]:
    """What is filled in: its name and how it is written."""
    if of_argparse:
        return sorted(re.findall(r"%(?:\(\w+\))?[srd]", text))
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return []
    return sorted(f"{name}!{how}:{form}" for _, name, form, how in parts if name is not None)


@pytest.mark.parametrize("name", [PROGRAMS, ARGPARSE])
def test_a_translation_fills_in_what_the_english_text_does(name: str) -> None:
    of_argparse = name == ARGPARSE
    wrong = []
    for message in messages(name):
        expected = set(placeholders(first(message.id), of_argparse))
        if not isinstance(message.id, str):
            expected |= set(placeholders(message.id[1], of_argparse))
        if set(placeholders(first(message.string), of_argparse)) != expected:
            wrong.append(message.id)
    assert wrong == []


def test_a_lost_placeholder_would_be_noticed() -> None:
    assert placeholders("{a} {b:.1f} {c!r}", False) != placeholders("{a} {b} {c!r}", False)
    assert placeholders("%(a)s %r", True) == ["%(a)s", "%r"]


def test_a_new_text_would_be_noticed() -> None:
    import ast

    tree = ast.parse('x.wrong("k", v, "is odd")\nf(help="new")\nSentence("{a} b", a=1)\ntr("{a}")')
    found = [text for text, _ in strings.texts_in(tree)]
    assert found == ["is odd", "new", "{a} b"]
