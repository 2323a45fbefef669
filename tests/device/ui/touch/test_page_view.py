"""What the page is sent in each scene, in which words, and what it is never sent."""

from typing import Any

import msgspec
import pytest

from device.errors import PadCode
from device.events import Scene
from device.output.touch_output import offers
from device.ui.touch.page_state import PadView, PageChoices, PageState
from device.ui.touch.page_view import PageConstants, page_state, question_of
from device.ui.touch.page_words import read_wording
from device.ui.touch.sizes import READING_MM, TARGET_MM, TEXT_MM
from sync.codes import level_name, options
from sync.entries import Level
from tests.rigs.web.touch_page import STATES


def fixed(*languages: str, **more: Any) -> PageConstants:
    return PageConstants(
        read_wording(languages or ("zh", "ko")), 5.0, offers(), lambda _: [b"\1"], **more
    )


def state(now: PadView, view: PageChoices | None = None, *languages: str) -> PageState:
    return page_state(fixed(*languages), now, view or PageChoices(), 1)


@pytest.mark.parametrize("language", ["zh", "ko", "en"])
def test_every_reason_that_is_offered_has_words(language: str) -> None:
    (tongue,) = read_wording([language]).together
    offered = {one.code for level in Level for one in offers()[level]}
    assert set(tongue.page.reason_words) == offered
    assert offered == {code for code, option in options().items() if not option.retired}


def test_levels_are_named_as_the_policy_names_them() -> None:
    faces = state(STATES["invitation"], PageChoices(english=True)).faces
    chinese = [face.words[-1].text for face in faces]
    assert chinese == [level_name(level) for level in Level]
    assert [face.words[0].lang for face in faces] == ["en"] * 5


@pytest.mark.parametrize(
    ("languages", "tags"),
    [
        (("zh",), ["zh-CN"]),
        (("zh", "ko"), ["zh-CN", "ko-KR"]),
        (("ko", "zh"), ["ko-KR", "zh-CN"]),
    ],
)
def test_languages_stand_together_in_the_halls_order(
    languages: tuple[str, ...], tags: list[str]
) -> None:
    told = state(STATES["invitation"], None, *languages)
    assert [line.lang for line in told.title] == tags
    assert all([line.lang for line in face.words] == tags for face in told.faces)


def test_a_pad_that_speaks_english_anyhow_has_no_button_for_it() -> None:
    asked = STATES["invitation"]
    assert "english" in {button.do for button in state(asked).buttons}
    told = state(asked, None, "zh", "en")
    assert "english" not in {button.do for button in told.buttons}


def test_only_what_may_be_answered_is_live() -> None:
    live = {name for name, now in STATES.items() if state(now).live}
    assert live == {"invitation", "thanks", "selftest"}
    faced = {name for name, now in STATES.items() if state(now).faces}
    assert faced == live | {"saving"}


@pytest.mark.parametrize("level", Level)
def test_which_face_was_touched_is_told_nowhere_but_by_its_reasons(level: Level) -> None:
    """Law 7: but for the reasons themselves, every state is the same for all five levels."""
    asked = STATES["details"]._replace(reasons_for=level)
    for now in (*STATES.values(), asked):
        told = state(now)
        other = state(now._replace(reasons_for=now.reasons_for and Level.SATISFIED))
        same = {"reasons": ()}
        assert msgspec.structs.replace(told, **same) == msgspec.structs.replace(other, **same)
    assert {reason.code[0] for reason in state(asked).reasons} == {
        options()[offers()[level][0].code].code[0]
    }


@pytest.mark.parametrize("level", Level)
def test_the_base_set_is_offered_first_and_the_others_on_request(level: Level) -> None:
    now = STATES["details"]._replace(reasons_for=level)
    first, second = state(now), state(now, PageChoices(shows_more=True))
    assert len(first.reasons) == 3
    assert [button.do for button in first.answers] == ["more", "skip", "done"]
    assert [button.do for button in second.answers] == ["back", "skip", "done"]
    codes = {reason.code for reason in (*first.reasons, *second.reasons)}
    assert codes == {one.code for one in offers()[level]}


def test_a_faults_code_stands_there_for_the_technician() -> None:
    told = state(PadView(Scene.FAULT, PadCode.LEDGER_FULL))
    assert told.fault == PadCode.LEDGER_FULL.code
    assert not told.faces


def test_notices_that_take_turns_can_be_held() -> None:
    now = STATES["standby"]
    one = page_state(fixed(notices=("a",)), now, PageChoices(), 1)
    two = page_state(fixed(notices=("a", "b"), notice_s=7), now, PageChoices(), 1)
    assert (one.notice_s, one.hold) == (0, None)
    assert (two.notice_s, two.hold is not None) == (7, True)


def test_the_clock_and_the_switches_do_not_change_the_question() -> None:
    now = STATES["invitation"]
    asked = question_of(now, PageChoices())
    assert asked == question_of(now._replace(minute="10:00"), PageChoices(large=True, english=True))
    assert asked != question_of(now._replace(invitation="another"), PageChoices())
    assert asked != question_of(now._replace(asks=False), PageChoices())


def test_sizes_are_those_of_an_eye_at_the_window() -> None:
    assert TARGET_MM >= 20
    assert READING_MM == 600
    assert 4.2 < TEXT_MM < 4.4
