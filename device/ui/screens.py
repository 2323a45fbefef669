"""The text of each scene on the display, as rows. Pure: knows no font and no pixel.

A screen is rows from the top; a row is pieces on one baseline. Each piece lists the sizes that it
may have, the best first: the drawing takes the first that fits. With one language a scene has a
title and a body; with several it has the title in each language, the main one largest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.errors import PadCode
from device.events import Scene

if TYPE_CHECKING:
    from device.ui.words import Words

TITLE = (24, 20, 16, 12)
BODY = (16, 12)
SMALL = (12,)
TICK = "✓ "
"""Before the thanks: it means "done" in every language used here."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text and the sizes that it may have, in pixels per em."""

    text: str
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScreenRow:
    """Pieces on one baseline, centred; with `right`, they are on the left and it on the right.

    `band`: dark text on a lit band across the whole width.
    """

    language: str
    pieces: tuple[Piece, ...]
    right: Piece | None = None
    band: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """Rows from the top. `inverted`: dark on lit. `framed`: a line along all four edges.

    `qr`: the content of a QR code to the right of the rows. `turned`: the code is on the left, and
    the text of a band is lit on dark, so that no pixel is lit in both arrangements.
    """

    rows: tuple[ScreenRow, ...]
    inverted: bool = False
    framed: bool = False
    qr: str | None = None
    turned: bool = False


def screen(
    scene: Scene,
    words: Sequence["Words"],
    *,
    window: str = "",
    hall: str = "",
    pad: str = "",
    notice: str = "",
    code: PadCode | None = None,
    time_text: str = "",
    qr: str | None = None,
    late: bool = False,
    turned: bool = False,
    percent: int | None = None,
) -> Screen:
    """The screen of `scene` in the languages of `words`, the first being the main one.

    `code`: the fault that closes the window, or in standby the one that the technician should see.
    `pad`: the pad's id, shown while it has no window. `notice`: a line of standby. `time_text`:
    shown in standby if there is room and no fault. `qr`: the content of a QR code, with an
    invitation, after a lapse or in standby; `late`: the code in standby is that of the invitation
    that has lapsed. `turned`: the parts have changed places (`burn_in.py`). `percent`: how much of
    the ledger has been checked.
    """
    main = words[0]
    if scene is Scene.STANDBY and late:
        return Screen(_late_standby(words, window), qr=qr, turned=turned)
    if scene is Scene.STANDBY:
        note = code.code if code else time_text
        if len(words) > 2 and notice:  # five rows do not fit
            hall, note, notice = (hall, note, "") if code else (notice, "", "")
        rows = _standby(words, window, hall, note, notice, narrow=qr is not None, turned=turned)
        return Screen(rows, qr=qr, turned=turned)
    if scene is Scene.INVITATION:
        rows = _invitation(words) if qr is None else _beside_code(words)
        return Screen(rows, qr=qr, turned=turned)
    if scene is Scene.LAPSED and qr is not None:
        return Screen(_lapsed_beside_code(words), qr=qr, turned=turned)
    if scene is Scene.IDENTIFY:
        title = main.scenes[scene.value].title
        rows = (_row(main, title, TITLE), *_windows(words[:1], window, (32, 24, 16)))
        return Screen(rows, inverted=True)
    rows = _titles(scene, words)
    if scene is Scene.FAULT and code is not None:
        rows = (*rows, _row(main, code.code, SMALL))
    if scene is Scene.CHECKING and percent is not None:
        rows = (*rows, _row(main, f"{percent} %", SMALL))
    if scene is Scene.UNBOUND and pad:
        rows = (*rows, _row(main, pad, SMALL))
    return Screen(rows, framed=scene is Scene.SELFTEST)


def _row(words: "Words", text: str, sizes: tuple[int, ...], *, band: bool = False) -> ScreenRow:
    return ScreenRow(words.language, (Piece(text, sizes),), band=band)


def _titles(scene: Scene, words: Sequence["Words"]) -> tuple[ScreenRow, ...]:
    first = words[0].scenes[scene.value]
    tick = TICK if scene is Scene.THANKS else ""
    rows = [_row(words[0], tick + first.title, TITLE if len(words) < 3 else TITLE[2:])]
    rows += [_row(other, other.scenes[scene.value].title, BODY) for other in words[1:]]
    if len(words) == 1 and first.body:
        rows.append(_row(words[0], first.body, BODY))
    return tuple(rows)


def _invitation(words: Sequence["Words"]) -> tuple[ScreenRow, ...]:
    if len(words) > 1:
        titles = _titles(Scene.INVITATION, words)
        return (ScreenRow(titles[0].language, titles[0].pieces, band=True), *titles[1:])
    main = words[0]
    title = _row(main, main.scenes[Scene.INVITATION.value].title, TITLE[1:], band=True)
    hints = (hint.format_map(main.levels) for hint in main.hints)
    return (title, *(_row(main, hint, (12, 11)) for hint in hints))


def _beside_code(words: Sequence["Words"]) -> tuple[ScreenRow, ...]:
    """An invitation in half the width: long titles in two rows, and a hint that keys work, too."""
    titles = [language.scenes[Scene.INVITATION.value].title for language in words]
    if len(words) == 1:
        lines = _broken(titles[0])
        sizes = (20, 16, 14, 12) if max(map(len, lines)) <= 3 else (16, 14, 12)
        rows = [_row(words[0], line, sizes) for line in lines]
        return (*rows, _row(words[0], words[0].scan, (12, 11, 10)))
    rows = []
    for place, (language, title) in enumerate(zip(words, titles, strict=True)):
        lines = _broken(title) if len(words) == 2 and " " in title else (title,)
        rows += [
            _row(language, line, (14, 12, 11, 10) if place else (16, 15, 14, 12)) for line in lines
        ]
    return tuple(rows)


def _lapsed_beside_code(words: Sequence["Words"]) -> tuple[ScreenRow, ...]:
    """The time for keys is over; the code is still valid."""
    main = words[0]
    title = main.scenes[Scene.LAPSED.value].title
    lines = _broken(title) if len(words) == 1 else (title,)
    titles = (_row(main, line, (20, 16, 14, 12, 11, 10)) for line in lines)
    return (*titles, *(_row(language, language.late, (14, 12, 11, 10)) for language in words))


def _late_standby(words: Sequence["Words"], window: str) -> tuple[ScreenRow, ...]:
    """Standby with a code: says that it is for the citizen before, not for the next one."""
    main = words[0]
    above = _windows(words[:1], window, (24, 16) if len(words) == 1 else (16,))
    lates = (_row(language, language.late, (12, 11, 10)) for language in words)
    rows = (_row(main, main.previous, (12, 11, 10)), *lates)
    return rows if len(words) > 2 else (*above, *rows)  # five rows do not fit


def _broken(text: str) -> tuple[str, ...]:
    """The text in two lines, broken at the space nearest to its middle, else in the middle."""
    middle = len(text) / 2
    spaces = [at for at, char in enumerate(text) if char == " "]
    cut = min(spaces, key=lambda at: abs(at - middle), default=int(middle))
    return tuple(line for line in (text[:cut], text[cut:].lstrip()) if line)


def _standby(
    words: Sequence["Words"],
    window: str,
    hall: str,
    note: str,
    notice: str,
    *,
    narrow: bool,
    turned: bool,
) -> tuple[ScreenRow, ...]:
    """Hall and note above the window, or below it when `turned`. `narrow`: beside a QR code, where
    the hall is left out if there is a second language.
    """
    main = words[0]
    numbers = {1: (40, 32, 24, 16), 2: (32, 24, 16), 3: (20, 16)}[len(words)]
    above: list[ScreenRow] = []
    if narrow:
        numbers = {1: (32, 24, 16), 2: (20, 16), 3: (16,)}[len(words)]
        lines = _broken(hall) if len(hall) > 5 else (hall,)
        above = [_row(main, line, SMALL) for line in lines if line and len(words) == 1]
        above += [_row(main, note, SMALL)] if note else []
    elif hall or note:
        right = Piece(note, SMALL) if note else None
        above = [ScreenRow(main.language, (Piece(hall, BODY),), right)]
    below = [_row(main, notice, BODY)] if notice else []
    windows = _windows(words, window, numbers)
    return (*below, *windows, *above) if turned else (*above, *windows, *below)


def _windows(
    words: Sequence["Words"], window: str, numbers: tuple[int, ...]
) -> tuple[ScreenRow, ...]:
    """The window's name in each language; in the first, its number as large as possible."""
    rows = []
    for place, language in enumerate(words):
        before, _, after = language.window.partition("{window}")
        if place:
            rows.append(_row(language, language.window.format(window=window), BODY))
            continue
        beside = (*(min(16, size) for size in numbers[:-1]), 12)
        pieces = (Piece(before, beside), Piece(window, numbers), Piece(after, beside))
        rows.append(ScreenRow(language.language, tuple(piece for piece in pieces if piece.text)))
    return tuple(rows)
