"""What lights, beeper and voice of a simulated pad did, as seen and heard from the hall."""

import threading
from pathlib import Path

from device.drivers.sim.client import SimClient
from device.drivers.sim.sim_signals import SignalEvent


class SignalWatcher:
    """Watches from a thread of its own until the pad's process is gone."""

    def __init__(self, control: Path) -> None:
        self._client = SimClient(control, timeout_s=None)
        self.happened: list[SignalEvent] = []
        news = self._client.watch_signals()
        self._thread = threading.Thread(target=lambda: self.happened.extend(news), daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """After the process has ended: take in what it still did, then close."""
        self._thread.join(10)
        if self._thread.is_alive():
            raise AssertionError("the board's socket is still open")
        self._client.close()


def by_part(happened: list[SignalEvent]) -> dict[str, list[object]]:
    """What each part did. They have a thread each, so only the order inside one is certain.

    A prompt cuts off the one before in any case, so a hush in between is left out: on a busy
    machine it may be overtaken.
    """
    voice = [one.said or "hushed" for one in happened if one.said or one.hushed]
    return {
        "lights": [one.lit for one in happened if one.lit is not None],
        "beeper": [one.beep for one in happened if one.beep is not None],
        "voice": [
            one
            for one, after in zip(voice, [*voice[1:], "the end"], strict=True)
            if one != "hushed" or after in ("hushed", "the end")
        ],
    }
