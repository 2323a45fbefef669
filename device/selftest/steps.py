"""The types of a self-test: steps, events, effects and results. Pure."""

import enum
from typing import NamedTuple

from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from sync.entries import Level


class StepOutcome(enum.Enum):
    """The outcome of one step."""

    PASSED = "passed"
    FAILED = "FAILED"
    SKIPPED = "skipped"


class Item(NamedTuple):
    """The result of one step. `about`: its stable name. `code`: the fault, which has a remedy."""

    about: str
    outcome: StepOutcome
    says: str
    code: PadCode | None = None


# --- steps ----------------------------------------------------------------------------------


class Measure(NamedTuple):
    """A measurement that needs no person; its result comes as `StepMeasured`."""

    about: str


class AskKey(NamedTuple):
    """A key that the technician is asked to press."""

    about: str
    key: str
    level: Level | None


class Stimulus(NamedTuple):
    """What is shown, lit or sounded. `kind`: picture, light, beep or voice; `name`: which one."""

    kind: str
    name: str = ""


class Ask(NamedTuple):
    """A yes-or-no question about a stimulus. `question`: the name of its text.

    `code`: the fault if the answer is no. `key`: the key that it is about, if any.
    """

    about: str
    question: str
    stimulus: Stimulus
    code: PadCode
    key: AskKey | None = None


Step = Measure | AskKey | Ask


# --- events ---------------------------------------------------------------------------------


class StepMeasured(NamedTuple):
    """The result of a `Measure` step."""

    item: Item


class StepAnswer(NamedTuple):
    """The technician typed yes, no, or (None) to skip the step."""

    yes: bool | None


class StepTick(NamedTuple):
    """`Runner.deadline_ms` has passed."""


class Quit(NamedTuple):
    """The technician ended the test."""


Event = Press | FaultReport | StepMeasured | StepAnswer | StepTick | Quit


# --- effects --------------------------------------------------------------------------------


class Prompt(NamedTuple):
    """Show and print a text. `turn`: counts up, so that languages are shown in turn."""

    words: str
    step: Step | None = None
    turn: int = 0


class StepResult(NamedTuple):
    """A step has a result, or another result than before."""

    item: Item


Effect = Measure | Stimulus | Prompt | StepResult
