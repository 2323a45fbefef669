"""From a scene to lights, beeps and spoken prompts, for the citizen's eye and ear.

What each scene means to them is the table `SIGNALS`, and nothing else decides. Two laws shaped it:

*Law 2.* Between a press and its commit there must be nothing that could be taken for "stored". So
an accepted press is acknowledged by something that ends: the keys go dark and the prompt stops, at
once. No click is sounded: a beep at the finger is what thanks sounds like elsewhere, and a tactile
key clicks by itself. The next sound is thanks.

*Law 7.* The clerk sits within sight and hearing. So a row can only say "the level keys are lit" or
"they are not", and a beep or a prompt belongs to a scene: there is no way to write down one key's
light or one level's sound, and what follows a press is the same for all five.

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
"""So often lights that failed are tried again."""


class Signal(NamedTuple):
    """What a scene is to eye and ear.

    `lit`: the level keys are lit. `beep`: on and off in ms, in turn. `prompt`: a recording's name.
    `finishes`: the prompt may be heard to its end after the scene has gone, being still true then.
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
    Scene.SELFTEST: DARK,
    Scene.IDENTIFY: Signal(lit=True, beep=(400, 200, 400)),
}
"""Every scene. `Show` sets the lights, `Say` gives the sounds too: a scene that is shown again
after something else stood there is not said again."""

PROMPTS = ("invitation", "thanks", "selftest")
"""Every prompt that there must be words for, besides the names of the levels, which only the
self-test speaks."""


def level_lights(profile: Profile) -> frozenset[str]:
    """The lights at keys that have a level, by the keys' names."""
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
        self._telling = threading.Lock()

    def start(self, on_fault: OnFault) -> None:
        """Take hold of the parts; `on_fault` (A01) is called from their threads.

        All of them begin dark and silent: an agent that was killed may have left a pin driven.
        """
        self._on_fault = on_fault
        board = self._board
        if board.lights is not None:
            put = board.lights.show
            self._lights = LatestWorker(
                "lights", put, lambda d: self._tell("lights", d), retry_s=RETRY_S
            )
            self._lights.start()
            self._lights.request(frozenset())
        if board.beeper is not None:
            self._beeper = LatestWorker(
                "beeper", board.beeper.beep, lambda d: self._tell("beeper", d)
            )
            self._beeper.start()
            self._beeper.request(())
        if board.voice is not None:
            self._voice = self._open(board.voice)

    def show(self, scene: Scene) -> None:
        """A scene stands there: its lights; a prompt that is not true any more is cut off."""
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
        """A scene begins: its lights, its beep and its prompt."""
        self.show(scene)
        signal = SIGNALS[scene]
        if self._beeper is not None and signal.beep:
            self._beeper.request(signal.beep)
        if self._voice is not None and signal.prompt is not None:
            self._voice.request(signal.prompt)
            self._saying = signal

    def say_again(self, scene: Scene) -> None:
        """The prompt of a scene that stands there, for whoever asks to hear it again."""
        prompt = SIGNALS[scene].prompt
        if self._voice is not None and prompt is not None:
            self._voice.request(prompt)
            self._saying = SIGNALS[scene]

    def stop(self) -> None:
        """Dark and silent, and let the parts go; safe to call twice."""
        for outlet in (self._lights, self._beeper, self._voice):
            if outlet is not None:
                outlet.stop()
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

        # Its card's faults come from its own thread: that it began to speak proves nothing.
        voice.start(lambda fault: self._tell("voice", fault.detail if fault.standing else None))
        outlet = LatestWorker("voice", put, lambda d: self._tell("voice", d))
        outlet.start()
        return outlet

    def _tell(self, part: str, detail: str | None) -> None:
        """A part broke, or works again (None); said once for each change, in the same words."""
        with self._telling:
            before = self._broken.pop(part, None)
            if detail is None:
                if before is not None:
                    self._on_fault(before._replace(standing=False))
                return
            now = before or FaultReport(PadCode.SIGNAL_GONE, True, f"{part}: {detail}")
            self._broken[part] = now
            if before is None:
                self._on_fault(now)
