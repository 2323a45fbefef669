"""Keys that press by themselves, from the contact to the ledger, by every kind of key."""

from collections.abc import Callable, Iterable

import pytest

from device.board.keypad import load_keypad
from device.board.profile import KeysProfile, load_profile
from device.drivers.chords import DOWN, UP, Chords
from device.drivers.debounce import Debounce
from device.drivers.key_events import KeyEvent, deliver
from device.errors import PadCode
from device.events import Press
from device.pad import Pad
from device.ports import Granted
from device.serial.frame68 import PRESS, Frame, PressDecoder
from device.session.repeating_keys import MANY, QUIET_MS, RUNS
from sync.entries import Cleared, Fault, Lapsed, Level, Rated, Service, Strayed
from tests.rigs.pad.virtual_pad import VirtualPad
from tests.rigs.time.virtual_time import now_ms, pass_s, run

PERIOD_MS, DOWN_MS = 450, 60
FAULTY, OTHER = Level.VERY_DISSATISFIED, Level.SATISFIED


class OnPins:
    """Lines that are sampled: GPIO, and the simulated board."""

    def __init__(self) -> None:
        self._keys = load_profile("simulated").keys
        self._debounce = Debounce(self._keys, "gpio")

    def set_apart(self, names: frozenset[str]) -> None:
        self._debounce.apart = names

    def feed(self, down: set[Level]) -> Iterable[KeyEvent]:
        levels = [key.level for key in self._keys.key]
        mask = sum((level in down) << bit for bit, level in enumerate(levels))
        return self._debounce.feed(now_ms(), mask)


class Typing:
    """An input device that sends codes."""

    def __init__(self) -> None:
        pad = load_keypad("input-digits-rising")
        self._codes = {key.level: key.code for key in pad.key if key.level is not None}
        self._chords = Chords(pad, KeysProfile(coded=True), "evdev")
        self._chords.begin(0, ())
        self._down: set[Level] = set()

    def set_apart(self, names: frozenset[str]) -> None:
        self._chords.apart = names

    def feed(self, down: set[Level]) -> Iterable[KeyEvent]:
        out = self._chords.tick(now_ms())
        for level in sorted(down ^ self._down, key=lambda level: level.value):
            out += self._chords.feed(now_ms(), self._codes[level], DOWN if level in down else UP)
        self._down = set(down)
        return out


class OnSerialLine:
    """A key pad that sends a frame for each press."""

    def __init__(self) -> None:
        pad = load_keypad("68-rising")
        self._keys = {key.level: key for key in pad.key}
        self._decoder = PressDecoder(3, pad.resend_ms)
        self._down: set[Level] = set()

    def set_apart(self, names: frozenset[str]) -> None:
        """Each frame is one key."""

    def feed(self, down: set[Level]) -> Iterable[KeyEvent]:
        for level in down - self._down:
            frame = Frame(self._decoder.address, PRESS, bytes([self._keys[level].code]))
            press = self._decoder.decode(frame, now_ms())
            if press is not None and not press.repeated:
                yield Press(self._keys[level].name, level, "serial68", now_ms())
        self._down = set(down)


class OnTouchscreen:
    """Ghost touches: the page's presses, which are no driver's."""

    def __init__(self) -> None:
        self._down: set[Level] = set()

    def set_apart(self, names: frozenset[str]) -> None:
        """A touch is one face."""

    def feed(self, down: set[Level]) -> Iterable[KeyEvent]:
        for level in down - self._down:
            yield Press(level.value, level, "touch", now_ms())
        self._down = set(down)


KINDS = (OnPins, Typing, OnSerialLine, OnTouchscreen)
Kind = Callable[[], "OnPins | Typing | OnSerialLine | OnTouchscreen"]


class Window:
    """A pad whose key `FAULTY` presses by itself while `is_sick`; `held`: what a citizen holds."""

    def __init__(self, kind: Kind) -> None:
        self.keys = kind()
        self.bench = VirtualPad(set_apart=self.keys.set_apart)
        self.is_sick = True
        self.held: set[Level] = set()
        self._since_ms = 0

    @property
    def pad(self) -> Pad:
        return self.bench.pad

    async def pass_s(self, seconds: float) -> None:
        """Let time pass, sampled every 10 ms."""
        until_ms = now_ms() + round(seconds * 1000)
        while now_ms() < until_ms:
            sick = self.is_sick and (now_ms() - self._since_ms) % PERIOD_MS < DOWN_MS
            down = self.held | ({FAULTY} if sick else set())
            deliver(self.keys.feed(down), self.pad.press, self.pad.driver_fault)
            await pass_s(0.01)

    async def press(self, level: Level) -> None:
        """A citizen presses for a fifth of a second."""
        self.held = {level}
        await self.pass_s(0.2)
        self.held = set()
        await self.pass_s(0.1)

    async def invite(self, case: str = "c") -> str:
        granted = await self.pad.invite(Service(case=case), "c7", "http")
        assert isinstance(granted, Granted)
        return granted.invitation

    def faults(self) -> list[str]:
        return [fault.code for fault in self.pad.faults.now]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_presses_by_itself_is_a_fault_and_rates_nobody(kind: Kind) -> None:
    async def story() -> None:
        window = Window(kind)
        await window.pass_s(60)
        assert window.faults() == ["K06"]
        [fault] = window.bench.recorded(Fault)
        assert (fault.code, fault.detail) == ("K06", FAULTY.value)
        for number in range(3):
            invitation = await window.invite(f"c{number}")
            await window.pass_s(33)
            assert window.pad.standing(invitation) == "unrated"
        assert window.bench.recorded(Rated) == []
        assert len(window.bench.recorded(Lapsed)) == 3
        # A serial key pad's copies are one press in two seconds: found by its regularity.
        found_at = RUNS[0].presses if kind is OnSerialLine else MANY
        assert len(window.bench.recorded(Strayed)) == found_at + 3  # of each invitation one
        window.is_sick = False
        await window.pass_s(QUIET_MS / 1000 + 1)
        assert window.faults() == []
        [cleared] = window.bench.recorded(Cleared)
        assert (cleared.code, cleared.detail) == ("K06", FAULTY.value)
        await window.invite("c9")
        await window.pass_s(1)
        await window.press(FAULTY)
        [rated] = window.bench.recorded(Rated)
        assert rated.level is FAULTY

    run(story())


@pytest.mark.parametrize("kind", KINDS)
def test_the_other_keys_rate_at_any_moment_while_one_presses_by_itself(kind: Kind) -> None:
    async def story() -> None:
        window = Window(kind)
        await window.pass_s(60)
        for number in range(PERIOD_MS // 30):
            invitation = await window.invite(f"c{number}")
            await window.pass_s(1 + 0.03 * number)
            await window.press(OTHER)
            assert window.pad.standing(invitation) == "rated"
            await window.pass_s(9)
        ratings = window.bench.recorded(Rated)
        assert {rated.level for rated in ratings} == {OTHER}
        assert len(ratings) == PERIOD_MS // 30  # and none that corrects another

    run(story())


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_presses_impatiently_before_the_invitation_rates_with_the_same_key(
    kind: Kind,
) -> None:
    async def story() -> None:
        window = Window(kind)
        window.is_sick = False
        for _ in range(MANY - 1):
            await window.press(FAULTY)
        invitation = await window.invite()
        for _ in range(7):  # a serial key pad's copies look the same for two seconds
            if window.pad.standing(invitation) == "open":
                await window.press(FAULTY)
        assert window.pad.standing(invitation) == "rated"
        assert window.faults() == []

    run(story())


def test_a_fault_of_a_key_leaves_the_window_open_and_is_told_once() -> None:
    async def story() -> None:
        window = Window(OnPins)
        await window.pass_s(120)
        assert len(window.bench.recorded(Fault)) == 1
        assert window.pad.window().state == "ready"
        assert PadCode.KEY_REPEATS.blocks is False
        await window.pad.stop()
        assert window.faults() == ["K06"]

    run(story())
