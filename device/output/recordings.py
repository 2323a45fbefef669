"""The spoken prompts as recordings, made by espeak-ng from the words of `ui/strings/`.

The same words give the same bytes, so no recording is kept in the repository. espeak-ng is
intelligible but not pleasant: a hall that wants another voice puts its own recording in the place
of any of these. A file that exists is never overwritten.
"""

import array
import subprocess
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from device.ui.words import Words

SYNTHESISER = "espeak-ng"

VOICES = {"zh": "cmn-latn-pinyin", "ko": "ko", "en": "en"}
"""By language. Not `cmn` for Chinese: in espeak-ng 1.51 that reads pinyin as if it were English."""

WORDS_A_MINUTE = 150
"""espeak-ng's default is 175; a prompt is heard once, in a noisy hall."""

PEAK = 23_170
"""The loudest sample of every recording: 3 dB below full scale of 16 bits."""

SPELT_AS_SPOKEN = {"ko": (("습니다", "슴니다"), ("합니다", "함니다"), ("입니다", "임니다"))}
"""For the synthesiser only: it does not soften a Korean ㅂ before ㄴ, as every speaker does."""


class Recording(NamedTuple):
    """One prompt in one language; `made` is false when there was a recording already."""

    file: Path
    length_s: float
    made: bool


def record(words: Words, folder: Path, each: Callable[[], None] = lambda: None) -> list[Recording]:
    """Make the prompts of a language that `folder` has no recording of. `each` is called after
    each prompt.

    Raises OSError when espeak-ng is missing or fails, and when the folder cannot be written.
    """
    found = []
    for prompt, text in words.spoken().items():
        file = folder / words.language / f"{prompt}.wav"
        made = not file.exists()
        if made:
            file.parent.mkdir(parents=True, exist_ok=True)
            _write(file, *speak(text, words.language))
        found.append(Recording(file, _length_s(file), made))
        each()
    return found


def _length_s(file: Path) -> float:
    try:
        with wave.open(str(file)) as there:
            length_s: float = there.getnframes() / there.getframerate()
    except (EOFError, wave.Error) as error:
        raise OSError(f"{file} is no recording: {error}") from error
    return length_s


def speak(text: str, language: str) -> "tuple[array.array[int], int]":
    """A spoken text as 16-bit samples, as loud as `PEAK` allows, and their rate in Hz.

    Raises OSError.
    """
    for written, spoken in SPELT_AS_SPOKEN.get(language, ()):
        text = text.replace(written, spoken)
    with tempfile.TemporaryDirectory(prefix="ratingpad-voice-") as folder:
        raw = Path(folder) / "raw.wav"
        options = (
            "-b",
            "1",
            "-z",
            "-v",
            VOICES[language],
            "-s",
            str(WORDS_A_MINUTE),
            "-w",
            str(raw),
        )
        try:
            done = subprocess.run([SYNTHESISER, *options, text], capture_output=True, check=False)
        except FileNotFoundError as error:
            raise OSError(f"{SYNTHESISER} is not installed (Debian package espeak-ng)") from error
        if done.returncode != 0:
            raise OSError(f"{SYNTHESISER}: {done.stderr.decode(errors='replace').strip()}")
        with wave.open(str(raw)) as file:
            rate_hz = file.getframerate()
            samples = array.array("h", file.readframes(file.getnframes()))
    loudest = max(map(abs, samples), default=0)
    if loudest == 0:
        raise OSError(f"{SYNTHESISER}: the recording of {text!r} is silent")
    return array.array("h", (sample * PEAK // loudest for sample in samples)), rate_hz


def _write(file: Path, samples: "array.array[int]", rate_hz: int) -> None:
    """Write beside the file, then rename: a power cut leaves no partial recording."""
    part = file.with_suffix(".part")
    with wave.open(str(part), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(samples.tobytes())
    part.replace(file)
