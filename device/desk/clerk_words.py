"""The words of the clerk's page, from `strings/`, as the script that the page loads."""

import importlib.resources
from typing import Literal, get_args

import msgspec

from device.desk.api_errors import ERRORS
from device.events import Standing

Language = Literal["zh", "ko", "en"]
TAGS: dict[Language, str] = {"zh": "zh-CN", "ko": "ko-KR", "en": "en"}
"""BCP 47: by it a browser chooses the shape of a character."""

STATES = (
    *("signed_out", "connecting", "ready", "busy", "ending", "paused", "fault", "unbound", "away"),
)
ADVISED = ("ready", "busy", "paused", "fault", "unbound", "away")
OWN_PROBLEMS = ("slow", "composed", "unreachable", "other")
"""What the page itself says, beside the errors of the pad."""


class ClerkWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page's texts in one language; what is in braces is filled in by the page.

    `own`: the language's name in itself. `standings`, `states`, `advice`, `problems`: by their
    names in the API, and the page's own.
    """

    own: str
    title: str
    needs_scripts: str
    window: str
    window_title: str
    number: str
    leave: str
    token: str
    token_hint: str
    sign_in: str
    forget: str
    forget_question: str
    forget_yes: str
    forget_no: str
    pause: str
    resume: str
    pause_question: str
    pause_yes: str
    pause_no: str
    case: str
    case_hint: str
    invite: str
    this_case: str
    no_case: str
    withdraw: str
    time_left: str
    waiting: str
    waiting_ready: str
    waiting_rated: str
    waiting_call: str
    waiting_invite: str
    waiting_again: str
    waiting_why: str
    waiting_drop: str
    today: str
    invited: str
    newest: str
    time: str
    date: str
    standing: str
    none: str
    none_hint: str
    no_date: str
    incomplete: str
    gap: str
    gap_close: str
    blind: str
    language: str
    standings: dict[str, str]
    states: dict[str, str]
    advice: dict[str, str]
    problems: dict[str, str]

    def __post_init__(self) -> None:
        """Raise ValueError when a standing, a state or a problem has no words."""
        for named, wanted in (
            (self.standings, get_args(Standing)),
            (self.states, STATES),
            (self.advice, ADVISED),
        ):
            if set(named) != set(wanted):
                raise ValueError(f"not the same names: {sorted(set(named) ^ set(wanted))}")
        if foreign := set(self.problems) - set(ERRORS) - set(OWN_PROBLEMS):
            raise ValueError(f"not an error of the pad: {sorted(foreign)}")


def read_words(language: Language) -> ClerkWords:
    """The words in one language."""
    file = importlib.resources.files("device.desk.strings") / f"{language}.toml"
    return msgspec.toml.decode(file.read_bytes(), type=ClerkWords)


WORDS = {language: read_words(language) for language in TAGS}
"""Read when this module is imported, which the agent does on a thread."""


def words_script(language: Language) -> bytes:
    """`clerk-words.js`: the words of every language, and which one a new browser begins with."""
    content = {"language": language, "tags": TAGS, "words": WORDS}
    return b"window.clerk_words = " + msgspec.json.encode(content) + b";\n"
