"""What stands on the display in each scene, as rows of text. Pure: knows no font and no pixel.

A screen is rows from the top; a row is pieces on one base line. Each piece names the sizes it may
be set in, the best first: the drawing takes the first that fits. With one language a scene has a
title and a body; with several it has each language's title, the main one largest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.errors import Code
from device.events import Scene

if TYPE_CHECKING:
    from device.ui.words import Words

TITLE = (24, 20, 16, 12)
BODY = (16, 12)
SMALL = (12,)
TICK = "✓ "
"""Stands before the thanks: the sign for "it is done" in every language here."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text and the sizes it may have, in pixels to the em."""

    text: str
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Pieces on one base line, centred; with `right`, pushed left and right instead.

    `band`: dark on a lit band across the whole width.
    """

    language: str
    pieces: tuple[Piece, ...]
    right: Piece | None = None
    band: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """Rows from the top. `inverted`: dark on lit. `framed`: a line along all four edges."""

    rows: tuple[Row, ...]
    inverted: bool = False
    framed: bool = False


def screen(
    scene: Scene,
    words: Sequence["Words"],
    *,
    window: str = "",
    hall: str = "",
    pad: str = "",
    code: Code | None = None,
    time_text: str = "",
) -> Screen:
    """The screen of `scene` in the languages of `words`, the first being the main one.

    `code`: the fault that closes the window, or in standby the one that the technician should see.
    `pad`: the pad's id, shown while it has no window. `time_text`: shown in standby if there is
    room and no fault.
    """
    main = words[0]
    if scene is Scene.STANDBY:
        return Screen(_standby(words, window, hall, code.code if code else time_text))
    if scene is Scene.INVITATION:
        return Screen(_invitation(words))
    if scene is Scene.IDENTIFY:
        title = main.scenes[scene.value].title
        rows = (_row(main, title, TITLE), *_windows(words[:1], window, (32, 24, 16)))
        return Screen(rows, inverted=True)
    rows = _titles(scene, words)
    if scene is Scene.FAULT and code is not None:
        rows = (*rows, _row(main, code.code, SMALL))
    if scene is Scene.UNBOUND and pad:
        rows = (*rows, _row(main, pad, SMALL))
    return Screen(rows, framed=scene is Scene.SELFTEST)


def _row(words: "Words", text: str, sizes: tuple[int, ...], *, band: bool = False) -> Row:
    return Row(words.language, (Piece(text, sizes),), band=band)


def _titles(scene: Scene, words: Sequence["Words"]) -> tuple[Row, ...]:
    first = words[0].scenes[scene.value]
    tick = TICK if scene is Scene.THANKS else ""
    rows = [_row(words[0], tick + first.title, TITLE if len(words) < 3 else TITLE[2:])]
    rows += [_row(other, other.scenes[scene.value].title, BODY) for other in words[1:]]
    if len(words) == 1 and first.body:
        rows.append(_row(words[0], first.body, BODY))
    return tuple(rows)


def _invitation(words: Sequence["Words"]) -> tuple[Row, ...]:
    if len(words) > 1:
        titles = _titles(Scene.INVITATION, words)
        return (Row(titles[0].language, titles[0].pieces, band=True), *titles[1:])
    main = words[0]
    title = _row(main, main.scenes[Scene.INVITATION.value].title, TITLE[1:], band=True)
    hints = (hint.format_map(main.levels) for hint in main.hints)
    return (title, *(_row(main, hint, (12, 11)) for hint in hints))


def _standby(words: Sequence["Words"], window: str, hall: str, note: str) -> tuple[Row, ...]:
    rows: tuple[Row, ...] = ()
    if hall or note:
        right = Piece(note, SMALL) if note else None
        rows = (Row(words[0].language, (Piece(hall, BODY),), right),)
    numbers = {1: (48, 40, 32, 24, 16), 2: (32, 24, 16), 3: (20, 16)}[len(words)]
    return (*rows, *_windows(words, window, numbers))


def _windows(words: Sequence["Words"], window: str, numbers: tuple[int, ...]) -> tuple[Row, ...]:
    """The window's name in each language, its number as large as may be in the first."""
    rows = []
    for place, one in enumerate(words):
        before, _, after = one.window.partition("{window}")
        if place:
            rows.append(_row(one, one.window.format(window=window), BODY))
            continue
        beside = (*(min(16, size) for size in numbers[:-1]), 12)
        pieces = (Piece(before, beside), Piece(window, numbers), Piece(after, beside))
        rows.append(Row(one.language, tuple(piece for piece in pieces if piece.text)))
    return tuple(rows)
