"""Spoken prompts through ALSA: recordings in a folder, played one after the other by `aplay`.

`{folder}/{language}/{prompt}.wav`, so that a hall can put its own recording in the place of any.
`aplay` (alsa-utils) and no library: none of those on PyPI has a wheel for aarch64 that stands on
its own (pyalsaaudio is a source, sounddevice wants PortAudio), and what hangs in a sound card's
driver then hangs in a process that can be killed.

How loud it is belongs to the card: `alsamixer`, kept over a restart by `alsactl store`.
"""

import logging
import subprocess
import threading
import wave
from pathlib import Path

from device.board.driver_options import VoiceOptions
from device.errors import PadCode
from device.ports import FaultReport, OnFault

log = logging.getLogger(__name__)

PLAYER = "aplay"

HANGS_AFTER_S = 5.0
"""A card that takes so much longer than the recording lasts has stopped playing."""


class AlsaVoice:
    """A folder of recordings and a sound card. Nothing is opened before `say`."""

    def __init__(self, options: VoiceOptions) -> None:
        self._folder = options.folder
        self._device = options.device
        self._news = threading.Condition()
        self._left: list[Path] = []
        self._turn = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._running = self._busy = False
        self._thread: threading.Thread | None = None
        self._on_fault: OnFault = lambda _: None
        self._gone = False
        self._missed: set[Path] = set()

    def start(self, on_fault: OnFault) -> None:
        """Be ready to speak; `on_fault` is called from the thread that waits for the player."""
        self._on_fault = on_fault
        self._running = True
        self._thread = threading.Thread(target=self._run, name="voice-card", daemon=True)
        self._thread.start()

    def say(self, prompt: str, languages: tuple[str, ...]) -> None:
        """Begin to speak; what is being said is cut off."""
        self._turn_to([self._folder / one / f"{prompt}.wav" for one in languages])

    def hush(self) -> None:
        """Cut off what is being said."""
        self._turn_to([])

    @property
    def at_rest(self) -> bool:
        """Nothing is being said, and nothing will be by itself."""
        with self._news:
            return not self._left and not self._busy

    def stop(self) -> None:
        """Silent, and end the thread; safe to call twice."""
        with self._news:
            self._running = False
        self.hush()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _turn_to(self, recordings: list[Path]) -> None:
        with self._news:
            self._left, self._turn = recordings, self._turn + 1
            if self._child is not None:
                # Not terminate: a player that waits for a dead card would not hear it. The kernel
                # stops the card when the process is gone.
                self._child.kill()
            self._news.notify_all()

    # --- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (found := self._next()) is not None:
                self._play(*found)
        except Exception as error:
            log.exception("the voice's thread ended")
            self._on_fault(FaultReport(PadCode.SIGNAL_GONE, True, f"its thread ended: {error}"))

    def _next(self) -> tuple[Path, int] | None:
        """Sleep until there is something to say, and whose turn it is; None at the end."""
        with self._news:
            self._busy = False
            self._news.wait_for(lambda: self._left or not self._running)
            self._busy = self._running
            return (self._left.pop(0), self._turn) if self._running else None

    def _play(self, recording: Path, turn: int) -> None:
        """Play a recording to its end, or until another turn cuts it off."""
        lasts_s = self._length_s(recording)
        if lasts_s is None:
            return
        try:
            with self._news:
                if self._turn != turn:
                    return
                self._child = child = subprocess.Popen(
                    (PLAYER, "-q", "-t", "wav", "-D", self._device, str(recording)),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            wrong = _wait(child, lasts_s + HANGS_AFTER_S)
        except OSError as error:
            wrong = f"{PLAYER}: {error.strerror or error}"
        with self._news:
            self._child = None
            if self._turn != turn:
                return
            if wrong is not None:
                self._left = []  # the next language would fare no better
        self._report(wrong)

    def _length_s(self, recording: Path) -> float | None:
        """How long a recording lasts; None, and one line in the log, when there is no such.

        It is read here because the player passes over what is no recording without a word.
        """
        try:
            with wave.open(str(recording)) as file:
                lasts_s: float = file.getnframes() / (file.getframerate() or 1)
        except (OSError, EOFError, wave.Error) as error:
            if recording not in self._missed:
                why = getattr(error, "strerror", None) or str(error) or "cut short"
                log.warning("no recording %s: %s", recording, why)
            self._missed.add(recording)
            return None
        self._missed.discard(recording)
        return lasts_s

    def _report(self, wrong: str | None) -> None:
        if (wrong is not None) is not self._gone:
            self._gone = wrong is not None
            self._on_fault(FaultReport(PadCode.SIGNAL_GONE, self._gone, wrong or ""))


def _wait(child: "subprocess.Popen[bytes]", timeout_s: float) -> str | None:
    """Wait for the player: None when it has played, or what went wrong."""
    try:
        _, said = child.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return f"{PLAYER}: the sound card has stopped playing"
    if child.returncode == 0:
        return None
    words = said.decode("utf-8", "replace").strip().splitlines()
    return words[-1] if words else f"{PLAYER}: exit code {child.returncode}"


def build(options: VoiceOptions) -> AlsaVoice:
    """The voice of `options`; nothing is opened yet."""
    return AlsaVoice(options)
