"""A finding that somebody has looked at stays named, and a new one is not hidden by it."""

import pytest

from province.looked_at import LookedAtError, Sorted, read_looked_at, sort_findings

REFUSED = "look at: pad p1, refused: malformed, 3 times, the last at 2026-11-02 01:02:03: x"
LOST = "lost: pad p1, ledger 01A, entries 2-4 (missing)"
FILE = f"""
# 2026-12-01: the old test tool
{REFUSED}
  {LOST}

# 2026-12-02: a copied card, both kept
look at: pad p2, ledger 01B, fork: gone by now
"""


def test_each_finding_has_the_reason_above_it() -> None:
    reasons = read_looked_at(FILE)
    assert list(reasons.values()) == ["2026-12-01: the old test tool"] * 2 + [
        "2026-12-02: a copied card, both kept"
    ]
    assert read_looked_at("") == {}


def test_what_is_the_same_was_looked_at_and_what_has_changed_is_open() -> None:
    changed = REFUSED.replace("3 times", "4 times")
    found = sort_findings([changed, LOST], read_looked_at(FILE), lambda line: (line,))
    assert found == Sorted(
        [changed],
        [(LOST, "2026-12-01: the old test tool")],
        [REFUSED, "look at: pad p2, ledger 01B, fork: gone by now"],
    )


def test_a_finding_is_known_by_the_line_of_either_language() -> None:
    chinese = "缺失：评价器 p1，账本 01A，账目 2-4（missing）"
    reasons = read_looked_at(f"# 2026-12-01: 卡已更换\n{chinese}\n")
    found = sort_findings([LOST], reasons, lambda _: (LOST, chinese))
    assert found == Sorted([], [(LOST, "2026-12-01: 卡已更换")], [])


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (REFUSED, 1, "put the reason above it"),
        (f"# \n{REFUSED}", 2, "put the reason above it"),
        (f"# a reason\n\n{REFUSED}", 3, "put the reason above it"),
        ("# a reason\nP06 ledger 01A: entry 3 is not what was received", 2, "can be looked at"),
        ("# a reason\nP07 rating of pad p1", 2, "can be looked at"),
        ("all of it", 1, "can be looked at"),
    ],
)
def test_a_line_that_cannot_be_there_is_named(text: str, line: int, what: str) -> None:
    with pytest.raises(LookedAtError, match=what) as told:
        read_looked_at(text)
    assert str(told.value).startswith(f"line {line}: ")
