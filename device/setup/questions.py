"""Asks a technician for what is not given as an option, in the pad's file, or found out."""

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, TextIO

from sync.language import tr
from sync.sentence import Sentence
from sync.shown_text import shown

Check = Callable[[str], Sentence | None]


class UnansweredError(Exception):
    """Something must be decided, and there is nobody to ask. `why` names the option."""

    def __init__(self, why: Sentence) -> None:
        super().__init__(why)
        self.why = why


class Choice(NamedTuple):
    """One of several answers, and what it means."""

    value: str
    title: str


class Questions:
    """Asks on a terminal, and counts. Without one (`keyboard` None) the suggestion is the answer,
    and a question without one raises UnansweredError.
    """

    def __init__(self, keyboard: TextIO | None = None, screen: TextIO | None = None) -> None:
        self._keyboard = keyboard
        self._screen = screen or sys.stdout
        self.asked = 0

    def text(self, question: str, option: str, check: Check, suggested: str | None = None) -> str:
        """A text; again, with the reason, until `check` finds nothing wrong."""
        if self._keyboard is None:
            return self._unasked(question, option, suggested)
        self.asked += 1
        while True:
            answer = self._read(question, suggested)
            if (wrong := check(answer)) is None:
                return answer
            self._say(f"  {shown(answer)}: {tr(wrong)}")

    def choice(
        self,
        question: str,
        option: str,
        choices: Sequence[Choice],
        suggested: str | None = None,
    ) -> str:
        """One of several, by its number or its name."""
        if self._keyboard is None:
            return self._unasked(question, option, suggested)
        self.asked += 1
        values = [one.value for one in choices]
        width = max(map(len, values))
        for number, one in enumerate(choices, 1):
            self._say(f"  {number:2}  {one.value:{width}}  {tr(one.title)}".rstrip())
        while True:
            answer = self._read(question, suggested)
            if answer in values:
                return answer
            if answer.isascii() and answer.isdigit() and 1 <= int(answer[:4]) <= len(values):
                return values[int(answer) - 1]
            wrong = Sentence("a number from 1 to {most}, or a name of this list", most=len(values))
            self._say(f"  {shown(answer)}: {tr(wrong)}")

    def agreed(self, question: str) -> bool:
        """Whether the technician agrees; without a terminal the option --yes has said so."""
        if self._keyboard is None:
            return True
        self.asked += 1
        while True:
            answer = self._read(question, None).lower()
            if answer in ("", "y", "yes", "j", "是", "好"):
                return True
            if answer in ("n", "no", "否", "不"):
                return False

    def _read(self, question: str, suggested: str | None) -> str:
        hint = f" [{suggested}]" if suggested is not None else ""
        print(f"{tr(question)}{hint}: ", end="", file=self._screen, flush=True)
        line = self._keyboard.readline() if self._keyboard is not None else ""
        if not line:
            raise UnansweredError(Sentence("{question}: no answer", question=question))
        return line.strip() or suggested or ""

    def _say(self, line: str) -> None:
        print(line, file=self._screen)

    def _unasked(self, question: str, option: str, suggested: str | None) -> str:
        if suggested is None:
            raise UnansweredError(
                Sentence("{question}: give it as {option}", question=question, option=option)
            )
        return suggested
