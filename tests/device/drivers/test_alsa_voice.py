"""Prompts through ALSA: real `aplay`, a sound card that is a file."""

import logging
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from device.board.driver_options import VoiceOptions
from device.drivers import alsa_voice
from device.drivers.alsa_voice import AlsaVoice, build
from device.errors import PadCode
from device.ports import FaultReport
from tests.rigs.signals.sound_card import SoundCard, record
from tests.rigs.time.wait import until

pytestmark = pytest.mark.alsa
PATIENCE_S = 20.0


@pytest.fixture
def card(tmp_path: Path) -> Iterator[SoundCard]:
    with SoundCard(tmp_path).installed() as one:
        yield one


class Place:
    """A voice that runs, its folder, and the faults that it reported."""

    def __init__(self, folder: Path, device: str) -> None:
        self.folder = folder
        self.faults: list[FaultReport] = []
        self.voice: AlsaVoice = build(VoiceOptions(folder=folder, device=device))
        self.voice.start(self.faults.append)
        self.recorded = {
            f"{language}/{prompt}": record(folder / language / f"{prompt}.wav", seed)
            for seed, (language, prompt) in enumerate(
                (language, prompt)
                for language in ("zh", "ko", "en")
                for prompt in ("invitation", "thanks")
            )
        }

    def played(self, card: SoundCard, *names: str) -> None:
        """Wait until exactly these have been played, in this order, with silence between them."""
        until(lambda: self.voice.at_rest, PATIENCE_S, "the voice is at rest")
        rest = card.played
        for name in names:
            rest = rest.lstrip(b"\0")
            wanted = self.recorded[name].lstrip(b"\0")
            assert rest.startswith(wanted), f"not {name}"
            rest = rest[len(wanted) :]
        assert not rest.strip(b"\0"), "something more was played"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], Place]]:
    made: list[Place] = []

    def one(device: str) -> Place:
        made.append(Place(tmp_path / "voice", device))
        return made[-1]

    yield one
    for place in made:
        place.voice.stop()
        place.voice.stop()


def test_a_prompt_is_played_sample_for_sample_in_the_order_of_the_languages(
    make: Callable[[str], Place], card: SoundCard
) -> None:
    place = make("card")
    place.voice.say("invitation", ("zh", "ko"))
    # ALSA's file device begins anew with each player: what is left is the last recording.
    place.played(card, "ko/invitation")
    place.voice.say("thanks", ("en",))
    place.played(card, "en/thanks")
    assert place.faults == []


def test_another_recording_would_be_noticed(make: Callable[[str], Place], card: SoundCard) -> None:
    """The control."""
    place = make("card")
    place.voice.say("thanks", ("zh",))
    with pytest.raises(AssertionError, match="not zh/invitation"):
        place.played(card, "zh/invitation")


def test_all_languages_come_out_in_turn_and_complete(
    make: Callable[[str], Place], card: SoundCard
) -> None:
    place = make("slow")
    place.voice.say("invitation", ("zh", "ko", "en"))
    played = bytearray()

    def all_played() -> bool:
        played.extend(card.hear())
        return place.voice.at_rest

    until(all_played, PATIENCE_S, "everything is played")
    played.extend(card.hear())
    rest = bytes(played)
    for language in ("zh", "ko", "en"):
        wanted = place.recorded[f"{language}/invitation"]
        at = rest.find(wanted)
        assert at >= 0, language
        assert not rest[:at].strip(b"\0")
        rest = rest[at + len(wanted) :]
    assert not rest.strip(b"\0")


def test_the_newest_prompt_cuts_off_the_one_under_way(
    make: Callable[[str], Place], card: SoundCard
) -> None:
    place = make("slow")
    long = record(place.folder / "zh" / "invitation.wav", 99, length_s=30)
    place.voice.say("invitation", ("zh", "ko"))
    before = until(card.hear, PATIENCE_S, "it is being said")
    assert long.startswith(before)
    assert len(before) < len(long)
    place.voice.say("thanks", ("zh",))
    played = bytearray(before)

    def thanked() -> bool:
        played.extend(card.hear())
        return place.recorded["zh/thanks"] in played

    until(thanked, PATIENCE_S, "thanks")
    until(lambda: place.voice.at_rest, PATIENCE_S, "the voice is at rest")
    played.extend(card.hear())
    cut = bytes(played).find(place.recorded["zh/thanks"])
    assert long.startswith(bytes(played[:cut]).rstrip(b"\0"))
    assert cut < len(long) // 2
    assert place.recorded["ko/invitation"] not in played  # nor its other languages
    assert place.faults == []  # to be cut off is no fault


def test_hushing_ends_what_is_being_said_and_every_player(
    make: Callable[[str], Place], card: SoundCard
) -> None:
    place = make("slow")
    record(place.folder / "zh" / "invitation.wav", 99, length_s=30)
    place.voice.say("invitation", ("zh", "ko"))
    until(card.hear, PATIENCE_S, "it is being said")
    place.voice.hush()
    until(lambda: place.voice.at_rest, PATIENCE_S, "the voice is at rest")
    card.hear()
    assert card.hear() == b""
    assert place.faults == []


def test_stopping_in_the_middle_ends_the_player(
    make: Callable[[str], Place], card: SoundCard
) -> None:
    place = make("slow")
    record(place.folder / "zh" / "invitation.wav", 99, length_s=30)
    place.voice.say("invitation", ("zh",))
    until(card.hear, PATIENCE_S, "it is being said")
    place.voice.stop()  # that no child is left is seen by every test's own fixture
    assert place.faults == []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.unlink(), "No such file"),
        (lambda file: file.write_bytes(b""), "cut short"),
        (lambda file: file.write_bytes(bytes(range(256)) * 20), "does not start with RIFF"),
    ],
)
def test_a_recording_that_is_missing_or_no_recording_is_silence_and_one_line(
    make: Callable[[str], Place],
    card: SoundCard,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path], object],
    says: str,
) -> None:
    place = make("card")
    file = place.folder / "zh" / "invitation.wav"
    spoil(file)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            place.voice.say("invitation", ("zh", "ko"))
            place.played(card, "ko/invitation")
    (line,) = [record.message for record in caplog.records]
    assert str(file) in line
    assert says in line
    assert place.faults == []
    place.recorded["zh/invitation"] = record(file, 1234)  # the hall's own, while the pad runs
    place.voice.say("invitation", ("zh",))
    place.played(card, "zh/invitation")


def test_a_missing_card_is_reported_once_and_works_again_with_the_next_prompt(
    make: Callable[[str], Place], card: SoundCard
) -> None:
    place = make("gone")
    for _ in range(3):
        place.voice.say("invitation", ("zh", "ko"))
        until(lambda: place.voice.at_rest, PATIENCE_S, "the voice is at rest")
    (fault,) = place.faults
    assert (fault.code, fault.broken) == (PadCode.SIGNAL_GONE, True)
    assert "audio open error" in fault.detail
    place.voice._device = "card"  # it is plugged in again
    place.voice.say("thanks", ("zh",))
    place.played(card, "zh/thanks")
    assert place.faults == [fault, FaultReport(PadCode.SIGNAL_GONE, False)]


def test_a_machine_without_the_player_is_reported(
    make: Callable[[str], Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alsa_voice, "PLAYER", "no-such-player")
    place = make("card")
    place.voice.say("invitation", ("zh",))
    until(lambda: place.faults, PATIENCE_S, "the fault")
    assert place.faults[0].detail == "no-such-player: No such file or directory"


def test_a_card_that_stops_in_the_middle_is_given_up(
    make: Callable[[str], Place], card: SoundCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alsa_voice, "HANGS_AFTER_S", 0.1)
    place = make("slow")  # and nobody reads
    record(place.folder / "zh" / "invitation.wav", 99, length_s=3)
    place.voice.say("invitation", ("zh",))
    until(lambda: place.faults, PATIENCE_S, "the fault")
    assert "stopped playing" in place.faults[0].detail


def test_the_player_itself_says_nothing_of_a_file_that_is_no_recording(
    tmp_path: Path, card: SoundCard
) -> None:
    """Why recordings are looked at before they are played: the control of the test above."""
    noise = tmp_path / "noise.wav"
    noise.write_bytes(bytes(range(256)) * 20)
    player = shutil.which("aplay")
    assert player is not None
    command = (player, "-q", "-t", "wav", "-D", "card", noise)
    done = subprocess.run(command, check=False, capture_output=True)
    assert (done.returncode, done.stdout, done.stderr, card.played) == (0, b"", b"", b"")
