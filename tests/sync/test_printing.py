"""What a command prints: colours, safety, JSON."""

import io
import json

import pytest

from device.errors import ConfigError, PadCode
from device.errors_zh import in_chinese
from sync import printing
from sync.printing import Tone, error_words, is_coloured, painted, print_json, say
from sync.sentence import Sentence


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "terminal", "pipe"),
    [
        ({"TERM": "xterm"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({}, False, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0", "TERM": "xterm"}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    environ: dict[str, str], terminal: bool, pipe: bool
) -> None:
    assert is_coloured(Terminal(), environ) is terminal
    assert is_coloured(io.StringIO(), environ) is pipe


def test_a_line_is_coloured_whole_and_says_the_same_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert painted("whole", Tone.GOOD, Terminal()) == "\x1b[32mwhole\x1b[0m"
    assert painted("whole", Tone.PLAIN, Terminal()) == "whole"
    assert painted("whole", Tone.GOOD, io.StringIO()) == "whole"


def test_no_text_that_is_printed_commands_a_terminal() -> None:
    for stream in (Terminal(), io.StringIO()):
        say(Sentence("{file} is not there", file="a\x1b[2J\u202e\rb"), Tone.BAD, stream)
        text = stream.getvalue().replace("\x1b[31m", "").replace("\x1b[0m", "")
        assert text == "a\\x1b[2J\\u202e\\x0db is not there\n"


def test_a_document_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"hall": "延吉\x1b\u202e"})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert printed.count("\n") == 1
    assert "\x1b" not in printed
    assert json.loads(printed) == {"hall": "延吉\x1b\u202e"}


def test_an_error_is_said_in_the_persons_language(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ConfigError(Sentence("{path} is not there", path="/x"))
    assert error_words(error, in_chinese) == str(error)
    assert error_words(error, in_chinese, remedy=False) == error.summary
    monkeypatch.setattr(printing, "language", lambda: "zh")
    monkeypatch.setattr(printing, "tr", lambda text: f"<{text}>")
    words = in_chinese(PadCode.CONFIG_WRONG)
    assert error_words(error, in_chinese) == (
        f"S01 {words.says}：</x is not there>。{words.remedy}"
    )
    assert error_words(error, in_chinese, remedy=False) == f"S01 {words.says}：</x is not there>"
