"""The catalogues of the commands' texts: what there is to translate, and the files in two forms.

`make strings` runs this: it adds new texts to `sync/strings/zh/LC_MESSAGES/*.po` without a
translation, takes out those that are gone, and compiles the files to `.mo`, which is what a program
reads. Translate what it names in the `.po` file and run it again.

What is collected: the first argument of `tr`, `Sentence`, `say`, `complain`,
`refuse` and `cannot`, the first two of `Sentence.counted`,
the purpose and the exit codes of a command, `help=` and `description=`, and the sentences of
configuration errors. They must be there as one literal text.
"""

import argparse
import ast
import inspect
import io
import string
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from device.setup.board_parts import board_names, read_parts
from sync.language import ARGPARSE, CHINESE, FOLDER, PROGRAMS
from tests.rigs.source import source_tree

COLLECTED = ("device", "province", "sync")
NOT_COLLECTED = ("device/desk/",)
"""What only programmers read: the OpenAPI document of the desk."""

PLACES = {
    **dict.fromkeys(("tr", "Sentence"), (0,)),
    "counted": (0, 1),
    "Subcommand": (1,),
    "group_of": (1,),
    "Exit": (1,),
    "bounds": (2,),
    "cannot": (0,),
    "complain": (0,),
    "say": (0,),
    "refuse": (0,),
    "wrong": (2,),
    "wrong_file": (2,),
    "add": (1,),
    "command_parser": (1,),
}
"""Which arguments of a call are texts, by the name of what is called."""

NAMES = ("help", "description")
"""The named arguments that are texts, of any call."""


class Found(NamedTuple):
    """A text to translate: its plural, if it has one, and the files that have it."""

    text: str
    plural: str | None
    file: str


def program_texts() -> Iterator[Found]:
    """The texts of our programs."""
    for path in source_tree.sources(*COLLECTED):
        if str(path).startswith(NOT_COLLECTED):
            continue
        for text, plural in texts_in(source_tree.tree_of(path)):
            yield Found(text, plural, str(path))
    for board in board_names():
        yield Found(read_parts(board).title, None, f"hw/boards/{board}.toml")


def argparse_texts() -> Iterator[Found]:
    """What argparse of this Python says to whoever types a command; not to a programmer."""
    for node in ast.walk(ast.parse(inspect.getsource(argparse))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in {"_", "ngettext"}:
            texts = [text for argument in node.args if (text := literal(argument)) is not None]
            if texts and not texts[0].startswith(FOR_PROGRAMMERS):
                plural = texts[1] if node.func.id == "ngettext" else None
                yield Found(texts[0], plural, "argparse.py")


FOR_PROGRAMMERS = (
    ".__call__() not defined",
    "conflicting ",
    'argument "-" with mode',
    "cannot merge actions",
    "'required' is an invalid",
    "invalid option string",
    "dest= is required",
    "invalid conflict_resolution",
    "mutually exclusive arguments must",
    "cannot have multiple",
    "%r is not callable",
    "unexpected option string",
)


def texts_in(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """The texts in a syntax tree, each with its plural."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        named = (keyword.value for keyword in node.keywords if keyword.arg in NAMES)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
        places = PLACES.get(name, ())
        given = [node.args[place] for place in places if place < len(node.args)]
        if name == "counted":
            texts = [text for argument in given if (text := literal(argument))]
            if len(texts) == 2:
                yield texts[0], texts[1]
            continue
        for argument in (*given, *named):
            for part in _branches(argument):
                text = literal(part)
                if text is not None and has_words(text):
                    yield text, None


def has_words(text: str) -> bool:
    """Whether there is a letter outside the placeholders."""
    try:
        plain = "".join(part for part, *_ in string.Formatter().parse(text))
    except ValueError:  # no template: braces that belong to the text
        plain = text
    return any(map(str.isalpha, plain))


def literal(node: ast.AST) -> str | None:
    """The text of a literal; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def catalogue(file: Path, found: Iterable[Found]) -> Catalog:
    """The catalogue in `file`, brought up to date: new texts are without a translation."""
    new = Catalog(locale=CHINESE, charset="utf-8")
    for text, plural, source in sorted(found, key=lambda one: (one.file, one.text)):
        new.add((text, plural) if plural is not None else text, locations=[(source, 1)])
    old = (
        read_po(io.BytesIO(file.read_bytes()), locale=CHINESE)
        if file.exists()
        else Catalog(locale=CHINESE)
    )
    for message in new:
        if message.id and (before := old.get(first(message.id))) is not None:
            message.string = before.string
    return new


def first(text: str | Sequence[str] | None) -> str:
    """The only text, or the singular of two; "" for none."""
    return text if isinstance(text, str) else text[0] if text else ""


def untranslated(found: Catalog) -> list[str]:
    """The texts without a translation."""
    return [first(message.id) for message in found if message.id and not first(message.string)]


def as_po(found: Catalog) -> bytes:
    """The catalogue as people edit it."""
    out = io.BytesIO()
    write_po(out, found, width=100, omit_header=True, include_lineno=False)
    head = (
        f'# {HEAD}\nmsgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    return head.encode() + out.getvalue().lstrip(b"\n")


HEAD = "Translations of what the commands print; `make strings` keeps the list (CONTRIBUTING.md)."


def as_mo(found: Catalog) -> bytes:
    """The catalogue as a program reads it."""
    plain = Catalog(charset="utf-8", locale=CHINESE, creation_date=LONG_AGO, revision_date=LONG_AGO)
    for message in found:
        if message.id and message.string:
            plain.add(message.id, message.string)
    out = io.BytesIO()
    write_mo(out, plain)
    return out.getvalue()


LONG_AGO = datetime(2026, 12, 1, tzinfo=UTC)
"""So that the same translations give the same file."""


def path_of(name: str, end: str) -> Path:
    """The file of a catalogue, which ends in `po` or `mo`."""
    return FOLDER / CHINESE / "LC_MESSAGES" / f"{name}.{end}"


def kept_argparse() -> list[Found]:
    """argparse's texts that are translated already: those of other versions of Python, too."""
    file = path_of(ARGPARSE, "po")
    old = (
        read_po(io.BytesIO(file.read_bytes()), locale=CHINESE)
        if file.exists()
        else Catalog(locale=CHINESE)
    )
    return [
        Found(
            first(message.id), None if isinstance(message.id, str) else message.id[1], "argparse.py"
        )
        for message in old
        if message.id
    ]


def main() -> int:
    """Write all four files; 1 while something is not translated, which is named."""
    wanted = {PROGRAMS: list(program_texts()), ARGPARSE: [*argparse_texts(), *kept_argparse()]}
    missing = []
    for name, found in wanted.items():
        path = path_of(name, "po")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = catalogue(path, found)
        path.write_bytes(as_po(new))
        path_of(name, "mo").write_bytes(as_mo(new))
        missing += [f"{path}: not translated: {text!r}" for text in untranslated(new)]
    print(*missing, sep="\n", end="\n" * bool(missing))
    return 1 if missing else 0


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _branches(node: ast.expr) -> list[ast.expr]:
    """Both texts of `a if x else b`."""
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


if __name__ == "__main__":
    sys.exit(main())
