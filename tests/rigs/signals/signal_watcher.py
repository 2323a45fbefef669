"""What lights, beeper and voice of a simulated pad did, read from its control socket."""

import threading
from pathlib import Path

from device.drivers.sim.client import SimClient
from device.drivers.sim.sim_signals import SignalEvent


class SignalWatcher:
    """Watches on a thread of its own until the pad's process ends."""

    def __init__(self, control: Path) -> None:
        self._client = SimClient(control, timeout_s=None)
        self.happened: list[SignalEvent] = []
        news = self._client.watch_signals()
        self._thread = threading.Thread(target=lambda: self.happened.extend(news), daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """After the process has ended: read what it still did, then close."""
        self._thread.join(10)
        if self._thread.is_alive():
            raise AssertionError("the board's socket is still open")
        self._client.close()


def by_part(happened: list[SignalEvent]) -> dict[str, list[object]]:
    """What each part did. They have a thread each, so only the order inside one is certain.

    A prompt cuts off the one before in any case, so a hush in between is left out: on a busy
    machine it may be overtaken.
    """
    voice = [
        happening.said or "hushed" for happening in happened if happening.said or happening.hushed
    ]
    return {
        "lights": [happening.lit for happening in happened if happening.lit is not None],
        "beeper": [happening.beep for happening in happened if happening.beep is not None],
        "voice": [
            prompt
            for prompt, after in zip(voice, [*voice[1:], "the end"], strict=True)
            if prompt != "hushed" or after in ("hushed", "the end")
        ],
    }
