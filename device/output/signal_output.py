"""From a scene to lights, beeps and spoken prompts.

The table `SIGNALS` alone says what each scene looks and sounds like. Two laws shaped it:

*Law 2.* Between a press and its commit nothing may suggest "stored". So an accepted press is
acknowledged by something that ends: the key lights go off and the prompt stops. There is no beep:
on other devices a beep at the press means thanks, and a tactile key clicks by itself. The next
sound is thanks.

*Law 7.* The clerk sees and hears the pad. So a row can only say that the level keys are lit or not
lit, and a beep or a prompt belongs to a scene: a single key's light or a single level's sound
cannot be expressed, and what follows a press is the same for all five.

A part that fails is a fault (A01), never a reason not to take a rating.
"""

import threading
from typing import NamedTuple

from device.board.profile import Profile
from device.config.config import Config
from device.drivers.latest_worker import LatestWorker
from device.errors import PadCode
from device.events import Scene
from device.ports import Board, FaultReport, OnFault, Voice

RETRY_S = 2.0
"""The delay before lights that failed are tried again."""


class Signal(NamedTuple):
    """What a scene looks and sounds like.

    `lit`: the level keys are lit. `beep`: on and off in ms, in turn. `prompt`: a recording's name.
    `finishes`: the prompt is not cut off when the scene ends, because it is still true then.
    """

    lit: bool = False
    beep: tuple[int, ...] = ()
    prompt: str | None = None
    finishes: bool = False


DARK = Signal()

SIGNALS: dict[Scene, Signal] = {
    Scene.UNBOUND: DARK,
    Scene.STANDBY: DARK,
    Scene.INVITATION: Signal(lit=True, beep=(60,), prompt="invitation"),
    Scene.SAVING: DARK,
    Scene.THANKS: Signal(beep=(60, 80, 120), prompt="thanks", finishes=True),
    Scene.DETAILS: DARK,
    Scene.LAPSED: DARK,
    Scene.PAUSED: DARK,
    Scene.FAULT: DARK,
    Scene.CHECKING: DARK,
    Scene.SELFTEST: DARK,
    Scene.IDENTIFY: Signal(lit=True, beep=(400, 200, 400)),
}
"""Every scene. `Show` sets the lights only, `Say` gives the sounds too: a scene that is shown again
after an interruption makes no sound."""

PROMPTS = ("invitation", "thanks", "selftest")
"""The prompts that need words, besides the names of the levels, which only the self-test speaks."""


def level_lights(profile: Profile) -> frozenset[str]:
    """The names of the keys that have a level and a light."""
    if profile.lights is None:
        return frozenset()
    others = {key.name for key in profile.keys.key if key.level is None}
    return frozenset(light.name for light in profile.lights.light) - others


class SignalOutput:
    """The lights, the beeper and the voice of one pad, as far as its board has them.

    `show` and `say` are for the agent's loop and return at once.
    """

    def __init__(self, config: Config, board: Board) -> None:
        self._board = board
        self._all = level_lights(config.profile)
        self._languages = config.pad.languages
        self._lights: LatestWorker[frozenset[str]] | None = None
        self._beeper: LatestWorker[tuple[int, ...]] | None = None
        self._voice: LatestWorker[str | None] | None = None
        self._lit = False
        self._saying: Signal | None = None
        self._on_fault: OnFault = lambda _: None
        self._broken: dict[str, FaultReport] = {}
        self._report_lock = threading.Lock()

    def start(self, on_fault: OnFault) -> None:
        """Open the parts; `on_fault` (A01) is called from their threads.

        All of them begin dark and silent: an agent that was killed may have left a pin driven.
        """
        self._on_fault = on_fault
        board = self._board
        if board.lights is not None:
            put = board.lights.show
            self._lights = LatestWorker(
                "lights", put, lambda d: self._report("lights", d), retry_s=RETRY_S
            )
            self._lights.start()
            self._lights.request(frozenset())
        if board.beeper is not None:
            self._beeper = LatestWorker(
                "beeper", board.beeper.beep, lambda d: self._report("beeper", d)
            )
            self._beeper.start()
            self._beeper.request(())
        if board.voice is not None:
            self._voice = self._open(board.voice)

    def show(self, scene: Scene) -> None:
        """Set the lights of a scene, and cut off a prompt that is no longer true."""
        signal = SIGNALS[scene]
        if self._lights is not None and signal.lit is not self._lit:
            self._lights.request(self._all if signal.lit else frozenset())
            self._lit = signal.lit
        saying = self._saying
        if self._voice is not None and saying is not None and saying != signal:
            if not saying.finishes:
                self._voice.request(None)
            self._saying = None

    def say(self, scene: Scene) -> None:
        """Give the lights, the beep and the prompt of a scene that begins."""
        self.show(scene)
        signal = SIGNALS[scene]
        if self._beeper is not None and signal.beep:
            self._beeper.request(signal.beep)
        if self._voice is not None and signal.prompt is not None:
            self._voice.request(signal.prompt)
            self._saying = signal

    def say_again(self, scene: Scene) -> None:
        """Speak the prompt of the current scene once more."""
        prompt = SIGNALS[scene].prompt
        if self._voice is not None and prompt is not None:
            self._voice.request(prompt)
            self._saying = SIGNALS[scene]

    def stop(self) -> None:
        """Turn everything off and close the parts; safe to call twice."""
        for worker in (self._lights, self._beeper, self._voice):
            if worker is not None:
                worker.stop()
        self._lights = self._beeper = self._voice = None
        for part in (self._board.lights, self._board.beeper, self._board.voice):
            if part is not None:
                part.stop()

    def _open(self, voice: Voice) -> "LatestWorker[str | None]":
        def put(prompt: str | None) -> None:
            if prompt is None:
                voice.hush()
            else:
                voice.say(prompt, self._languages)

        # The sound card's faults come from the voice's own thread: that `say` returned proves
        # nothing.
        voice.start(lambda fault: self._report("voice", fault.detail if fault.broken else None))
        worker = LatestWorker("voice", put, lambda d: self._report("voice", d))
        worker.start()
        return worker

    def _report(self, part: str, detail: str | None) -> None:
        """Report that a part broke, or works again (None); once for each change."""
        with self._report_lock:
            before = self._broken.pop(part, None)
            if detail is None:
                if before is not None:
                    self._on_fault(before._replace(broken=False))
                return
            now = before or FaultReport(PadCode.SIGNAL_GONE, True, f"{part}: {detail}")
            self._broken[part] = now
            if before is None:
                self._on_fault(now)
