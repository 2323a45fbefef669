"""The exit codes of `ratingpad`, and how its commands say what is wrong."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.errors import PadError

OK, FAILED, MISUSED = 0, 1, 2


def say(error: "PadError") -> None:
    """Print an error with its remedy, in Chinese and in English; the detail is in the second."""
    from device.errors_zh import in_chinese

    chinese = in_chinese(error.code)
    print(f"{error.code.code} {chinese.says}。{chinese.remedy}", file=sys.stderr)
    print(error, file=sys.stderr, flush=True)


def cannot(what: str, error: OSError, option: str | None = None) -> int:
    """Say why a file could not be read, or written below the path of `option`; the exit code."""
    from device.errors import PadCode
    from device.os_errors import code_of, explain

    denied = code_of(error, PadCode.INTERNAL) is PadCode.RIGHTS_MISSING
    other = f"choose another {option}, or " if option is not None else ""
    remedy = f"; {other}run the command as root (sudo)" if denied else ""
    print(f"{what}: {explain(error)}{remedy}", file=sys.stderr)
    return MISUSED
