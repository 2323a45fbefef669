"""What the display shows in a self-test: the words of a prompt, and the test pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from device.board.glass import Glass
from device.selftest.runner import NO, YES
from device.selftest.step_words import Texts
from device.selftest.steps import Ask, AskKey, Prompt
from device.ui.oled_picture import draw, pictures
from device.ui.screens import Piece, Screen, ScreenRow

if TYPE_CHECKING:
    from PIL.Image import Image

LARGE = (20, 18, 16, 14)
SMALL = (14,)
SQUARE_PX = 8
"""A square of the checker; a row or column that is dead or doubled is visible in it."""


def prompt_screen(prompt: Prompt, words: Sequence[Texts], codes: Sequence[str]) -> Screen:
    """A prompt in the pad's languages; a question is shown in one language at a time.

    `codes`: the codes of what has failed, shown with the result.
    """
    if isinstance(prompt.step, Ask):
        texts = words[prompt.turn % len(words)]
        text = Piece(worded(prompt, texts), SMALL)
        question = ScreenRow(texts.language, (text,), band=True, stays=True)
        answers = [_answer(texts, "yes", YES.value), _answer(texts, "no", NO.value)]
        return Screen((question, *answers), framed=True)
    if isinstance(prompt.step, AskKey) and prompt.words != "gone":
        texts = words[prompt.turn % len(words)]
        name = ScreenRow(texts.language, (Piece(key_name(prompt.step, texts), LARGE),), band=True)
        asked = ScreenRow(texts.language, (Piece(texts.of(prompt.words), SMALL),), stays=True)
        return Screen((asked, name), framed=True)
    sizes = LARGE if len(words) == 1 else SMALL
    rows = [ScreenRow(texts.language, (Piece(texts.of(prompt.words), sizes),)) for texts in words]
    if prompt.step is None and codes:
        rows.append(ScreenRow(words[0].language, (Piece(" ".join(codes), SMALL),)))
    return Screen(tuple(rows), framed=True)


def key_name(step: AskKey, words: Texts) -> str:
    """The text on a key: its level, or the key's own name."""
    return words.levels[step.level.value] if step.level is not None else step.key


def worded(prompt: Prompt, words: Texts) -> str:
    """A prompt as a text, with the name of its key."""
    step = prompt.step
    key = step.key if isinstance(step, Ask) else step if isinstance(step, AskKey) else None
    text = words.of(prompt.words)
    if key is None or prompt.words == "gone":
        return text
    name = key_name(key, words)
    return text.format(key=name) if "{key}" in text else f"{text} {name}"


def test_pictures(name: str, words: Sequence[Texts], glass: Glass) -> "list[Image]":
    """The picture `border` or `checker`, or the pages of `text <language>`."""
    if name == "border":
        return pictures((Screen((), framed=True),), glass)
    if name == "checker":
        return [_checker((glass.width, glass.height))]
    language = name.removeprefix("text ")
    texts = next(texts for texts in words if texts.language == language)
    rows = [ScreenRow(language, (Piece(level, SMALL),)) for level in texts.levels.values()]
    return pictures((Screen(tuple(rows)),), glass)


def _answer(words: Texts, answer: str, level: str) -> ScreenRow:
    name = Piece(words.levels[level], SMALL)
    return ScreenRow(words.language, (Piece(words.of(answer), SMALL),), right=name)


def _checker(size: tuple[int, int]) -> "Image":
    image = draw(Screen(()), size)
    for y in range(size[1]):
        for x in range(size[0]):
            image.putpixel((x, y), (x // SQUARE_PX + y // SQUARE_PX) % 2)
    return image
