"""What counts as passed, failed and skipped, in time that is an argument."""

import pytest

from device.board.profile import load_profile
from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from device.selftest.plan import plan
from device.selftest.runner import ANSWER_MS, GOODBYE_MS, KEY_MS, MAX_WRONG, TURN_MS, Runner
from device.selftest.steps import (
    Ask,
    AskKey,
    Effect,
    Event,
    Item,
    Measure,
    Prompt,
    Quit,
    StepAnswer,
    StepMeasured,
    StepOutcome,
    StepResult,
    StepTick,
    Stimulus,
)
from sync.entries import Level

LEVELS = [level.value for level in Level]
YES, NO = Level.VERY_SATISFIED.value, Level.VERY_DISSATISFIED.value


class Walk:
    """A technician who walks through a course; `now_ms` is the course's clock."""

    def __init__(self, *, terminal: bool = False, signals: bool = False) -> None:
        self.runner = Runner(
            plan(
                load_profile("simulated").keys.key,
                languages=["zh"],
                display=True,
                lights=["satisfied"] if signals else [],
                beeper=signals,
                voice=signals,
            ),
            terminal=terminal,
        )
        self.now_ms = 1_000
        self.effects: list[Effect] = []
        self.prompt = Prompt("")
        self._take(self.runner.begin(self.now_ms))

    def _take(self, effects: list[Effect]) -> None:
        self.effects = effects
        for one in effects:
            if isinstance(one, Prompt):
                self.prompt = one

    def do(self, event: Event, after_ms: int = 500) -> "Walk":
        """Something happens a while later."""
        self.now_ms += after_ms
        self._take(self.runner.apply_event(event, self.now_ms))
        return self

    def wait(self, ms: int) -> "Walk":
        """Nothing happens but time, as the runner has it pass."""
        until_ms = self.now_ms + ms
        while (due_ms := self.runner.deadline_ms) is not None and due_ms <= until_ms:
            self.do(StepTick(), max(0, due_ms - self.now_ms))
        self.now_ms = max(self.now_ms, until_ms)
        return self

    def press(self, *names: str) -> "Walk":
        """One key, or several at once."""
        level = Level(names[0]) if len(names) == 1 and names[0] in LEVELS else None
        return self.do(Press("+".join(names), level, "keys", self.now_ms))

    def fault(self, code: PadCode, detail: str = "", *, broken: bool = True) -> "Walk":
        return self.do(FaultReport(code, broken, detail))

    def measure(
        self, outcome: StepOutcome = StepOutcome.PASSED, code: PadCode | None = None
    ) -> "Walk":
        """The three things that need no hand."""
        for about in ("clock", "ledger", "broker"):
            assert self.effects[-1] == Measure(about)
            self.do(StepMeasured(Item(about, outcome, "measured", code)))
        return self

    def keys(self, *, but: str = "") -> "Walk":
        """Every key as it is asked for; one is not pressed in time."""
        for level in LEVELS:
            assert self.asked() == level
            self.wait(KEY_MS) if level == but else self.press(level)
        return self

    def asked(self) -> str:
        """The key that is asked for, or the question, by the last prompt."""
        step = self.prompt.step
        return step.key if isinstance(step, AskKey) else self.prompt.words

    def answer(self, key: str) -> "Walk":
        """See the picture, then the question, then answer it."""
        return self.wait(TURN_MS).press(key)

    def outcome(self, about: str) -> tuple[StepOutcome, PadCode | None]:
        item = self.runner.items[about]
        return item.outcome, item.code

    @property
    def passed(self) -> set[str]:
        return {
            one.about for one in self.runner.items.values() if one.outcome is StepOutcome.PASSED
        }


def test_a_good_pad_passes_everything_and_says_so_for_a_while() -> None:
    walk = Walk(signals=True).measure().keys()
    for _ in range(3):
        walk.answer(YES)
    for _ in range(3):
        walk.press(YES)  # a light, a beep, a voice: the question stands there at once
    assert walk.runner.passed
    assert walk.effects[-1] == Prompt("passed")
    over_before = walk.runner.over
    assert not over_before
    walk.wait(GOODBYE_MS)
    assert walk.runner.over
    assert [item.about for item in walk.runner.results] == [
        *("clock", "ledger", "broker"),
        *(f"key {level}" for level in LEVELS),
        *("display border", "display checker", "display text zh"),
        *("light satisfied", "beeper", "voice"),
    ]


def test_no_press_becomes_anything_but_an_item() -> None:
    walk = Walk().measure().keys()
    assert all(isinstance(one, StepResult | Prompt | Stimulus) for one in walk.effects)


def test_what_was_measured_badly_stays_failed_and_the_walk_goes_on() -> None:
    walk = Walk().measure(StepOutcome.FAILED, PadCode.LEDGER_WRITE).keys()
    for _ in range(3):
        walk.answer(YES)
    assert not walk.runner.passed
    assert walk.effects[-1] == Prompt("failed")
    assert len(walk.passed) == 8


def test_a_wrong_key_is_reported_and_the_right_one_still_passes() -> None:
    walk = Walk().measure().press("dissatisfied")
    assert walk.effects == [Prompt("wrong", walk.runner._step)]
    walk.press(YES)
    assert walk.outcome(f"key {YES}") == (StepOutcome.PASSED, None)
    assert "after dissatisfied" in walk.runner.items[f"key {YES}"].says


def test_two_keys_at_once_are_reported() -> None:
    walk = Walk().measure().press("satisfied", YES)
    assert [one.words for one in walk.effects if isinstance(one, Prompt)] == ["several"]


def test_a_key_that_another_wire_answers_for_fails_by_name() -> None:
    walk = Walk().measure()
    for _ in range(MAX_WRONG):
        walk.press("dissatisfied")
    assert walk.outcome(f"key {YES}") == (StepOutcome.FAILED, PadCode.KEY_WRONG)
    assert "dissatisfied" in walk.runner.items[f"key {YES}"].says
    assert walk.asked() == "satisfied"


def test_a_key_that_nobody_presses_is_skipped_in_time() -> None:
    walk = Walk().measure().wait(KEY_MS - 1)
    assert f"key {YES}" not in walk.runner.items
    walk.wait(1)
    assert walk.outcome(f"key {YES}") == (StepOutcome.SKIPPED, PadCode.KEYS_GONE)


@pytest.mark.parametrize("code", [PadCode.KEY_STUCK, PadCode.KEY_CHATTER])
@pytest.mark.parametrize("when", ["before it is asked for", "while", "after it has passed"])
def test_a_stuck_or_chattering_key_fails_whenever_it_is_reported(code: PadCode, when: str) -> None:
    walk = Walk().measure()
    if when != "before it is asked for":
        walk.press(YES)
    if when == "after it has passed":
        walk.press("satisfied")
    walk.fault(code, "satisfied")
    assert walk.outcome("key satisfied") == (StepOutcome.FAILED, code)
    walk.fault(code, "satisfied", broken=False)
    assert len(walk.runner.results) == len(walk.runner.items)
    assert walk.outcome("key satisfied") == (StepOutcome.FAILED, code)  # for somebody to look at
    if when == "before it is asked for":
        walk.press(YES)
    assert "satisfied" not in [
        one.step.key
        for one in walk.effects
        if isinstance(one, Prompt) and isinstance(one.step, AskKey)
    ]


def test_keys_that_are_gone_are_waited_for_once_then_all_fail() -> None:
    walk = Walk().measure().fault(PadCode.KEYS_GONE, "/dev/ttyUSB0: gone")
    assert walk.effects == [Prompt("gone", walk.runner._step)]
    walk.wait(KEY_MS)
    assert {walk.outcome(f"key {level}") for level in LEVELS} == {
        (StepOutcome.FAILED, PadCode.KEYS_GONE)
    }


def test_keys_that_come_back_are_asked_for_again() -> None:
    walk = (
        Walk()
        .measure()
        .fault(PadCode.KEYS_GONE, "unplugged")
        .fault(PadCode.KEYS_GONE, broken=False)
    )
    assert walk.asked() == YES
    walk.wait(KEY_MS - 1)
    walk.keys()
    assert {f"key {level}" for level in LEVELS} <= walk.passed


def test_a_question_shows_picture_and_words_in_turn_and_takes_no_answer_unseen() -> None:
    walk = Walk().measure().keys()
    assert walk.effects[-1] == Stimulus("picture", "border")
    walk.press(YES)  # a key that was pressed twice answers nothing
    assert "display border" not in walk.runner.items
    walk.wait(TURN_MS)
    assert walk.asked() == "border"
    walk.wait(TURN_MS)
    assert walk.effects == [Stimulus("picture", "border")]
    walk.press("satisfied")  # neither yes nor no: the question again
    assert walk.asked() == "border"
    walk.press(YES)
    assert "display border" in walk.passed


def test_no_is_a_failure_with_the_code_of_the_part() -> None:
    walk = Walk(signals=True).measure().keys()
    for _ in range(3):
        walk.answer(NO)
    walk.press(NO)
    assert walk.outcome("display border") == (StepOutcome.FAILED, PadCode.DISPLAY_GONE)
    assert walk.outcome("light satisfied") == (StepOutcome.FAILED, PadCode.SIGNAL_GONE)


def test_a_question_that_nobody_answers_is_skipped() -> None:
    walk = Walk().measure().keys().wait(ANSWER_MS)
    assert walk.outcome("display border") == (StepOutcome.SKIPPED, None)


def test_a_display_that_does_not_answer_fails_without_a_question() -> None:
    walk = Walk().measure().fault(PadCode.DISPLAY_GONE, "i2c-1 0x3c").keys()
    assert walk.outcome("display checker") == (StepOutcome.FAILED, PadCode.DISPLAY_GONE)
    assert walk.effects[-1] == Prompt("failed")


def test_a_display_that_comes_back_is_looked_at() -> None:
    walk = (
        Walk()
        .measure()
        .fault(PadCode.DISPLAY_GONE, "gone")
        .fault(PadCode.DISPLAY_GONE, broken=False)
    )
    walk.keys()
    assert walk.effects[-1] == Stimulus("picture", "border")


def test_a_signal_that_cannot_be_driven_fails_alone() -> None:
    walk = Walk(signals=True).measure().keys()
    for _ in range(3):
        walk.answer(YES)
    walk.fault(PadCode.SIGNAL_GONE, "light: no such line")
    assert walk.outcome("light satisfied") == (StepOutcome.FAILED, PadCode.SIGNAL_GONE)
    assert walk.asked() == "beep"
    walk.fault(PadCode.SIGNAL_GONE, "voice: no card")  # not what is asked now
    walk.press(YES)
    assert walk.outcome("beeper") == (StepOutcome.PASSED, None)
    assert walk.outcome("voice") == (StepOutcome.FAILED, PadCode.SIGNAL_GONE)


def test_without_its_answer_keys_a_pad_asks_nothing_unless_somebody_can_type() -> None:
    walk = Walk().measure().keys(but=NO)
    assert walk.outcome("display border") == (StepOutcome.SKIPPED, None)
    walk = Walk(terminal=True).measure().keys(but=NO)
    assert walk.effects[-1] == Stimulus("picture", "border")
    walk.do(StepAnswer(True)).do(StepAnswer(False)).do(StepAnswer(None))
    assert walk.outcome("display border") == (StepOutcome.PASSED, None)
    assert walk.outcome("display checker") == (StepOutcome.FAILED, PadCode.DISPLAY_GONE)
    assert walk.outcome("display text zh") == (StepOutcome.SKIPPED, None)


def test_a_key_may_be_skipped_by_hand_and_yes_says_nothing_of_it() -> None:
    walk = Walk(terminal=True).measure().do(StepAnswer(True))
    assert walk.effects == []
    walk.do(StepAnswer(None))
    assert walk.outcome(f"key {YES}") == (StepOutcome.SKIPPED, None)


def test_what_is_ended_by_hand_leaves_nothing_out_of_the_report() -> None:
    walk = Walk().measure().press(YES).do(Quit())
    assert walk.runner.over
    assert len(walk.runner.items) == 11
    assert not walk.runner.passed
    assert walk.do(StepTick()).effects == []


def test_prompts_change_their_language_in_turn() -> None:
    walk = Walk().measure()
    turns = [walk.wait(TURN_MS).effects[0] for _ in range(2)]
    assert [one.turn for one in turns if isinstance(one, Prompt)] == [1, 2]


def test_the_plan_asks_only_for_what_the_board_has() -> None:
    bare = plan([], languages=["zh"], display=False, lights=[], beeper=False, voice=False)
    assert [step.about for step in bare] == ["clock", "ledger", "broker"]
    lit = plan(
        load_profile("simulated").keys.key,
        languages=["zh", "ko"],
        display=True,
        lights=["satisfied"],
        beeper=True,
        voice=False,
    )
    (light,) = [step for step in lit if isinstance(step, Ask) and step.stimulus.kind == "light"]
    assert light.key is not None
    assert light.key.level is Level.SATISFIED
    assert "display text ko" in [step.about for step in lit]
