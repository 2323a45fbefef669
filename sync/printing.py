"""What a command prints for a person: in their language, every line safe to show, and coloured
where a terminal shows it. And what it prints for a program: one JSON document, which never changes
by language or terminal.
"""

import enum
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from sync.error_codes import ChineseText, CodedError, Row
from sync.language import CHINESE, language, tr
from sync.shown_text import shown


class Tone(enum.Enum):
    """How a line is coloured. The words say the same without it."""

    PLAIN = ""
    GOOD = "32"
    BAD = "31"
    LOOK = "33"


def say(text: str, tone: Tone = Tone.PLAIN, stream: TextIO | None = None) -> None:
    """Print a text in the person's language; `stream` is standard output by default."""
    stream = stream or sys.stdout
    for line in tr(text).split("\n"):
        stream.write(painted(shown(line), tone, stream) + "\n")


def complain(text: str) -> None:
    """Print to standard error what is wrong."""
    say(text, Tone.BAD, sys.stderr)
    sys.stderr.flush()


def painted(text: str, tone: Tone, stream: TextIO) -> str:
    """The text in the colour of its tone, where the stream is a terminal that shows colours."""
    if tone is Tone.PLAIN or not text or not is_coloured(stream):
        return text
    return f"\x1b[{tone.value}m{text}\x1b[0m"


def is_coloured(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether colours are shown: `NO_COLOR` forbids them, `FORCE_COLOR` wants them anywhere, else
    it must be a terminal that is not `dumb`.
    """
    if environ.get("NO_COLOR"):
        return False
    if (forced := environ.get("FORCE_COLOR")) is not None and forced != "":
        return forced != "0"
    return environ.get("TERM", "dumb") != "dumb" and stream.isatty()


def print_json(document: Any) -> None:
    """Print a document of types that msgspec knows, on one line, in ASCII: whatever the output's
    encoding is, it stays JSON, and no text in it can command a terminal.
    """
    import json  # not at the top: most commands print none

    import msgspec  # nor this: `ratingpad setup` runs where nothing is installed yet

    sys.stdout.write(json.dumps(msgspec.to_builtins(document)) + "\n")


def error_words(
    error: CodedError[Row], in_chinese: Callable[[Row], ChineseText], *, remedy: bool = True
) -> str:
    """An error in the person's language: its code, what it means, the detail and the remedy."""
    if language() != CHINESE:
        return str(error) if remedy else error.summary
    words, detail = in_chinese(error.code), tr(error.wording)
    summary = f"{error.code.code} {words.says}：{detail}"
    if not remedy:
        return summary
    return f"{summary}{'' if detail[-1:] in '。！？.?!' else '。'}{words.remedy}"
