"""What pytest found inside a machine, read from its report."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Results:
    """Names of tests by outcome, with the reasons, and pytest's output."""

    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    output: str = ""

    def summary(self) -> str:
        """All of it, for the message of an assertion."""
        return (
            f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"
            f"\n{self.output}"
        )


def read_results(report: Path, output: str) -> Results:
    """The results in a JUnit report."""
    found = Results(output=output)
    for case in ET.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        wrong = [*case.iter("failure"), *case.iter("error")]
        skipped = case.find("skipped")
        if wrong:
            first = wrong[0]
            found.failed[name] = first.text or first.get("message") or ""
        elif skipped is not None:
            found.skipped[name] = skipped.get("message", "")
        else:
            found.passed.append(name)
    return found
