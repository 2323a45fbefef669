"""The plug-in shim: numbers at once and numbers later, never a level."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx
import pytest

from device.desk.admission import Admission
from device.desk.event_stream import EventStream
from device.desk.http import build_app
from device.desk.plugin_answers import CODES, REFUSED
from device.events import Refusal
from sync.entries import Invited, Level, Service
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.web.websocket_client import RefusedError, WebSocketClient
from web.api_errors import MAX_REQUEST_BYTES
from web.server import serve
from web.text_charset import GB18030, UTF_8

TOKEN = "the-plug-ins-own-token"
OTHER = "the-desks-own-token"


class Software:
    """Old window software on the pad's own machine."""

    def __init__(
        self, bench: VirtualPad, port: int, client: httpx.AsyncClient, admission: Admission
    ) -> None:
        self.bench, self.pad, self.port = bench, bench.pad, port
        self.admission = admission
        self._client = client

    async def get(self, what: str, **query: str) -> httpx.Response:
        query = {"token": TOKEN, **query}
        return await self._client.get(f"http://127.0.0.1:{self.port}/plugin/{what}", params=query)

    async def outcome(self, what: str, **query: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get(what, **query)).json()
        return found

    async def raw(self, query: bytes) -> bytes:
        """The body of the answer to /plugin/ask with a query of these very bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        target = b"/plugin/ask?token=" + TOKEN.encode() + b"&" + query
        writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return answer.partition(b"\r\n\r\n")[2]

    async def form(self, kind: str, body: bytes, query: str = "") -> httpx.Response:
        """A form that is sent to /plugin/ask."""
        url = f"http://127.0.0.1:{self.port}/plugin/ask?token={TOKEN}{query}"
        return await self._client.post(url, content=body, headers={"content-type": kind})

    async def listen(self, token: str = TOKEN) -> WebSocketClient:
        return await WebSocketClient.connect(
            "127.0.0.1", self.port, f"/plugin/socket?token={token}"
        )

    async def press(self, level: Level = Level.SATISFIED) -> None:
        self.bench.press(level)
        await self.bench.settle()


def run(
    story: Callable[[Software], Awaitable[None]], *, is_on: bool = True, charset: str = UTF_8
) -> None:
    async def whole() -> None:
        bench = VirtualPad()
        bench.pad.start()
        live = EventStream(bench.pad)
        bench.pad.observe(live.changed)
        admission = Admission([OTHER], plugin_tokens=[TOKEN] if is_on else [])
        server = await serve(build_app(bench.pad, admission, live, charset), "127.0.0.1", 0)
        try:
            async with asyncio.timeout(20), httpx.AsyncClient(trust_env=False) as client:
                await story(Software(bench, server.port, client, admission))
        finally:
            await server.stop()
            await bench.pad.stop()

    asyncio.run(whole())


def test_the_answer_comes_at_once_and_the_outcome_later() -> None:
    async def story(software: Software) -> None:
        asked = await software.outcome("ask", case="DH-1", step="办结", clerk="C003", _="17")
        assert asked == {"code": 0, "id": "01INVITATION0001"}
        assert await software.outcome("ask", case="DH-1", step="办结") == asked  # as old pages do
        assert await software.outcome("result", id=asked["id"]) == asked
        (invited,) = software.bench.recorded(Invited)
        assert invited.service == Service(case="DH-1", step="办结")
        assert (invited.source, invited.clerk) == ("plugin", "C003")
        await software.press()
        assert await software.outcome("result", id=asked["id"]) == {**asked, "code": 1}

    run(story)


def test_every_outcome_has_its_code() -> None:
    assert CODES == {"open": 0, "rated": 1, "unrated": -2, "withdrawn": -3, None: -4}

    async def story(software: Software) -> None:
        one = await software.outcome("ask", case="DH-1")
        assert await software.outcome("ask", case="DH-2") == {"code": -1, "says": "busy"}
        await software.pad.withdraw(one["id"], "test")
        assert (await software.outcome("result", id=one["id"]))["code"] == -3
        assert await software.outcome("result", id="never") == {"code": -4}
        await software.pad.pause("test")
        assert await software.outcome("ask", case="DH-1") == {"code": -1, "says": "paused"}

    run(story)


def test_what_has_been_rated_is_asked_for_again_only_knowingly() -> None:
    async def story(software: Software) -> None:
        await software.outcome("ask", case="DH-1")
        await software.press()
        refused = {"code": REFUSED, "says": Refusal.RATED.value}
        assert await software.outcome("ask", case="DH-1") == refused
        assert (await software.outcome("ask", case="DH-1", again="1"))["says"] == "busy"  # thanks

    run(story)


def test_a_page_without_cors_is_answered_by_a_script() -> None:
    async def story(software: Software) -> None:
        answer = await software.get("ask", case="DH-1", callback="app.answered")
        assert answer.text == '/**/app.answered({"code":0,"id":"01INVITATION0001"});'
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["x-content-type-options"] == "nosniff"
        for evil in ("alert(1)//", "a;b", "<script>", "", "a" * 65, "é", "a\n"):
            answer = await software.get("ask", case="DH-2", callback=evil)
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()["code"] == REFUSED
        assert len(software.bench.recorded(Invited)) == 1

    run(story)


@pytest.mark.parametrize("wish", [{"case": "7" * 51}, {"case": "a\nb"}, {"window": "4"}])
def test_a_question_that_is_not_as_it_should_be_changes_nothing(wish: dict[str, str]) -> None:
    async def story(software: Software) -> None:
        assert (await software.outcome("ask", **wish))["code"] == REFUSED
        assert software.bench.recorded(Invited) == []

    run(story)


def test_over_a_socket_the_outcome_comes_by_itself() -> None:
    async def story(software: Software) -> None:
        one = await software.listen()
        await one.send(json.dumps({"case": "DH-1", "clerk": "C003"}))
        asked = {"code": 0, "id": "01INVITATION0001"}
        assert json.loads(await one.receive()) == asked
        for wrong in ("{", "[]", '{"kase": 1}', '{"case": 17}', "[" * 2000):
            await one.send(wrong)
            assert json.loads(await one.receive()) == {"code": -1, "says": "bad-request"}
        await software.press(Level.VERY_DISSATISFIED)
        assert json.loads(await one.receive()) == {**asked, "code": 1}
        await one.close()

    run(story)


def test_a_socket_gets_the_outcomes_of_its_own_invitations_only() -> None:
    async def story(software: Software) -> None:
        one, other = await software.listen(), await software.listen()
        await one.send('{"case": "DH-1"}')
        await one.receive()
        await software.press()
        await one.receive()
        await other.send('{"case": "DH-1"}')
        assert json.loads(await other.receive()) == {"code": -1, "says": "already-rated"}

    run(story)


def test_it_is_off_until_it_has_a_token_and_takes_no_other() -> None:
    async def off(software: Software) -> None:
        assert (await software.get("ask", case="DH-1")).status_code == 401
        with pytest.raises(RefusedError, match="401"):
            await software.listen()

    async def on(software: Software) -> None:
        assert (await software.get("ask", case="DH-1", token=OTHER)).status_code == 401
        with pytest.raises(RefusedError, match="401"):
            await software.listen(OTHER)
        url = f"http://127.0.0.1:{software.port}/v1/window"
        async with httpx.AsyncClient(trust_env=False) as client:
            headers = {"authorization": f"Bearer {TOKEN}"}
            assert (await client.get(url, headers=headers)).status_code == 401

    run(off, is_on=False)
    run(on)


@pytest.mark.parametrize("level", Level)
def test_whatever_was_pressed_the_bytes_are_the_same(level: Level) -> None:
    async def story(software: Software) -> None:
        one = await software.listen()
        await one.send('{"case": "DH-1"}')
        await one.receive()
        await software.press(level)
        assert await one.receive() == '{"code":1,"id":"01INVITATION0001"}'
        answer = await software.get("result", id="01INVITATION0001", callback="f")
        assert answer.text == '/**/f({"code":1,"id":"01INVITATION0001"});'

    run(story)


ESCAPED = "%B0%EC%BC%FE%BC%D7"
"""办件甲 as a page in GBK escapes it."""
FORM = "application/x-www-form-urlencoded"
BAD = {"code": -1, "says": "bad-request"}


def cases(software: Software) -> list[str | None]:
    return [invited.service.case for invited in software.bench.recorded(Invited)]


@pytest.mark.parametrize("case", [ESCAPED, "%B0%EC%BC%FE%D2%D2", "%EF%BF%BD", "%ED%A0%80", "a%"])
def test_what_cannot_be_read_is_refused_in_the_form_that_was_asked_for(case: str) -> None:
    async def story(software: Software) -> None:
        for raw in (case.encode(), unquote_to_bytes(case)):
            assert json.loads(await software.raw(b"case=" + raw)) == BAD
            script = await software.raw(b"callback=f&case=" + raw)
            assert script == b'/**/f({"code":-1,"says":"bad-request"});'
        assert cases(software) == []
        assert software.admission.refused.counts["bad-request"] == 4

    run(story)


@pytest.mark.parametrize("is_escaped", [True, False])
def test_an_old_page_is_read_in_the_charset_of_the_configuration(is_escaped: bool) -> None:
    """Old browsers send the bytes of a page's charset as they are."""

    async def story(software: Software) -> None:
        raw = ESCAPED.encode() if is_escaped else unquote_to_bytes(ESCAPED)
        asked = await software.raw(b"callback=f&case=" + raw)
        assert asked == b'/**/f({"code":0,"id":"01INVITATION0001"});'
        assert await software.outcome("ask", case="办件甲") == {"code": 0, "id": "01INVITATION0001"}
        await software.press()
        again = {"code": -1, "says": "already-rated"}
        assert json.loads(await software.raw(b"charset=gbk&case=" + raw)) == again
        assert json.loads(await software.raw(b"case=\xff")) == BAD
        assert cases(software) == ["办件甲"]

    run(story, charset=GB18030)


def test_a_form_says_its_charset_in_its_content_type() -> None:
    async def story(software: Software) -> None:
        answer = await software.form(f"{FORM}; charset=gb2312", f"case={ESCAPED}".encode())
        asked = {"code": 0, "id": "01INVITATION0001"}
        assert answer.json() == asked
        again = await software.form(FORM, "case=办件甲".encode(), "&callback=f")
        assert again.text == '/**/f({"code":0,"id":"01INVITATION0001"});'
        for kind, body in (
            (FORM, f"case={ESCAPED}".encode()),
            (f"{FORM}; charset=utf-7", b"case=1"),
            ("application/json", b"{}"),
            ("", b"case=1"),
            (FORM, b"case=1&case=2"),
        ):
            assert (await software.form(kind, body)).json() == BAD
        big = await software.form(FORM, b"case=" + b"1" * MAX_REQUEST_BYTES)
        assert big.json() == {"code": -1, "says": "too-large"}
        assert cases(software) == ["办件甲"]
        assert software.admission.refused.total == 6

    run(story)


def test_a_case_is_the_same_in_every_spelling_and_none_if_it_is_blank() -> None:
    async def story(software: Software) -> None:
        asked = await software.outcome("ask", case="T-1")
        for case in ("T-1 ", "\u200bT-1", "T\u20111", "Ｔ－１"):
            assert await software.outcome("ask", case=case) == asked
        assert await software.outcome("ask", case="\u3000") == BAD
        assert cases(software) == ["T-1"]

    run(story)


@pytest.mark.parametrize("query", [b"a=1&" * 17, b"a=1&" * 1_600, b"case=1&case=2", b"%=1"])
def test_an_odd_query_is_refused_before_its_token_is_looked_at(query: bytes) -> None:
    async def story(software: Software) -> None:
        script = await software.raw(b"callback=f&case=9&" + query)
        assert script == b'/**/f({"code":-1,"says":"bad-request"});'
        assert cases(software) == []

    run(story)
