"""The simulated board over its control socket, with its real scanning thread."""

import base64
import itertools
import json
import queue
import random
import socket
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from device.board.driver_names import DRIVERS
from device.board.profile import load_profile
from device.drivers.registry import build_board
from device.drivers.sim.board import SimBoard
from device.drivers.sim.client import SimClient
from device.drivers.sim.clocks import SimBoot, SimWall
from device.drivers.sim.contact import Contact
from device.drivers.sim.sim_signals import SignalEvent
from device.errors import ConfigError, DriverError, PadCode
from device.events import Press
from device.ports import FaultReport
from sync.entries import Level, Trust
from tests.rigs.time.wait import until

PATIENCE_S = 10.0
HELD_MS = 400.0
"""Longer than the keys' thread of a busy machine sleeps."""
PROFILE = load_profile("simulated")


class Bench:
    """A board that runs, what came out of it, and a client of it."""

    def __init__(self, board: SimBoard, client: SimClient, path: Path) -> None:
        self.board = board
        self.client = client
        self.path = path
        self.presses: queue.Queue[Press] = queue.Queue()
        self.faults: queue.Queue[FaultReport] = queue.Queue()

    def pressed(self) -> Press:
        return self.presses.get(timeout=PATIENCE_S)

    def released(self) -> None:
        until(lambda: self.board.keys.at_rest, PATIENCE_S, "all keys are up")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    path = tmp_path / "board.sock"
    board = build_board(PROFILE, {"control": str(path), "seed": 7})
    assert isinstance(board, SimBoard)
    board.start()
    with SimClient(path) as client:
        one = Bench(board, client, path)
        board.keys.start(one.presses.put, one.faults.put)
        yield one
    board.keys.stop()
    board.stop()


def test_each_press_is_counted_once_with_its_level_though_contacts_bounce(bench: Bench) -> None:
    names = [key.name for key in PROFILE.keys.key] * 3
    for name in names:
        bench.client.press(name, hold_ms=HELD_MS)
        press = bench.pressed()
        assert (press.key, press.level, press.source) == (name, Level(name), "keys")
        bench.released()
    assert bench.presses.empty()
    assert bench.faults.empty()


def test_presses_of_one_key_in_haste_are_all_counted(bench: Bench) -> None:
    for _ in range(5):
        bench.client.press("satisfied", hold_ms=HELD_MS)
    times = [bench.pressed().mono_ms for _ in range(5)]
    # How far apart is not asserted: a busy machine may see one edge late and the next in time.
    assert all(after > before for before, after in pairwise(times))
    assert bench.presses.empty()


def test_two_keys_at_once_give_no_level(bench: Bench) -> None:
    bench.client.press("satisfied", "very_dissatisfied")
    press = bench.pressed()
    assert (press.key, press.level) == ("satisfied+very_dissatisfied", None)


def test_a_worn_contact_is_a_fault(bench: Bench) -> None:
    bench.client.chatter("satisfied", for_ms=5000)  # a busy machine sees a part of it
    assert bench.faults.get(timeout=PATIENCE_S) == FaultReport(
        PadCode.KEY_CHATTER, True, "satisfied"
    )


def test_a_key_that_is_held_is_one_press_and_can_be_released(bench: Bench) -> None:
    bench.client.stuck("satisfied", True)
    assert bench.pressed().level is Level.SATISFIED
    bench.client.stuck("satisfied", False)
    bench.released()
    bench.client.press("dissatisfied")
    assert bench.pressed().level is Level.DISSATISFIED


def test_the_display_remembers_its_picture_and_tells_watchers(bench: Bench) -> None:
    lit = Image.new("1", (128, 64))
    lit.putpixel((0, 0), 1)
    with SimClient(bench.path) as watcher:
        seen = watcher.watch()
        assert next(seen).shown == 0
        bench.board.display.show(lit)
        picture = next(seen)
    assert (picture.width, picture.height, picture.shown) == (128, 64, 1)
    assert picture.pixels == b"\x80" + bytes(1023)
    assert bench.client.picture() == picture


def test_a_watch_of_a_board_that_goes_before_its_first_picture_sees_nothing(tmp_path: Path) -> None:
    with socket.create_server(str(tmp_path / "board"), family=socket.AF_UNIX) as going:
        watcher = SimClient(tmp_path / "board")
        going.accept()[0].close()
        assert list(watcher.watch()) == []
        watcher.close()


def test_a_pulled_cable_is_a_driver_error_and_a_dark_display(bench: Bench) -> None:
    lit = Image.new("1", (128, 64), 1)
    bench.board.display.show(lit)
    bench.client.display(False)
    assert not any(bench.client.picture().pixels)
    with pytest.raises(DriverError) as caught:
        bench.board.display.show(lit)
    assert caught.value.code is PadCode.DISPLAY_GONE
    bench.client.display(True)
    bench.board.display.show(lit)
    assert all(bench.client.picture().pixels)


def test_a_picture_of_another_size_is_a_mistake(bench: Bench) -> None:
    for wrong in (Image.new("1", (64, 64)), Image.new("L", (128, 64))):
        with pytest.raises(ValueError, match="for 128x64"):
            bench.board.display.show(wrong)


def test_the_wall_clock_is_set_with_its_trust(bench: Bench) -> None:
    bench.client.clock(0, "none")
    assert bench.board.wall.read().trust is Trust.NONE
    bench.client.clock(1_700_000_000_000, "ntp")
    reading = bench.board.wall.read()
    assert reading.trust is Trust.NTP
    assert 0 <= reading.utc_ms - 1_700_000_000_000 < 60_000


def test_a_board_may_boot_in_1970_and_every_start_is_another_boot() -> None:
    boot = SimBoot()
    reading = SimWall(boot, "1970").read()
    assert reading.trust is Trust.NONE
    assert 0 <= reading.utc_ms < 60_000
    assert boot.boot != SimBoot().boot


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"{}",
        b'{"do":"fly"}',
        b'{"do":"press","key":"louder"}',
        b'{"do":"press"}',
        b'{"do":"stuck","key":"louder","on":true}',
        b'{"do":"clock","trust":"much"}',
        b'{"do":"display","on":"yes"}',
        b'{"do":"press","key":"satisfied","speed":9}',
        b"\xff\xfe",
    ],
)
def test_a_bad_request_is_answered_and_the_connection_lives(bench: Bench, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as plug, plug.makefile("rb") as lines:
        plug.settimeout(PATIENCE_S)
        plug.connect(str(bench.path))
        plug.sendall(line + b"\n")
        answer = json.loads(lines.readline())
        assert answer["ok"] is False
        assert answer["says"]
        plug.sendall(b'{"do":"picture"}\n')
        assert len(base64.b64decode(json.loads(lines.readline())["picture"])) == 1024


def test_a_second_board_on_one_socket_is_refused_and_a_dead_ones_is_taken(bench: Bench) -> None:
    with pytest.raises(DriverError, match="another simulated board"):
        build_board(PROFILE, {"control": str(bench.path)}).start()
    bench.client.picture()
    dead = bench.path.with_name("dead.sock")
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(dead))
    board = build_board(PROFILE, {"control": str(dead)})
    board.start()
    board.stop()
    board.stop()
    assert not dead.exists()


def test_stopping_leaves_no_thread_and_no_socket(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    board = build_board(PROFILE, {"control": str(tmp_path / "c")})
    board.start()
    board.keys.start(lambda _: None, lambda _: None)
    board.keys.stop()
    board.keys.stop()
    board.stop()
    assert set(threading.enumerate()) <= before
    assert list(tmp_path.iterdir()) == []


def test_an_idle_board_sleeps(bench: Bench) -> None:
    """Counted in samples: an idle keys' thread takes none."""
    bench.client.press("satisfied", hold_ms=50)
    bench.pressed()
    bench.released()
    keys = bench.board.keys
    before, watched = keys.samples, iter(range(20))
    until(lambda: next(watched, None) is None, PATIENCE_S, "some looks at the board")
    assert keys.samples == before > 10


@pytest.mark.parametrize("seed", range(20))
def test_a_contact_always_ends_in_the_state_that_was_asked_for(seed: int) -> None:
    contact = Contact(random.Random(seed), 10.0)
    contact.press(100, 60)
    assert not contact.down(99)
    assert contact.down(120)
    assert not contact.down(500)
    assert contact.next_edge_ms(500) is None
    contact.hold(600)
    assert contact.down(1e6)
    contact.release(1e6)
    assert not contact.down(2e6)
    contact.chatter(3e6, 500)
    assert not contact.down(4e6)


def test_a_driver_that_this_machine_cannot_import_is_an_error_with_a_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = DRIVERS["simulated"]._replace(module="device.drivers.nowhere")
    with monkeypatch.context() as patched:
        patched.setitem(DRIVERS, "simulated", driver)
        with pytest.raises(DriverError, match=r"device\.drivers\.nowhere"):
            build_board(PROFILE, {})
    with pytest.raises(ConfigError, match="wall"):
        build_board(PROFILE, {"wall": "1971"})


# --- lights, beeper, voice ------------------------------------------------------------------------


def test_lights_beeper_and_voice_log_in_order_what_they_did(bench: Bench) -> None:
    lights, beeper, voice = bench.board.lights, bench.board.beeper, bench.board.voice
    assert lights is not None
    assert beeper is not None
    assert voice is not None
    with SimClient(bench.path) as watcher:
        events = watcher.watch_signals()
        lights.show(frozenset({"satisfied", "dissatisfied"}))
        beeper.beep((60, 80))
        voice.say("invitation", ("zh", "ko"))
        voice.hush()
        voice.hush()  # there is nothing to cut off any more
        seen = list(itertools.islice(events, 4))
    assert seen == bench.client.signals()
    assert seen == [
        SignalEvent(number=1, lit=("dissatisfied", "satisfied")),
        SignalEvent(number=2, beep=(60, 80)),
        SignalEvent(number=3, said=("invitation", "zh", "ko")),
        SignalEvent(number=4, hushed=True),
    ]
    assert bench.client.lit() == {"satisfied", "dissatisfied"}
    lights.stop()
    assert bench.client.lit() == set()


def test_a_board_whose_profile_has_no_lights_and_no_sounds_has_none() -> None:
    plain = msgspec.structs.replace(PROFILE, lights=None, beeper=None, voice=None)
    board = build_board(plain, {})
    assert (board.lights, board.beeper, board.voice) == (None, None, None)


def test_lights_that_break_are_dark(bench: Bench) -> None:
    assert bench.board.lights is not None
    bench.board.lights.show(frozenset({"satisfied"}))
    bench.client.damage("lights", True)
    assert bench.client.lit() == set()
    bench.client.damage("lights", False)
    bench.board.lights.show(frozenset({"satisfied"}))
    assert bench.client.lit() == {"satisfied"}
