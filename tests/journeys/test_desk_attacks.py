"""Attacks on the desk from the hall's network: refused, logged, counted; the pad goes on."""

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from itertools import count

import pytest

from tests.rigs.pad.desk_pad import desk_pad
from tests.rigs.pad.pad_process import TOKEN, PadProcess
from tests.rigs.system.deployment import Deployment
from tests.rigs.time.wait import until
from web.api_errors import MAX_REQUEST_BYTES
from web.listener import MAX_OF_ONE_CLIENT

BEARER = f"Authorization: Bearer {TOKEN}"
SECRET = "the-words-of-a-caller"
CALLERS = count(1)


@pytest.fixture(scope="module")
def pad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PadProcess]:
    lines = 'origins = ["https://win.hall.lan"]\nplugin_token_file = "plugin-token"'
    with desk_pad(tmp_path_factory.mktemp("attacks") / "pad", lines) as running:
        yield running


@pytest.fixture(autouse=True)
def caller(pad: PadProcess) -> Iterator["Caller"]:
    """After every attack the same process serves a correct request, and its log has no text of
    the caller.
    """
    before, mark = pad.process, len(pad.last_words())
    yield Caller(pad, f"127.0.2.{next(CALLERS)}")
    assert pad.process is before
    assert before is not None
    assert before.poll() is None
    assert pad.desk.get("/v1/window").status_code == 200
    log = pad.last_words()[mark:]
    for word in ("Traceback", TOKEN, SECRET, "ticket="):
        assert word not in log, log


class Caller:
    """A client on the network with an address of its own."""

    def __init__(self, pad: PadProcess, address: str) -> None:
        self.pad, self.address = pad, address

    def connect(self) -> socket.socket:
        """A new connection."""
        port = self.pad.desk.base_url.port
        return socket.create_connection(("127.0.0.1", port), 5, source_address=(self.address, 0))

    def raw(self, words: bytes, *, patience_s: float = 5.0) -> bytes:
        """Send bytes unchanged; what is received until the timeout or the end of the connection."""
        received = bytearray()
        with closing(self.connect()) as line, suppress(OSError):
            line.settimeout(patience_s)
            line.sendall(words)
            while chunk := line.recv(65_536):
                received += chunk
        return bytes(received)

    def call(self, first: str, *headers: str, body: bytes = b"") -> tuple[int, str]:
        """One request; its status and its error code."""
        lines = [first, "Host: 127.0.0.1", "Connection: close", *headers]
        answer = self.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        status = int(answer.split(b" ", 2)[1])
        _, _, text = answer.partition(b"\r\n\r\n")
        with suppress(ValueError):
            return status, json.loads(text).get("error", "")
        return status, ""

    def upgrade(self, target: str, *headers: str) -> int:
        """A WebSocket's handshake; its status."""
        with closing(self.connect()) as line:
            line.sendall(handshake(target, *headers))
            return int(line.recv(65_536).split(b" ", 2)[1])

    def is_logged(self, error: str) -> None:
        """Wait for the log line of a refusal to this caller."""
        line = f"refused {error} to {self.address} at "
        until(lambda: line in self.pad.last_words(), 5, line)


def handshake(target: str, *headers: str) -> bytes:
    """The request with which a browser opens a WebSocket."""
    lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1", *HANDSHAKE, *headers, "", ""]
    return "\r\n".join(lines).encode()


HANDSHAKE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def test_a_wrong_secret(caller: Caller, pad: PadProcess) -> None:
    wrong = ("", f"Authorization: Bearer {SECRET}", f"Authorization: Basic {TOKEN}", f"X: {TOKEN}")
    for header in wrong:
        assert caller.call("GET /v1/window HTTP/1.1", *filter(None, [header])) == (
            401,
            "unauthorised",
        )
    assert caller.call("GET /v1/window HTTP/1.1", BEARER, BEARER) == (401, "unauthorised")
    caller.is_logged("unauthorised")


def test_a_foreign_origin(caller: Caller, pad: PadProcess) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        answer = caller.call("POST /v1/invitations HTTP/1.1", BEARER, f"Origin: {origin}")
        assert answer == (403, "foreign-origin")
    rebound = ("GET /v1/window HTTP/1.1", BEARER, "Origin: http://evil.example")
    assert caller.call(*rebound) == (403, "foreign-origin")
    caller.is_logged("foreign-origin")


def test_a_replayed_ticket(caller: Caller, pad: PadProcess) -> None:
    ticket = pad.desk.post("/v1/tickets").json()["ticket"]
    assert caller.upgrade(f"/v1/events?ticket={ticket}") == 101
    assert caller.upgrade(f"/v1/events?ticket={ticket}") == 401
    assert caller.upgrade("/v1/events") == 401
    fresh = pad.desk.post("/v1/tickets").json()["ticket"]
    assert caller.upgrade(f"/v1/events?ticket={fresh}", "Origin: https://evil.example") == 403
    assert caller.upgrade(f"/v1/events?ticket={fresh}", "Origin: https://win.hall.lan") == 101


def test_an_oversized_body(caller: Caller, pad: PadProcess) -> None:
    much = b" " * (MAX_REQUEST_BYTES + 1)
    length = f"Content-Length: {len(much)}"
    post = "POST /v1/invitations HTTP/1.1"
    assert caller.call(post, BEARER, length, body=much) == (413, "too-large")
    chunks = b"4001\r\n" + much + b"\r\n0\r\n\r\n"
    chunked = "Transfer-Encoding: chunked"
    assert caller.call(post, BEARER, chunked, body=chunks) == (413, "too-large")
    assert caller.call(post, BEARER, "Content-Length: 99999999999") == (413, "too-large")
    assert caller.raw(f"{post}\r\nX: {'a' * 1_000_000}".encode())[:12] == b"HTTP/1.1 400"
    caller.is_logged("too-large")


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/clerk.js/../wire.py",
        "/v1/invitations/..%2f..%2fwindow",
        "/v1/invitations/%00",
        "/v1/window/",
        "//v1/window",
        "/V1/window",
        "http://127.0.0.1/../wire.py",
        "/plugin/ask?case=1",
        "*",
    ],
)
def test_path_tricks(caller: Caller, path: str) -> None:
    status, _ = caller.call(f"GET {path} HTTP/1.1", BEARER)
    assert status in (400, 401, 404, 422)
    assert caller.call(f"GET {path} HTTP/1.1")[0] in (400, 401, 404, 422)


def test_header_injection(caller: Caller, pad: PadProcess) -> None:
    smuggled = (
        f"POST /v1/window/pause HTTP/1.1\r\nHost: x\r\n{BEARER}\r\nContent-Length: 4\r\n"
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/window HTTP/1.1\r\n\r\n"
    )
    assert caller.raw(smuggled.encode()).startswith(b"HTTP/1.1 400")
    assert pad.desk.get("/v1/window").json()["state"] == "ready"
    caller.is_logged("unreadable")
    for header in (
        f"Origin: https://win.hall.lan\rX-Evil: {SECRET}",
        f"Origin: https://win.hall.lan\nX-Evil: {SECRET}",
        f"Origin: https://win.hall.lan\x00{SECRET}",
    ):
        answer = caller.raw(f"GET / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        head = answer.partition(b"\r\n\r\n")[0]
        assert SECRET.encode() not in head
    # A proxy's headers are not used: a caller could name any address in them.
    forwarded = ("X-Forwarded-For: 10.9.8.7", "Forwarded: for=10.9.8.7")
    caller.call("GET /v1/nowhere HTTP/1.1", BEARER, *forwarded)
    caller.is_logged("not-found")
    assert "10.9.8.7" not in pad.last_words()
    words = json.dumps({"by": f"{SECRET}\r\nlevel: satisfied"}).encode()
    post = ("POST /v1/window/pause HTTP/1.1", BEARER, f"Content-Length: {len(words)}")
    assert caller.call(*post, body=words) == (422, "bad-request")


def test_too_many_connections_of_one_caller(caller: Caller, pad: PadProcess) -> None:
    with ExitStack() as held:
        for _ in range(MAX_OF_ONE_CLIENT * 3):
            line = held.enter_context(closing(caller.connect()))
            with suppress(OSError):
                line.send(b"GET / HT")
        caller.is_logged("too-many")


def test_too_many_requests_of_one_caller(caller: Caller, pad: PadProcess) -> None:
    """Each refusal beyond the limit is delayed by a second."""
    with closing(caller.connect()) as line:
        line.settimeout(10)
        request = f"GET /v1/window HTTP/1.1\r\nHost: x\r\n{BEARER}\r\n\r\n".encode()
        answer = b""
        began_s = time.monotonic()
        for _ in range(400):
            try:
                line.sendall(request)
                answer = line.recv(65_536)
            except OSError:
                break
            if b"429" in answer[:20]:
                break
        assert answer.startswith(b"HTTP/1.1 429")
        assert time.monotonic() - began_s < 60
    caller.is_logged("too-often")


def test_incomplete_requests_do_not_block_other_callers(caller: Caller, pad: PadProcess) -> None:
    with ExitStack() as held:
        for _ in range(MAX_OF_ONE_CLIENT - 2):
            line = held.enter_context(closing(caller.connect()))
            line.send(b"POST /v1/window/pause HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        assert pad.desk.get("/v1/window").status_code == 200  # meanwhile
    pad.rate(f"while they are open {random.Random(4).random()}")


def garbage(rng: random.Random) -> bytes:
    """Requests with random changes, and random bytes."""
    good = [
        b"GET /v1/window HTTP/1.1\r\nHost: x\r\n\r\n",
        handshake("/v1/events?ticket=x"),
        b"POST /v1/invitations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
        b"GET /plugin/socket HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        rng.randbytes(200),
    ]
    words = bytearray(rng.choice(good))
    for _ in range(rng.randrange(4)):
        place = rng.randrange(len(words))
        change = rng.randrange(3)
        if change == 0:
            words[place] = rng.randrange(256)
        elif change == 1:
            del words[place : place + rng.randrange(1, 20)]
        else:
            words[place:place] = rng.choice([b"\r\n", b"\0", b"\xff", b":", b" " * 50])
    return bytes(words)


def test_garbage(caller: Caller, pad: PadProcess) -> None:
    """With a seed, so that a failure can be repeated."""
    rng = random.Random(20_261_123)
    for _ in range(300):
        caller.raw(garbage(rng), patience_s=0.05)


def test_garbage_on_an_open_socket(caller: Caller, pad: PadProcess) -> None:
    rng = random.Random(7)
    for _ in range(20):
        ticket = pad.desk.post("/v1/tickets").json()["ticket"]
        with closing(caller.connect()) as line:
            line.sendall(handshake(f"/v1/events?ticket={ticket}"))
            line.recv(65_536)
            with suppress(OSError):
                line.sendall(rng.randbytes(rng.randrange(1, 400)))
                line.settimeout(0.05)
                line.recv(65_536)


@pytest.mark.broker
def test_the_health_report_counts_the_refusals(deployment: Deployment) -> None:
    deployment.receiver()
    pad = deployment.pad()
    assert pad.desk.get("/v1/window", headers={"Authorization": ""}).status_code == 401

    def reported() -> bool:
        pads = deployment.store_reader.look(lambda store: store.pads())
        return any('"refused":1' in str(pad.health) for pad in pads)

    until(reported, 10, "a health report that counts it")
