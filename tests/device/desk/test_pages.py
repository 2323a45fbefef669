"""The desk's own pages: whole, alone, old enough, and nothing beside them."""

import asyncio
import re
from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest

from device.desk.admission import Admission
from device.desk.event_stream import EventStream
from device.desk.http import build_app
from device.desk.openapi import text
from device.desk.pages import OPENAPI, PAGES, PUBLIC
from device.ports import Desk
from tests.rigs.source.source_tree import ROOT

FOLDER = ROOT / "device" / "desk" / "static"


class Idle:
    """A desk's port at which nothing happens."""

    async def wait_until_durable(self, _: float) -> bool:
        return True


Get = Callable[..., httpx.Response]


@pytest.fixture
def get() -> Get:
    admission = Admission(
        ["0123456789abcdef"], origins=["https://win.hall.lan", "null"], public=PUBLIC
    )
    desk = cast("Desk", Idle())
    app = build_app(desk, admission, EventStream(desk))

    def get(path: str, **given: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://pad") as client:
                return await client.get(path, **given)

        return asyncio.run(call())

    return get


@pytest.mark.parametrize("path", PAGES)
def test_everybody_may_read_the_pages(get: Get, path: str) -> None:
    answer = get(path)
    name, kind = PAGES[path]
    assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin", "a browser of 2018 could not call"


def test_the_document_is_served(get: Get) -> None:
    assert get(OPENAPI).content == text()


def test_the_page_may_do_nothing_but_talk_to_its_pad(get: Get) -> None:
    policy = get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert policy.endswith("frame-ancestors 'self' https://win.hall.lan")
    page = (FOLDER / "index.html").read_text("utf-8")
    assert not re.search(r"\son\w+=|style=|<style|javascript:", page)
    assert all(src for src in re.findall(r"<script([^>]*)>", page))
    assert re.findall(r'(?:src|href)="(?!data:|#)([^"]+)"', page) == [
        "clerk.css",
        "ratingpad.js",
        "clerk-words.js",
        "clerk-kept.js",
        "clerk-keys.js",
        "clerk.js",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/static/index.html",
        "/../schemas.py",
        "/%2e%2e/schemas.py",
        "/..%2fschemas.py",
        "/clerk.js/../../schemas.py",
        "//etc/passwd",
        "/clerk.js/",
        "/Clerk.js",
        "/\\clerk.js",
    ],
)
def test_there_is_nothing_beside_them(get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 401
    with_token = {"authorization": "Bearer 0123456789abcdef"}
    answer = get(path, headers=with_token)
    assert (answer.status_code, answer.json()["error"]) == (404, "not-found")
    assert b"Pure" not in answer.content


@pytest.mark.parametrize("path", ["/clerk.js%00", "/%ff", "/clerk.js%0d%0aX:1"])
def test_a_path_that_cannot_be_read_is_refused_by_name(get: Get, path: str) -> None:
    answer = get(path)
    assert (answer.status_code, answer.json()["error"]) == (422, "bad-request")


@pytest.mark.parametrize("host", ["a/b", "[", "a?b", "user@pad"])
def test_the_host_that_a_client_names_changes_nothing(get: Get, host: str) -> None:
    assert get("/clerk.js", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.js")))
def test_the_scripts_make_nothing_of_texts(name: str) -> None:
    script = (FOLDER / name).read_text("utf-8")
    assert "innerHTML" not in script
    assert "eval(" not in script
