"""The language in which a command talks to the person who typed it: Chinese or English.

The locale decides, as for other programs: `LANGUAGE` (a list), else the first of `LC_ALL`,
`LC_MESSAGES` and `LANG` that is set. Everything that begins with `zh` is Chinese, all else is
English; `C` and `POSIX` are English whatever `LANGUAGE` says. What other programs read is never
translated: `--json`, logs, the wire.

The catalogues are in `strings/` (docs/decisions/0020), made by `make strings`. They are read when
the first text is translated, and not at all in English.
"""

import functools
import gettext
import os
from collections.abc import Mapping
from pathlib import Path

from sync.sentence import Sentence

CHINESE, ENGLISH = "zh", "en"

FOLDER = Path(__file__).with_name("strings")
PROGRAMS, ARGPARSE = "ratingpad", "argparse"
"""The catalogues: of our own texts, and of those of Python's argparse."""


def language(environ: Mapping[str, str] = os.environ) -> str:
    """`zh` or `en`."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next(filter(None, map(environ.get, names)), "")
    if locale in {"C", "POSIX"}:
        return ENGLISH
    for name in (environ.get("LANGUAGE") or locale).split(":"):
        code = name.lower().replace(".", "_").partition("_")[0]
        if code in {CHINESE, ENGLISH, "c", "posix"}:
            return CHINESE if code == CHINESE else ENGLISH
    return ENGLISH


def tr(text: str, into: str | None = None) -> str:
    """A text in the language of the person at the terminal, or `into` another one: a `Sentence` by
    its template, any other text as a whole. A text that no catalogue has stays as it is.
    """
    if not text or (into or language()) != CHINESE:
        return str(text)
    if isinstance(text, Sentence):
        return text.worded(_template)
    return _template(text, None, 1)


def translate_argparse() -> None:
    """Have argparse say its own messages in the person's language, in this whole process. It asks
    gettext's default catalogue.
    """
    if language() == CHINESE:
        gettext.bindtextdomain(ARGPARSE, FOLDER)
        gettext.textdomain(ARGPARSE)
    else:
        gettext.textdomain("messages")


def _template(text: str, plural: str | None, count: int) -> str:
    catalogue = _catalogue()
    if plural is None:
        return catalogue.gettext(text) if text else ""
    return catalogue.ngettext(text, plural, count)


@functools.cache
def _catalogue() -> gettext.NullTranslations:
    """Without one, in a broken installation, everything stays English."""
    return gettext.translation(PROGRAMS, FOLDER, [CHINESE], fallback=True)
