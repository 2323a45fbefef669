"""udev's rules, read strictly: what udev itself only logs while it runs is an error here.

Written from udev(7). Debian 12's `udevadm` cannot check rules (`verify` came with version 254).
"""

import re
from typing import NamedTuple

COMPARE, ASSIGN = {"==", "!="}, {"=", "+=", ":="}

KEYS: dict[str, set[str]] = {
    **dict.fromkeys(("ACTION", "KERNEL", "SUBSYSTEM", "DRIVER"), COMPARE),
    **dict.fromkeys(("KERNELS", "SUBSYSTEMS", "DRIVERS", "TAGS", "RESULT", "TEST"), COMPARE),
    **dict.fromkeys(("ATTR", "ENV", "TAG", "SYMLINK"), COMPARE | ASSIGN | {"-="}),
    "ATTRS": COMPARE,
    **dict.fromkeys(("OWNER", "GROUP", "MODE", "RUN", "OPTIONS"), ASSIGN),
    "LABEL": {"="},
    "GOTO": {"="},
    "IMPORT": {"==", "!=", "="},
    "PROGRAM": {"==", "!=", "="},
}
"""Which operators each key takes."""

WITH_ATTRIBUTE = {"ATTR", "ATTRS", "ENV", "IMPORT", "TEST", "RUN"}
BUILTINS = {"usb_id", "path_id", "input_id", "hwdb", "kmod", "keyboard", "net_id", "blkid"}

TOKEN = re.compile(r'([A-Z]+)(?:\{([^}]+)\})?\s*(==|!=|\+=|-=|:=|=)\s*"((?:[^"\\]|\\.)*)"\s*')


class Word(NamedTuple):
    """One comparison or assignment: `ENV{ID_PATH}=="?*"`."""

    key: str
    attribute: str | None
    operator: str
    value: str

    @property
    def assigns(self) -> bool:
        """Whether it changes something."""
        return self.operator not in COMPARE


Rule = list[Word]


def read_rules(text: str) -> list[Rule]:
    """The rules of a file. Raises ValueError, with the line, for what udev would not take."""
    rules = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            rules.append(_rule(line.strip(), number))
    _check_jumps(rules)
    return rules


def _rule(line: str, number: int) -> Rule:
    """The words of one rule, between commas."""
    words = []
    rest = line
    while True:
        match = TOKEN.match(rest)
        if match is None:
            raise ValueError(f"line {number}: not understood: {rest[:30]!r}")
        word = Word(*match.groups())
        _check_word(word, number)
        words.append(word)
        rest = rest[match.end() :]
        if not rest:
            return words
        if not rest.startswith(","):
            raise ValueError(f"line {number}: a comma is missing before {rest[:30]!r}")
        rest = rest[1:].lstrip()


def _check_word(word: Word, number: int) -> None:
    if word.operator not in KEYS.get(word.key, set()):
        raise ValueError(f"line {number}: {word.key} with {word.operator}")
    if word.attribute is not None and word.key not in WITH_ATTRIBUTE:
        raise ValueError(f"line {number}: {word.key} takes no braces")
    if word.attribute is None and word.key in {"ATTR", "ATTRS", "ENV", "IMPORT"}:
        raise ValueError(f"line {number}: {word.key} of what?")
    if word.key == "IMPORT" and word.attribute == "builtin" and word.value not in BUILTINS:
        raise ValueError(f"line {number}: no builtin {word.value}")
    if word.key == "MODE" and not re.fullmatch(r"0?[0-7]{3}", word.value):
        raise ValueError(f"line {number}: no mode {word.value}")


def _check_jumps(rules: list[Rule]) -> None:
    """Every GOTO has its label, below it; every label is once and used."""
    jumps = [(at, w.value) for at, rule in enumerate(rules) for w in rule if w.key == "GOTO"]
    labels = [(at, w.value) for at, rule in enumerate(rules) for w in rule if w.key == "LABEL"]
    names = [name for _, name in labels]
    if len(names) != len(set(names)):
        raise ValueError("a label stands there twice")
    for at, name in jumps:
        if not any(name == label and place > at for place, label in labels):
            raise ValueError(f"GOTO {name}: no such label below")
    if unused := set(names) - {name for _, name in jumps}:
        raise ValueError(f"labels that nothing jumps to: {unused}")
