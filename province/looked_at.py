"""The findings of `verify` that a person has looked at, from a file that this person keeps. Pure.

    # 2026-12-01: card copied by the hall's technician, both kept
    look at: pad jl-2224-017, refused: malformed, 1 times, the last at 2026-11-02 01:02:03: ...

Each finding is a line as `verify` prints it, below a comment with the reason. It is still printed,
and counts as looked at while it is the same to the letter: where a count or a date has moved on,
somebody must look again. Only what a person must look at can be in the file: neither a broken chain
nor a wrong row, which no reason makes right.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from sync.sentence import Sentence

LOST, LOOK_AT = "lost: ", "look at: "
BEGINNINGS = (LOST, LOOK_AT, "缺失：", "需核查：")
"""How the findings begin that may be looked at (`verify_report.py`), in English and Chinese."""

Forms = Callable[[str], tuple[str, ...]]
"""All lines as which `verify` may print a finding: one for each language."""


class LookedAtError(ValueError):
    """The file is not one. `line`: the number of the line, from 1."""

    def __init__(self, line: int, problem: Sentence) -> None:
        super().__init__(Sentence("line {line}: {problem}", line=line, problem=problem))


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
        elif not line.startswith(BEGINNINGS):
            raise LookedAtError(
                number,
                Sentence(
                    "only lines of `verify` that begin with `lost:` or `look at:` can be looked at"
                ),
            )
        elif not reason:
            raise LookedAtError(
                number,
                Sentence(
                    "put the reason above it, as `# 2026-12-01: who looked, and what was found`"
                ),
            )
        else:
            found[line] = reason
    return found


def sort_findings(findings: Iterable[str], reasons: Mapping[str, str], forms: Forms) -> Sorted:
    """Which findings nobody has looked at, which somebody has, and which are gone. A line of the
    file is a finding in any of its `forms`.
    """
    found = Sorted([], [], [])
    seen: set[str] = set()
    for finding in findings:
        lines = {form.strip() for form in forms(finding)}
        seen |= lines
        known = next((line for line in reasons if line in lines), None)
        if known is None:
            found.open.append(finding)
        else:
            found.looked_at.append((finding, reasons[known]))
    return found._replace(gone=[line for line in reasons if line not in seen])
