"""The demo page's actions: bounded, typed, refused by name."""

import asyncio
from typing import Any, cast

import httpx
import pytest

from demo.demo_server import build_app
from demo.view_model import ViewModel
from web.api_errors import MAX_REQUEST_BYTES


class StubPad:
    """Notes what it is told to do."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    async def invite(self, case: str) -> None:
        self.told.append(("invite", case))

    async def press(self, *keys: str) -> None:
        self.told.append(("press", keys))

    async def pause(self, on: bool) -> None:
        self.told.append(("pause", on))


class StubShow:
    """A view with one pad; what the app needs of it."""

    def __init__(self) -> None:
        self.pad = StubPad()
        self.stage = self
        self.pads = {"demo-1": self.pad}

    def changed(self) -> None:
        """Something has happened."""


def post(show: StubShow, path: str, content: bytes, kind: str = "application/json") -> int:
    async def call() -> int:
        transport = httpx.ASGITransport(build_app(cast("ViewModel", show)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"content-type": kind}
            return (await client.post(path, content=content, headers=headers)).status_code

    return asyncio.run(call())


def test_an_action_is_carried_out() -> None:
    show = StubShow()
    assert post(show, "/pads/demo-1/invite", '{"case": "办件甲"}'.encode()) == 204
    assert post(show, "/pads/demo-1/press", b'{"keys": ["satisfied"]}') == 204
    assert post(show, "/pads/demo-1/pause", b'{"on": true}') == 204
    assert show.pad.told == [("invite", "办件甲"), ("press", ("satisfied",)), ("pause", True)]


@pytest.mark.parametrize(
    ("action", "content"),
    [
        ("invite", b"{}"),
        ("invite", b'{"case": 5}'),
        ("invite", b'{"case": "\xb0\xec"}'),
        ("invite", b'{"case": "1", "case": "2"}'),
        ("press", b'{"keys": 5}'),
        ("press", b'{"keys": ["a"], "level": 1}'),
        ("pause", b'{"on": "yes"}'),
        ("pause", b"[" * 9_000),
        ("pause", b" " * (MAX_REQUEST_BYTES + 1)),
    ],
)
def test_what_is_no_action_is_refused_and_does_nothing(action: str, content: bytes) -> None:
    show = StubShow()
    assert post(show, f"/pads/demo-1/{action}", content) == 400
    assert show.pad.told == []


def test_what_is_not_there_is_not_found() -> None:
    show = StubShow()
    assert post(show, "/pads/demo-2/press", b"{}") == 404
    assert post(show, "/pads/demo-1/dance", b"{}") == 404
    assert post(show, "/pads/demo-1/press", b"{}", "text/plain") == 415
