"""What the port `Keys` promises, asked of every driver there is."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from device.errors import PadCode
from device.events import Press
from device.ports import FaultReport
from sync.entries import Level
from tests.rigs.keys.key_drivers import KEYS_RIGS, KeysRig
from tests.rigs.serial.serial_keypad import PATIENCE_S
from tests.rigs.time.wait import until


class Bench:
    """A rig whose keys have been started, and what came out of them."""

    def __init__(self, rig: KeysRig) -> None:
        self.rig = rig
        self.presses: queue.Queue[Press] = queue.Queue()
        self.faults: queue.Queue[FaultReport] = queue.Queue()
        self.threads: set[threading.Thread] = set()

    def _take(self, press: Press) -> None:
        self.threads.add(threading.current_thread())
        self.presses.put(press)

    def start(self) -> None:
        self.rig.keys.start(self._take, self.faults.put)

    def pressed(self) -> Press:
        return self.presses.get(timeout=PATIENCE_S)


@pytest.fixture(params=KEYS_RIGS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with KEYS_RIGS[request.param](tmp_path) as rig:
        one = Bench(rig)
        one.start()
        yield one
        rig.keys.stop()


def test_each_key_is_one_press_with_its_name_and_its_level(bench: Bench) -> None:
    assert set(bench.rig.levels.values()) == set(Level)
    for name, level in bench.rig.levels.items():
        bench.rig.press(name)
        press = bench.pressed()
        assert (press.key, press.level) == (name, level)
        assert press.source
    assert bench.presses.empty()
    assert bench.faults.empty()


def test_what_is_no_key_or_several_is_a_press_without_a_level(bench: Bench) -> None:
    bench.rig.confuse()
    assert bench.pressed().level is None


def test_a_press_carries_the_boot_clocks_time_of_its_moment(bench: Bench) -> None:
    name = next(iter(bench.rig.levels))
    before_ms = bench.rig.boot.mono_ms()
    bench.rig.press(name)
    press = bench.pressed()
    assert before_ms <= press.mono_ms <= bench.rig.boot.mono_ms()


def test_presses_come_from_the_drivers_own_thread(bench: Bench) -> None:
    bench.rig.press(next(iter(bench.rig.levels)))
    bench.pressed()
    assert len(bench.threads) == 1
    assert threading.current_thread() not in bench.threads


def test_nothing_comes_by_itself_and_nothing_after_stop_which_may_be_called_twice(
    bench: Bench,
) -> None:
    bench.rig.press(next(iter(bench.rig.levels)))
    bench.pressed()
    bench.rig.keys.stop()
    bench.rig.keys.stop()
    assert not [thread for thread in bench.threads if thread.is_alive()]
    assert bench.presses.empty()


@pytest.mark.parametrize("name", KEYS_RIGS)
def test_keys_that_never_started_can_be_stopped(name: str, tmp_path: Path) -> None:
    with KEYS_RIGS[name](tmp_path) as rig:
        rig.keys.stop()


@pytest.mark.parametrize("rig_name", KEYS_RIGS)
def test_keys_whose_thread_has_died_say_so_and_close_the_window(
    rig_name: str, tmp_path: Path
) -> None:
    faults: queue.Queue[FaultReport] = queue.Queue()

    def fail(_: Press) -> None:
        raise ZeroDivisionError("a part of the driver failed")

    with KEYS_RIGS[rig_name](tmp_path) as rig:
        alive_before = rig.keys.alive
        assert not alive_before
        rig.keys.start(fail, faults.put)
        alive = rig.keys.alive
        assert alive
        rig.press(next(iter(rig.levels)))
        fault = faults.get(timeout=PATIENCE_S)
        assert (fault.code, fault.broken) == (PadCode.KEYS_GONE, True)
        until(lambda: not rig.keys.alive, PATIENCE_S, "the keys know that their thread has ended")
        rig.keys.stop()
