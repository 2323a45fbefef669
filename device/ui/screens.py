"""The text of each scene on the display, as rows. Pure: knows no font and no pixel.

A scene is one screen, or several that are shown in turn. A screen is rows from the top; a row is
pieces on one baseline. Each piece lists the sizes that it may have, the best first: the first that
fits and can be read is taken, and what does not fit together becomes several pages
(`oled_pages.py`). With one language a scene has a title and a body; with several it has the title
in each language, the main one largest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from device.errors import PadCode
from device.events import Scene

if TYPE_CHECKING:
    from device.ui.words import Words

TITLE = (24, 20, 16, 12)
BODY = (15,)
SMALL = (15,)
LARGE = (24, 20, 18, 15)
"""Of a row that has half of the display, or all of it, for itself."""
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

    `band`: dark text on a lit band. `stays`: on every page of a screen that has several.
    """

    language: str
    pieces: tuple[Piece, ...]
    right: Piece | None = None
    band: bool = False
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Screen:
    """Rows from the top. `inverted`: dark on lit. `framed`: a line along all four edges.

    `qr`: the content of a QR code to the right of the rows. `turned`: the code is on the left, and
    the text of a band is lit on dark, so that no pixel is lit in both arrangements. `whole`: left
    out where it does not fit on one page.
    """

    rows: tuple[ScreenRow, ...]
    inverted: bool = False
    framed: bool = False
    qr: str | None = None
    turned: bool = False
    whole: bool = False


def screens(
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
) -> tuple[Screen, ...]:
    """The screens of `scene` in the languages of `words`, the first being the main one.

    `code`: the fault that closes the window, or in standby the one that the technician should see.
    `pad`: the pad's id, shown while it has no window. `notice`: a line of standby. `time_text`:
    shown in standby. `qr`: the content of a QR code, with an invitation, after a lapse or in
    standby; `late`: the code in standby is that of the invitation that has lapsed. `turned`: the
    parts have changed places (`burn_in.py`). `percent`: how much of the ledger has been checked.
    """
    main = words[0]
    if qr is not None and (late or scene in (Scene.INVITATION, Scene.LAPSED)):
        beside = _beside_code(scene, words, window)
        return tuple(Screen(rows, qr=qr, turned=turned) for rows in beside)
    if scene is Scene.STANDBY:
        standby = _standby(words, window, code, narrow=qr is not None)
        besides = _besides(main, hall, time_text, notice)
        return tuple(
            Screen(rows[::-1] if turned else rows, qr=qr, turned=turned)
            for rows in (standby, besides)
            if rows
        )
    if scene is Scene.INVITATION:
        titles, levels = _titles(scene, words, band=True), _levels(words)
        return (
            Screen(titles, turned=turned),
            *([Screen(levels, turned=turned, whole=True)] if levels else []),
        )
    if scene is Scene.IDENTIFY:
        title = main.scenes[scene.value].title
        rows = (_row(main, title, TITLE), *_windows(words[:1], window, (32, 24, 16)))
        return (Screen(rows, inverted=True),)
    rows = _titles(scene, words)
    if scene is Scene.FAULT and code is not None:
        rows = (*rows, _row(main, code.code, SMALL))
    if scene is Scene.CHECKING and percent is not None:
        rows = (*rows, _row(main, f"{percent} %", SMALL))
    if scene is Scene.UNBOUND and pad:
        rows = (*rows, _row(main, pad, SMALL))
    return (Screen(rows, framed=scene is Scene.SELFTEST),)


def _row(
    words: "Words", text: str, sizes: tuple[int, ...], *, band: bool = False, stays: bool = False
) -> ScreenRow:
    return ScreenRow(words.language, (Piece(text, sizes),), band=band, stays=stays)


def _titles(scene: Scene, words: Sequence["Words"], *, band: bool = False) -> tuple[ScreenRow, ...]:
    first = words[0].scenes[scene.value]
    tick = TICK if scene is Scene.THANKS else ""
    sizes = (TITLE[1:] if band else TITLE) if len(words) < 3 else TITLE[2:]
    rows = [_row(words[0], tick + first.title, sizes, band=band, stays=True)]
    rows += [_row(other, other.scenes[scene.value].title, BODY) for other in words[1:]]
    if len(words) == 1 and first.body:
        rows.append(_row(words[0], first.body, BODY))
    return tuple(rows)


def _levels(words: Sequence["Words"]) -> tuple[ScreenRow, ...]:
    """The names of the five levels, in one language. A citizen who saw some of them on one page and
    the others on the next one would be asked for the first ones.
    """
    main = words[0]
    hints = main.hints if len(words) == 1 else ()
    return tuple(_row(main, hint.format_map(main.levels), BODY) for hint in hints)


def _beside_code(
    scene: Scene, words: Sequence["Words"], window: str
) -> list[tuple[ScreenRow, ...]]:
    """What is beside the code of a case: an invitation, a lapse, or standby after one."""
    if scene is Scene.INVITATION:
        return _invitation_beside_code(words)
    lapsed = scene is Scene.LAPSED
    return [_lapsed_beside_code(words) if lapsed else _late_standby(words, window)]


def _invitation_beside_code(words: Sequence["Words"]) -> list[tuple[ScreenRow, ...]]:
    """The request in one language after the other, and that keys work, too."""
    asked = [tuple(_row(one, line, TITLE) for line in one.ask) for one in words]
    return [*asked, (_row(words[0], words[0].scan, LARGE),)]


def _lapsed_beside_code(words: Sequence["Words"]) -> tuple[ScreenRow, ...]:
    """The time for keys is over; the code is still valid."""
    titles = (_row(words[0], line, BODY) for line in _broken(words[0].scenes["lapsed"].title))
    return (*titles, *(_row(language, language.late, BODY) for language in words))


def _late_standby(words: Sequence["Words"], window: str) -> tuple[ScreenRow, ...]:
    """Standby with a code: says that it is for the citizen before, not for the next one."""
    main = words[0]
    lates = (_row(language, language.late, BODY) for language in words)
    above = _row(main, main.short.format(window=window), (24, 16))
    return (above, _row(main, main.previous, BODY), *lates)


def _broken(text: str) -> tuple[str, ...]:
    """The text in two lines, broken at the space nearest to its middle, else in the middle."""
    middle = len(text) / 2
    spaces = [at for at, char in enumerate(text) if char == " "]
    cut = min(spaces, key=lambda at: abs(at - middle), default=int(middle))
    return tuple(line for line in (text[:cut], text[cut:].lstrip()) if line)


def _standby(
    words: Sequence["Words"], window: str, code: PadCode | None, *, narrow: bool
) -> tuple[ScreenRow, ...]:
    """The window, as large as possible, and the code of a fault. `narrow`: beside a QR code."""
    note = [_row(words[0], code.code, SMALL)] if code is not None else []
    if narrow:
        rows = [_row(one, one.short.format(window=window), (24, 16)) for one in words]
        return (*note, *rows)
    numbers = {1: (40, 32, 24, 16), 2: (32, 24, 16), 3: (20, 16)}[len(words)]
    return (*note, *_windows(words, window, numbers))


def _besides(main: "Words", hall: str, time_text: str, notice: str) -> tuple[ScreenRow, ...]:
    """What standby says in turn with the window."""
    right = Piece(time_text, LARGE) if time_text else None
    rows = []
    if hall or time_text:
        rows.append(ScreenRow(main.language, (Piece(hall, LARGE),) if hall else (), right))
    if notice:
        rows.append(_row(main, notice, LARGE))
    return tuple(rows)


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
        beside = (*(min(24, size) for size in numbers[:-1]), 12)
        pieces = (Piece(before, beside), Piece(window, numbers), Piece(after, beside))
        rows.append(ScreenRow(language.language, tuple(piece for piece in pieces if piece.text)))
    return tuple(rows)
