"""Thousands of changed requests to the desk and the touch page: the window goes on serving.

Short by default; RATINGPAD_LONG=1 tries more. A failure is repeated by its seed.
"""

import os
import random
from collections.abc import Iterator

import pytest

from device.ui.touch.kiosk_secret import secret_in
from sync.mqtt import BrokerAddress
from tests.rigs.pad.pad_process import TOKEN, PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.system.process_levels import descriptors, rss_kib, size_bytes
from tests.rigs.time.wait import until
from tests.rigs.web.request_fuzzer import HANDSHAKE, corpus, fire, mutated

ROUNDS = 20_000 if os.environ.get("RATINGPAD_LONG") == "1" else 250
SEED = 20_261_130
LOG_BYTES = 16 * 1024
"""Sixty lines and one every ten seconds, whatever comes and from however many addresses."""
GROWTH_KIB = 32 * 1024
DESK = (
    b"/",
    b"/v1/window",
    b"/v1/invitations",
    b"/v1/invitations/x/withdraw",
    b"/v1/events?ticket=x",
    b"/v1/nowhere/",
    b"/plugin/ask?token=the-plug-ins-own-token&case=1&callback=f",
    b"/plugin/socket?token=the-plug-ins-own-token",
)
PAGE = (b"/", b"/touch.js", b"/fonts.css", b"/font/x", b"/photo", b"/here", b"/touch", b"/no")


@pytest.fixture(scope="module")
def pad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PadProcess]:
    nobody = BrokerAddress("127.0.0.1", free_port())
    folder = tmp_path_factory.mktemp("fuzz") / "pad"
    made = PadProcess(folder, "pad-1", nobody, touch="reasons = false\n")
    (folder / "plugin-token").write_text("the-plug-ins-own-token")
    text = made.config.read_text()
    made.config.write_text(text.replace("[desk]\n", '[desk]\nplugin_token_file = "plugin-token"\n'))
    try:
        yield made.start()
    finally:
        made.remove()


def port_of(pad: PadProcess, server: str) -> int:
    return pad.touch_port if server == "page" else int(pad.desk.base_url.port or 0)


@pytest.mark.parametrize("server", ["desk", "page"])
def test_no_changed_request_stops_the_window_or_fills_its_log(pad: PadProcess, server: str) -> None:
    port = port_of(pad, server)
    host = b"127.0.0.1:%d" % port
    if server == "desk":
        good = corpus(host, DESK, b"Authorization: Bearer " + TOKEN.encode() + b"\r\n")
    else:
        secret = secret_in(pad.entry).encode()
        own = b"Origin: http://" + host + b"\r\nSec-WebSocket-Protocol: ratingpad.touch, secret."
        good = corpus(host, PAGE, own + secret + b"\r\n") + corpus(host, PAGE, b"")
    process = pad.process
    assert process is not None
    for words in good:  # what is loaded at the first request is no growth
        fire(port, words, "127.0.9.9", patience_s=0.2, hang_up=True)
    before_kib, log_bytes = rss_kib(process.pid), size_bytes(pad.log)
    rng = random.Random(f"{SEED} {server}")
    for number in range(ROUNDS):
        client = f"127.{rng.randrange(3, 250)}.{number % 250}.7"  # each with its own rate limit
        hang_up = rng.random() < 0.8
        fire(port, mutated(rng, good), client, patience_s=1 if hang_up else 0.02, hang_up=hang_up)
    assert process.poll() is None
    log = pad.last_words()
    assert "Traceback" not in log, log
    assert "Exception" not in log, log
    assert size_bytes(pad.log) - log_bytes < LOG_BYTES, log
    assert rss_kib(process.pid) - before_kib < GROWTH_KIB
    pad.desk.post("/v1/window/resume")
    withdraw_open(pad)
    pad.rate(f"after the {server}'s")


def withdraw_open(pad: PadProcess) -> None:
    """A changed request may have been a good invitation, or a pause."""
    invitation = pad.desk.get("/v1/window").json()["invitation"]
    if invitation is not None:
        pad.desk.post(f"/v1/invitations/{invitation}/withdraw")
    until(lambda: pad.desk.get("/v1/window").json()["state"] == "ready", 10, "the window is free")


HEAD = b" HTTP/1.1\r\nHost: x\r\n"
LOUD = {
    "a query of many fields": ("desk", b"GET /?" + b"a=1&" * 17 + HEAD + b"\r\n"),
    "no token": ("desk", b"GET /v1/window" + HEAD + b"\r\n"),
    "no HTTP": ("desk", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"),
    "a broken handshake": (
        "desk",
        b"GET /v1/events" + HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ),
    "another upgrade": ("desk", b"GET /" + HEAD + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
    "the page without its secret": ("page", b"GET /touch" + HEAD + HANDSHAKE + b"\r\n"),
    "a path that is not there": ("page", b"GET /nowhere" + HEAD + b"\r\n"),
}


@pytest.mark.parametrize(("server", "words"), LOUD.values(), ids=LOUD)
def test_a_refusal_that_is_tried_again_and_again_is_a_few_lines(
    pad: PadProcess, server: str, words: bytes, request: pytest.FixtureRequest
) -> None:
    """From one address, as fast as it is answered, on several connections."""
    client = f"127.2.{list(LOUD).index(request.node.callspec.id)}.1"
    before = size_bytes(pad.log)
    for _ in range(60):
        fire(port_of(pad, server), words, client, patience_s=0.05, hang_up=True)
    log = pad.last_words()
    assert size_bytes(pad.log) - before < 1024, log
    assert "Traceback" not in log
    assert pad.process is not None
    assert descriptors(pad.process.pid) < 200
    assert pad.desk.get("/v1/window").status_code == 200


def test_what_came_in_is_never_a_line_of_the_log(pad: PadProcess) -> None:
    """Line ends, escape sequences and texts that look like lines of ours, wherever text can be."""
    forged = "x\n2026-11-30 ratingpad: all is well\x1b[2J"
    before = len(pad.last_words())
    for path in ("/v1/invitations", "/v1/window/pause"):
        for field in ("case", "step", "clerk", "by", "window", "reason", forged):
            answer = pad.desk.post(path, json={field: forged})
            assert answer.status_code == 422
    assert pad.desk.get("/v1/%0aforged").status_code == 422
    log = pad.last_words()[before:]
    assert "all is well" not in log
    assert "\x1b" not in log
