"""The page's server: who gets what, and who is refused."""

import asyncio
import logging
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import httpx
import msgspec
import pytest

from device.errors import ConfigError
from device.ui.touch.controller import PageController
from device.ui.touch.kiosk_secret import KioskSecret, secret_in, write_entry
from device.ui.touch.page_server import FILES, UNSUPPORTED_DATA, build_app
from tests.rigs.time.wait import until
from tests.rigs.web.touch_page import ASKED, TouchPage
from tests.rigs.web.websocket_client import RefusedError, WebSocketClient


@pytest.fixture
def room(tmp_path: Path):
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"a picture")
    one = TouchPage(tmp_path, photo=photo)
    yield one
    one.stop()


def get(room: TouchPage, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{room.port}{path}", headers=headers, trust_env=False)


def listen(
    room: TouchPage,
    tell: Callable[[WebSocketClient], Awaitable[None]],
    *,
    origin: str | None = "its own",
    secret: str | None = "its own",
    protocol: str = "ratingpad.touch",
) -> None:
    if origin == "its own":
        origin = f"http://127.0.0.1:{room.port}"
    if secret == "its own":
        secret = secret_in(room.entry)

    async def story() -> None:
        tell_to = await WebSocketClient.connect(
            "127.0.0.1",
            room.port,
            "/touch",
            [("Origin", origin)] if origin else [],
            [protocol] if secret is None else [protocol, f"secret.{secret}"],
        )
        try:
            await tell(tell_to)
        finally:
            tell_to.abort()

    asyncio.run(story())


@pytest.mark.parametrize("path", [*FILES, "/fonts.css", "/photo"])
def test_a_browser_gets_the_page_with_a_policy_that_keeps_it_at_home(
    room: TouchPage, path: str
) -> None:
    answer = get(room, path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("framed_by", "told"),
    [
        ((), "'none'"),
        (
            ("https://kiosk.hall.lan", "http://127.0.0.1:9000"),
            "http://127.0.0.1:9000 https://kiosk.hall.lan",
        ),
    ],
)
def test_a_page_may_show_it_inside_its_own_only_if_the_configuration_names_it(
    framed_by: tuple[str, ...], told: str
) -> None:
    app = build_app(
        cast("PageController", None), KioskSecret("a secret", 8610), {}, None, framed_by
    )

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8610"
        ) as browser:
            return await browser.get("/")

    answer = asyncio.run(story())
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].endswith(f"; frame-ancestors {told}")


@pytest.mark.parametrize("path", ["/..%2f..%2fetc/passwd", "/touch.css/../x", "/font/..%2f.otf"])
def test_nothing_but_the_pages_own_files_is_given_out(room: TouchPage, path: str) -> None:
    assert get(room, path).status_code == 404


def test_a_name_that_leads_here_gets_nothing(room: TouchPage) -> None:
    for path in (*FILES, "/photo", "/fonts.css"):
        assert get(room, path, host="pad.example").status_code in (404, 421)


def test_the_page_is_told_what_stands_and_what_comes(room: TouchPage) -> None:
    async def tell(page: WebSocketClient) -> None:
        assert "edition" in msgspec.json.decode(await page.receive())
        assert msgspec.json.decode(await page.receive())["state"]["scene"] == "standby"
        await asyncio.to_thread(room.stand, ASKED)
        assert msgspec.json.decode(await page.receive())["state"]["scene"] == "invitation"

    listen(room, tell)


def test_a_page_that_is_seen_is_heard_and_gets_no_answer(room: TouchPage) -> None:
    async def tell(page: WebSocketClient) -> None:
        await page.receive()
        await page.receive()
        await page.send('{"type":"shown","width_mm":154,"height_mm":92}')
        await asyncio.to_thread(until, lambda: room.seen == 1, 5, "it was heard")
        await asyncio.to_thread(room.stand, ASKED)
        assert "state" in msgspec.json.decode(await page.receive()), "the next it hears is news"

    listen(room, tell)


def test_a_page_without_the_secret_or_of_another_origin_is_turned_away(room: TouchPage) -> None:
    async def nothing(_: WebSocketClient) -> None:
        raise AssertionError("let in")

    for secret in ("x" * 43, "", None):
        with pytest.raises(RefusedError, match="403"):
            listen(room, nothing, secret=secret)
    with pytest.raises(RefusedError, match="403"):
        listen(room, nothing, protocol="another")
    for origin in ("https://evil.example", f"http://localhost:{room.port}", "null", None):
        with pytest.raises(RefusedError, match="403"):
            listen(room, nothing, origin=origin)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        '{"type":"rate","level":"satisfied"}',
        '{"type":"down","number":1,"pointer":1,"key":"satisfied","age_ms":-1,"seen_ms":1}',
        '{"type":"down","number":1,"pointer":1,"key":"' + "x" * 99 + '","age_ms":1,"seen_ms":1}',
        '{"type":"do","number":1,"do":"large","more":1}',
    ],
)
def test_what_no_page_of_ours_says_ends_the_connection(room: TouchPage, said: str) -> None:
    async def tell(page: WebSocketClient) -> None:
        await page.send(said)
        assert await page.receive_close() == 1003

    listen(room, tell)
    assert room.happened == []


def test_a_face_that_there_is_not_is_nothing(room: TouchPage) -> None:
    async def tell(page: WebSocketClient) -> None:
        said = {"type": "down", "number": 1, "pointer": 1, "key": "6", "age_ms": 1, "seen_ms": 999}
        await page.send(msgspec.json.encode(said).decode())
        await page.send('{"type":"up","pointer":1,"there":true}')
        while "free" not in msgspec.json.decode(await page.receive()):
            pass

    listen(room, tell)
    assert room.happened == []


# --- the entry ---------------------------------------------------------------------------------


def test_the_entry_is_for_the_kiosks_user_alone_and_keeps_its_secret(tmp_path: Path) -> None:
    file = tmp_path / "entry.html"
    secret = secret_in(file)
    write_entry(file, 8610, secret)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert secret_in(file) == secret, "a page that is open comes back after the agent's restart"
    write_entry(file, 8611, secret)
    assert "127.0.0.1:8611" in file.read_text()


def test_a_secret_is_another_on_another_pad(tmp_path: Path) -> None:
    assert secret_in(tmp_path / "a.html") != secret_in(tmp_path / "b.html")


def test_an_entry_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="entry_file"):
        write_entry(tmp_path / "nowhere" / "entry.html", 8610, "s")
    folder = tmp_path / "folder.html"
    folder.mkdir()
    with pytest.raises(ConfigError, match="entry_file"):
        secret_in(folder)


def test_refusals_are_one_line_a_minute_whatever_is_tried(
    room: TouchPage, caplog: pytest.LogCaptureFixture
) -> None:
    async def nothing(_: WebSocketClient) -> None:
        raise AssertionError("let in")

    async def no_report(page: WebSocketClient) -> None:
        await page.send('{"type":"down","forged\\nline":1}')
        assert await page.receive_close() == UNSUPPORTED_DATA

    for _ in range(5):
        with pytest.raises(RefusedError, match="403"):
            listen(room, nothing, secret="x" * 43)
        listen(room, no_report)
        assert get(room, "/nowhere").status_code == 404
    warned = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert sorted(warned) == [
        f"refused {error} to 127.0.0.1 at the touch page"
        for error in ("bad-request", "not-found", "unauthorised")
    ]
