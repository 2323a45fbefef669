"""Reading a TOML table as a type and collecting every mistake, not only the first. Pure.

A mistake is one line: the key's path, the value that was found, what is allowed, and the name that
was probably meant. Used for the configuration, board profiles and the boards' own options.
"""

import difflib
import enum
import json
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import NODEFAULT, Meta

from device.errors import ConfigError
from sync.sentence import Sentence

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


SENTENCE = "sentence"
"""Where `Meta.extra` has a description that can be translated."""


class ConfigErrors:
    """The mistakes found so far; `at` returns the same collection for a table inside this one."""

    def __init__(self, where: str = "", whole: "ConfigErrors | None" = None) -> None:
        self.where = where
        self.lines: list[str] = [] if whole is None else whole.lines
        self.of_files: list[str] = [] if whole is None else whole.of_files
        """Those of the lines that are about a file that the table names."""

    @property
    def own_errors(self) -> int:
        """How many lines are about the table itself."""
        return len(self.lines) - len(self.of_files)

    def at(self, key: str) -> "ConfigErrors":
        """The same list of lines, for the table `key` inside this one."""
        return ConfigErrors(f"{self.where}.{key}" if self.where else key, self)

    def add(self, key: str, text: str) -> None:
        """Note a mistake at `key` of this table."""
        path = f"{self.where}.{key}" if self.where and key else self.where or key
        if not path:
            self.lines.append(sentence_of(text))
        elif text.startswith(":"):
            self.lines.append(Sentence.joined("", (path, sentence_of(text))))
        else:
            self.lines.append(Sentence.joined(": ", (path, sentence_of(text))))

    def wrong(self, key: str, value: object, allowed: str) -> None:
        """Note a value that is not allowed."""
        path = f"{self.where}.{key}" if self.where and key else self.where or key
        found = as_toml(value)
        stands = f"{path} = {found}" if path else found
        self.lines.append(Sentence.joined(": ", (stands, sentence_of(allowed))))

    def wrong_file(self, key: str, value: object, problem: str) -> None:
        """Note a file that cannot be used: the table is correct, and the file may come later."""
        self.wrong(key, value, problem)
        self.of_files.append(self.lines[-1])

    def result_or_raise(self, found: T | None, source: str, *, files: bool = True) -> T:
        """Return `found` when there was no mistake; otherwise raise ConfigError with all lines.

        `source` names the file in the report. `files` False: files that cannot be used are no
        reason to raise.
        """
        if found is None or (self.lines if files else self.own_errors):
            lines = self.lines or [Sentence("not readable")]
            head = Sentence.counted(
                "{count} mistake in {source}",
                "{count} mistakes in {source}",
                count=len(lines),
                source=source,
            )
            raise ConfigError(Sentence.joined("\n  ", [head, *lines]))
        return found


def bounds(low: float, high: float, noun: str) -> Meta:
    """The bounds of a number, and how they are written: "`noun` from `low` to `high`"."""
    words = Sentence("{noun} from {low} to {high}", noun=Sentence(noun), low=low, high=high)
    return Meta(ge=low, le=high, description=str(words), extra={SENTENCE: words})


Check = Callable[[dict[str, Any], ConfigErrors], None]
"""Is called with the values of one struct that could be read; notes those that contradict each
other.
"""


def read_struct(
    kind: type[S],
    table: object,
    errors: ConfigErrors,
    *,
    base: Path = Path(),
    checks: Mapping[type, Check] | None = None,
) -> S | None:
    """`table` as a `kind`, or None when there is a mistake in it (then it is in `errors`).

    `base` is the folder that relative paths count from; `checks` are run for each struct read.
    """
    if not isinstance(table, dict):
        errors.wrong("", table, "must be a table")
        return None
    before = errors.own_errors
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key in table:
        if key not in fields:
            errors.add(key, Sentence.joined("", (Sentence("not known"), did_you_mean(key, fields))))
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in table:
            found = _read(field.type, name, table[name], errors, base=base, checks=checks)
            if found is not None:
                values[name] = found
        elif field.default is not NODEFAULT:
            values[name] = field.default
        elif field.default_factory is not NODEFAULT:
            values[name] = field.default_factory()
        elif _table_type(field.type) is None:
            errors.add(name, Sentence("missing; must be {allowed}", allowed=allowed(field.type)))
        else:
            errors.add(name, "this section is missing")
    if checks and kind in checks:
        checks[kind](values, errors)
    return kind(**values) if errors.own_errors == before else None


def _read(
    kind: Any,
    name: str,
    value: object,
    errors: ConfigErrors,
    *,
    base: Path,
    checks: Mapping[type, Check] | None,
) -> Any:
    table = _table_type(kind)
    if table is not None:
        return read_struct(table, value, errors.at(name), base=base, checks=checks)
    row = _row_type(kind)
    if row is not None and isinstance(value, list):
        rows = (
            read_struct(row, item, errors.at(f"{name}[{place}]"), base=base, checks=checks)
            for place, item in enumerate(value, start=1)
        )
        return tuple(item for item in rows if item is not None)

    def _path(wanted: type, given: Any) -> Any:
        if wanted is Path and isinstance(given, str) and given:
            return base / Path(given).expanduser()
        raise ValueError("must be the path of a file")

    try:
        return msgspec.convert(value, kind, dec_hook=_path)
    except msgspec.ValidationError:
        names = _choices(kind)
        hint = did_you_mean(value, names) if isinstance(value, str) else ""
        must = Sentence("must be {allowed}", allowed=allowed(kind))
        errors.wrong(name, value, Sentence.joined("", (must, hint)))
        return None


def _bare(kind: Any) -> Any:
    """The type without `Annotated` and without `| None`."""
    if typing.get_origin(kind) is typing.Annotated:
        return _bare(typing.get_args(kind)[0])
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        inner = [part for part in typing.get_args(kind) if part is not types.NoneType]
        return _bare(inner[0]) if len(inner) == 1 else kind
    return kind


def _table_type(kind: Any) -> type[msgspec.Struct] | None:
    bare = _bare(kind)
    return bare if isinstance(bare, type) and issubclass(bare, msgspec.Struct) else None


def _row_type(kind: Any) -> type[msgspec.Struct] | None:
    arguments = typing.get_args(_bare(kind))
    return _table_type(arguments[0]) if arguments else None


def _choices(kind: Any) -> list[str]:
    bare = _bare(kind)
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return [str(member.value) for member in bare]
    return []


def sentence_of(text: str) -> Sentence:
    """A text as a sentence, which it may be already."""
    return text if isinstance(text, Sentence) else Sentence(text)


def allowed(kind: Any) -> Sentence:
    """The allowed values in words: the type's own description, its members, or its name."""
    if typing.get_origin(kind) is typing.Annotated:
        for note in typing.get_args(kind)[1:]:
            if isinstance(note, Meta) and note.description:
                words = (note.extra or {}).get(SENTENCE)
                return words if isinstance(words, Sentence) else Sentence(note.description)
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        inner = [part for part in typing.get_args(kind) if part is not types.NoneType]
        if len(inner) == 1:
            return allowed(inner[0])
    choices = _choices(kind)
    if choices:
        return Sentence("one of {choices}", choices=", ".join(map(as_toml, choices)))
    if typing.get_origin(_bare(kind)):
        return Sentence("a list")
    return _PLAIN.get(_bare(kind), Sentence("of another type"))


_PLAIN = {
    bool: Sentence("true or false"),
    str: Sentence("a text in quotes"),
    int: Sentence("a whole number"),
    float: Sentence("a number"),
    Path: Sentence("a path"),
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` with the nearest known word; "" when none is near."""
    names = list(known)
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return Sentence("; did you mean {name}?", name=as_toml(near[0])) if near else ""


def as_toml(value: object) -> str:
    """A value as it is written in TOML, cut to 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except TypeError:
        text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
