"""What a technician is asked, and what a wrong answer leads to."""

import io

import pytest

from device.setup.answers import wrong_window
from device.setup.questions import Choice, Questions, UnansweredError

BOARDS = [Choice("rpi-4", "Raspberry Pi 4B"), Choice("rpi-5", "Raspberry Pi 5")]


def asking(*lines: str) -> tuple[Questions, io.StringIO]:
    """Questions that get these answers, and what the technician sees."""
    screen = io.StringIO()
    return Questions(io.StringIO("".join(f"{line}\n" for line in lines)), screen), screen


def test_a_wrong_answer_is_explained_and_asked_again():
    questions, screen = asking("much too long", "\x1b[2J", "3")
    assert questions.text("Window", "--window", wrong_window) == "3"
    assert screen.getvalue().count("at most 8 characters") == 2
    assert "\x1b" not in screen.getvalue()
    assert questions.asked == 1


@pytest.mark.parametrize(
    ("answer", "expected"), [("2", "rpi-5"), ("rpi-5", "rpi-5"), ("", "rpi-4")]
)
def test_a_choice_is_made_by_number_by_name_or_by_the_suggestion(answer, expected):
    questions, screen = asking("7", "０", "rpi", answer)
    assert questions.choice("Board", "--board", BOARDS, "rpi-4") == expected
    assert "[rpi-4]" in screen.getvalue()
    assert screen.getvalue().count("a number from 1 to 2") == 3


def test_without_a_terminal_the_suggestion_is_the_answer():
    questions = Questions(None)
    assert questions.text("Broker", "--broker", wrong_window, "x") == "x"
    assert questions.choice("Board", "--board", BOARDS, "rpi-5") == "rpi-5"
    assert questions.agreed("Go on?")
    assert questions.asked == 0


def test_without_a_terminal_a_question_without_a_suggestion_names_the_option():
    with pytest.raises(UnansweredError, match="--window"):
        Questions(None).text("Window", "--window", wrong_window)
    with pytest.raises(UnansweredError, match="--board"):
        Questions(None).choice("Board", "--board", BOARDS)


def test_a_terminal_that_closes_is_no_answer():
    questions, _ = asking()
    with pytest.raises(UnansweredError, match="no answer"):
        questions.text("Window", "--window", wrong_window)


@pytest.mark.parametrize(
    ("answer", "agreed"), [("", True), ("Y", True), ("是", True), ("n", False), ("否", False)]
)
def test_nothing_but_yes_or_no_is_taken(answer, agreed):
    questions, _ = asking("perhaps", answer)
    assert questions.agreed("Go on?") is agreed
