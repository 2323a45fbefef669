"""What the page is sent in each scene, in which words, and what it is never sent."""

from typing import Any

import pytest

from device.board.glass import READING_MM
from device.errors import PadCode
from device.events import Scene
from device.ui.touch.page_state import PadView, PageChoices, PageState
from device.ui.touch.page_view import PageConstants, page_state, question_of
from device.ui.touch.page_words import read_wording
from device.ui.touch.sizes import TARGET_MM, TEXT_MM
from sync.codes import level_name, topics
from sync.entries import Level
from tests.rigs.web.touch_page import STATES


def fixed(*languages: str, **more: Any) -> PageConstants:
    return PageConstants(
        read_wording(languages or ("zh", "ko")), 5.0, tuple(topics()), lambda _: [b"\1"], **more
    )


def state(now: PadView, view: PageChoices | None = None, *languages: str) -> PageState:
    return page_state(fixed(*languages), now, view or PageChoices(), 1)


@pytest.mark.parametrize("language", ["zh", "ko", "en"])
def test_every_topic_that_is_offered_has_words(language: str) -> None:
    (tongue,) = read_wording([language]).together
    assert set(tongue.page.topics) == set(topics())


def test_levels_are_named_as_the_policy_names_them() -> None:
    faces = state(STATES["invitation"], PageChoices(english=True)).faces
    chinese = [face.words[-1].text.replace("\u200b", "") for face in faces]
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
    assert faced == live | {"saving", "corrected"}


@pytest.mark.parametrize("level", Level)
def test_which_face_was_touched_is_told_only_while_it_may_be_corrected(level: Level) -> None:
    """Law 7: every other state is the same for all five levels."""
    for now in STATES.values():
        chosen = state(now._replace(chosen=level))
        other = state(now._replace(chosen=Level.SATISFIED))
        marked = [face.key for face in chosen.faces if face.chosen]
        if now.scene is Scene.THANKS:
            assert marked == [level.value]
        else:
            assert (marked, chosen) == ([], other)


def test_the_same_topics_are_offered_after_every_level() -> None:
    told = state(STATES["details"])
    assert [key.topic for key in told.topics] == list(topics())
    assert [button.do for button in told.answers] == ["skip", "done"]


def test_a_level_s_name_may_be_broken_between_its_words_only() -> None:
    names = [face.words[0].text for face in state(STATES["invitation"], None, "zh").faces]
    assert names == ["非常\u200b满意", "满意", "基本\u200b满意", "不满意", "非常\u200b不满意"]


def test_a_window_is_a_sign_with_its_number_apart() -> None:
    told = state(STATES["standby"], None, "zh", "en")
    assert told.window == "3"
    assert [line.text for line in told.window_words] == ["号窗口", "Window"]
    assert [line.text for line in told.place] == ["3号窗口", "Window 3"]


def test_a_corrected_rating_says_so_and_asks_for_nothing() -> None:
    asked, corrected = state(STATES["thanks"]), state(STATES["corrected"])
    assert asked.live
    assert not corrected.live
    assert asked.hint != corrected.hint != ()


def test_a_faults_code_stands_there_for_the_technician() -> None:
    told = state(PadView(Scene.FAULT, PadCode.LEDGER_FULL))
    assert told.fault == PadCode.LEDGER_FULL.code
    assert told.sign == "staff"
    assert not told.faces


def test_notices_that_take_turns_can_be_held() -> None:
    now = STATES["standby"]
    one = page_state(fixed(notices=("a",)), now, PageChoices(), 1)
    two = page_state(fixed(notices=("a", "b"), notice_s=7), now, PageChoices(), 1)
    assert (one.notice_s, one.hold) == (0, None)
    assert (two.notice_s, two.hold is not None) == (7, True)


def test_the_clock_and_the_time_that_is_left_do_not_change_the_question() -> None:
    now = STATES["invitation"]
    asked = question_of(now)
    assert asked == question_of(now._replace(minute="10:00", left_ms=1))
    assert asked != question_of(now._replace(invitation="another"))
    assert asked != question_of(now._replace(asks=False))


def test_sizes_are_those_of_an_eye_at_the_window() -> None:
    assert TARGET_MM >= 20
    assert READING_MM == 600
    assert 4.2 < TEXT_MM < 4.4
