"""The simulated board, which profiles name as the driver `simulated`."""

from device.board.driver_options import SimOptions
from device.board.profile import DisplayProfile, Profile
from device.drivers.sim.clocks import SimBoot, SimWall
from device.drivers.sim.control import ControlServer
from device.drivers.sim.display import SimDisplay
from device.drivers.sim.keys import SimKeys
from device.drivers.sim.sim_signals import SignalLog, SimBeeper, SimLights, SimVoice
from device.ports import FaultReport


class SimBoard:
    """Keys, display, signals and clocks, and the control socket through which they are operated."""

    def __init__(self, profile: Profile, options: SimOptions) -> None:
        self.name = profile.name
        self.missing: list[FaultReport] = []
        self.boot = SimBoot()
        self.wall = SimWall(self.boot, options.wall)
        self.keys = SimKeys(profile.keys, self.boot.now_ms, options.seed, options.bounce_ms)
        size = profile.display or DisplayProfile()
        self.display = SimDisplay(size.width, size.height, options.film)
        self.signals = SignalLog()
        self.lights = SimLights(self.signals) if profile.lights is not None else None
        self.beeper = SimBeeper(self.signals) if profile.beeper is not None else None
        self.voice = SimVoice(self.signals) if profile.voice is not None else None
        self._control: ControlServer | None = None
        if options.control is not None:
            self._control = ControlServer(
                options.control, self.keys, self.wall, self.display, self.signals
            )

    def start(self) -> None:
        """Open the control socket. Raises DriverError."""
        if self._control is not None:
            self._control.start()

    def stop(self) -> None:
        """Close the control socket; safe to call twice."""
        if self._control is not None:
            self._control.stop()


def build(profile: Profile, options: SimOptions) -> SimBoard:
    """The board of `profile`; nothing is opened before `start`."""
    return SimBoard(profile, options)
