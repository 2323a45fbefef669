"""Offices have browsers of many years: what the pages ask of one, one of 2018 has."""

import re
from pathlib import Path

import pytest

from device.desk import schemas
from device.desk.clerk_words import STATES, ClerkWords
from tests.rigs.source.source_tree import ROOT
from tests.rigs.web.old_browser import too_new_in_script, too_new_in_style

PAGE = ROOT / "device" / "desk" / "static"
SCRIPTS = sorted(PAGE.glob("*.js"))
EXAMPLES = sorted(
    [*(ROOT / "docs" / "examples").glob("*.html"), *(ROOT / "docs" / "terminal").glob("*.html")]
)
STYLES = [*PAGE.glob("*.css"), *(page for page in EXAMPLES if "<style>" in page.read_text("utf-8"))]

API = {"RatingPad", "follow", "invite", "listen", "pause", "resume", "today", "window", "withdraw"}
"""The client's own calls, which the pages make."""

ANSWERS = {
    *("case", "code", "connected", "error", "event", "fault", "invitation", "remedy", "says"),
    *(
        "standing",
        "state",
        "ticket",
        "token",
        "channel",
        "id",
        "time",
        "url",
        "clerk",
        "windowName",
    ),
    *("kind", "number", "unauthorised"),
}
"""What the pad answers, and what the pages keep."""

TOLD = {
    name
    for told in (schemas.WindowEvent, schemas.OpenService, schemas.TodayEvent, schemas.LongGap)
    for name in told.__struct_fields__
} | {*ClerkWords.__struct_fields__, *STATES, "words", "tags"}
TOLD |= {"clerk_words", "alone", "free", "other", "yes", "no", "then", "name"}
"""What the pad tells the clerk's page, and its words."""


def defined_in_scripts() -> set[str]:
    """What one of the clerk's scripts calls by this name in another."""
    text = "\n".join(script.read_text("utf-8") for script in SCRIPTS)
    found = re.findall(r"(\w+): function|(?:this|root|window)\.(\w+) = ", text)
    return {name for pair in found for name in pair if name}


def inside(page: Path, tag: str) -> str:
    """The content of a page's elements of this kind; a file of that language as it is."""
    text = page.read_text("utf-8")
    if page.suffix != ".html":
        return text
    return "\n".join(re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL))


@pytest.mark.parametrize("file", [*SCRIPTS, *EXAMPLES], ids=lambda file: file.name)
def test_the_scripts_say_nothing_that_an_old_browser_does_not_know(file: Path) -> None:
    script = inside(file, "script")
    assert script
    assert too_new_in_script(script, API | ANSWERS | TOLD | defined_in_scripts()) == []


@pytest.mark.parametrize("file", STYLES, ids=lambda file: file.name)
def test_the_styles_say_nothing_that_an_old_browser_does_not_know(file: Path) -> None:
    style = inside(file, "style")
    assert style
    assert too_new_in_style(style) == []


@pytest.mark.parametrize(
    "newer",
    [
        "a?.b;",
        "a ?? b;",
        "a ||= b;",
        "({...a});",
        "try { a(); } catch { b(); }",
        "(async () => { for await (var a of b); })();",
        "1_000;",
        "class A { #a = 1; }",
        "import a from 'a';",
        "/(?<a>b)/;",
        "[].flat();",
        "'a'.replaceAll('a', 'b');",
        "document.body.replaceChildren();",
        "a.finally(b);",
        "new AbortController().signal;",
        "new ResizeObserver(a);",
    ],
)
def test_control_a_newer_script_is_noticed(newer: str) -> None:
    assert too_new_in_script(newer, set()) != []


@pytest.mark.parametrize(
    "newer",
    [
        "a { gap: 1px }",
        "a { display: grid }",
        "a { inset: 0 }",
        "a { width: min(1px, 2px) }",
        "a { overflow-wrap: anywhere }",
        "a:focus-visible { color: red }",
        "a:is(b) { color: red }",
        "a { height: 100dvh; aspect-ratio: 1 }",
        "@container (min-width: 1px) { a { color: red } }",
        "@media (prefers-reduced-motion) { a { color: red } }",
        "@layer one { a { color: red } }",
    ],
)
def test_control_a_newer_style_is_noticed(newer: str) -> None:
    assert too_new_in_style(newer) != []
    assert too_new_in_style("@media (min-width: 1px) { a { color: var(--b) } }") == []
