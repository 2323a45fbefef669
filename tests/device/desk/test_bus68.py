"""The pad in the place of an old key pad: one hall's day on one bus, over links good and bad.

The real pad, session, desk and codec, in virtual time; the wires have their physics.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any, Literal, cast

import pytest

from device.board.keypad import load_keypad
from device.config.config import Bus68Config
from device.desk.bus68 import NOT_ACKNOWLEDGED, REPEAT_MS, Bus68
from device.desk.bus68_protocol import COPIES
from device.errors import ConfigError, PadCode
from device.events import Effect, Event, Press, RatingFinal, Record, Scene
from device.ports import Desk, FaultReport, Granted
from device.session.session import Session
from sync.entries import At, Invited, Lapsed, Level, Rated, Service
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.serial.rs485_bus import LINKS, Bus485, OldController, Plain, Plug
from tests.rigs.time.virtual_time import now_ms, pass_s, run

MODEL = "68-falling"
CODES = {key.level: key.code for key in load_keypad(MODEL).key}
Tells = Literal["levels", "nothing"]
GRACE_S, AFTER_S = 3.2, 3.0
"""The grace time, and time enough to tell a level over a bad link."""


class Window:
    """A pad at the bus, and its address."""

    def __init__(
        self,
        bus: Bus485,
        address: int,
        *,
        tells: Tells = "levels",
        polite: bool = False,
        echoes: bool = False,
    ) -> None:
        self.address = address
        self.bench = VirtualPad(window=str(address))
        self.plug = Plug(bus, echoes=echoes)
        config = Bus68Config(
            port="/dev/ttyUSB0",
            model=MODEL,
            address=address,
            tells=tells,
            acknowledge_starts=polite,
        )
        self.bus = Bus68(config, self.bench.pad, self._fault, line=self.plug)
        if tells == "levels":
            self.bench.pad.tell_levels("bus68", self.bus.send_level)
        self.bench.pad.start()
        self.bus.start()

    def _fault(self, broken: bool, detail: str) -> None:
        self.bench.pad.driver_fault(FaultReport(PadCode.BUS_GONE, broken, detail))

    @property
    def invitations(self) -> list[Invited]:
        return self.bench.recorded(Invited)

    def last_level(self) -> Level:
        return self.bench.recorded(Rated)[-1].level


class Hall:
    """A controller and two windows; each level that is sent is then looked up in the ledger."""

    def __init__(
        self, link: Plain, *, polite: bool = False, echoes: bool = False, tells: Tells = "levels"
    ) -> None:
        self.wires = Bus485(link)
        self.controller = OldController(self.wires)
        self.controller.on_press = self._check
        self.three, self.four = (
            Window(self.wires, address, polite=polite, echoes=echoes, tells=tells)
            for address in (3, 4)
        )
        self.polite = polite
        self.wrong: list[str] = []
        """Levels that were sent before they were durable, or that differ from the ledger."""

    def _check(self, address: int, code: int) -> None:
        window = next(one for one in (self.three, self.four) if one.address == address)
        rated = window.bench.recorded(Rated)
        if not rated or CODES[rated[-1].level] != code:
            self.wrong.append(f"window {address} told {code} at {now_ms()} ms")

    async def started(self, window: Window) -> None:
        """A rating is asked for, until the pad shows it, or answers, as the hall is used to."""
        before = len(window.invitations)
        if self.polite:
            assert await self.controller.insist(window.address)
        else:
            for _ in range(8):
                self.controller.call(window.address)
                await pass_s(0.2)
        await pass_s(0.5)
        assert len(window.invitations) == before + 1
        assert window.bench.scene is Scene.INVITATION

    def new_codes(self, window: Window, before: int) -> set[int]:
        return set(self.controller.codes(window.address)[before:])

    def stop(self) -> None:
        for window in (self.three, self.four):
            window.bus.stop()
        self.controller.plug.stop()


# --- one story, four links ----------------------------------------------------------------------


async def day(hall: Hall) -> None:
    """What happens in a hall in a day, in a minute or two."""
    controller, three, four = hall.controller, hall.three, hall.four
    heard = len(controller.codes(3))

    # A citizen rates, and thinks better of it in the grace time.
    await hall.started(three)
    three.bench.press(Level.SATISFIED)
    await pass_s(0.5)
    assert three.bench.scene is Scene.THANKS
    assert controller.codes(3) == []
    three.bench.press(Level.VERY_DISSATISFIED)
    await pass_s(GRACE_S + AFTER_S)
    assert hall.new_codes(three, heard) == {CODES[Level.VERY_DISSATISFIED]}

    # Both windows at once; the caller talks, and a motor induces noise.
    await hall.started(three)
    await hall.started(four)
    hall.wires.noise(bytes.fromhex("ff 68 40 40 68 00"))
    heard = len(controller.codes(3))
    three.bench.press(Level.DISSATISFIED)
    four.bench.press(Level.SATISFIED)
    for _ in range(6):
        controller.plug.write(bytes.fromhex("ff 68 03 03 68 05 0c 01 12 16"))
        controller.say(3, 0x02, b"\x05")
        await pass_s(1)
    await pass_s(AFTER_S)
    assert hall.new_codes(three, heard) == {CODES[Level.DISSATISFIED]}
    assert set(controller.codes(4)) == {CODES[Level.SATISFIED]}

    # Nobody presses: unrated, and nothing is told.
    heard = len(controller.presses)
    await hall.started(three)
    await pass_s(32)
    assert len(three.bench.recorded(Lapsed)) == 1
    assert controller.presses[heard:] == []

    # The window is paused: silence, and nobody is asked. Then it goes on.
    await three.bench.pad.pause("http")
    invited, answered = len(three.invitations), controller.acknowledged.count(3)
    assert not await controller.insist(3)
    assert len(three.invitations) == invited
    assert controller.acknowledged.count(3) == answered
    await three.bench.pad.resume("http")

    # The controller is restarted while a level is being told; the pad repeats it.
    await hall.started(three)
    heard = len(controller.codes(3))
    three.bench.press(Level.BASICALLY_SATISFIED)
    await pass_s(GRACE_S - 0.3)
    controller.is_deaf = True
    await pass_s(0.6)
    controller.is_deaf = False
    await pass_s(AFTER_S)
    assert hall.new_codes(three, heard) == {CODES[Level.BASICALLY_SATISFIED]}


@pytest.mark.parametrize("polite", [False, True], ids=["silent", "polite"])
@pytest.mark.parametrize("link", LINKS)
def test_an_old_hall_works_on_over_any_link(link: str, polite: bool) -> None:
    async def story() -> None:
        hall = Hall(LINKS[link](), polite=polite)
        await day(hall)
        assert hall.wrong == []
        assert len(hall.three.invitations) == 4
        assert len(hall.four.invitations) == 1
        assert hall.wires.collisions > 0
        if link in ("lossy", "late"):
            assert (
                len(hall.controller.presses) > 5
            )  # the links did their worst: levels were repeated
        if not polite:  # nothing but presses ever went out: a controller may believe all of it
            assert {frame.command for frame in hall.controller.counted} == {0x11}
        hall.stop()

    run(story())


def test_an_adapter_that_echoes_what_is_said_changes_nothing() -> None:
    async def story() -> None:
        hall = Hall(Plain(), polite=True, echoes=True)
        await day(hall)
        assert hall.wrong == []
        assert len(hall.three.invitations) == 4
        said = len(hall.three.plug.written)
        await pass_s(60)
        assert len(hall.three.plug.written) == said  # the control: no talk with itself
        hall.stop()

    run(story())


class _TellsTooSoon(Session):
    """The control: a level goes out when the key is pressed, not when it is in the ledger."""

    def step(self, event: Event, at: At) -> list[Effect]:
        effects = super().step(event, at)
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.body, Rated):
                assert self.invitation is not None
                effects = [*effects, RatingFinal(self.invitation, effect.body.level)]
        return effects


@pytest.mark.parametrize("session", [Session, _TellsTooSoon])
def test_no_level_is_sent_before_it_is_in_the_ledger(session: type[Session]) -> None:
    """With its control: a pad that tells too soon is caught by the very same check."""

    async def story() -> list[str]:
        hall = Hall(Plain())
        hall.three.bench.pad.session.__class__ = session
        await hall.started(hall.three)
        hall.three.bench.card.hangs = True
        hall.three.bench.press(Level.SATISFIED)
        await pass_s(4)
        told = len(hall.controller.presses)
        hall.three.bench.card.let_go()
        await pass_s(GRACE_S + AFTER_S)
        assert (told == 0) is (hall.wrong == [])
        hall.stop()
        return hall.wrong

    assert bool(run(story())) is (session is _TellsTooSoon)


# --- one thing at a time ------------------------------------------------------------------------


def at_window(body: Callable[[Hall, Window], object], **options: Any) -> None:
    """Run a story at window 3 over a good link."""

    async def story() -> None:
        hall = Hall(Plain(), **options)
        outcome = body(hall, hall.three)
        assert asyncio.iscoroutine(outcome)
        await outcome
        assert hall.wrong == []
        hall.stop()

    run(story())


def test_a_start_is_an_invitation_that_names_the_bus_and_no_case() -> None:
    async def body(hall: Hall, three: Window) -> None:
        hall.controller.call(3)
        await pass_s(1)
        (invited,) = three.invitations
        assert (invited.source, invited.service, invited.clerk) == ("bus68", Service(), None)
        assert hall.four.invitations == []

    at_window(body)


def test_a_start_that_is_repeated_is_one_invitation_and_the_next_one_another() -> None:
    async def body(hall: Hall, three: Window) -> None:
        for _ in range(20):
            hall.controller.call(3)
            await pass_s(0.1)
        three.bench.press()
        await pass_s(10)
        assert len(three.invitations) == 1
        hall.controller.call(3)
        await pass_s(1)
        assert len(three.invitations) == 2

    at_window(body)


def test_a_copy_that_comes_shortly_after_the_rating_invites_nobody() -> None:
    async def body(hall: Hall, three: Window) -> None:
        session = three.bench.pad.session
        timing = session.timing._replace(grace_ms=0, thanks_ms=100, report_delay_ms=0)
        session.configure(session.window, timing)
        hall.controller.call(3)
        await pass_s(0.1)
        hall.controller.is_deaf = True
        await three.bench.pad.withdraw(three.invitations[0].invitation, "desk")
        await pass_s(REPEAT_MS / 1000 - 0.2)
        hall.controller.call(3)
        await pass_s(0.1)
        assert len(three.invitations) == 1
        await pass_s(0.2)
        hall.controller.call(3)
        await pass_s(0.1)
        assert len(three.invitations) == 2  # the control: later, it is the next citizen's

    at_window(body)


def test_every_copy_of_a_start_gets_the_same_answer_also_while_the_card_is_slow() -> None:
    async def body(hall: Hall, three: Window) -> None:
        three.bench.card.hangs = True
        for _ in range(3):
            hall.controller.call(3)
            await pass_s(0.3)
        assert hall.controller.acknowledged == []
        three.bench.card.let_go()
        await pass_s(0.5)
        assert hall.controller.acknowledged == [3]
        hall.controller.call(3)
        await pass_s(0.5)
        assert hall.controller.acknowledged == [3, 3]
        assert len(three.invitations) == 1

    at_window(body, polite=True)


def test_a_start_is_passed_over_while_another_desks_invitation_is_open() -> None:
    async def body(hall: Hall, three: Window) -> None:
        granted = await three.bench.pad.invite(Service(case="c-1"), "c7", "http")
        assert isinstance(granted, Granted)
        assert not await hall.controller.insist(3)
        assert three.bench.pad.standing(granted.invitation) == "open"
        three.bench.press()
        await pass_s(20)
        assert hall.controller.presses == []  # the controller did not ask, so it is told nothing
        assert await hall.controller.insist(3)

    at_window(body, polite=True)


def test_without_levels_on_the_bus_a_press_is_only_in_the_ledger() -> None:
    async def body(hall: Hall, three: Window) -> None:
        await hall.started(three)
        three.bench.press(Level.VERY_DISSATISFIED)
        await pass_s(60)
        assert three.last_level() is Level.VERY_DISSATISFIED
        assert three.plug.written == []
        await hall.started(three)

    at_window(body, tells="nothing")


def test_in_a_fault_a_start_is_ignored_and_an_earlier_level_is_still_sent() -> None:
    async def body(hall: Hall, three: Window) -> None:
        await hall.started(three)
        three.bench.press(Level.DISSATISFIED)
        await pass_s(1)
        three.bench.pad.raise_fault(PadCode.KEYS_GONE)
        await pass_s(1)
        assert set(hall.controller.codes(3)) == {CODES[Level.DISSATISFIED]}
        hall.controller.call(3)
        await pass_s(1)
        assert len(three.invitations) == 1

    at_window(body)


def test_a_correction_that_a_slow_card_delays_is_the_level_that_is_sent() -> None:
    async def body(hall: Hall, three: Window) -> None:
        await hall.started(three)
        three.bench.press(Level.DISSATISFIED)
        await pass_s(1)
        three.bench.card.hangs = True
        three.bench.press(Level.SATISFIED)  # its correction sticks in the card
        await pass_s(10)
        hall.controller.call(3)
        await pass_s(0.1)
        three.bench.card.let_go()
        await pass_s(10)
        assert hall.controller.codes(3) == [CODES[Level.SATISFIED]]
        assert len(three.invitations) == 1

    at_window(body)


def test_an_unacknowledged_press_is_a_fault_until_the_controller_sends_again() -> None:
    async def body(hall: Hall, three: Window) -> None:
        await hall.started(three)
        hall.controller.is_deaf = True
        three.bench.press()
        await pass_s(GRACE_S + AFTER_S)
        assert len(three.plug.written) == COPIES
        (fault,) = three.bench.pad.faults.now
        assert (fault.code, fault.detail) == ("B01", NOT_ACKNOWLEDGED)
        assert three.bench.pad.window().state == "ready"
        hall.controller.is_deaf = False
        hall.controller.call(3)
        await pass_s(1)
        assert three.bench.pad.faults.now == ()
        assert len(three.invitations) == 2

    at_window(body)


def test_a_bus_that_fails_does_not_close_the_window_and_recovers_by_itself() -> None:
    async def body(hall: Hall, three: Window) -> None:
        three.plug.pull()
        await pass_s(0.1)
        assert [fault.code for fault in three.bench.pad.faults.now] == ["B01"]
        assert isinstance(await three.bench.pad.invite(Service(), None, "http"), Granted)
        three.bench.press()
        await pass_s(20)
        three.plug.push()
        await pass_s(0.1)
        assert three.bench.pad.faults.now == ()
        await hall.started(three)

    at_window(body)


def test_what_is_passed_over_is_logged_without_flooding_the_card(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(hall: Hall, three: Window) -> None:
        await three.bench.pad.pause("http")
        for _ in range(10):
            assert not await hall.controller.insist(3)

    with caplog.at_level(logging.INFO):
        at_window(body)
    assert caplog.text.count("refused paused to the controller at the bus") == 1


def test_the_old_key_pad_that_was_left_connected_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def body(hall: Hall, _: Window) -> None:
        for _turn in range(3):
            hall.controller.say(3, 0x11, b"\x04", lead=True)
            await pass_s(1)

    with caplog.at_level(logging.WARNING):
        at_window(body)
    assert caplog.text.count("has our address 0x83: unplug it") == 1


def test_a_press_of_a_key_without_a_level_is_never_sent() -> None:
    async def body(hall: Hall, three: Window) -> None:
        await hall.started(three)
        three.bench.pad.press(Press("k1+k2", None, "keys", now_ms()))
        await pass_s(60)
        assert hall.controller.presses == []

    at_window(body)


def test_a_bus_without_pyserial_is_a_configuration_error_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    monkeypatch.delitem(sys.modules, "device.serial.serial_line", raising=False)
    config = Bus68Config(port="/dev/ttyUSB0", model=MODEL, address=3, tells="nothing")
    with pytest.raises(ConfigError, match=r"pip install 'ratingpad\[pad,serial\]'"):
        Bus68(config, cast(Desk, None), lambda _standing, _why: None)
