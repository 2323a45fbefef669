"""The findings of `verify` that a person has looked at, from a file that this person keeps. Pure.

    # 2026-12-01: card copied by the hall's technician, both kept
    look at: pad jl-2224-017, refused: malformed, 1 times, the last at 2026-11-02 01:02:03: ...

Each finding is a line as `verify` prints it, below a comment with the reason. It is still printed,
and counts as looked at while it is the same to the letter: where a count or a date has moved on,
somebody must look again. Only what a person must look at can be in the file: neither a broken chain
nor a wrong row, which no reason makes right.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

LOST, LOOK_AT = "lost: ", "look at: "
"""How the findings begin that may be looked at (`verify_report.py`)."""


class LookedAtError(ValueError):
    """The file is not one. `line`: the number of the line, from 1; `problem`: in English and
    Chinese.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")


class Sorted(NamedTuple):
    """Findings, by what the file says of them. `looked_at`: each with its reason. `gone`: lines of
    the file that are no finding any more.
    """

    open: list[str]
    looked_at: list[tuple[str, str]]
    gone: list[str]


def read_looked_at(text: str) -> dict[str, str]:
    """Finding -> reason, from a file's text. Raises LookedAtError."""
    found: dict[str, str] = {}
    reason = ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#"):
            reason = line.lstrip("# ")
        elif not line:
            reason = ""
        elif not line.startswith((LOST, LOOK_AT)):
            raise LookedAtError(
                number,
                f"only lines of `verify` that begin with `{LOST.strip()}` or `{LOOK_AT.strip()}`"
                " can be looked at (只能填写 verify 输出中以 lost: 或 look at: 开头的行)",
            )
        elif not reason:
            raise LookedAtError(
                number,
                "put the reason above it, as `# 2026-12-01: who looked, and what was found`"
                " (请在上一行用 # 写明日期和原因)",
            )
        else:
            found[line] = reason
    return found


def sort_findings(findings: Iterable[str], reasons: Mapping[str, str]) -> Sorted:
    """Which findings nobody has looked at, which somebody has, and which are gone."""
    lines = list(findings)
    seen = {line.strip() for line in lines}
    return Sorted(
        [line for line in lines if line.strip() not in reasons],
        [(line, reasons[line.strip()]) for line in lines if line.strip() in reasons],
        [line for line in reasons if line not in seen],
    )
