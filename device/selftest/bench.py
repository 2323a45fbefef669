"""A self-test on the real board: carries out the runner's effects and passes events to it.

One thread does everything except the display. The drivers' threads, and the one that reads the
terminal, only put events into a queue. The ledger is locked, so that no agent can start, but not
opened.
"""

import os
import platform
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from device.board.glass import LEAST_WIDTH_MM, Glass
from device.board.key_levels import AnyKey
from device.board.keypad import load_keypad
from device.board.profile import glass_of
from device.config.config import Config
from device.drivers.display_worker import DisplayWorker
from device.drivers.registry import build_board
from device.errors import DriverError, PadCode
from device.ledger.file import exclude_agents
from device.ports import Board, FaultReport
from device.selftest import probes
from device.selftest.plan import plan
from device.selftest.report import ENGLISH, DetailWording, ReportHead, line, report
from device.selftest.runner import Runner
from device.selftest.selftest_screens import prompt_screen, test_pictures, worded
from device.selftest.step_words import texts
from device.selftest.steps import (
    AskKey,
    Effect,
    Event,
    Item,
    Measure,
    Prompt,
    Quit,
    StepAnswer,
    StepMeasured,
    StepResult,
    StepTick,
    Stimulus,
)
from device.ui.oled_pages import PAGE_MS
from device.ui.oled_picture import pictures
from sync import __version__
from sync.entries import Trust
from sync.language import CHINESE, language, tr

if TYPE_CHECKING:
    from PIL.Image import Image

CHINA_STANDARD_TIME = timezone(timedelta(hours=8))

BEEP_MS = (150, 150, 150, 150, 400)
PROMPT = "selftest"
"""The name of the recording that is played."""

TYPED: dict[str, StepAnswer | Quit] = {
    **dict.fromkeys(("y", "yes", "是"), StepAnswer(True)),
    **dict.fromkeys(("n", "no", "否"), StepAnswer(False)),
    **dict.fromkeys(("s", "skip", "跳过"), StepAnswer(None)),
    **dict.fromkeys(("q", "quit", "退出"), Quit()),
}
"""What may be typed, and the event that it is."""


class SelftestBench:
    """The board under test. Progress is printed to `out`; `stdin` None: there is no keyboard."""

    def __init__(self, config: Config, board: Board, out: TextIO, stdin: TextIO | None) -> None:
        self._config = config
        self._board = board
        self._out = out
        self._stdin = stdin
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._texts = texts(config.pad.languages)
        self._both = texts(("zh", "en"))
        self._wording = _wording()
        self._display: DisplayWorker | None = None
        self._glass = glass_of(config.profile, config.board) or Glass(128, 64, LEAST_WIDTH_MM)
        self._pages: list[Image] = []
        """What the display shows in turn."""
        self._turn_ms: int | None = None
        """When the next page is due, if there are several."""
        self._printed = ""
        lights = config.profile.lights
        self.runner = Runner(
            plan(
                keys_of(config),
                languages=config.pad.languages,
                display=board.display is not None,
                lights=[light.name for light in lights.light] if lights and board.lights else [],
                beeper=board.beeper is not None,
                voice=board.voice is not None,
            ),
            terminal=stdin is not None,
        )

    def run(self) -> bool:
        """Run the test; True if all has passed. Raises DriverError if the board cannot start."""
        self.head = head = self._head()
        with ExitStack() as stack:
            self._board.start()
            stack.callback(self._board.stop)
            self._open(stack)
            try:
                self._loop()
            except KeyboardInterrupt:
                self._carry_out(self.runner.apply_event(Quit(), _now_ms()))
        self.text = report(head, self.runner.results, self._both[0].levels, self._wording)
        return self.runner.passed

    def _open(self, stack: ExitStack) -> None:
        board = self._board
        if board.display is not None:
            self._display = DisplayWorker(board.display, self._events.put)
            self._display.start()
            stack.callback(self._display.stop)
        for part in (board.lights, board.beeper, board.voice):
            if part is not None:
                stack.callback(part.stop)
        if board.voice is not None:
            board.voice.start(self._on_signal("voice"))
        try:
            board.keys.start(self._events.put, self._events.put)
            stack.callback(board.keys.stop)
        except DriverError as error:
            self._events.put(FaultReport(error.code, True, error.wording))
        if self._stdin is not None:
            threading.Thread(target=self._read, args=(self._stdin.fileno(),), daemon=True).start()
            self._print("y 是, n 否, s 跳过 skip, q 退出 quit, + Enter")

    def _loop(self) -> None:
        self._carry_out(self.runner.begin(_now_ms()))
        while not self.runner.over:
            deadlines = self.runner.deadline_ms, self._turn_ms
            due_ms = min((due for due in deadlines if due is not None), default=None)
            wait_s = None if due_ms is None else max(0.0, (due_ms - _now_ms()) / 1000)
            try:
                event = self._events.get(timeout=wait_s)
            except queue.Empty:
                if due_ms == self._turn_ms:
                    self._show([*self._pages[1:], self._pages[0]])
                    continue
                event = StepTick()
            self._carry_out(self.runner.apply_event(event, _now_ms()))

    # --- effects ----------------------------------------------------------------------------

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Measure():
                    self._events.put(StepMeasured(self._measure(effect)))
                case Prompt():
                    self._prompt(effect)
                case Stimulus():
                    self._stimulate(effect)
                case StepResult():
                    self._print(line(effect.item, self._both[0].levels, self._wording))
                    self._quiet()

    def _measure(self, step: Measure) -> Item:
        if step.about == "clock":
            return probes.clock(self._board.wall)
        if step.about == "ledger":
            return probes.ledger_folder(self._config.ledger.path)
        return probes.broker(self._config.province)

    def _prompt(self, prompt: Prompt) -> None:
        codes = sorted({item.code.code for item in self.runner.items.values() if item.code})
        if self._display is not None:
            self._show(pictures((prompt_screen(prompt, self._texts, codes),), self._glass))
        step = prompt.step
        about = "" if step is None or isinstance(step, AskKey) else f"[{step.about}] "
        words = about + " / ".join(worded(prompt, language) for language in self._both)
        if words != self._printed:  # shown again by turns, but printed once
            self._printed = words
            self._print(words)
        if isinstance(step, AskKey) and step.level is not None and prompt.turn == 0:
            level = step.level.value
            self._attempt("voice", lambda: self._speak(level))

    def _stimulate(self, stimulus: Stimulus) -> None:
        lights, beeper = self._board.lights, self._board.beeper
        match stimulus.kind:
            case "picture" if self._display is not None:
                self._show(test_pictures(stimulus.name, self._texts, self._glass))
            case "light" if lights is not None:
                self._attempt("light", lambda: lights.show(frozenset({stimulus.name})))
            case "beep" if beeper is not None:
                self._attempt("beep", lambda: beeper.beep(BEEP_MS))
            case "voice":
                self._attempt("voice", lambda: self._speak(PROMPT))

    def _show(self, pages: "list[Image]") -> None:
        """Show these pages in turn."""
        self._pages = pages
        self._turn_ms = _now_ms() + PAGE_MS if len(pages) > 1 else None
        if self._display is not None:
            self._display.show(pages[0])

    def _speak(self, prompt: str) -> None:
        if self._board.voice is not None:
            self._board.voice.say(prompt, self._config.pad.languages)

    def _quiet(self) -> None:
        """Switch off the light and the prompt of the step that is done."""
        lights, voice = self._board.lights, self._board.voice
        if lights is not None:
            self._attempt("light", lambda: lights.show(frozenset()))
        if voice is not None:
            self._attempt("voice", voice.hush)

    def _attempt(self, kind: str, action: Callable[[], None]) -> None:
        try:
            action()
        except DriverError as error:
            self._events.put(FaultReport(PadCode.SIGNAL_GONE, True, f"{kind}: {error.detail}"))

    def _on_signal(self, kind: str) -> Callable[[FaultReport], None]:
        return lambda report: self._events.put(report._replace(detail=f"{kind}: {report.detail}"))

    # --- the terminal -----------------------------------------------------------------------

    def _read(self, fd: int) -> None:
        """Read with os.read: a daemon thread inside a buffered file can block Python's exit."""
        partial = b""
        while data := os.read(fd, 1024):
            *lines, partial = (partial + data).split(b"\n")
            for typed in lines:
                event = TYPED.get(typed.decode("utf-8", "replace").strip().lower())
                if event is not None:
                    self._events.put(event)

    def _print(self, words: str) -> None:
        print(words, file=self._out, flush=True)

    def _head(self) -> ReportHead:
        config, reading = self._config, self._board.wall.read()
        date = "not known 未知"
        if reading.trust is not Trust.NONE:
            now = datetime.fromtimestamp(reading.utc_ms / 1000, CHINA_STANDARD_TIME)
            date = f"{now.isoformat(timespec='seconds')} ({reading.trust.value})"
        return ReportHead(
            pad=config.pad.id,
            window=config.pad.window,
            hall=config.pad.hall,
            board=f"{config.profile.name} ({config.profile.title})",
            machine=_machine(),
            versions=f"ratingpad {__version__}, Python {platform.python_version()},"
            f" {platform.system()} {platform.release()}",
            date=date,
        )


def selftest(
    config: Config, out: TextIO = sys.stdout, stdin: TextIO | None = None
) -> "SelftestBench":
    """Test the pad of `config`. The `text` of what is returned is the report.

    Raises LedgerError (L04) while an agent uses the ledger, DriverError if the board cannot start.
    """
    with exclude_agents(config.ledger.path):
        board = build_board(config.profile, config.board)
        for fault in board.missing:
            raise DriverError(fault.detail, fault.code)
        bench = SelftestBench(config, board, out, stdin)
        bench.run()
    return bench


def keys_of(config: Config) -> list[AnyKey]:
    """The keys of a pad, from its board's profile or from the key map of its key pad."""
    if config.profile.keys.key:
        return list(config.profile.keys.key)
    return list(load_keypad(getattr(getattr(config.board, "keys", None), "model", "")).key)


def _wording() -> DetailWording:
    """How details are said to the person at the terminal."""
    if language() != CHINESE:
        return ENGLISH
    from device.errors_zh import in_chinese

    return DetailWording(tr, in_chinese)


def _machine() -> str:
    """The model in the device tree (a Raspberry Pi: model and revision), or the architecture."""
    with suppress(OSError):
        return Path("/proc/device-tree/model").read_text("utf-8", "replace").strip("\0\n ")
    return platform.machine()


def _now_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
