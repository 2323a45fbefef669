"""From what the pad shows to the state of the page. Pure.

A level's name is sent with every face and never alone; which face was touched is sent nowhere. The
reasons of a level are sent while they are asked for, to the citizen who has just pressed it, and
are removed when the session ends (law 7).
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
    PageChoices,
    PageState,
    Reason,
    TextLine,
    TextLines,
)
from device.ui.touch.sizes import TARGET_MM, TEXT_MM
from sync.entries import Level

if TYPE_CHECKING:
    from device.ui.touch.page_words import LanguageTexts, PageWords, Wording

FACED = (Scene.INVITATION, Scene.SAVING, Scene.THANKS, Scene.SELFTEST)
"""Scenes in which the faces may be shown."""

HALL_SCENES = (Scene.STANDBY, Scene.IDENTIFY)
"""Scenes that say where the citizen is, and not what to do."""

SWITCHED = (Scene.STANDBY, Scene.INVITATION, Scene.PAUSED)
"""Scenes with the switches for how the page looks; a choice lasts until the session ends."""


class Offer(NamedTuple):
    """A reason that is offered. `extended`: outside the base set, shown on request."""

    code: str
    extended: bool


class PageConstants(NamedTuple):
    """What stays the same while the agent runs. `mm`: pixels in a millimetre. `offers`: the reasons
    of each level. `modules`: makes the rows of a QR code of a text. `window`: whose characters the
    page's font has; the window that is shown is in `PadView`.
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


def page_state(fixed: PageConstants, now: PadView, choices: PageChoices, number: int) -> PageState:
    """The page for what the pad shows now; `number`: of its question."""
    languages = _spoken(fixed.wording, choices)
    scene = now.scene
    shows_faces = scene in FACED and (now.asks or scene is not Scene.THANKS)
    state = PageState(
        number=number,
        scene=scene.value,
        mm=fixed.mm,
        text_mm=round(TEXT_MM, 2),
        target_mm=TARGET_MM,
        title=_title(now, languages),
        body=_body(now, languages),
        faces=_faces(choices, languages) if shows_faces else (),
        live=shows_faces and (now.asks or scene is Scene.SELFTEST),
        buttons=_buttons(fixed, now, choices, languages),
        fault=now.code.code if now.code is not None else "",
        code=_modules(fixed, now.link),
        code_words=_scan_words(now, languages) if now.link else (),
        large=choices.large,
        contrast=choices.contrast,
    )
    if scene is Scene.STANDBY:
        return _standby(state, fixed, now, languages)
    return _reasons(state, fixed, now, choices, languages) if scene is Scene.DETAILS else state


def question_of(now: PadView, choices: PageChoices) -> tuple[object, ...]:
    """What a touch would mean. When it changes, the question gets another number."""
    return now.scene, now.asks, now.invitation, now.reasons_for, choices.shows_more


def offered(fixed: PageConstants, now: PadView, choices: PageChoices) -> list[Offer]:
    """The reasons that the page shows: the base set, or the others on request."""
    offers = fixed.offers.get(now.reasons_for, ()) if now.reasons_for else ()
    return [offer for offer in offers if offer.extended is choices.shows_more]


def _spoken(wording: "Wording", choices: PageChoices) -> "tuple[LanguageTexts, ...]":
    return wording.english if choices.english and wording.english else wording.together


def _lines(
    languages: "Sequence[LanguageTexts]", text: "Callable[[LanguageTexts], str]"
) -> TextLines:
    return tuple(TextLine(language.tag, line) for language in languages if (line := text(language)))


def _page_lines(
    languages: "Sequence[LanguageTexts]", word: "Callable[[PageWords], str]"
) -> TextLines:
    return _lines(languages, lambda language: word(language.page))


def _title(now: PadView, languages: "Sequence[LanguageTexts]") -> TextLines:
    if now.scene in HALL_SCENES and now.window:
        return _lines(languages, lambda language: language.words.window.format(window=now.window))
    return _lines(languages, lambda language: language.words.scenes[now.scene.value].title)


def _body(now: PadView, languages: "Sequence[LanguageTexts]") -> TextLines:
    if now.scene is Scene.INVITATION:
        return _page_lines(languages, lambda page: page.choose)
    if now.scene is Scene.SELFTEST:
        return _page_lines(languages, lambda page: page.touch_each)
    if now.scene is Scene.DETAILS:
        return _page_lines(languages, lambda page: page.reasons)
    if now.scene is Scene.THANKS and now.asks:
        return _page_lines(languages, lambda page: page.change)
    if now.scene in HALL_SCENES:
        return _lines(languages, lambda language: language.words.scenes[now.scene.value].title)
    done = f" {now.percent} %" if now.percent is not None else ""
    return _lines(languages, lambda language: language.words.scenes[now.scene.value].body + done)


def _faces(choices: PageChoices, languages: "Sequence[LanguageTexts]") -> tuple[Face, ...]:
    return tuple(
        Face(
            name,
            tuple(TextLine(language.tag, language.words.levels[name]) for language in languages),
            tested=name in choices.tested,
        )
        for name in (level.value for level in Level)
    )


def _standby(
    state: PageState, fixed: PageConstants, now: PadView, languages: "Sequence[LanguageTexts]"
) -> PageState:
    main = fixed.wording.together[0].tag
    several = len(fixed.notices) > 1
    hold = (
        _page_lines(languages, lambda page: page.hold),
        _page_lines(languages, lambda page: page.go),
    )
    return msgspec.structs.replace(
        state,
        hall=(TextLine(main, fixed.hall),) if fixed.hall else (),
        minute=now.minute,
        notices=tuple(TextLine(main, notice) for notice in fixed.notices),
        notice_s=fixed.notice_s if several else 0,
        hold=hold if several else None,
        card=_card(fixed, languages),
    )


def _card(fixed: PageConstants, languages: "Sequence[LanguageTexts]") -> Card | None:
    if fixed.card is None:
        return None
    name, number, photo = fixed.card
    number_words = _page_lines(languages, lambda page: page.number) if number else ()
    return Card(name, _page_lines(languages, lambda page: page.serves), number, number_words, photo)


def _reasons(
    state: PageState,
    fixed: PageConstants,
    now: PadView,
    choices: PageChoices,
    languages: "Sequence[LanguageTexts]",
) -> PageState:
    every = fixed.offers.get(now.reasons_for, ()) if now.reasons_for else ()
    answers = [
        Button("skip", _page_lines(languages, lambda page: page.skip)),
        Button("done", _page_lines(languages, lambda page: page.done)),
    ]
    if choices.shows_more:
        answers.insert(0, Button("back", _page_lines(languages, lambda page: page.back)))
    elif any(offer.extended for offer in every):
        answers.insert(0, Button("more", _page_lines(languages, lambda page: page.more)))
    reasons = (
        Reason(
            offer.code,
            tuple(
                TextLine(language.tag, language.page.reason_words[offer.code])
                for language in languages
            ),
            offer.code in choices.picked,
        )
        for offer in offered(fixed, now, choices)
    )
    return msgspec.structs.replace(state, reasons=tuple(reasons), answers=tuple(answers))


def _buttons(
    fixed: PageConstants, now: PadView, choices: PageChoices, languages: "Sequence[LanguageTexts]"
) -> tuple[Button, ...]:
    if now.scene not in SWITCHED:
        return ()
    found = []
    if fixed.wording.english is not None:
        other = fixed.wording.together if choices.english else fixed.wording.english[:1]
        found.append(Button("english", _page_lines(other, lambda page: page.own)))
    found.append(Button("large", _page_lines(languages, lambda page: page.large), choices.large))
    found.append(
        Button("contrast", _page_lines(languages, lambda page: page.contrast), choices.contrast)
    )
    if fixed.speaks and now.scene is Scene.INVITATION:
        found.append(Button("speak", _page_lines(languages, lambda page: page.speak)))
    return tuple(found)


def _scan_words(now: PadView, languages: "Sequence[LanguageTexts]") -> TextLines:
    if now.scene in (Scene.INVITATION, Scene.LAPSED):
        return _page_lines(languages, lambda page: page.scan_rate)
    if now.scene is Scene.DETAILS:
        return _page_lines(languages, lambda page: page.scan_more)
    if now.late:
        return _page_lines(languages, lambda page: page.scan_late)
    return _page_lines(languages, lambda page: page.scan_hall)


def _modules(fixed: PageConstants, link: str | None) -> tuple[str, ...]:
    if link is None:
        return ()
    return tuple("".join("1" if dark else "0" for dark in row) for row in fixed.modules(link))
