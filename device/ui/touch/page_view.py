"""From what the pad shows to the state of the page. Pure.

A level's name is sent with every face and never alone. Which one was pressed is sent to the citizen
who pressed it, while it may be corrected, and then no more: every other state is the same for all
five levels (law 7).
"""

from collections.abc import Callable, Sequence
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
    TextLine,
    TextLines,
    TopicKey,
)
from device.ui.touch.sizes import SCREEN_MM, TARGET_MM, TEXT_MM
from sync.entries import Level

if TYPE_CHECKING:
    from device.ui.touch.page_words import LanguageTexts, PageWords, Wording

FACED = (Scene.INVITATION, Scene.SAVING, Scene.THANKS, Scene.SELFTEST)
"""Scenes in which the faces may be shown."""

HALL_SCENES = (Scene.STANDBY, Scene.IDENTIFY)
"""Scenes that say where the citizen is, and not what to do."""

SWITCHED = (Scene.STANDBY, Scene.INVITATION, Scene.PAUSED)
"""Scenes with the switches for how the page looks; a choice lasts until the session ends."""

SIGNS = {
    Scene.THANKS: "done",
    Scene.LAPSED: "open",
    Scene.PAUSED: "paused",
    Scene.FAULT: "staff",
    Scene.CHECKING: "checking",
    Scene.UNBOUND: "unbound",
}
"""The picture beside the words where there is nothing to touch."""

FOR_TECHNICIANS = (Scene.FAULT, Scene.UNBOUND, Scene.IDENTIFY)
"""Scenes that name the pad."""

LINE_END = "\u200b"
"""Where a level's name may be broken: 非常 | 不满意, and nowhere else."""

DEGREES = ("非常", "基本")
"""How a level's Chinese name begins, if with a word of its own."""


class PageConstants(NamedTuple):
    """What stays the same while the agent runs. `mm`: pixels in a millimetre. `topics`: what is
    offered after a level. `modules`: makes the rows of a QR code of a text. `window`: whose
    characters the page's font has; the window that is shown is in `PadView`.
    """

    wording: "Wording"
    mm: float
    topics: Sequence[str]
    modules: Callable[[str], Sequence[bytes]]
    pad: str = ""
    hall: str = ""
    window: str = ""
    notices: tuple[str, ...] = ()
    notice_s: int = 10
    card: tuple[str, str, bool] | None = None
    """The clerk's name and number, and whether there is a photo."""
    speaks: bool = False
    coloured: bool = False


def page_state(fixed: PageConstants, now: PadView, choices: PageChoices, number: int) -> PageState:
    """The page for what the pad shows now; `number`: of its question."""
    languages = _spoken(fixed.wording, choices)
    scene = now.scene
    shows_faces = scene in FACED and (scene is not Scene.THANKS or now.chosen is not None)
    main = fixed.wording.together[0].tag
    state = PageState(
        number=number,
        scene=scene.value,
        mm=fixed.mm,
        text_mm=round(TEXT_MM, 2),
        target_mm=TARGET_MM,
        least_mm=SCREEN_MM,
        title=_title(now, languages),
        body=_body(now, languages),
        hall=(TextLine(main, fixed.hall),) if fixed.hall else (),
        place=_window(now, languages),
        hint=_hint(now, languages),
        sign="" if shows_faces else SIGNS.get(scene, ""),
        percent=now.percent,
        faces=_faces(now, choices, languages) if shows_faces else (),
        live=shows_faces and (now.asks or scene is Scene.SELFTEST),
        coloured=fixed.coloured,
        buttons=_buttons(fixed, now, choices, languages),
        fault=now.code.code if now.code is not None else "",
        code=_modules(fixed, now.link),
        code_words=_scan_words(now, languages) if now.link else (),
        large=choices.large,
        contrast=choices.contrast,
    )
    if scene in FOR_TECHNICIANS and fixed.pad:
        pad_words = _page_lines(languages, lambda page: page.pad)
        state = msgspec.structs.replace(state, pad=fixed.pad, pad_words=pad_words)
    if scene in HALL_SCENES:
        return _at_the_window(state, fixed, now, languages)
    return _topics(state, fixed, choices, languages) if scene is Scene.DETAILS else state


def question_of(now: PadView) -> tuple[object, ...]:
    """What a touch would mean. When it changes, the question gets another number."""
    return now.scene, now.asks, now.invitation


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


def _window(now: PadView, languages: "Sequence[LanguageTexts]") -> TextLines:
    if not now.window:
        return ()
    return _lines(languages, lambda language: language.words.window.format(window=now.window))


def _title(now: PadView, languages: "Sequence[LanguageTexts]") -> TextLines:
    if now.scene is Scene.DETAILS:
        return _page_lines(languages, lambda page: page.about)
    return _lines(languages, lambda language: language.words.scenes[now.scene.value].title)


def _body(now: PadView, languages: "Sequence[LanguageTexts]") -> TextLines:
    if now.scene is Scene.INVITATION:
        return _page_lines(languages, lambda page: page.choose)
    if now.scene is Scene.SELFTEST:
        return _page_lines(languages, lambda page: page.touch_each)
    if now.scene is Scene.DETAILS:
        return _page_lines(languages, lambda page: page.choose_topics)
    if now.scene is Scene.LAPSED and now.link:
        return _page_lines(languages, lambda page: page.scan_lapsed)
    return _lines(languages, lambda language: language.words.scenes[now.scene.value].body)


def _hint(now: PadView, languages: "Sequence[LanguageTexts]") -> TextLines:
    if now.scene is not Scene.THANKS or now.chosen is None:
        return ()
    if now.asks:
        return _page_lines(languages, lambda page: page.change)
    return _page_lines(languages, lambda page: page.changed)


def _faces(
    now: PadView, choices: PageChoices, languages: "Sequence[LanguageTexts]"
) -> tuple[Face, ...]:
    return tuple(
        Face(
            level.value,
            tuple(
                TextLine(language.tag, _breakable(language.words.levels[level.value]))
                for language in languages
            ),
            tested=level.value in choices.tested,
            chosen=now.scene is Scene.THANKS and level is now.chosen,
        )
        for level in Level
    )


def _breakable(name: str) -> str:
    """A level's name with the place in it where a line may end."""
    for degree in DEGREES:
        if name.startswith(degree):
            return f"{degree}{LINE_END}{name.removeprefix(degree)}"
    return name


def _at_the_window(
    state: PageState, fixed: PageConstants, now: PadView, languages: "Sequence[LanguageTexts]"
) -> PageState:
    """The hall and the window as a sign; in standby also who serves here, and the notices."""
    main = fixed.wording.together[0].tag
    state = msgspec.structs.replace(
        state,
        window=now.window,
        window_words=_lines(languages, _around_the_number) if now.window else (),
    )
    if now.scene is not Scene.STANDBY:
        return state
    several = len(fixed.notices) > 1
    hold = (
        _page_lines(languages, lambda page: page.hold),
        _page_lines(languages, lambda page: page.go),
    )
    return msgspec.structs.replace(
        state,
        minute=now.minute,
        notices=tuple(TextLine(main, notice) for notice in fixed.notices),
        notice_s=fixed.notice_s if several else 0,
        hold=hold if several else None,
        card=_card(fixed, languages),
    )


def _around_the_number(language: "LanguageTexts") -> str:
    return language.words.window.replace("{window}", "").strip()


def _card(fixed: PageConstants, languages: "Sequence[LanguageTexts]") -> Card | None:
    if fixed.card is None:
        return None
    name, number, photo = fixed.card
    number_words = _page_lines(languages, lambda page: page.number) if number else ()
    return Card(name, _page_lines(languages, lambda page: page.serves), number, number_words, photo)


def _topics(
    state: PageState,
    fixed: PageConstants,
    choices: PageChoices,
    languages: "Sequence[LanguageTexts]",
) -> PageState:
    topics = (
        TopicKey(
            topic,
            tuple(TextLine(language.tag, language.page.topics[topic]) for language in languages),
            topic in choices.picked,
        )
        for topic in fixed.topics
    )
    answers = (
        Button("skip", _page_lines(languages, lambda page: page.skip)),
        Button("done", _page_lines(languages, lambda page: page.done)),
    )
    return msgspec.structs.replace(state, topics=tuple(topics), answers=answers)


def _buttons(
    fixed: PageConstants, now: PadView, choices: PageChoices, languages: "Sequence[LanguageTexts]"
) -> tuple[Button, ...]:
    if now.scene not in SWITCHED:
        return ()
    found = []
    if fixed.wording.english is not None:
        own = _page_lines(fixed.wording.english[:1], lambda page: page.own)
        found.append(Button("english", own, choices.english))
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
