"""What the province wishes and orders, and what nobody should have said, over a real broker."""

import os
from typing import Any

import pytest

from demo.scene_reader import read
from device.errors import PadCode
from device.events import Scene
from device.ui.oled_picture import draw
from device.ui.screens import screen
from device.ui.words import load
from province.store.reading import Summary
from sync.entries import Configured, Fault
from sync.messages import (
    MAX_BATCH_BYTES,
    VERSION,
    Command,
    CommandResult,
    Desired,
    Order,
    Reported,
    Settings,
    Topic,
    read_message,
    write_message,
)
from tests.rigs.broker.mqtt_probe import Wiretap, wiretap
from tests.rigs.ledger.ledger_builder import ChainedLedger
from tests.rigs.pad.pad_process import HALL
from tests.rigs.system.deployment import Hall
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker
PAD = "pad-1"
OTHER = "pad-9"
LONG = os.environ.get("RATINGPAD_LONG") == "1"
ANSWERS = "province/answers"


def wish(tap: Wiretap, version: int, **settings: Any) -> None:
    desired = Desired(v=VERSION, version=version, settings=Settings(**settings))
    tap.say(Topic.DESIRED.of(PAD), write_message(desired), retained=True)


def reported(tap: Wiretap) -> Reported | None:
    heard = tap.payloads(Topic.REPORTED.of(PAD))
    return read_message(Reported, heard[-1]) if heard else None


def order(tap: Wiretap, what: Order) -> CommandResult:
    before = len(tap.payloads(ANSWERS))
    tap.say(
        Topic.COMMAND.of(PAD),
        write_message(Command(v=VERSION, order=what, by="duty officer")),
        ResponseTopic=ANSWERS,
        CorrelationData=what.value.encode(),
    )
    until(lambda: len(tap.payloads(ANSWERS)) > before, 10, f"an answer to {what.value}")
    topic, payload, _, properties = next(one for one in reversed(tap.heard) if one[0] == ANSWERS)
    assert (topic, properties.CorrelationData) == (ANSWERS, what.value.encode())
    return read_message(CommandResult, payload)


def test_a_wish_is_in_force_at_once_on_record_and_still_after_a_power_cut(hall: Hall) -> None:
    hall.receiver()
    with wiretap(hall.broker.address, Topic.REPORTED.of(PAD)) as tap:
        wish(tap, 1, window="5", thanks_s=2)  # retained: the pad hears it when it comes
        pad = hall.pad(start=False)
        pad.windows.append("5")  # before the first picture, for the wish may be there before it
        pad.start()
        until(lambda: (r := reported(tap)) is not None and r.version == 1, 10, "it is reported")
        until(lambda: pad.window()["window"] == "5", 5, "the window's new name")
        one = pad.invite("at the new window")
        pad.press_until(lambda: pad.standing(one) == "rated", "satisfied", "rated")
        wish(tap, 2, grace_s=9_999)
        until(lambda: (r := reported(tap)) is not None and r.problems, 10, "why it is refused")
        last = reported(tap)
        assert last is not None
        assert (last.version, last.settings.window, last.settings.grace_s) == (1, "5", 0)
        pad.cable.cut()
        pad.end()
        pad.start()
        assert pad.window()["window"] == "5"
        assert [b.version for b in pad.bodies() if isinstance(b, Configured)] == [1]
        pad.cable.mend()
        hall.caught_up(pad)
        row = hall.books.ratings()[one]
        assert (row.window_id, row.level) == ("5", "satisfied")


def test_orders_are_carried_out_and_answered(hall: Hall) -> None:
    hall.receiver()
    pad = hall.pad()
    pad.rate("before")
    hall.caught_up(pad)
    with wiretap(hall.broker.address, ANSWERS, Topic.HEALTH.of(PAD)) as tap:
        assert order(tap, Order.IDENTIFY).done
        pad.eye.until(Scene.IDENTIFY)
        assert order(tap, Order.PAUSE).done
        assert pad.window()["state"] == "paused"
        assert order(tap, Order.RESUME).done
        pad.free()
        before = len(tap.payloads(Topic.HEALTH.of(PAD)))
        assert order(tap, Order.REPORT_HEALTH).done
        until(lambda: len(tap.payloads(Topic.HEALTH.of(PAD))) > before, 10, "health")
        tap.say(Topic.COMMAND.of(PAD), b'{"v":1,"order":"explode","by":"x"}', ResponseTopic=ANSWERS)
        until(lambda: len(tap.payloads(ANSWERS)) == 5, 10, "an answer to nonsense")
        refused = read_message(CommandResult, tap.payloads(ANSWERS)[-1])
        assert not refused.done
        assert refused.code == "malformed"
    hall.prove(pad)


NONSENSE = {
    "empty": b"",
    "not JSON": b"\x00\xff\xfe nonsense",
    "not UTF-8": b'{"v":1,"ledger":"\xff\xfe"}\n{}\n',
    "another version": b'{"v":99,"ledger":"01LEDGER-A","first":1}\n{}\n',
    "too large": b"x" * (MAX_BATCH_BYTES + 1),
}


def test_nonsense_is_kept_as_evidence_and_harms_neither_end(any_hall: Hall) -> None:
    hall = any_hall
    hall.receiver()
    pad = hall.pad()
    pad.rate("before")
    hall.prove(pad)
    other, broken = ChainedLedger(PAD, "01LEDGER-A"), ChainedLedger(OTHER, "01LEDGER-B")
    with wiretap(hall.broker.address) as tap:
        for payload in NONSENSE.values():
            for topic in (Topic.RECEIPT, Topic.DESIRED, Topic.COMMAND):
                tap.say(topic.of(PAD), payload)
            for topic in (Topic.ENTRIES, Topic.STATE, Topic.HEALTH, Topic.REPORTED):
                tap.say(topic.of(OTHER), payload)  # a refusal would make our own pad wait
        tap.say(Topic.ENTRIES.of(OTHER), other.payload())
        tap.say(Topic.ENTRIES.of(OTHER), broken.payload().replace(b"01LEDGER-B", b"01LEDGER-C", 1))
        pad.rate("after")
        hall.prove(pad)
        until(lambda: look(hall).refusals >= len(NONSENSE) + 2, 10, "the evidence is kept")
    summary = look(hall)
    assert (summary.ledgers, summary.rated, summary.lost) == (1, 2, 0)
    assert "Traceback" not in pad.last_words()
    assert [body for body in pad.bodies() if isinstance(body, Fault)] == []


if LONG:  # half a minute of waiting: a refused batch is tried again slowly

    def test_a_refusal_is_shown_and_gone_once_the_pads_own_entries_are_in(hall: Hall) -> None:
        hall.receiver()
        pad = hall.pad()
        with wiretap(hall.broker.address) as tap:
            tap.say(Topic.ENTRIES.of(PAD), b"nonsense")
            pad.eye.until_now(lambda now: now.code is PadCode.PROVINCE_REFUSED, "N02 in standby")
        pad.rate("while it stands")
        hall.caught_up(pad, 90)
        pad.eye.until_now(lambda now: now.code is None, "N02 is gone")
        hall.prove(pad)


def look(hall: Hall) -> Summary:
    return hall.books.look(lambda store: store.summary())


def test_the_picture_of_another_window_is_not_taken_for_this_one() -> None:
    """The control of reading scenes off the glass."""

    def picture(scene: Scene, window: str) -> bytes:
        return draw(screen(scene, load(["zh"]), window=window, hall=HALL)).tobytes()

    thanks = picture(Scene.THANKS, "3")
    assert read(thanks, "3", HALL) == (Scene.THANKS, None, "")
    with pytest.raises(LookupError):
        read(picture(Scene.STANDBY, "5"), "3", HALL)
    with pytest.raises(LookupError):
        read(bytes([thanks[0] ^ 1]) + thanks[1:], "3", HALL)
