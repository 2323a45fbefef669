"""The spoken prompts: what a program can check of the recordings."""

import array
import subprocess
import wave
from pathlib import Path

import pytest

from device.cli import main
from device.output import recordings
from device.output.recordings import PEAK, SPELT_AS_SPOKEN, SYNTHESISER, VOICES, record
from device.output.signal_output import PROMPTS, SIGNALS
from device.ui.words import load
from sync.codes import level_name
from sync.entries import Level

LANGUAGES = ("zh", "ko", "en")
WORDS = {words.language: words for words in load(LANGUAGES)}
SPOKEN = [(language, prompt) for language in LANGUAGES for prompt in WORDS[language].spoken()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("voice")
    for words in WORDS.values():
        record(words, out)
    return out


# --- the words -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_and_every_level_has_words_in_every_language(language: str) -> None:
    words = WORDS[language]
    assert set(words.prompts) == set(PROMPTS)
    assert set(words.spoken()) == {*PROMPTS, *(level.value for level in Level)}
    assert all(text.strip() for text in words.spoken().values())
    assert {row.prompt for row in SIGNALS.values() if row.prompt} <= set(words.prompts)


def test_the_levels_are_spoken_in_the_words_of_the_policy() -> None:
    spoken = WORDS["zh"].spoken()
    assert {level: spoken[level.value] for level in Level} == {
        level: level_name(level) for level in Level
    }


# --- the sound -----------------------------------------------------------------------------------


@pytest.mark.espeak
@pytest.mark.parametrize(("language", "prompt"), SPOKEN)
def test_a_recording_is_short_and_loud_and_not_clipped(
    folder: Path, language: str, prompt: str
) -> None:
    with wave.open(str(folder / language / f"{prompt}.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22_050)
        samples = array.array("h", file.readframes(file.getnframes()))
        length_s = file.getnframes() / file.getframerate()
    assert 0.5 <= length_s <= 6
    assert max(map(abs, samples)) in (PEAK - 1, PEAK)
    loudness = (sum(sample * sample for sample in samples) / len(samples)) ** 0.5
    assert 1_000 < loudness < PEAK / 2, "a hiss or a square wave"
    begins_s = next(n for n, sample in enumerate(samples) if abs(sample) > PEAK // 40) / 22_050
    assert begins_s < 0.2, "too long a silence before the speech"


@pytest.mark.espeak
def test_no_two_prompts_sound_alike(folder: Path) -> None:
    sounds = {(folder / language / f"{prompt}.wav").read_bytes() for language, prompt in SPOKEN}
    assert len(sounds) == len(SPOKEN)


@pytest.mark.espeak
def test_the_same_words_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for words in WORDS.values():
        record(words, tmp_path)
    first = {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.wav")}
    again = {file.relative_to(tmp_path): file.read_bytes() for file in tmp_path.rglob("*.wav")}
    assert first == again
    assert len(first) == len(SPOKEN)
    assert [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".wav"] == []


def sounds_of(text: str, voice: str) -> str:
    """How the synthesiser pronounces a text, in its own phoneme symbols."""
    command = [SYNTHESISER, "-b", "1", "-q", "-x", "-v", voice, text]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.espeak
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_pronounced_as_in_another_language(language: str) -> None:
    for text in WORDS[language].spoken().values():
        assert "(en)" not in sounds_of(text, VOICES[language]), text


@pytest.mark.espeak
def test_every_chinese_character_is_one_syllable_with_a_tone() -> None:
    for text in WORDS["zh"].spoken().values():
        characters = [character for character in text if character not in "，。"]
        syllables = sounds_of(text, VOICES["zh"]).replace("\n", " ").split("_|")[:-1]
        assert len(syllables) == len(characters), text
        assert all(any(map(str.isdigit, syllable)) for syllable in syllables), text


@pytest.mark.espeak
def test_a_voice_that_reads_pinyin_as_english_is_noticed() -> None:
    """The control, and why `cmn` is not the voice."""
    assert "(en)" in sounds_of("满意", "cmn")


@pytest.mark.espeak
def test_a_korean_ending_is_spoken_as_it_is_by_people() -> None:
    text = WORDS["ko"].prompts["thanks"]
    assert "pnid" in sounds_of(text, "ko")
    for written, spoken in SPELT_AS_SPOKEN["ko"]:
        text = text.replace(written, spoken)
    assert "pnid" not in sounds_of(text, "ko")


# --- the command ---------------------------------------------------------------------------------


@pytest.mark.espeak
def test_what_a_hall_has_recorded_itself_is_never_overwritten(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "ko" / "thanks.wav"
    own.parent.mkdir()
    own.write_bytes((folder / "zh" / "satisfied.wav").read_bytes())
    before = own.read_bytes()
    assert main(["voice", "--out", str(tmp_path)]) == 0
    assert own.read_bytes() == before
    printed = capsys.readouterr().out
    assert printed.count("made") == len(SPOKEN) - 1
    assert "ko/thanks.wav  0.6 s  kept" in printed
    assert (tmp_path / "ko" / "invitation.wav").is_file()


def test_a_machine_without_a_synthesiser_is_told_which_program_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recordings, "SYNTHESISER", "no-such-speaker")
    assert main(["voice", "--out", str(tmp_path)]) == 2
    printed = capsys.readouterr().err
    assert "no-such-speaker" in printed
    assert "espeak-ng" in printed


@pytest.mark.espeak
def test_a_folder_that_cannot_be_written_and_a_file_that_is_no_recording_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "zh").write_text("in the way")
    assert main(["voice", "--out", str(tmp_path)]) == 2
    assert str(tmp_path / "zh") in capsys.readouterr().err
    (tmp_path / "zh").unlink()
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "thanks.wav").write_bytes(b"no recording")
    assert main(["voice", "--out", str(tmp_path)]) == 2
    assert "thanks.wav" in capsys.readouterr().err
