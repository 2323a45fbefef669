"""A board's wiring as a page: the drawing, and the table in English and in Chinese. Pure."""

from typing import TYPE_CHECKING

from device.wiring import wiring_words as words
from device.wiring.pin_table import Wire, wires

if TYPE_CHECKING:
    from collections.abc import Iterable

    from device.board.pins import Header
    from device.board.profile import Profile


def document(profile: "Profile", header: "Header") -> str:
    """The whole of `docs/hardware/NAME.md`."""
    found = wires(profile, header)
    lines = [
        f"# {profile.title}: {words.TITLE.en} · {words.TITLE.zh}",
        "",
        f"Board `{profile.name}`, {header.title}. Made from `hw/boards/{profile.name}.toml` by",
        "`python -m device.wiring`; a test compares.",
        "",
        f"![{words.TITLE.en} · {words.TITLE.zh}]({profile.name}.svg)",
    ]
    for place, language in enumerate(("en", "zh")):
        columns, *table = _rows(found, language)
        lines += ["", f"## {words.TITLE[place]}", "", _line(columns)]
        lines += [f"|{'---|' * len(columns)}", *map(_line, table)]
    return "\n".join([*lines, ""])


def rows(profile: "Profile", header: "Header", language: str) -> list[tuple[str, ...]]:
    """The cells of the table in one language, below its headings."""
    return _rows(wires(profile, header), language)


def _rows(found: "Iterable[Wire]", language: str) -> list[tuple[str, ...]]:
    return [
        tuple(getattr(column, language) for column in words.COLUMNS),
        *(
            (
                getattr(words.PARTS[wire.part], language),
                getattr(wire.name, language),
                str(wire.pin.pin),
                wire.line,
                getattr(wire.note, language),
            )
            for wire in found
        ),
    ]


def _line(cells: "Iterable[str]") -> str:
    return f"| {' | '.join(cells)} |"
