"""From what stands at the pad to what the page is told. Pure.

A level's name is told with every face and never alone; which face was touched is told nowhere. The
reasons of a level are told while they are asked for, to the citizen who has just pressed it, and
are gone with the session (law 7).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from device.events import Scene
from device.ui.touch.page_state import (
    Button,
    Card,
    Face,
    PadView,
    PageState,
    Reason,
    TextLine,
    TextLines,
    View,
)
from device.ui.touch.sizes import TARGET_MM, TEXT_MM
from sync.entries import Level

if TYPE_CHECKING:
    from device.ui.touch.page_words import PageWords, Tongue, Wording

FACED = (Scene.INVITATION, Scene.SAVING, Scene.THANKS, Scene.SELFTEST)
"""Scenes in which the faces may stand."""

HALL_SCENES = (Scene.STANDBY, Scene.IDENTIFY)
"""Scenes that say where the citizen is, and not what to do."""


SWITCHED = (Scene.STANDBY, Scene.INVITATION, Scene.PAUSED)
"""Scenes with the switches for how it looks; what was chosen there stays until the session ends."""


class Offer(NamedTuple):
    """A reason that is offered. `extended`: outside the base set, offered on request."""

    code: str
    extended: bool


class PageConstants(NamedTuple):
    """What stays the same while the agent runs. `mm`: pixels to a millimetre. `offers`: the reasons
    of each level. `modules`: a text as the rows of its QR code. `window`: whose signs the page can
    write; which one it is, is said with every moment (`PadView`).
    """

    wording: "Wording"
    mm: float
    offers: Mapping[Level, Sequence[Offer]]
    modules: Callable[[str], Sequence[bytes]]
    hall: str = ""
    window: str = ""
    notices: tuple[str, ...] = ()
    notice_s: int = 10
    card: tuple[str, str, bool] | None = None
    """The clerk's name and number, and whether there is a photo."""
    speaks: bool = False


def page_state(fixed: PageConstants, now: PadView, view: View, number: int) -> PageState:
    """The page of this moment, for the question of this number."""
    tongues = _spoken(fixed.wording, view)
    scene = now.scene
    shows_faces = scene in FACED and (now.asks or scene is not Scene.THANKS)
    state = PageState(
        number=number,
        scene=scene.value,
        mm=fixed.mm,
        text_mm=round(TEXT_MM, 2),
        target_mm=TARGET_MM,
        title=_title(now, tongues),
        body=_body(now, tongues),
        faces=_faces(view, tongues) if shows_faces else (),
        live=shows_faces and (now.asks or scene is Scene.SELFTEST),
        buttons=_buttons(fixed, now, view, tongues),
        fault=now.code.code if now.code is not None else "",
        code=_modules(fixed, now.link),
        code_words=_scan_words(now, tongues) if now.link else (),
        large=view.large,
        contrast=view.contrast,
    )
    if scene is Scene.STANDBY:
        return _standby(state, fixed, now, tongues)
    return _reasons(state, fixed, now, view, tongues) if scene is Scene.DETAILS else state


def asks_what(now: PadView, view: View) -> tuple[object, ...]:
    """What a touch would mean; when it differs, so does the question's number."""
    return now.scene, now.asks, now.invitation, now.reasons_for, view.turned


def offered(fixed: PageConstants, now: PadView, view: View) -> list[Offer]:
    """The reasons that stand on the page: the base set first, the others on request."""
    offers = fixed.offers.get(now.reasons_for, ()) if now.reasons_for else ()
    return [one for one in offers if one.extended is view.turned]


def _spoken(wording: "Wording", view: View) -> "tuple[Tongue, ...]":
    return wording.english if view.english and wording.english else wording.together


def _lines(tongues: "Sequence[Tongue]", text: "Callable[[Tongue], str]") -> TextLines:
    return tuple(TextLine(one.tag, said) for one in tongues if (said := text(one)))


def _says(tongues: "Sequence[Tongue]", word: "Callable[[PageWords], str]") -> TextLines:
    return _lines(tongues, lambda one: word(one.page))


def _title(now: PadView, tongues: "Sequence[Tongue]") -> TextLines:
    if now.scene in HALL_SCENES and now.window:
        return _lines(tongues, lambda one: one.words.window.format(window=now.window))
    return _lines(tongues, lambda one: one.words.scenes[now.scene.value].title)


def _body(now: PadView, tongues: "Sequence[Tongue]") -> TextLines:
    if now.scene is Scene.INVITATION:
        return _says(tongues, lambda page: page.choose)
    if now.scene is Scene.SELFTEST:
        return _says(tongues, lambda page: page.touch_each)
    if now.scene is Scene.DETAILS:
        return _says(tongues, lambda page: page.reasons)
    if now.scene is Scene.THANKS and now.asks:
        return _says(tongues, lambda page: page.change)
    if now.scene in HALL_SCENES:
        return _lines(tongues, lambda one: one.words.scenes[now.scene.value].title)
    return _lines(tongues, lambda one: one.words.scenes[now.scene.value].body)


def _faces(view: View, tongues: "Sequence[Tongue]") -> tuple[Face, ...]:
    return tuple(
        Face(
            name,
            tuple(TextLine(one.tag, one.words.levels[name]) for one in tongues),
            tested=name in view.tested,
        )
        for name in (level.value for level in Level)
    )


def _standby(
    state: PageState, fixed: PageConstants, now: PadView, tongues: "Sequence[Tongue]"
) -> PageState:
    main = fixed.wording.together[0].tag
    several = len(fixed.notices) > 1
    hold = (_says(tongues, lambda page: page.hold), _says(tongues, lambda page: page.go))
    return msgspec.structs.replace(
        state,
        hall=(TextLine(main, fixed.hall),) if fixed.hall else (),
        minute=now.minute,
        notices=tuple(TextLine(main, notice) for notice in fixed.notices),
        notice_s=fixed.notice_s if several else 0,
        hold=hold if several else None,
        card=_card(fixed, tongues),
    )


def _card(fixed: PageConstants, tongues: "Sequence[Tongue]") -> Card | None:
    if fixed.card is None:
        return None
    name, number, photo = fixed.card
    number_words = _says(tongues, lambda page: page.number) if number else ()
    return Card(name, _says(tongues, lambda page: page.serves), number, number_words, photo)


def _reasons(
    state: PageState, fixed: PageConstants, now: PadView, view: View, tongues: "Sequence[Tongue]"
) -> PageState:
    every = fixed.offers.get(now.reasons_for, ()) if now.reasons_for else ()
    answers = [
        Button("skip", _says(tongues, lambda page: page.skip)),
        Button("done", _says(tongues, lambda page: page.done)),
    ]
    if view.turned:
        answers.insert(0, Button("back", _says(tongues, lambda page: page.back)))
    elif any(one.extended for one in every):
        answers.insert(0, Button("more", _says(tongues, lambda page: page.more)))
    reasons = (
        Reason(
            one.code,
            tuple(TextLine(tongue.tag, tongue.page.reason_words[one.code]) for tongue in tongues),
            one.code in view.picked,
        )
        for one in offered(fixed, now, view)
    )
    return msgspec.structs.replace(state, reasons=tuple(reasons), answers=tuple(answers))


def _buttons(
    fixed: PageConstants, now: PadView, view: View, tongues: "Sequence[Tongue]"
) -> tuple[Button, ...]:
    if now.scene not in SWITCHED:
        return ()
    found = []
    if fixed.wording.english is not None:
        there = fixed.wording.together if view.english else fixed.wording.english[:1]
        found.append(Button("english", _says(there, lambda page: page.own)))
    found.append(Button("large", _says(tongues, lambda page: page.large), view.large))
    found.append(Button("contrast", _says(tongues, lambda page: page.contrast), view.contrast))
    if fixed.speaks and now.scene is Scene.INVITATION:
        found.append(Button("speak", _says(tongues, lambda page: page.speak)))
    return tuple(found)


def _scan_words(now: PadView, tongues: "Sequence[Tongue]") -> TextLines:
    if now.scene in (Scene.INVITATION, Scene.LAPSED):
        return _says(tongues, lambda page: page.scan_rate)
    if now.scene is Scene.DETAILS:
        return _says(tongues, lambda page: page.scan_more)
    if now.late:
        return _says(tongues, lambda page: page.scan_late)
    return _says(tongues, lambda page: page.scan_hall)


def _modules(fixed: PageConstants, link: str | None) -> tuple[str, ...]:
    if link is None:
        return ()
    return tuple("".join("1" if dark else "0" for dark in row) for row in fixed.modules(link))
