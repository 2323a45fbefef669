"""The nouns of a self-test: what is done, what happens, what follows, what is found. Pure."""

import enum
from typing import NamedTuple

from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from sync.entries import Level


class StepOutcome(enum.Enum):
    """How one thing came out."""

    PASSED = "passed"
    FAILED = "FAILED"
    SKIPPED = "skipped"


class Item(NamedTuple):
    """What was found of one thing. `about`: its stable name. `code`: where the remedy stands."""

    about: str
    outcome: StepOutcome
    says: str
    code: PadCode | None = None


# --- steps ----------------------------------------------------------------------------------


class Measure(NamedTuple):
    """Something that needs no hand; `StepMeasured` answers it."""

    about: str


class AskKey(NamedTuple):
    """A key to be pressed."""

    about: str
    key: str
    level: Level | None


class Stimulus(NamedTuple):
    """What is shown, lit or sounded: `kind` is picture, light, beep or voice, `name` which."""

    kind: str
    name: str = ""


class Ask(NamedTuple):
    """A question about a stimulus. `question`: its words in the strings. `code`: what "no" is.

    `key`: the key that it is about, if it is about one.
    """

    about: str
    question: str
    stimulus: Stimulus
    code: PadCode
    key: AskKey | None = None


Step = Measure | AskKey | Ask


# --- events ---------------------------------------------------------------------------------


class StepMeasured(NamedTuple):
    """What a `Measure` step found."""

    item: Item


class StepAnswer(NamedTuple):
    """Typed by somebody: yes, no, or None to go on to the next."""

    yes: bool | None


class StepTick(NamedTuple):
    """The deadline has come."""


class Quit(NamedTuple):
    """Somebody ended it."""


Event = Press | FaultReport | StepMeasured | StepAnswer | StepTick | Quit


# --- effects --------------------------------------------------------------------------------


class Prompt(NamedTuple):
    """Show and print these words. `turn`: which of the pad's languages a crowded screen takes."""

    words: str
    step: Step | None = None
    turn: int = 0


class StepResult(NamedTuple):
    """An item is known, or is known better."""

    item: Item


Effect = Measure | Stimulus | Prompt | StepResult
