"""The sequence of a self-test: what is asked, what counts as passed, how long to wait. Pure.

Time comes with every event, in milliseconds of any monotonic clock. One step at a time: a
measurement, a key to press, or a question about what the technician sees or hears. The answer is
the key of the best level for yes and that of the worst for no, so no keyboard is needed. No press
becomes a rating here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from device.selftest.steps import (
    Ask,
    AskKey,
    Effect,
    Event,
    Item,
    Measure,
    Prompt,
    Quit,
    Step,
    StepAnswer,
    StepMeasured,
    StepOutcome,
    StepResult,
    StepTick,
)
from sync.entries import Level
from sync.sentence import Sentence

KEY_MS = 30_000
"""How long to wait for each key."""
ANSWER_MS = 60_000
"""How long to wait for an answer."""
TURN_MS = 4_000
"""How long a test picture is shown, then the question, then the picture again."""
GOODBYE_MS = 5_000
"""How long the result stays on the display."""
MAX_WRONG = 3
"""After so many wrong presses a key has failed: wires or codes have been swapped."""

YES, NO = Level.VERY_SATISFIED, Level.VERY_DISSATISFIED


@dataclass(slots=True)
class _Progress:
    """The present step: its times, the turn of picture and question, and the wrong presses."""

    since_ms: int
    until_ms: int
    turn_ms: int | None = None
    turn: int = 0
    asked: bool = False
    wrong: tuple[str, ...] = ()


class Runner:
    """One self-test. Call `begin` once, then `apply_event` for each event, and with a `StepTick` at
    `deadline_ms`. Not thread-safe.

    `terminal`: the technician can type, so that questions can be answered without keys.
    """

    def __init__(self, steps: Sequence[Step], *, terminal: bool) -> None:
        self.items: dict[str, Item] = {}
        """The results so far, by the name of the step."""
        self.over = False
        self._steps = list(steps)
        self._terminal = terminal
        self._keys = {step.key: step for step in steps if isinstance(step, AskKey)}
        self._faults: dict[tuple[PadCode, str], FaultReport] = {}
        self._place = -1
        self._progress = _Progress(0, 0)

    @property
    def results(self) -> list[Item]:
        """The results so far, in the order of the steps."""
        return [self.items[step.about] for step in self._steps if step.about in self.items]

    @property
    def passed(self) -> bool:
        """Whether everything has passed."""
        return len(self.items) == len(self._steps) and all(
            item.outcome is StepOutcome.PASSED for item in self.items.values()
        )

    @property
    def deadline_ms(self) -> int | None:
        """When a `StepTick` is due; None: only another event continues the test."""
        if self.over or isinstance(self._step, Measure):
            return None
        turn_ms = self._progress.turn_ms
        return self._progress.until_ms if turn_ms is None else min(self._progress.until_ms, turn_ms)

    @property
    def _step(self) -> Step | None:
        return self._steps[self._place] if 0 <= self._place < len(self._steps) else None

    def begin(self, now_ms: int) -> list[Effect]:
        """Begin the first step, and return what is to be done."""
        return self._next(now_ms)

    def apply_event(self, event: Event, now_ms: int) -> list[Effect]:
        """Take an event, and return what is to be done."""
        if self.over:
            return []
        if isinstance(event, FaultReport):
            return (
                self._fault_raised(event, now_ms)
                if event.broken
                else self._fault_cleared(event, now_ms)
            )
        if isinstance(event, Quit):
            return self._quit()
        return self._at_step(event, now_ms)

    def _at_step(self, event: Event, now_ms: int) -> list[Effect]:
        match self._step:
            case AskKey() as step:
                return self._at_key(step, event, now_ms)
            case Ask() as step:
                return self._at_question(step, event, now_ms)
            case Measure() if isinstance(event, StepMeasured):
                return self._finish_step(event.item, now_ms)
            case None:
                self.over = isinstance(event, StepTick) and now_ms >= self._progress.until_ms
        return []

    # --- a key ------------------------------------------------------------------------------

    def _at_key(self, step: AskKey, event: Event, now_ms: int) -> list[Effect]:
        match event:
            case Press(key=key):
                return self._pressed(step, key, now_ms)
            case StepAnswer(yes=None):
                return self._finish_step(_skipped(step, Sentence("skipped by hand")), now_ms)
            case StepTick() if now_ms >= self._progress.until_ms:
                return self._finish_step(self._unpressed(step), now_ms)
            case StepTick() if now_ms >= (self._progress.turn_ms or 0):
                self._progress.turn_ms = now_ms + TURN_MS
                self._progress.turn += 1
                return [Prompt(self._words(), step, self._progress.turn)]
        return []

    def _pressed(self, step: AskKey, key: str, now_ms: int) -> list[Effect]:
        progress = self._progress
        if key == step.key:
            took_s, wrong = (now_ms - progress.since_ms) / 1000, ", ".join(progress.wrong)
            says = Sentence("{took:.1f} s", took=took_s)
            if wrong:
                says = Sentence("{took:.1f} s, after {wrong}", took=took_s, wrong=wrong)
            return self._finish_step(Item(step.about, StepOutcome.PASSED, says), now_ms)
        progress.wrong = (*progress.wrong, key)
        if len(progress.wrong) >= MAX_WRONG:
            says = Sentence(
                "asked for {key}, came {wrong}", key=step.key, wrong=", ".join(progress.wrong)
            )
            return self._finish_step(_failed(step, PadCode.KEY_WRONG, says), now_ms)
        progress.until_ms = now_ms + KEY_MS
        return [Prompt("several" if "+" in key else "wrong", step)]

    def _words(self) -> str:
        return "press" if self._present_fault(PadCode.KEYS_GONE) is None else "gone"

    def _unpressed(self, step: AskKey) -> Item:
        gone = self._present_fault(PadCode.KEYS_GONE)
        if gone is not None:
            return _failed(step, PadCode.KEYS_GONE, gone.detail)
        seconds, wrong = KEY_MS // 1000, ", ".join(self._progress.wrong)
        says = Sentence("not pressed within {seconds} s, or the key is dead", seconds=seconds)
        if wrong:
            says = Sentence(
                "not pressed within {seconds} s (came: {wrong}), or the key is dead",
                seconds=seconds,
                wrong=wrong,
            )
        return _skipped(step, says, PadCode.KEYS_GONE)

    # --- a question -------------------------------------------------------------------------

    def _at_question(self, step: Ask, event: Event, now_ms: int) -> list[Effect]:
        progress = self._progress
        match event:
            case StepAnswer(yes=yes):
                return self._finish_step(_answered(step, yes, Sentence("typed")), now_ms)
            case Press(level=level) if progress.asked and level in (YES, NO):
                return self._finish_step(_answered(step, level is YES, Sentence("by key")), now_ms)
            case Press() if progress.asked:
                return [Prompt(step.question, step, progress.turn // 2)]
            case StepTick() if now_ms >= progress.until_ms:
                says = Sentence("nobody answered within {seconds} s", seconds=ANSWER_MS // 1000)
                return self._finish_step(_skipped(step, says), now_ms)
            case StepTick() if progress.turn_ms is not None and now_ms >= progress.turn_ms:
                return self._turn(step, now_ms)
        return []

    def _turn(self, step: Ask, now_ms: int) -> list[Effect]:
        """Show picture and question in turn; a light or sound and its question come together."""
        progress = self._progress
        turn, progress.turn = progress.turn, progress.turn + 1
        progress.turn_ms = now_ms + TURN_MS
        if step.stimulus.kind != "picture":
            progress.asked = True
            return [step.stimulus, Prompt(step.question, step, turn)]
        if turn % 2 == 0:
            return [step.stimulus]
        progress.asked = True
        return [Prompt(step.question, step, turn // 2)]

    # --- faults -----------------------------------------------------------------------------

    def _fault_raised(self, report: FaultReport, now_ms: int) -> list[Effect]:
        """A driver reports a fault. A key that has passed before fails, too."""
        self._faults[report.code, report.detail] = report
        step, key = self._step, self._keys.get(report.detail)
        if report.code in (PadCode.KEY_STUCK, PadCode.KEY_CHATTER) and key is not None:
            item = _failed(key, report.code, report.detail)
            if key is step:
                return self._finish_step(item, now_ms)
            self.items[item.about] = item
            return [StepResult(item)]
        if report.code is PadCode.KEYS_GONE and isinstance(step, AskKey):
            return [Prompt("gone", step)]
        if isinstance(step, Ask) and _decides(report, step):
            return self._finish_step(_failed(step, report.code, report.detail), now_ms)
        return []

    def _fault_cleared(self, report: FaultReport, now_ms: int) -> list[Effect]:
        """A fault is over. A step that has failed stays failed: the technician must look at it."""
        gone = report.code is PadCode.KEYS_GONE
        for code, detail in list(self._faults):
            if code is report.code and (gone or report.detail in ("", detail)):
                del self._faults[code, detail]
        if gone and isinstance(self._step, AskKey):
            self._progress.until_ms = now_ms + KEY_MS
            return [Prompt("press", self._step)]
        return []

    def _present_fault(self, code: PadCode) -> FaultReport | None:
        return next((fault for fault in self._faults.values() if fault.code is code), None)

    # --- from one to the next ---------------------------------------------------------------

    def _finish_step(self, item: Item, now_ms: int) -> list[Effect]:
        self.items[item.about] = item
        return [StepResult(item), *self._next(now_ms)]

    def _next(self, now_ms: int) -> list[Effect]:
        """Go to the next step without a result; a step whose result is known gets it at once."""
        out: list[Effect] = []
        while True:
            self._place += 1
            step = self._step
            if step is None:
                self._progress = _Progress(now_ms, now_ms + GOODBYE_MS)
                return [*out, Prompt("passed" if self.passed else "failed")]
            if step.about in self.items:
                continue
            known = self._known(step)
            if known is not None:
                self.items[known.about] = known
                out.append(StepResult(known))
                continue
            return out + self._enter(step, now_ms)

    def _enter(self, step: Step, now_ms: int) -> list[Effect]:
        match step:
            case Measure():
                return [Prompt("measuring", step), step]
            case AskKey():
                self._progress = _Progress(now_ms, now_ms + KEY_MS, now_ms + TURN_MS)
                return [Prompt(self._words(), step)]
            case Ask():
                self._progress = _Progress(now_ms, now_ms + ANSWER_MS)
                return self._turn(step, now_ms)

    def _known(self, step: Step) -> Item | None:
        """The result of a step that need not be done: a fault decides it, or nobody can answer."""
        if isinstance(step, AskKey):
            before = self._steps[self._place - 1]
            gone = self._present_fault(PadCode.KEYS_GONE)
            waited = isinstance(before, AskKey) and self.items[before.about].code
            # Keys that are unplugged are waited for once, not once for each key.
            if gone is not None and waited is PadCode.KEYS_GONE:
                return _failed(step, PadCode.KEYS_GONE, gone.detail)
        if isinstance(step, Ask):
            fault = next((fault for fault in self._faults.values() if _decides(fault, step)), None)
            if fault is not None:
                return _failed(step, fault.code, fault.detail)
            if not self._terminal and not self._answerable():
                says = Sentence("a key to answer with has not passed; run it again in a terminal")
                return _skipped(step, says)
        return None

    def _answerable(self) -> bool:
        passed = {
            step.level
            for step in self._keys.values()
            if (item := self.items.get(step.about)) and item.outcome is StepOutcome.PASSED
        }
        return {YES, NO} <= passed

    def _quit(self) -> list[Effect]:
        """End the test: every step without a result is skipped."""
        out: list[Effect] = []
        for step in self._steps:
            if step.about not in self.items:
                self.items[step.about] = _skipped(step, Sentence("ended by hand"))
                out.append(StepResult(self.items[step.about]))
        self.over = True
        return out


def _failed(step: Step, code: PadCode, says: str) -> Item:
    return Item(step.about, StepOutcome.FAILED, says, code)


def _skipped(step: Step, says: str, code: PadCode | None = None) -> Item:
    return Item(step.about, StepOutcome.SKIPPED, says, code)


def _answered(step: Ask, yes: bool | None, how: str) -> Item:
    if yes is None:
        return _skipped(step, Sentence("skipped by hand"))
    if yes:
        return Item(step.about, StepOutcome.PASSED, Sentence("yes, {how}", how=how))
    return _failed(step, step.code, Sentence("no, {how}", how=how))


def _decides(report: FaultReport, step: Ask) -> bool:
    """Whether this fault makes the question of the step needless: its part cannot work."""
    if report.code is PadCode.SIGNAL_GONE and not report.detail.startswith(step.stimulus.kind):
        return False
    return report.code is step.code
