"""One rig for each driver of lights, beeper and voice: the driver, and what it did.

The conformance suite uses no more of a driver than what the port promises.
"""

import contextlib
import importlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

from device.board.driver_options import VoiceOptions
from device.board.profile import BeeperProfile, Light, LightsProfile, load_profile
from device.drivers.registry import build_board
from device.drivers.sim.board import SimBoard
from device.drivers.sim.sim_signals import Part
from device.ports import Beeper, Lights, Voice
from tests.rigs.board.fake_rpi import FakePi, installed
from tests.rigs.signals.sound_card import SoundCard, record

KEYS = ("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied")
LINES = {name: 20 + place for place, name in enumerate(KEYS)}
BEEPER_LINE = 12

R = TypeVar("R")
Opening = Callable[[Path], contextlib.AbstractContextManager[R]]


class LightsRig(Protocol):
    """`lit`: the lights that are on. `plug`: connect or pull the wires."""

    @property
    def lights(self) -> Lights: ...

    def lit(self) -> set[str]: ...

    def plug(self, on: bool) -> None: ...


class BeeperRig(Protocol):
    """`begun`: how many tones have begun. `sounds`: one is to be heard."""

    @property
    def beeper(self) -> Beeper: ...

    def begun(self) -> int: ...

    def sounds(self) -> bool: ...

    def plug(self, on: bool) -> None: ...


class VoiceRig(Protocol):
    """`heard`: the prompts whose beginning was heard, as language/prompt. `at_rest`: silence."""

    @property
    def voice(self) -> Voice: ...

    def heard(self) -> list[str]: ...

    def at_rest(self) -> bool: ...

    def plug(self, on: bool) -> None: ...


# --- simulated -----------------------------------------------------------------------------------


class SimRig:
    """All three of the simulated board."""

    def __init__(self) -> None:
        board = build_board(load_profile("simulated"), {})
        assert isinstance(board, SimBoard)
        assert board.lights is not None
        assert board.beeper is not None
        assert board.voice is not None
        self.lights, self.beeper, self.voice = board.lights, board.beeper, board.voice
        self._book = board.signals

    def lit(self) -> set[str]:
        return set(self._book.lit)

    def begun(self) -> int:
        return sum(
            len(happening.beep[::2])
            for happening in self._book.happened
            if happening.beep is not None
        )

    def sounds(self) -> bool:
        return False  # its tones last no time

    def heard(self) -> list[str]:
        said = [happening.said for happening in self._book.happened if happening.said]
        return [f"{language}/{prompt}" for prompt, *languages in said for language in languages]

    def at_rest(self) -> bool:
        return True

    def plug(self, on: bool) -> None:
        parts: tuple[Part, ...] = ("lights", "beeper", "voice")
        for part in parts:
            self._book.damage(part, not on)


@contextlib.contextmanager
def simulated(_: Path) -> Iterator[SimRig]:
    yield SimRig()


# --- on pins -------------------------------------------------------------------------------------


class GpioLightsRig:
    """Lights on the pins of a Raspberry Pi that is not there."""

    def __init__(self, pi: FakePi, *, active_low: bool) -> None:
        profile = LightsProfile(
            light=tuple(Light(name=name, line=line) for name, line in LINES.items()),
            active_low=active_low,
        )
        self.lights: Lights = importlib.import_module("device.drivers.gpio_lights").build(profile)
        self._pi = pi
        self._active_low = active_low

    def lit(self) -> set[str]:
        # A resistor keeps a pin that is not driven dark.
        dark = self._active_low
        return {n for n, line in LINES.items() if self._pi.driven.get(line, dark) is not dark}

    def plug(self, on: bool) -> None:
        self._pi.gone = not on
        if not on:
            self._pi.driven.clear()


class GpioBeeperRig:
    """A beeper on such a pin."""

    def __init__(self, pi: FakePi, *, active_low: bool) -> None:
        profile = BeeperProfile(line=BEEPER_LINE, active_low=active_low)
        self.beeper: Beeper = importlib.import_module("device.drivers.gpio_beeper").build(profile)
        self._pi = pi
        self._active_low = active_low

    def begun(self) -> int:
        levels = [False]
        for _, line, high in list(self._pi.written):
            if line == BEEPER_LINE:
                levels.append(high is not self._active_low)
        return sum(after and not before for before, after in itertools.pairwise(levels))

    def sounds(self) -> bool:
        return self._pi.driven.get(BEEPER_LINE, self._active_low) is not self._active_low

    def plug(self, on: bool) -> None:
        self._pi.gone = not on
        if not on:
            self._pi.driven.clear()


def on_pins(rig: Callable[..., R], *, active_low: bool) -> Opening[R]:
    @contextlib.contextmanager
    def made(_: Path) -> Iterator[R]:
        with installed() as pi:
            yield rig(pi, active_low=active_low)

    return made


# --- ALSA ----------------------------------------------------------------------------------------


class AlsaRig:
    """Recordings through `aplay` into a sound card that is a file."""

    def __init__(self, folder: Path, card: SoundCard) -> None:
        module = importlib.import_module("device.drivers.alsa_voice")
        self._player: Any = module.build(VoiceOptions(folder=folder, device="slow"))
        self.voice: Voice = self._player
        self._card = card
        self._recorded = {
            f"{language}/{prompt}": record(folder / language / f"{prompt}.wav", seed)
            for seed, (language, prompt) in enumerate(
                (language, prompt)
                for language in ("zh", "ko", "en")
                for prompt in ("invitation", "thanks")
            )
        }
        self._sound = bytearray()

    def heard(self) -> list[str]:
        self._sound.extend(self._card.hear())
        begun = {name: self._sound.find(wav[:2000]) for name, wav in self._recorded.items()}
        return sorted((name for name, at in begun.items() if at >= 0), key=begun.__getitem__)

    def at_rest(self) -> bool:
        self.heard()
        return bool(self._player.at_rest)

    def plug(self, on: bool) -> None:
        self._player._device = "slow" if on else "gone"


@contextlib.contextmanager
def alsa(folder: Path) -> Iterator[AlsaRig]:
    with SoundCard(folder).installed() as card:
        yield AlsaRig(folder / "voice", card)


LIGHTS_RIGS: dict[str, Opening[LightsRig]] = {
    "simulated": simulated,
    "gpio": on_pins(GpioLightsRig, active_low=False),
    "gpio-active-low": on_pins(GpioLightsRig, active_low=True),
}
BEEPER_RIGS: dict[str, Opening[BeeperRig]] = {
    "simulated": simulated,
    "gpio": on_pins(GpioBeeperRig, active_low=False),
    "gpio-active-low": on_pins(GpioBeeperRig, active_low=True),
}
VOICE_RIGS: dict[str, Opening[VoiceRig]] = {"simulated": simulated, "alsa": alsa}
