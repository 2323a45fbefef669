"""A sound card without hardware: ALSA writes what is played into a file.

The device `card` takes sound as fast as it comes, `slow` no faster than it is read, and `gone` does
not exist.
"""

import array
import contextlib
import os
import wave
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

CONFIGURATION = """
pcm.card {{ type file slave.pcm null file "{played}" format raw }}
pcm.slow {{ type file slave.pcm null file "{fifo}" format raw }}
pcm.null {{ type null }}
"""


class SoundCard:
    """What was played, as samples."""

    def __init__(self, folder: Path) -> None:
        self._played = folder / "played.raw"
        self._fifo = folder / "slow.raw"
        os.mkfifo(self._fifo)
        self._configuration = folder / "asound.conf"
        self._configuration.write_text(
            CONFIGURATION.format(played=self._played, fifo=self._fifo), "utf-8"
        )
        self._slow = -1

    @contextlib.contextmanager
    def installed(self) -> Iterator["SoundCard"]:
        """ALSA in child processes knows these devices and no other."""
        with mock.patch.dict(os.environ, ALSA_CONFIG_PATH=str(self._configuration)):
            # Open for both directions, or a player that is killed would end the pipe.
            self._slow = os.open(self._fifo, os.O_RDWR | os.O_NONBLOCK)
            yield self
            os.close(self._slow)

    @property
    def played(self) -> bytes:
        """Everything that was played on `card`; the player fills up with silence at the end."""
        return self._played.read_bytes() if self._played.exists() else b""

    def hear(self) -> bytes:
        """What `slow` has played since the last call; that makes room for more."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._slow, 1 << 20)
        return b""


def samples(recording: Path) -> bytes:
    """The samples of a recording."""
    with wave.open(str(recording)) as file:
        frames: bytes = file.readframes(file.getnframes())
    return frames


def record(recording: Path, seed: int, length_s: float = 0.2, rate_hz: int = 16_000) -> bytes:
    """Make a recording that differs for each seed; its samples, which repeat after a second."""
    recording.parent.mkdir(parents=True, exist_ok=True)
    count = int(length_s * rate_hz)
    second = ((n * (seed + 7) * 31) % 20_000 - 10_000 for n in range(min(count, rate_hz)))
    whole = array.array("h", second)
    frames = (whole.tobytes() * (count // rate_hz + 1))[: 2 * count]
    with wave.open(str(recording), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(frames)
    return frames
