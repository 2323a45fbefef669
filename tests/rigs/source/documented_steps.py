"""What the documents have a person type, step by step, in their order.

A fenced block of `sh` or `console` is commands, a line each: `# ` is root's prompt, `$ ` a user's.
Comments are left out, so that both languages have the same. Any other block is one step as it is: a
file's lines, an answer. A code span is a command when it begins with a program of PROGRAMS, or with
`sudo`, and has an argument.
"""

import re
import shlex
from typing import NamedTuple

PROGRAMS = frozenset(
    word
    for line in """
    ./ratingpad /opt/ratingpad/bin/pip alsactl alsamixer aplay apt cat chmod chown cp createdb curl
    dtc echo fuser head i2cdetect install journalctl ln make openssl pip python python3 ratingpad
    ratingpad-demo ratingpad-province reboot sed sha256sum systemctl tee vcgencmd
    """.splitlines()
    for word in line.split()
)
OURS = ("ratingpad", "ratingpad-province", "ratingpad-demo")
SHELLS = ("sh", "console")

BLOCK, CELL, SENTENCE, COMMENT = "block", "cell", "sentence", "comment"
"""Kinds of steps: commands in a block, in a cell of their own, in a sentence; a remark
that is not shown to the reader. The kind of another block is its language.
"""
PIECES = re.compile(r"(^#{1,4} [^\n]*$|^```\S*\n.*?^```$)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"```(\S*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`|^<!--\s*(.*?)\s*-->$", re.MULTILINE)
BETWEEN = re.compile(r"\s*(?:&&|\|\||[;|])\s*(?=(?:[^']*'[^']*')*[^']*$)")


class DocumentedStep(NamedTuple):
    """One step. `section`: the heading above it, whose languages differ; `part`: its number."""

    part: int
    section: str
    kind: str
    text: str

    @property
    def is_command(self) -> bool:
        """Whether it is typed into a shell."""
        return self.kind in (BLOCK, CELL, SENTENCE)


def steps_of(text: str) -> list[DocumentedStep]:
    """All of one document."""
    found: list[DocumentedStep] = []
    part, section = 0, ""
    for piece in PIECES.split(text):
        if piece.startswith("#"):
            part, section = part + 1, piece.lstrip("# ")
        elif fence := FENCE.match(piece):
            language, lines = fence.groups()
            said = typed_lines(language, lines) if language in SHELLS else [lines]
            kind = BLOCK if language in SHELLS else language
            found += [DocumentedStep(part, section, kind, line) for line in said]
        else:
            found += [
                DocumentedStep(part, section, kind, words) for kind, words in _of_prose(piece)
            ]
    return found


def _of_prose(piece: str) -> list[tuple[str, str]]:
    found = []
    for span in SPAN.finditer(piece):
        code, comment = span.groups()
        if comment is not None:
            found.append((COMMENT, comment))
        elif looks_like_command(code):
            is_cell = piece[: span.start()].endswith("| ") and piece[span.end() :].startswith(" |")
            found.append((CELL if is_cell else SENTENCE, code))
    return found


def typed_lines(language: str, block: str) -> list[str]:
    """The commands of a block, each in one piece, without prompts and comments."""
    joined = re.sub(r"\\\n\s*", "", block)
    prompt = r"^[#$] " if language == "console" else r"^# .*$"
    lines = (re.sub(rf"{prompt}|\s+# .*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def looks_like_command(span: str) -> bool:
    """Whether a code span is a command and not a name, a value or an output."""
    first, _, rest = span.partition(" ")  # what ends with a space is a part of a longer text
    return rest == rest.strip() != "" and (first in PROGRAMS or first == "sudo")


def programs_of(command: str) -> list[list[str]]:
    """The words of each program that a line of the shell runs, without `sudo` and its user."""
    found = []
    for simple in BETWEEN.split(command):
        words = shlex.split(re.sub(r"^[A-Z]+=\$\((.*)\)$", r"\1", simple))
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words = words[1:]
        if words[:1] == ["sudo"]:
            words = words[3:] if words[1:2] == ["-u"] else words[1:]
        if words:
            found.append(words)
    return found
