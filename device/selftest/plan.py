"""The steps of a pad's self-test, in order. Pure.

First what needs no person, then the keys, then the questions that are answered with these keys.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from device.errors import PadCode
from device.selftest.steps import Ask, AskKey, Measure, Step, Stimulus

if TYPE_CHECKING:
    from device.board.key_levels import AnyKey

PICTURES = ("border", "checker")
"""The test pictures; a text in each language is shown besides."""

MEASURES = ("clock", "ledger", "broker")


def plan(
    keys: "Sequence[AnyKey]",
    *,
    languages: Sequence[str],
    display: bool,
    lights: Sequence[str],
    beeper: bool,
    voice: bool,
) -> list[Step]:
    """The steps for a board with these parts; `lights` are the names of the keys that have one."""
    steps: list[Step] = [Measure(about) for about in MEASURES]
    steps += [AskKey(f"key {key.name}", key.name, key.level) for key in keys]
    if display:
        steps += [_seen(f"display {name}", name, name) for name in PICTURES]
        steps += [
            _seen(f"display text {language}", "text", f"text {language}") for language in languages
        ]
    asked = {step.key: step for step in steps if isinstance(step, AskKey)}
    steps += [_signal(f"light {name}", "light", name, asked.get(name)) for name in lights]
    if beeper:
        steps.append(_signal("beeper", "beep"))
    if voice:
        steps.append(_signal("voice", "voice"))
    return steps


def _seen(about: str, question: str, picture: str) -> Ask:
    return Ask(about, question, Stimulus("picture", picture), PadCode.DISPLAY_GONE)


def _signal(about: str, kind: str, name: str = "", key: AskKey | None = None) -> Ask:
    return Ask(about, kind, Stimulus(kind, name), PadCode.SIGNAL_GONE, key)
