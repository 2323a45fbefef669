"""A day without a network, without a broker, without a clock."""

import time

import pytest

from device.drivers.sim.client import SimClient
from device.errors import PadCode
from device.events import Scene
from sync.entries import Clock, Rated, Trust
from tests.rigs.system.deployment import Hall
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
DAY_MS = 24 * 3600 * 1000


def test_a_day_offline_and_a_night_without_power_arrive_once_and_whole(any_hall: Hall) -> None:
    any_hall.receiver()
    pad = any_hall.pad()
    pad.rate("before")
    any_hall.caught_up(pad)
    pad.cable.cut()
    for n in range(3):
        pad.rate(f"morning-{n}", "very_satisfied")
    pad.stray(20)
    pad.end()
    pad.start()
    pad.rate("afternoon", "dissatisfied")
    ledger, seq, _ = pad.head()
    there = any_hall.books.head(ledger)
    assert there is not None
    assert there[0] < seq - 25  # control: nothing of it came through a cut cable
    pad.cable.mend()
    any_hall.prove(pad)
    assert len(any_hall.books.ratings()) == len(pad.thanked) == 5


def test_a_broker_that_is_killed_holds_nothing_that_is_missed(hall: Hall) -> None:
    hall.receiver()
    pad = hall.pad()
    pad.rate("before")
    hall.caught_up(pad)
    hall.broker.kill()
    one = pad.rate("without a broker")
    assert one not in hall.books.ratings()  # control: the way was really gone
    hall.broker.start()
    pad.rate("after")
    hall.prove(pad)


def test_a_pad_that_boots_in_1970_takes_ratings_that_are_dated_later(hall: Hall) -> None:
    hall.receiver()
    pad = hall.pad(wall="1970")
    pad.eye.until_now(lambda seen: seen.code is PadCode.CLOCK_UNKNOWN, "C01 in standby")
    before_ms = time.time_ns() // 1_000_000
    one = pad.rate("in 1970")
    after_ms = time.time_ns() // 1_000_000
    hall.caught_up(pad)
    row = hall.books.ratings()[one]
    assert (row.utc_ms, row.dated_by) == (None, "unknown")
    with SimClient(pad.control) as board:
        board.clock(None, "ntp")
    pad.eye.until_now(lambda seen: bool(seen.time_text), "the time of day in standby")
    until(lambda: any(isinstance(body, Clock) for body in pad.bodies()), 5, "an anchor")
    hall.prove(pad)
    dated = hall.books.ratings()[one]
    assert dated.dated_by == "anchor"
    assert dated.utc_ms is not None
    assert before_ms - 100 <= dated.utc_ms <= after_ms + 100
    (rated,) = [body for body in pad.bodies() if isinstance(body, Rated)]
    assert rated.at.trust is Trust.NONE  # the entry itself is as it was


def test_a_pad_without_a_province_says_nothing_of_it_to_the_citizen(hall: Hall) -> None:
    pad = hall.pad()
    pad.rate("nobody listens")
    pad.free()
    shown = {seen.scene for seen in pad.eye.seen if seen is not None}
    assert Scene.FAULT not in shown
    hall.receiver()
    hall.prove(pad)
