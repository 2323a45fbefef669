"""The desk's HTTP API: its token, its limits, its errors; its blindness is in test_blindness."""

import asyncio
import json
import re
from collections.abc import Sequence
from typing import Any

import httpx
import jsonschema
import pytest

from device.desk.admission import Admission
from device.desk.api_errors import ERRORS
from device.desk.event_stream import EventStream
from device.desk.http import build_app
from device.desk.openapi import document
from device.errors import PadCode
from device.events import (
    Blocked,
    Event,
    Invitation,
    Invite,
    Pause,
    Record,
    Refusal,
    Refuse,
    Resume,
    Standing,
    Stored,
    Withdraw,
)
from device.ports import (
    CaseStatus,
    DayStatus,
    Desk,
    Granted,
    InviteGap,
    OpenInvitation,
    WindowStatus,
)
from device.session.session import Session, Timing
from sync.entries import At, Body, Channel, Paused, Service, Trust, Withdrawn, write_body
from sync.entries import Invited as InvitedEntry
from web.api_errors import MAX_REQUEST_BYTES

TOKEN = "s3cret-令牌"
NOON_MS = 1_796_011_200_000
"""2026-11-30T12:00 in Beijing."""
AUTH = {"authorization": f"Bearer {TOKEN}".encode()}


class SessionDesk:
    """A desk's port over the real session, with a card that is always quick."""

    def __init__(self) -> None:
        self.session = Session("3", Timing())
        self.now = 0
        self.bodies: list[Body] = []
        self.made = 0
        self.rated: set[str | None] = set()

    def do(self, event: Event) -> Refusal | None:
        at = At(utc=None, mono=self.now, boot="b", trust=Trust.NONE)
        effects = self.session.step(event, at)
        records = [effect.body for effect in effects if isinstance(effect, Record)]
        self.bodies += records
        for _ in records:
            self.session.step(Stored(), at)
        return next((e.refusal for e in effects if isinstance(e, Refuse)), None)

    async def invite(
        self,
        service: Service,
        clerk: str | None,
        source: str,
        *,
        again: bool = False,
        channel: Channel = Channel.HALL_PAD,
    ) -> Granted | Refusal:
        one = self.session.invitation
        if one is not None and service.case and one.service == service:
            return Granted(one.id, created=False)
        if service.case in self.rated and not again:
            return Refusal.RATED
        self.made += 1
        wish = Invitation(f"01J{self.made}", source, service, clerk, channel=channel)
        return self.do(Invite(wish)) or Granted(wish.id, created=True)

    async def withdraw(self, invitation: str, reason: str) -> Refusal | None:
        return self.do(Withdraw(invitation, reason))

    async def pause(self, by: str) -> Refusal | None:
        return self.do(Pause(by))

    async def resume(self, by: str) -> Refusal | None:
        return self.do(Resume(by))

    def standing(self, invitation: str) -> Standing | None:
        return self.session.standing(invitation)

    def window(self) -> WindowStatus:
        one = self.session.invitation
        if one is None:
            return WindowStatus("3", self.session.clerk_state)
        of = one.service
        asked = OpenInvitation(of.case, of.matter, of.step, one.clerk, NOON_MS, 30)
        return WindowStatus("3", self.session.clerk_state, one.id, None, asked)

    def day(self) -> DayStatus:
        case = CaseStatus("01J1", "rated", "DH-1", None, "办结", "C003", NOON_MS)
        return DayStatus("2026-11-30", 2, 1, 0, 0, True, InviteGap(41, 6), (case,))

    async def wait_until_durable(self, _: float) -> bool:
        return True


class Caller:
    """Calls the API as a queueing system would, over ASGI and without a network."""

    def __init__(self, desk: Desk, origins: Sequence[str] = ()) -> None:
        self.admission = Admission([TOKEN], origins=origins, now_s=self.now_s)
        self.live = EventStream(desk)
        self.app = build_app(desk, self.admission, self.live)
        self._now_s = 0.0

    def now_s(self) -> float:
        """The time for the rate limits: a second passes before each call."""
        self._now_s += 1
        return self._now_s

    def __call__(
        self, method: str, path: str, body: Any = None, *, headers: Any = AUTH, content: Any = None
    ) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://pad") as client:
                data = json.dumps(body).encode() if body is not None else content
                return await client.request(method, path, content=data, headers=headers)

        answer = asyncio.run(call())
        assert not undeclared(method, path, answer)
        return answer


def undeclared(method: str, path: str, answer: httpx.Response) -> str | None:
    """What is wrong with an answer by the OpenAPI document, if anything."""
    paper = document()
    template = re.sub(r"(?<=/invitations/)[^/]+", "{invitation}", path)
    operation = paper["paths"].get(template, {}).get(method.lower())
    if operation is None:  # a wrong path or method; a browser's preflight
        return None
    declared = operation["responses"].get(str(answer.status_code))
    if declared is None:
        return f"{answer.status_code} is not declared"
    schema = {
        **declared["content"]["application/json"]["schema"],
        "components": paper["components"],
    }
    if not jsonschema.Draft202012Validator(schema).is_valid(answer.json()):
        return f"{answer.text} is not what is declared"
    error = answer.json().get("error")
    if error is not None and f"`{error}`" not in declared["description"]:
        return f"{error} is not declared"
    return None


def test_an_answer_that_the_document_does_not_have_is_noticed() -> None:
    """Control of what every call of these tests asserts."""
    window = {"window": "3", "state": "ready", "invitation": None, "fault": None}
    assert not undeclared("GET", "/v1/window", httpx.Response(200, json=window))
    assert undeclared("GET", "/v1/window", httpx.Response(201, json=window))
    assert undeclared("GET", "/v1/window", httpx.Response(200, json={**window, "window": 3}))
    busy = {"error": "busy", "says": "…", "remedy": "…"}
    assert not undeclared("POST", "/v1/invitations", httpx.Response(409, json=busy))
    assert undeclared("POST", "/v1/invitations/01J1/withdraw", httpx.Response(409, json=busy))


@pytest.fixture
def desk() -> SessionDesk:
    return SessionDesk()


@pytest.fixture
def call(desk: SessionDesk) -> Caller:
    return Caller(desk)


CASE = {"case": "DH-20260301-17", "matter": "11220000MB0001", "step": "办结", "clerk": "C003"}


def error_of(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"error", "says", "remedy"}
    assert body["says"]
    assert body["remedy"]
    assert ERRORS[body["error"]].status == answer.status_code
    return answer.status_code, body["error"]


# --- wishes -------------------------------------------------------------------------------------


def test_an_invitation_carries_the_service_and_the_clerk(call: Caller, desk: SessionDesk) -> None:
    answer = call("POST", "/v1/invitations", CASE)
    assert (answer.status_code, answer.json()) == (
        201,
        {"invitation": "01J1", "standing": "open", "case": CASE["case"]},
    )
    assert answer.headers["cache-control"] == "no-store"
    invited = desk.bodies[0]
    assert isinstance(invited, InvitedEntry)
    assert invited.service == Service(case=CASE["case"], matter=CASE["matter"], step="办结")
    assert (invited.clerk, invited.source) == ("C003", "http")


def test_a_self_service_terminal_says_so_and_the_entry_keeps_it(
    call: Caller, desk: SessionDesk
) -> None:
    call("POST", "/v1/invitations", {"case": "DH-1", "channel": "hall_terminal"})
    call("POST", "/v1/invitations/01J1/withdraw")
    call("POST", "/v1/invitations", {"case": "DH-2"})
    terminal, window = [body for body in desk.bodies if isinstance(body, InvitedEntry)]
    assert (terminal.channel, window.channel) == (Channel.HALL_TERMINAL, Channel.HALL_PAD)
    assert b"channel" not in write_body(window)  # as entries always were


def test_the_same_case_and_step_while_open_is_the_same_invitation(
    call: Caller, desk: SessionDesk
) -> None:
    call("POST", "/v1/invitations", CASE)
    again = call("POST", "/v1/invitations", CASE)
    assert (again.status_code, again.json()["invitation"]) == (200, "01J1")
    other = call("POST", "/v1/invitations", {**CASE, "step": "受理"})
    assert error_of(other) == (409, "busy")
    assert len(desk.bodies) == 1


def test_a_case_that_is_rated_is_only_asked_for_again_by_saying_so(
    call: Caller, desk: SessionDesk
) -> None:
    desk.rated.add(CASE["case"])
    assert error_of(call("POST", "/v1/invitations", CASE)) == (409, "already-rated")
    assert call("POST", "/v1/invitations", {**CASE, "again": True}).status_code == 201


@pytest.mark.parametrize("case", ["T-1 ", "\u200bT-1", "T\u20111", "Ｔ－１", "\u3000T-1\r\n"])
def test_a_case_is_the_same_in_every_spelling_and_the_answer_says_which_was_taken(
    call: Caller, desk: SessionDesk, case: str
) -> None:
    first = call("POST", "/v1/invitations", {"case": "T-1", "step": "办结"})
    again = call("POST", "/v1/invitations", {"case": case, "step": " 办结", "window": "３"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.json()["case"] == "T-1"
    assert len(desk.bodies) == 1


def test_an_invitation_needs_no_field_at_all(call: Caller) -> None:
    assert call("POST", "/v1/invitations").status_code == 201


def test_a_withdrawal_keeps_its_reason_and_cannot_be_repeated(
    call: Caller, desk: SessionDesk
) -> None:
    call("POST", "/v1/invitations", CASE)
    answer = call("POST", "/v1/invitations/01J1/withdraw", {"reason": "fault"})
    assert answer.json() == {"invitation": "01J1", "standing": "withdrawn"}
    withdrawn = desk.bodies[-1]
    assert isinstance(withdrawn, Withdrawn)
    assert withdrawn.reason == "desk: fault"  # never mistaken for the pad's own word
    again = call("POST", "/v1/invitations/01J1/withdraw")
    assert error_of(again) == (409, "already-ended")


def test_what_the_pad_does_not_know_is_not_found(call: Caller) -> None:
    assert error_of(call("GET", "/v1/invitations/01J9")) == (404, "unknown-invitation")
    assert error_of(call("POST", "/v1/invitations/01J9/withdraw")) == (404, "unknown-invitation")


def test_a_paused_window_takes_no_invitation_until_it_is_resumed(
    call: Caller, desk: SessionDesk
) -> None:
    paused = call("POST", "/v1/window/pause", {"by": "C003"})
    assert paused.json()["state"] == "paused"
    recorded = desk.bodies[0]
    assert isinstance(recorded, Paused)
    assert recorded.by == "desk: C003"
    assert error_of(call("POST", "/v1/invitations", CASE)) == (409, "paused")
    assert call("POST", "/v1/window/resume").json()["state"] == "ready"
    assert call("GET", "/v1/window").json()["state"] == "ready"


def test_a_new_tab_is_told_what_the_open_invitation_was_made_for(call: Caller) -> None:
    assert call("GET", "/v1/window").json() == {
        "window": "3",
        "state": "ready",
        "invitation": None,
        "fault": None,
        "open": None,
    }
    made = call("POST", "/v1/invitations", {**CASE, "matter": "1122", "clerk": "C003"})
    now = call("GET", "/v1/window").json()
    assert now["invitation"] == made.json()["invitation"]
    assert now["open"] == {
        "case": CASE["case"],
        "matter": "1122",
        "step": CASE["step"],
        "clerk": "C003",
        "since": "2026-11-30T12:00:00+08:00",
        "left_s": 30,
    }


def test_the_day_is_told_with_its_newest_cases(call: Caller) -> None:
    assert call("GET", "/v1/today").json() == {
        "date": "2026-11-30",
        "invited": 2,
        "rated": 1,
        "unrated": 0,
        "withdrawn": 0,
        "complete": True,
        "gap": {"minutes": 41, "usual_minutes": 6},
        "cases": [
            {
                "invitation": "01J1",
                "standing": "rated",
                "case": "DH-1",
                "matter": None,
                "step": "办结",
                "clerk": "C003",
                "since": "2026-11-30T12:00:00+08:00",
            }
        ],
    }


def test_a_fault_is_answered_as_such(call: Caller, desk: SessionDesk) -> None:
    desk.do(Blocked(PadCode.KEYS_GONE))
    assert error_of(call("POST", "/v1/invitations", CASE)) == (409, "fault")
    assert call("GET", "/v1/window").json()["state"] == "fault"


# --- token --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer s3cret"},
        {"authorization": f"Basic {TOKEN}".encode()},
        {"authorization": f"Bearer {TOKEN}x".encode()},
        {"authorization": b"Bearer \xff\xfe"},
        [*((b"authorization", f"Bearer {TOKEN}".encode()),) * 2],
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/invitations"),
        ("GET", "/v1/invitations/01J1"),
        ("POST", "/v1/invitations/01J1/withdraw"),
        ("GET", "/v1/window"),
        ("POST", "/v1/window/pause"),
        ("POST", "/v1/window/resume"),
        ("GET", "/nowhere"),
    ],
)
def test_nothing_is_answered_without_the_token(
    call: Caller, desk: SessionDesk, headers: Any, method: str, path: str
) -> None:
    answer = call(method, path, headers=headers)
    assert error_of(answer) == (401, "unauthorised")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert desk.bodies == []


def test_the_scheme_is_not_case_sensitive(call: Caller) -> None:
    headers = {"authorization": f"bearer {TOKEN}".encode()}
    assert call("GET", "/v1/window", headers=headers).status_code == 200


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"case": 17}',
        b'{"case": ""}',
        b'{"case": "a\\u0000b"}',
        b'{"case": "a\\nb"}',
        b'{"case": "a\\u2028b"}',
        b'{"case": " "}',
        '{"case": "\u3000"}'.encode(),
        b'{"case": "\\ufffd"}',
        b'{"case": "\\ue000"}',
        b'{"case": "\\ud800"}',
        b'{"case": "\xff"}',
        json.dumps({"case": "7" * 51}).encode(),
        b'{"kase": "1"}',
        b'{"channel": "mobile"}',
        b'{"level": "satisfied"}',
        b'{"case": null, "clerk": ["c"]}',
        b"[" * 16_000,
        b'{"case": ' + b'{"a":' * 2_500 + b"1" + b"}" * 2_500 + b"}",
        b"case=1",
    ],
)
def test_a_request_that_is_not_as_it_should_be_changes_nothing(
    call: Caller, desk: SessionDesk, content: bytes
) -> None:
    assert error_of(call("POST", "/v1/invitations", content=content)) == (422, "bad-request")
    assert desk.bodies == []


def test_the_answer_names_the_field(call: Caller) -> None:
    answer = call("POST", "/v1/invitations", {"case": 17})
    assert "$.case" in answer.json()["says"]
    answer = call("POST", "/v1/invitations", {"case": "\u3000"})
    assert "`case` is blank" in answer.json()["says"]


def test_a_request_that_is_too_long_is_cut_off_while_it_comes(
    call: Caller, desk: SessionDesk
) -> None:
    longest = b" " * (MAX_REQUEST_BYTES - 2) + b"{}"
    assert call("POST", "/v1/invitations", content=longest).status_code == 201
    assert error_of(call("POST", "/v1/window/pause", content=longest + b" ")) == (413, "too-large")
    assert len(desk.bodies) == 1


def test_an_endless_request_is_not_read_to_its_end(desk: SessionDesk) -> None:
    read = 0

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 4_096
        return {"type": "http.request", "body": b" " * 4_096, "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/invitations",
        "query_string": b"",
        "headers": [(b"authorization", AUTH["authorization"])],
    }
    asyncio.run(Caller(desk).app(scope, receive, send))
    assert sent[0]["status"] == 413
    assert read <= MAX_REQUEST_BYTES + 4_096


def test_a_wrong_path_and_a_wrong_method_are_different_errors(call: Caller) -> None:
    assert error_of(call("GET", "/v2/window")) == (404, "not-found")
    answer = call("DELETE", "/v1/invitations/01J1")
    assert error_of(answer) == (405, "method-not-allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "query", ["a=1&" * 40, "a=1&a=2", "a=%", "a=%zz", "%FF=1"], ids=lambda query: query[:8]
)
def test_a_query_that_cannot_be_read_is_refused_and_counted(call: Caller, query: str) -> None:
    for path in ("/v1/window", "/", "/nowhere"):
        assert error_of(call("GET", f"{path}?{query}", headers={})) == (422, "bad-request")
    assert call.admission.refused.counts["bad-request"] == 3


def test_many_such_queries_are_limited_like_any_other_calls(desk: SessionDesk) -> None:
    call = Caller(desk)
    call.admission = Admission([TOKEN], now_s=lambda: 0.0)
    call.app = build_app(desk, call.admission, EventStream(desk))
    answers = [call("GET", "/?a=1&a=1", headers={}).status_code for _ in range(101)]
    assert answers == [422] * 100 + [429]


def test_a_path_with_a_slash_at_its_end_is_another_path_and_says_so(call: Caller) -> None:
    for path in ("/v1/window/", "/clerk.js/"):
        assert error_of(call("GET", path)) == (404, "not-found")
    assert call.admission.refused.counts["not-found"] == 2


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://pad/v1/window", 200),
        (b"http://other/v1/window", 422),
        (b"pad:8600", 422),
        (b"*", 422),
        (b"/v1/window%FF", 422),
        (b"/v1/invitations/%E5%8A%9E", 404),
    ],
)
def test_a_target_is_read_in_every_form_or_refused_by_name(
    call: Caller, target: bytes, status: int
) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": target.decode("utf-8", "replace"),  # as the server gives it
        "raw_path": target,
        "query_string": b"",
        "headers": [(b"authorization", AUTH["authorization"]), (b"host", b"pad")],
    }
    asyncio.run(call.app(scope, receive, send))
    assert sent[0]["status"] == status
    answer = json.loads(sent[1]["body"])
    if status != 200:
        assert answer["error"] == ("bad-request" if status == 422 else "unknown-invitation")
    assert call.admission.refused.total == (status == 422)


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "9" * 5_000, "\u00b2"])
def test_a_content_length_that_is_no_number_is_an_error_of_the_caller(
    call: Caller, length: str
) -> None:
    headers = [
        (b"authorization", AUTH["authorization"]),
        (b"content-length", length.encode("latin-1")),
    ]
    answer = call("POST", "/v1/window/pause", content=b"{}", headers=headers)
    assert answer.status_code == (413 if length.startswith("9") else 422)


def test_a_name_that_is_there_twice_is_refused(call: Caller, desk: SessionDesk) -> None:
    content = b'{"case": "DH-1", "case": "DH-2"}'
    assert error_of(call("POST", "/v1/invitations", content=content)) == (422, "bad-request")
    assert desk.bodies == []


def test_a_failure_inside_the_pad_gives_a_code_and_no_traceback(desk: SessionDesk) -> None:
    class Broken(SessionDesk):
        def window(self) -> WindowStatus:
            raise RuntimeError("k2 was satisfied")

    answer = Caller(Broken())("GET", "/v1/window")
    assert error_of(answer) == (500, "internal")
    assert "satisfied" not in answer.text


def test_a_request_for_another_window_is_refused(call: Caller, desk: SessionDesk) -> None:
    assert error_of(call("POST", "/v1/invitations", {**CASE, "window": "4"})) == (
        404,
        "unknown-window",
    )
    assert error_of(call("POST", "/v1/window/pause", {"window": "4"})) == (404, "unknown-window")
    assert desk.bodies == []
    assert call("POST", "/v1/invitations", {**CASE, "window": "3"}).status_code == 201


def test_a_ticket_is_given_for_the_token(call: Caller) -> None:
    answer = call("POST", "/v1/tickets")
    assert answer.status_code == 201
    assert answer.json()["good_for_s"] == 30
    assert len(answer.json()["ticket"]) >= 32
    assert error_of(call("POST", "/v1/tickets", headers={})) == (401, "unauthorised")


def test_malformed_requests_are_counted_and_correct_ones_are_not(call: Caller) -> None:
    call("GET", "/v1/window", headers={})
    call("GET", "/nowhere")
    call("DELETE", "/v1/window")
    call("POST", "/v1/invitations", {"kase": 1})
    call("POST", "/v1/invitations", content=b" " * (MAX_REQUEST_BYTES + 1))
    call("GET", "/v1/invitations/01J9")
    assert call.admission.refused.counts == {
        "unauthorised": 1,
        "not-found": 1,
        "method-not-allowed": 1,
        "bad-request": 1,
        "too-large": 1,
    }


# --- pages of other origins ---------------------------------------------------------------------


def test_a_page_of_a_configured_origin_gets_cors_headers(desk: SessionDesk) -> None:
    call = Caller(desk, origins=["https://win.hall.lan"])
    page = {"origin": "https://win.hall.lan"}
    asked = call(
        "OPTIONS", "/v1/invitations", headers={**page, "access-control-request-method": "POST"}
    )
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "https://win.hall.lan"
    assert "authorization" in asked.headers["access-control-allow-headers"]
    assert asked.headers["vary"] == "origin"
    done = call("POST", "/v1/invitations", CASE, headers={**page, **AUTH})
    assert (done.status_code, done.headers["access-control-allow-origin"]) == (
        201,
        "https://win.hall.lan",
    )
    wrong = call("GET", "/v1/window", headers=page)
    assert error_of(wrong) == (401, "unauthorised")  # which the page may read
    assert wrong.headers["access-control-allow-origin"] == "https://win.hall.lan"


def test_a_page_of_another_origin_is_refused_without_cors_headers(
    call: Caller, desk: SessionDesk
) -> None:
    page = {"origin": "https://evil.example"}
    for answer in (
        call("OPTIONS", "/v1/invitations", headers=page),
        call("POST", "/v1/invitations", CASE, headers={**page, **AUTH}),
    ):
        assert error_of(answer) == (403, "foreign-origin")
        assert "access-control-allow-origin" not in answer.headers
    assert desk.bodies == []


def test_every_refusal_of_the_session_has_an_error() -> None:
    assert {refusal.value for refusal in Refusal} <= set(ERRORS)


def test_an_invitation_that_a_fault_took_back_meanwhile_is_not_called_open(
    desk: SessionDesk, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = desk.invite

    async def slow(
        service: Service, clerk: str | None, source: str, *, again: bool, channel: Channel
    ) -> Granted | Refusal:
        granted = await quick(service, clerk, source)
        desk.do(Blocked(PadCode.LEDGER_FULL))
        return granted

    monkeypatch.setattr(desk, "invite", slow)
    answer = call("POST", "/v1/invitations", CASE)
    assert (answer.status_code, answer.json()["standing"]) == (201, "withdrawn")
