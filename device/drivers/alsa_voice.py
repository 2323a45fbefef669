"""Spoken prompts through ALSA: recordings in a folder, played one after the other by `aplay`.

The files are `{folder}/{language}/{prompt}.wav`; a hall may replace any of them by its own.

Why `aplay` (alsa-utils) and no Python library: none on PyPI has a self-contained wheel for aarch64
(pyalsaaudio is source only, sounddevice needs PortAudio). And a call that hangs in a sound card's
driver then hangs in a child process, which can be killed.

The volume is set on the card: `alsamixer`, saved over a restart by `alsactl store`.
"""

import logging
import subprocess
import threading
import wave
from pathlib import Path

from device.board.driver_options import VoiceOptions
from device.errors import PadCode
from device.loop_bridge import join_thread
from device.ports import FaultReport, OnFault

log = logging.getLogger(__name__)

PLAYER = "aplay"

HANGS_AFTER_S = 5.0
"""A card that needs this much longer than the recording lasts has stopped playing."""


class AlsaVoice:
    """A folder of recordings and a sound card. Nothing is opened before `say`."""

    def __init__(self, options: VoiceOptions) -> None:
        self._folder = options.folder
        self._device = options.device
        self._changed = threading.Condition()
        self._queue: list[Path] = []
        self._request_number = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._running = self._busy = False
        self._thread: threading.Thread | None = None
        self._on_fault: OnFault = lambda _: None
        self._failed = False
        self._missing: set[Path] = set()

    def start(self, on_fault: OnFault) -> None:
        """Start the thread that waits for the player; it calls `on_fault`."""
        self._on_fault = on_fault
        self._running = True
        self._thread = threading.Thread(target=self._run, name="voice-card", daemon=True)
        self._thread.start()

    def say(self, prompt: str, languages: tuple[str, ...]) -> None:
        """Begin to speak in each language in turn; a prompt that is being spoken is cut off."""
        self._replace([self._folder / language / f"{prompt}.wav" for language in languages])

    def hush(self) -> None:
        """Cut off the prompt that is being spoken."""
        self._replace([])

    @property
    def at_rest(self) -> bool:
        """Nothing is being spoken, and no recording waits."""
        with self._changed:
            return not self._queue and not self._busy

    def stop(self) -> None:
        """Stop speaking and end the thread; safe to call twice."""
        with self._changed:
            self._running = False
        self.hush()
        if self._thread is not None:
            join_thread(self._thread)
            self._thread = None

    def _replace(self, recordings: list[Path]) -> None:
        with self._changed:
            self._queue, self._request_number = recordings, self._request_number + 1
            if self._child is not None:
                # SIGKILL and not SIGTERM: a player that waits for a card that hangs does not handle
                # it. The kernel stops the card when the process has ended.
                self._child.kill()
            self._changed.notify_all()

    # --- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (found := self._next()) is not None:
                self._play(*found)
        except Exception as error:
            log.exception("the voice's thread ended")
            self._on_fault(FaultReport(PadCode.SIGNAL_GONE, True, f"its thread ended: {error}"))

    def _next(self) -> tuple[Path, int] | None:
        """Wait for a recording; it and the number of its request, or None after `stop`."""
        with self._changed:
            self._busy = False
            self._changed.wait_for(lambda: self._queue or not self._running)
            self._busy = self._running
            return (self._queue.pop(0), self._request_number) if self._running else None

    def _play(self, recording: Path, number: int) -> None:
        """Play a recording to its end, or until another request replaces this one."""
        lasts_s = self._length_s(recording)
        if lasts_s is None:
            return
        try:
            with self._changed:
                if self._request_number != number:
                    return
                self._child = child = subprocess.Popen(
                    (PLAYER, "-q", "-t", "wav", "-D", self._device, str(recording)),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            reason = _wait(child, lasts_s + HANGS_AFTER_S)
        except OSError as error:
            reason = f"{PLAYER}: {error.strerror or error}"
        with self._changed:
            self._child = None
            if self._request_number != number:
                return
            if reason is not None:
                self._queue = []  # the next language would fail in the same way
        self._report(reason)

    def _length_s(self, recording: Path) -> float | None:
        """How long a recording lasts, in seconds; None, and one line in the log, if there is none.

        The file is read here because the player skips a file that is no recording without an error.
        """
        try:
            with wave.open(str(recording)) as file:
                lasts_s: float = file.getnframes() / (file.getframerate() or 1)
        except (OSError, EOFError, wave.Error) as error:
            if recording not in self._missing:
                reason = getattr(error, "strerror", None) or str(error) or "cut short"
                log.warning("no recording %s: %s", recording, reason)
            self._missing.add(recording)
            return None
        self._missing.discard(recording)
        return lasts_s

    def _report(self, reason: str | None) -> None:
        """Report only a change: the player has failed, or plays again."""
        if (reason is not None) is not self._failed:
            self._failed = reason is not None
            self._on_fault(FaultReport(PadCode.SIGNAL_GONE, self._failed, reason or ""))


def _wait(child: "subprocess.Popen[bytes]", timeout_s: float) -> str | None:
    """Wait for the player: None when it has played the file, otherwise the reason."""
    try:
        _, stderr = child.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return f"{PLAYER}: the sound card has stopped playing"
    if child.returncode == 0:
        return None
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"{PLAYER}: exit code {child.returncode}"


def build(options: VoiceOptions) -> AlsaVoice:
    """The voice of `options`; nothing is opened yet."""
    return AlsaVoice(options)
