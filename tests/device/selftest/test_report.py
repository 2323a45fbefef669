"""The result as a text that can be filed, and what the display shows on the way."""

import hashlib
import re

import pytest

from device.board.profile import load_profile
from device.errors import PadCode
from device.selftest.plan import plan
from device.selftest.report import ReportHead, report
from device.selftest.selftest_screens import prompt_screen, test_pictures
from device.selftest.step_words import Texts, texts
from device.selftest.steps import Ask, AskKey, Item, Prompt, StepOutcome
from device.ui.fonts import font, missing_glyphs
from device.ui.oled_pages import pages
from device.ui.oled_picture import layout
from device.ui.screens import Screen
from tests.rigs.display.golden_pictures import GLASS, SIZE

pictures = test_pictures
del test_pictures  # or pytest would take it for a test

LEVELS = texts(["zh"])[0].levels
HEAD = ReportHead(
    "jl-0431-017", "3", "", "simulated", "", "ratingpad 1", "2026-11-23T22:00:00+08:00"
)
ITEMS = [
    Item("clock", StepOutcome.PASSED, "within 10 ms"),
    Item("key satisfied", StepOutcome.FAILED, "asked for satisfied, came x", PadCode.KEY_WRONG),
    Item("display border", StepOutcome.SKIPPED, "nobody answered within 60 s"),
]


def test_a_report_has_everything_that_a_file_needs() -> None:
    text = report(HEAD, ITEMS, LEVELS)
    for needed in ("jl-0431-017", "simulated", "2026-11-23", "ratingpad 1"):
        assert needed in text
    assert "passed 通过 | clock 时钟 | within 10 ms" in text
    assert "FAILED 未通过 | key satisfied 按键 满意 | K04 " in text
    assert PadCode.KEY_WRONG.remedy in text
    assert "skipped 跳过 | display border 显示屏 边框 | nobody answered" in text
    assert "1 passed 通过, 1 FAILED 未通过, 1 skipped 跳过" in text


def test_its_last_line_is_the_digest_of_the_lines_before() -> None:
    text = report(HEAD, ITEMS, LEVELS)
    before, _, last = text.rstrip("\n").rpartition("\n")
    assert last == f"sha256 {hashlib.sha256((before + chr(10)).encode()).hexdigest()}"
    changed = before.replace("FAILED", "passed")  # control
    assert hashlib.sha256((changed + "\n").encode()).hexdigest() not in last


# --- on the display ------------------------------------------------------------------------------

LANGUAGES = [["zh"], ["ko"], ["en"], ["zh", "ko"], ["zh", "ko", "en"]]


def prompts() -> list[Prompt]:
    """Every prompt that there may be, in each turn."""
    keys = load_profile("simulated").keys.key
    names = [key.name for key in keys]
    steps = plan(keys, languages=["zh"], display=True, lights=names, beeper=True, voice=True)
    found = [Prompt(words) for words in ("measuring", "passed", "failed")]
    for step in steps:
        if isinstance(step, AskKey):
            found += [Prompt(words, step) for words in ("press", "wrong", "several", "gone")]
        elif isinstance(step, Ask):
            found.append(Prompt(step.question, step))
    return [one._replace(turn=turn) for one in found for turn in range(3)]


@pytest.mark.parametrize("inches", GLASS)
@pytest.mark.parametrize("languages", LANGUAGES, ids="-".join)
def test_every_prompt_can_be_read_on_glass_of_both_sizes_in_every_language(
    languages: list[str], inches: str
) -> None:
    words, glass = texts(languages), GLASS[inches]
    for one in prompts():
        wanted = prompt_screen(one, words, ["K04", "D01", "A01", "L01"])
        shown = pages(wanted, glass)
        assert {len(row.pieces[0].sizes) for page in shown for row in page.rows} <= {1}
        for page in shown:
            for text in layout(page, SIZE):
                assert text.box[2] <= SIZE[0] - 1
                assert text.box[3] <= SIZE[1] - 1
                letter = "H" if re.search("[A-Za-z0-9]", text.text) else "国"
                box = font(text.language, text.size).getbbox(letter, "1", anchor="ls")
                assert glass.minutes(box[3] - box[1]) >= 16
        said = "".join("".join(_texts(page)) for page in shown).replace(" ", "")
        assert all(text.replace(" ", "") in said for text in _texts(wanted))


def _texts(shown: Screen) -> list[str]:
    return [
        piece.text
        for row in shown.rows
        for piece in (*row.pieces, *([row.right] if row.right else []))
    ]


@pytest.mark.parametrize("one", texts(["zh", "ko", "en"]), ids=lambda one: one.language)
def test_every_sign_of_every_text_has_a_glyph(one: Texts) -> None:
    said = "".join(one.of(name) for name in Texts.__struct_fields__ if name != "levels")
    assert missing_glyphs(said + "".join(one.levels.values()), one.language) == ""


def test_a_question_names_both_answers_and_a_light_its_key() -> None:
    words = texts(["zh"])
    (asked,) = [one for one in prompts() if one.words == "light" and one.turn == 0 and _is(one)]
    rows = prompt_screen(asked, words, []).rows
    assert rows[0].pieces[0].text == "满意 灯亮吗？"
    assert [row.right.text for row in rows[1:] if row.right] == ["非常满意", "非常不满意"]


def _is(prompt: Prompt) -> bool:
    return prompt.step is not None and prompt.step.about == "light satisfied"


def test_the_pictures_reach_every_edge_and_show_dead_rows_and_columns() -> None:
    words = texts(["zh", "ko"])
    (border,) = pictures("border", words, GLASS["0.96"])
    wide, high = SIZE
    edge = [(x, y) for x in range(wide) for y in (0, high - 1)]
    edge += [(x, y) for x in (0, wide - 1) for y in range(high)]
    assert all(border.getpixel(at) for at in edge)
    (checker,) = pictures("checker", words, GLASS["0.96"])
    lit = [[bool(checker.getpixel((x, y))) for x in range(wide)] for y in range(high)]
    assert all(sum(row) == wide / 2 for row in lit)
    assert all(sum(column) == high / 2 for column in zip(*lit, strict=True))
    zh, ko = (pictures(f"text {language}", words, GLASS["0.96"]) for language in ("zh", "ko"))
    assert all(page.getbbox() for page in zh + ko)
    assert zh[0].tobytes() != ko[0].tobytes()
