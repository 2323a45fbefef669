"""The voice on a sound card of a real kernel: snd-aloop, whose other end hears what was played."""

import io
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.board.driver_options import VoiceOptions
from device.drivers.alsa_voice import AlsaVoice, build
from device.errors import PadCode
from device.ports import FaultReport
from tests.rigs.keys.kernel_keys import PATIENCE_S
from tests.rigs.signals.sound_card import record
from tests.rigs.time.wait import until

DRIVER = Path("/sys/bus/platform/drivers/snd_aloop")
CARD = "snd_aloop.0"
STATUS = Path("/proc/asound/Loopback/pcm0p/sub0/status")
RATE_HZ = 16_000
SPEAKER, EAR = "plughw:CARD=Loopback,DEV=0", "hw:CARD=Loopback,DEV=1"


class Ear:
    """Listens at the other end of the card, in the format in which is played."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self._recorder = subprocess.Popen(
            [
                *("arecord", "-q", "-D", EAR, "-t", "raw"),
                *("-f", "S16_LE", "-c", "1", "-r", str(RATE_HZ), "--buffer-time=2000000"),
            ],
            stdout=subprocess.PIPE,
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert isinstance(self._recorder.stdout, io.BufferedReader)
        while sound := self._recorder.stdout.read1():
            self.heard += sound

    def close(self) -> None:
        self._recorder.kill()
        self._recorder.wait()
        self._thread.join()
        assert self._recorder.stdout is not None
        self._recorder.stdout.close()


def plug(on: bool) -> None:
    """The card's driver lets it go, as when a USB adapter is pulled out, or takes it."""
    (DRIVER / ("bind" if on else "unbind")).write_text(CARD)
    until(lambda: (DRIVER / CARD).exists() is on, PATIENCE_S, "plugged or not")


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[FaultReport] = []
        self.voice: AlsaVoice = build(VoiceOptions(folder=folder, device=SPEAKER))
        self.voice.start(self.faults.append)

    def is_heard(self) -> None:
        until(lambda: STATUS.read_text() != "closed\n", PATIENCE_S, "it is being said")

    def at_rest(self) -> None:
        until(lambda: self.voice.at_rest, PATIENCE_S, "the voice is at rest")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    one = Place(tmp_path)
    yield one
    one.voice.stop()


def test_what_is_said_comes_out_of_the_card(place: Place) -> None:
    played = record(place.folder / "zh" / "thanks.wav", 1, length_s=1, rate_hz=RATE_HZ)
    played = played[: len(played) // 2]  # snd-aloop keeps what is in its buffer at the end
    ear = Ear()
    try:
        until(lambda: ear.heard, PATIENCE_S, "it listens")
        place.voice.say("thanks", ("zh",))
        place.at_rest()
        until(lambda: played in ear.heard, PATIENCE_S, "every sample, in order")
    finally:
        ear.close()
    assert place.faults == []


def test_a_prompt_that_is_cut_off_leaves_the_card_to_the_next(place: Place) -> None:
    record(place.folder / "zh" / "invitation.wav", 1, length_s=60, rate_hz=RATE_HZ)
    record(place.folder / "zh" / "thanks.wav", 2, length_s=0.3, rate_hz=RATE_HZ)
    for _ in range(3):
        place.voice.say("invitation", ("zh",))
        place.is_heard()
        place.voice.say("thanks", ("zh",))  # the card takes one player at a time
        place.at_rest()
    assert place.faults == []


def test_a_card_that_is_pulled_out_in_the_middle_is_reported_and_heals(place: Place) -> None:
    record(place.folder / "zh" / "invitation.wav", 1, length_s=60, rate_hz=RATE_HZ)
    record(place.folder / "zh" / "thanks.wav", 2, length_s=0.3, rate_hz=RATE_HZ)
    place.voice.say("invitation", ("zh",))
    place.is_heard()
    plug(False)
    try:
        until(lambda: place.faults, PATIENCE_S, "the fault")
        (fault,) = place.faults
        assert (fault.code, fault.broken) == (PadCode.SIGNAL_GONE, True)
        place.voice.say("thanks", ("zh",))
        place.at_rest()
        assert place.faults == [fault]
    finally:
        plug(True)
    place.voice.say("thanks", ("zh",))
    until(lambda: len(place.faults) == 2, PATIENCE_S, "mended")
    assert place.faults[1] == FaultReport(PadCode.SIGNAL_GONE, False)
