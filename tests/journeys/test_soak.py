"""A pad and a receiver among constant trouble: what they use stays level.

Every cycle has ratings and one of the troubles of `TROUBLES`. Run for an hour in the long form
(RATINGPAD_LONG=1, or RATINGPAD_SOAK_S seconds), for a few cycles otherwise.
"""

import os
import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event

import msgspec
import pytest

from sync.messages import Topic
from tests.rigs.broker.mqtt_probe import mqtt_probe
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.deployment import Deployment
from tests.rigs.system.process_levels import (
    SAMPLES_MIN,
    Levels,
    descriptors,
    rss_kib,
    size_bytes,
    threads,
)
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker

LONG = os.environ.get("RATINGPAD_LONG") == "1"
SOAK_S = float(os.environ.get("RATINGPAD_SOAK_S", "3600" if LONG else "0"))
SEED = 20261130
REQUESTS = 40
MESSAGES = 40
PAUSE_S = 0.5 if LONG else 0.0

RISE_KIB = 2048
"""What resident memory may rise by from the middle third to the last: the allocator's grain."""
DESCRIPTORS_RISE = 4
"""What descriptors and threads may rise by: a connection that is just being made has a few."""
WAL_BYTES = 8 << 20
"""Above SQLite's automatic checkpoint of 1,000 pages of 4 KiB, with room for a long reader."""
LOG_RISE = 1.5
"""A log may not grow faster in the last third than this many times the middle third's rate."""


def broker_killed(deployment: Deployment, pad: PadProcess, rng: random.Random) -> None:
    deployment.broker.kill()
    deployment.broker.start()


def cable_cut(deployment: Deployment, pad: PadProcess, rng: random.Random) -> None:
    pad.cable.cut()
    pad.rate(f"cut-{rng.getrandbits(64):x}")
    pad.cable.mend()


def second_receiver_killed(deployment: Deployment, pad: PadProcess, rng: random.Random) -> None:
    deployment.receivers[1].kill()
    deployment.receivers[1].start()


def stray_presses(deployment: Deployment, pad: PadProcess, rng: random.Random) -> None:
    pad.free()
    pad.stray(1)


def hostile_requests(deployment: Deployment, pad: PadProcess, rng: random.Random) -> None:
    """Requests that nobody may make, in many connections."""
    port = pad.desk.base_url.port
    assert port is not None
    lines = [
        b"GET /?" + b"&".join([b"a=1&%"] * 17) + b" HTTP/1.1\r\nHost: pad\r\n\r\n",
        b"POST /v1/invitations HTTP/1.1\r\nHost: pad\r\nContent-Length: -5\r\n\r\n",
        b"GET /v1/window HTTP/1.1\r\nHost: pad\r\nAuthorization: Bearer no\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)),
        rng.randbytes(512),
    ]
    for _ in range(REQUESTS):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
            peer.sendall(rng.choice(lines))
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(4096):
                pass


def hostile_messages(deployment: Deployment, pad: PadProcess, rng: random.Random) -> None:
    """Batches that are none, and births of another pad's that go back to ever another entry."""
    with mqtt_probe(deployment.broker.address) as probe:
        for _ in range(MESSAGES):
            probe.publish(Topic.ENTRIES.of("pad-rogue"), rng.randbytes(rng.randint(0, 2000)))
            birth = {
                "boots": 1,
                "digest": rng.randbytes(32).hex(),
                "ledger": "01JROGUEROGUEROGUEROGUEROG",
                "pad": "pad-rogue",
                "seq": rng.randint(1, 10**6),
                "session": rng.randint(1, 10**6),
                "status": "online",
                "version": "0",
            }
            probe.publish(Topic.STATE.of("pad-rogue"), msgspec.json.encode(birth))
        probe.publish(Topic.DESIRED.of(pad.id), rng.randbytes(200), retained=True)
        probe.publish(Topic.DESIRED.of(pad.id), b"", retained=True)


Trouble = Callable[[Deployment, PadProcess, random.Random], None]
TROUBLES: tuple[Trouble, ...] = (
    broker_killed,
    hostile_requests,
    cable_cut,
    hostile_messages,
    stray_presses,
    second_receiver_killed,
)


def sample(levels: Levels, deployment: Deployment, pad: PadProcess) -> None:
    receiver = deployment.receivers[0]
    assert pad.process is not None, "the pad has ended"
    assert receiver.process is not None, "the receiver has ended"
    for name, pid in (("pad", pad.process.pid), ("receiver", receiver.process.pid)):
        levels.add(f"{name} memory KiB", rss_kib(pid))
        levels.add(f"{name} descriptors", descriptors(pid))
        levels.add(f"{name} threads", threads(pid))
    levels.add("pad WAL bytes", size_bytes(pad.folder / "ledger.db-wal"))
    levels.add("receiver WAL bytes", size_bytes(deployment.folder / "province.db-wal"))
    levels.add("pad log bytes", size_bytes(pad.log))
    levels.add("receiver log bytes", size_bytes(deployment.folder / "receiver-0.log"))


def judge(levels: Levels) -> list[str]:
    """What is not level, a line each."""
    found = []
    for end in ("pad", "receiver"):
        if levels.rise(f"{end} memory KiB") > RISE_KIB:
            found.append(f"{end}: memory rises by {levels.rise(f'{end} memory KiB'):.0f} KiB")
        for name in (f"{end} descriptors", f"{end} threads"):
            if levels.rise(name) >= DESCRIPTORS_RISE:
                found.append(f"{name} rise by {levels.rise(name):.0f}")
        if max(levels.series[f"{end} WAL bytes"]) > WAL_BYTES:
            found.append(f"{end}: the WAL reached {max(levels.series[f'{end} WAL bytes'])} bytes")
        log = levels.series[f"{end} log bytes"]
        third = len(log) // 3
        middle, last = log[2 * third] - log[third], log[-1] - log[-1 - third]
        if last > LOG_RISE * middle + 10_000:
            found.append(f"{end}: the log grew by {last:.0f} bytes after {middle:.0f}")
    return found


@pytest.mark.timeout(300 + 2 * SOAK_S)
def test_memory_descriptors_wal_and_log_stay_level_among_constant_trouble(
    deployment: Deployment,
) -> None:
    rng = random.Random(SEED)
    deployment.receiver()
    deployment.receiver()
    pad = deployment.pad()
    levels = Levels()
    start_s, cycle = time.monotonic(), 0
    cycles_min = max(SAMPLES_MIN, len(TROUBLES))
    while cycle < cycles_min or time.monotonic() - start_s < SOAK_S:
        pad.rate(f"case-{cycle}", "satisfied")
        TROUBLES[cycle % len(TROUBLES)](deployment, pad, rng)
        # A whole round of troubles is a sample in the long form: they do not use the same.
        if not LONG or cycle % len(TROUBLES) == 0:
            sample(levels, deployment, pad)
        if cycle % (20 * len(TROUBLES)) == 0:
            print(f"cycle {cycle}, {time.monotonic() - start_s:.0f} s\n{levels.table()}")
        Event().wait(PAUSE_S)
        cycle += 1
    print(f"{cycle} cycles in {time.monotonic() - start_s:.0f} s\n{levels.table()}")
    until(lambda: pad.window()["state"] == "ready", 20, "the window still serves")
    deployment.caught_up(pad, 60)
    assert deployment.store_reader.missing(pad.thanked) == {}
    assert deployment.store_reader.doubled() == {}
    if LONG or SOAK_S:
        assert judge(levels) == []


def series(values: dict[str, Callable[[int], float]]) -> Levels:
    levels = Levels()
    for end in ("pad", "receiver"):
        for name in ("memory KiB", "descriptors", "threads", "WAL bytes", "log bytes"):
            for n in range(30):
                levels.add(f"{end} {name}", values.get(f"{end} {name}", lambda _: 50.0)(n))
    return levels


def test_what_stays_level_is_not_complained_about() -> None:
    assert judge(series({})) == []


@pytest.mark.parametrize(
    ("name", "grows"),
    [
        ("receiver memory KiB", lambda n: 40_000.0 + 300 * n),
        ("pad descriptors", lambda n: 20.0 + n),
        ("pad threads", lambda n: 8.0 + n // 2),
        ("receiver WAL bytes", lambda n: 1e6 * n),
        ("pad log bytes", lambda n: 100.0 * n**3),
    ],
)
def test_what_grows_is_named(name: str, grows: Callable[[int], float]) -> None:
    (line,) = judge(series({name: grows}))
    assert line.startswith(name.split(maxsplit=1)[0])
