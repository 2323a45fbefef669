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
        lines += ["", f"## {words.TITLE[place]}", "", *_table(found, language)]
    return "\n".join([*lines, ""])


def _table(found: "Iterable[Wire]", language: str) -> list[str]:
    """The rows of the table in one language."""
    columns = [getattr(column, language) for column in words.COLUMNS]
    rows = [
        (
            getattr(words.PARTS[wire.part], language),
            getattr(wire.name, language),
            str(wire.pin.pin),
            wire.line,
            getattr(wire.note, language),
        )
        for wire in found
    ]
    return [
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
