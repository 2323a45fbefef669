"""The exit codes of `ratingpad`, and how its commands say what is wrong."""

import sys
from typing import TYPE_CHECKING

from sync.printing import complain, error_words, print_json
from sync.sentence import Sentence

if TYPE_CHECKING:
    from device.errors import PadError

OK, FAILED, MISUSED = 0, 1, 2


def say_in_log(error: "PadError") -> None:
    """Print an error of the service, which does not change with the locale: Chinese and English,
    the detail in the second. At a terminal as `say_error` does.
    """
    if sys.stderr.isatty():
        say_error(error)
        return
    from device.errors_zh import in_chinese

    chinese = in_chinese(error.code)
    print(f"{error.code.code} {chinese.says}。{chinese.remedy}", file=sys.stderr)
    print(error, file=sys.stderr, flush=True)


def say_error(error: "PadError", *, remedy: bool = True, as_json: bool = False) -> None:
    """Print an error to a person, in their language, or as a document to a program."""
    from device.errors_zh import in_chinese

    if as_json:
        from sync.error_report import error_report

        print_json(error_report(error))
    else:
        complain(error_words(error, in_chinese, remedy=remedy))


def refuse(text: str, *, as_json: bool = False) -> int:
    """Print what is wrong with what was typed; the exit code."""
    if as_json:
        from sync.error_report import usage_report

        print_json(usage_report(text))
    else:
        complain(text)
    return MISUSED


def cannot(what: str, error: OSError, option: str | None = None, *, as_json: bool = False) -> int:
    """Say why a file could not be read, or written below the path of `option`; the exit code."""
    from device.errors import PadCode
    from device.os_errors import code_of, explain

    remedy: str = ""
    if code_of(error, PadCode.INTERNAL) is PadCode.RIGHTS_MISSING:
        remedy = Sentence("; run the command as root (sudo)")
        if option is not None:
            remedy = Sentence(
                "; choose another {option}, or run the command as root (sudo)", option=option
            )
    words = Sentence.joined("", (Sentence.joined(": ", (Sentence(what), explain(error))), remedy))
    return refuse(words, as_json=as_json)
