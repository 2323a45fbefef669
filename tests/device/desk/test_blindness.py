"""The clerk is blind to levels (law 7): not by an answer, an event, a log line, nor by time.

The real pad, in virtual time, behind the whole of the desk's app. For each level the same story is
told, and everything that a clerk could observe is compared byte for byte; so is every line of the
pad's own code that runs, in its order, because code that does the same takes the same time.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from unittest import mock

import httpx
import msgspec
import pytest

from device.desk.admission import Admission
from device.desk.event_stream import EventStream
from device.desk.http import build_app
from device.desk.window_diff import WindowDiff
from device.errors import PadCode
from device.events import Standing
from device.pad import Pad
from sync.entries import Level
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.source.source_tree import ROOT
from tests.rigs.time.virtual_time import pass_s, run

TOKEN = "a-token-for-tests-only"
CASE = {"case": "DH-1", "step": "办结", "clerk": "C003"}
OURS = str(ROOT / "device")
WORDS = [word for level in Level for word in (level.value, level.name)] + ["满意", "level"]


class Seen(NamedTuple):
    """All that there is to be seen of one story."""

    answers: list[str]
    events: list[str]
    logged: list[str]
    lines: list[str]


@contextmanager
def traced(lines: list[str]) -> Iterator[None]:
    """Note every line of the pad's code that runs."""

    def look(frame: FrameType, what: str, _: Any) -> Callable[..., Any] | None:
        path = frame.f_code.co_filename
        if not path.startswith(OURS):
            return None
        if what == "line":
            lines.append(f"{Path(path).name}:{frame.f_lineno}")
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


async def story(bench: VirtualPad, first: Level, second: Level | None, seen: Seen) -> None:
    pad = bench.pad
    admission = Admission([TOKEN], now_s=asyncio.get_running_loop().time)
    news = WindowDiff(pad)
    pad.observe(
        lambda: seen.events.extend(msgspec.json.encode(event).decode() for event in news.changes())
    )
    transport = httpx.ASGITransport(
        build_app(pad, admission, EventStream(pad)), raise_app_exceptions=False
    )
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://pad") as client:

        async def call(method: str, path: str, body: Any = None, **given: Any) -> None:
            data = json.dumps(body) if body is not None else None
            answer = await client.request(
                method, path, content=data, **{"headers": headers, **given}
            )
            seen.answers.append(f"{answer.status_code} {sorted(answer.headers.items())}")
            seen.answers.append(answer.text)

        async def everything() -> None:
            await call("GET", "/v1/window")
            await call("GET", "/v1/today")
            await call("GET", "/v1/invitations/01INVITATION0001")
            await call("GET", "/v1/invitations/01J9")
            await call("POST", "/v1/invitations", CASE)
            await call("POST", "/v1/invitations", {**CASE, "window": "4"})
            await call("POST", "/v1/invitations", {"kase": 1})
            await call("POST", "/v1/invitations/01INVITATION0001/withdraw", {"reason": "x"})
            await call("GET", "/v1/window", headers={})
            await call("DELETE", "/v1/window")

        pad.start()
        await call("POST", "/v1/invitations", CASE)
        await pass_s(4)
        bench.press(first)
        await everything()  # the commit is on its way
        await bench.settle()
        await everything()
        if second is not None:
            await pass_s(1)
            bench.press(second)
            await bench.settle()
            await everything()
        await call("POST", "/v1/window/pause", {"by": "C003"})
        for _ in range(2):
            await pass_s(10)
            await everything()
        await call("POST", "/v1/window/resume")
        await everything()
        await call("POST", "/v1/invitations", {**CASE, "again": True})
        await everything()
        pad.raise_fault(PadCode.LEDGER_FULL)
        await everything()


def watch(
    first: Level, second: Level | None = None, spoil: Callable[[VirtualPad], None] = lambda _: None
) -> Seen:
    """One story, from a pad that is new."""
    seen = Seen([], [], [], [])

    async def whole() -> None:
        bench = VirtualPad()
        spoil(bench)
        with traced(seen.lines):
            await story(bench, first, second, seen)

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.logged.append(record.getMessage())

    keep, root = Keep(), logging.getLogger("device")
    before = root.level
    root.addHandler(keep)
    root.setLevel(logging.DEBUG)
    try:
        run(whole())
    finally:
        root.removeHandler(keep)
        root.setLevel(before)
    return seen


@pytest.mark.parametrize("second", [None, Level.SATISFIED, Level.VERY_DISSATISFIED])
def test_whatever_was_pressed_the_clerk_sees_and_waits_the_same(second: Level | None) -> None:
    stories = [watch(level, second) for level in Level]
    one = stories[0]
    for other in stories[1:]:
        assert other.answers == one.answers
        assert other.events == one.events
        assert other.logged == one.logged
        assert other.lines == one.lines
    statuses = {answer[:3] for answer in one.answers[::2]}
    assert statuses == {"200", "201", "401", "404", "405", "409", "422"}
    assert [text for text in one.events if "rated" in text]
    assert len(one.lines) > 5_000
    said = " ".join([*one.answers, *one.events, *one.logged]).lower()
    assert not [word for word in WORDS if word.lower() in said]


def _tells(bench: VirtualPad) -> None:
    """A pad that lets the clerk feel a bad rating, without naming it."""
    quiet = bench.pad.standing

    def standing(one: str) -> Standing | None:
        bad = any(getattr(body, "level", None) is Level.DISSATISFIED for body in bench.card.bodies)
        return "unrated" if bad else quiet(one)

    mock.patch.object(bench.pad, "standing", standing).start()


def _dawdles(bench: VirtualPad) -> None:
    """A pad that says the same, a little later."""
    quiet = bench.pad.standing

    def standing(one: str) -> Standing | None:
        if any(getattr(body, "level", None) is Level.DISSATISFIED for body in bench.card.bodies):
            Pad.window(bench.pad)
        return quiet(one)

    mock.patch.object(bench.pad, "standing", standing).start()


def test_the_comparison_catches_an_answer_that_differs_by_level() -> None:
    kind, bad = (watch(level, spoil=_tells) for level in (Level.SATISFIED, Level.DISSATISFIED))
    assert kind.answers != bad.answers
    assert kind.events != bad.events


def test_the_comparison_catches_an_answer_that_only_takes_longer() -> None:
    kind, bad = (watch(level, spoil=_dawdles) for level in (Level.SATISFIED, Level.DISSATISFIED))
    assert kind.answers == bad.answers
    assert kind.lines != bad.lines
