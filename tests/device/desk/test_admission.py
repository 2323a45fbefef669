"""The rules of admission: token, ticket, origin, rate limit; what is logged and counted."""

import logging
from typing import Any

import pytest

from device.desk.admission import CALLS, EVENTS, WRONG_TOKENS, Admission, RequestInfo, logged_path

TOKEN = "s3cret-令牌-0123456789"
RIGHT = (TOKEN.encode(),)


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admission(clock: Clock) -> Admission:
    return Admission(
        [TOKEN, "the-token-of-tomorrow"],
        origins=["https://win.hall.lan"],
        plugin_tokens=["the-plug-ins-own-token"],
        public=["/"],
        now_s=clock,
    )


def call(path: str = "/v1/window", method: str = "GET", **given: Any) -> RequestInfo:
    return RequestInfo(method, path, "10.0.0.7", "10.0.0.1", host="10.0.0.1:8600", **given)


@pytest.mark.parametrize("tokens", [[], [""], [" "], ["good-and-long-enough", "\n"]])
def test_there_is_no_desk_without_a_token(tokens: list[str]) -> None:
    with pytest.raises(ValueError, match="empty"):
        Admission(tokens)


def test_each_of_the_tokens_is_good_and_nothing_else(admission: Admission) -> None:
    assert admission.error_of(call(bearers=RIGHT)) is None
    assert admission.error_of(call(bearers=(b"the-token-of-tomorrow",))) is None
    for wrong in ((), (b"",), (TOKEN.encode() + b"x",), RIGHT * 2, (b"the-plug-ins-own-token",)):
        assert admission.error_of(call(bearers=wrong)) == "unauthorised"


def test_a_public_path_can_only_be_read(admission: Admission) -> None:
    assert admission.error_of(call("/")) is None
    assert admission.error_of(call("/", "HEAD")) is None
    assert admission.error_of(call("/", "POST")) == "unauthorised"
    assert admission.error_of(call("/elsewhere")) == "unauthorised"


# --- tickets ------------------------------------------------------------------------------------


def test_a_ticket_opens_the_events_once_and_nothing_else(
    admission: Admission, clock: Clock
) -> None:
    ticket = admission.issue_ticket()
    assert admission.error_of(call("/v1/window", ticket=ticket)) == "unauthorised"
    assert admission.error_of(call(EVENTS, ticket=ticket)) is None
    assert admission.error_of(call(EVENTS, ticket=ticket)) == "unauthorised"  # replayed
    late = admission.issue_ticket()
    clock.s += 31
    assert admission.error_of(call(EVENTS, ticket=late)) == "unauthorised"
    assert admission.error_of(call(EVENTS, ticket="")) == "unauthorised"
    assert (
        admission.error_of(call(EVENTS, bearers=RIGHT)) is None
    )  # who can send a header needs none


# --- origins ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        (None, "10.0.0.1:8600", "http"),
        ("https://win.hall.lan", "10.0.0.1:8600", "http"),
        ("http://10.0.0.1:8600", "10.0.0.1:8600", "http"),
        ("https://10.0.0.1:8600", "10.0.0.1:8600", "https"),
        ("http://localhost:8600", "localhost:8600", "http"),
        ("http://[::1]:8600", "[::1]:8600", "http"),
    ],
)
def test_a_page_of_the_pad_or_of_the_list_may_call(
    admission: Admission, origin: str | None, host: str, scheme: str
) -> None:
    one = call(bearers=RIGHT, origin=origin)._replace(host=host, scheme=scheme)
    assert admission.error_of(one) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://evil.example", "10.0.0.1:8600"),
        ("http://win.hall.lan", "10.0.0.1:8600"),
        ("https://win.hall.lan.evil.example", "10.0.0.1:8600"),
        ("https://win.hall.lan:8443", "10.0.0.1:8600"),
        ("null", "10.0.0.1:8600"),
        ("", "10.0.0.1:8600"),
        ("http://10.0.0.1", "10.0.0.1:8600"),
        ("https://10.0.0.1:8600", "10.0.0.1:8600"),
        # A name that was made to lead to the pad (DNS rebinding): both say the same, and yet.
        ("http://evil.example:8600", "evil.example:8600"),
    ],
)
def test_a_page_from_elsewhere_may_not_even_with_the_token(
    admission: Admission, origin: str, host: str
) -> None:
    one = call(bearers=RIGHT, origin=origin)._replace(host=host)
    assert admission.error_of(one) == "foreign-origin"
    assert not admission.is_cross_origin(one)  # and its browser is told nothing


def test_a_preflight_needs_no_token_and_has_a_rate_limit(admission: Admission) -> None:
    asking = call(method="OPTIONS", origin="https://win.hall.lan")
    assert [admission.error_of(asking) for _ in range(int(CALLS.burst) + 1)][-2:] == [
        None,
        "too-often",
    ]
    assert admission.error_of(call(method="OPTIONS")._replace(client="10.0.0.8")) == "unauthorised"


# --- the plug-in --------------------------------------------------------------------------------


def test_the_plug_in_is_for_this_machine_with_its_own_token(admission: Admission) -> None:
    here = call("/plugin/ask", plugin_token=b"the-plug-ins-own-token")
    here = here._replace(client="127.0.0.1", server="127.0.0.1")
    assert admission.error_of(here) is None
    assert admission.error_of(here._replace(plugin_token=TOKEN.encode())) == "unauthorised"
    assert admission.error_of(here._replace(plugin_token=b"", bearers=RIGHT)) == "unauthorised"
    assert admission.error_of(here._replace(client="10.0.0.7")) == "unauthorised"
    assert admission.error_of(here._replace(server="10.0.0.1")) == "unauthorised"
    assert admission.error_of(here._replace(client="::1", server="::1")) is None
    other = Admission([TOKEN])
    assert other.error_of(here) == "unauthorised"
    assert not other.has_plugin


# --- patience -----------------------------------------------------------------------------------


def test_an_address_over_its_rate_limit_is_refused_even_with_the_token(
    admission: Admission, clock: Clock
) -> None:
    answers = [admission.error_of(call(bearers=RIGHT)) for _ in range(int(CALLS.burst) + 1)]
    assert set(answers[:-1]) == {None}
    assert answers[-1] == "too-often"
    assert admission.error_of(call(bearers=RIGHT)._replace(client="10.0.0.8")) is None
    clock.s += 1
    assert admission.error_of(call(bearers=RIGHT)) is None


def test_wrong_tokens_are_rate_limited_and_the_right_token_is_not(admission: Admission) -> None:
    answers = [
        admission.error_of(call(bearers=(b"guess",))) for _ in range(int(WRONG_TOKENS.burst) + 1)
    ]
    assert answers[-2:] == ["unauthorised", "too-often"]
    assert admission.error_of(call(bearers=RIGHT)) is None


# --- what is written down -----------------------------------------------------------------------


def test_a_refusal_is_counted_and_logged_without_the_callers_words(
    admission: Admission, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        admission.record_refusal(
            "unauthorised", "10.0.0.7", f"/v1/invitations/{TOKEN}/x\r\nlevel: satisfied"
        )
    assert caplog.messages == ["refused unauthorised to 10.0.0.7 at /v1/invitations"]
    assert admission.refused.counts == {"unauthorised": 1}


def test_a_logged_path_is_one_of_ours() -> None:
    assert logged_path("/v1/window/pause") == "/v1/window"
    assert logged_path("/plugin/ask") == "/plugin/"
    assert logged_path("/../../etc/passwd") == "another path"
