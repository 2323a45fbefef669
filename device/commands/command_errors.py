"""The exit codes of `ratingpad`, and how its commands say what is wrong."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from device.errors import PadError

OK, FAILED, MISUSED = 0, 1, 2

IN_CHINESE = {
    "S01": "配置无法使用，请改正下面写明的地方：",
    "S02": "文件属于另一个用户，请按下面写明的处理：",
    "L06": "账目文件属于另一台设备或不是账目，请核对 [pad] id 和 [ledger] path：",
}
"""What to do, by the code of what keeps a pad from starting; as in docs/hardware.zh-CN.md."""


def say(error: "PadError") -> None:
    """Print an error with its remedy: in Chinese where there are words, and in English."""
    if (chinese := IN_CHINESE.get(error.code.code)) is not None:
        print(chinese, file=sys.stderr)
    print(error, file=sys.stderr, flush=True)


def cannot(what: str, error: OSError, option: str) -> int:
    """Say why a file below the path of `option` could not be written; the exit code."""
    from device.errors import PadCode
    from device.os_errors import code_of, explain

    denied = code_of(error, PadCode.INTERNAL) is PadCode.RIGHTS_MISSING
    remedy = f"; choose another {option}, or run the command as root (sudo)" if denied else ""
    print(f"{what}: {explain(error)}{remedy}", file=sys.stderr)
    return MISUSED
