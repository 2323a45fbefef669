"""The simulated board's control socket: presses keys, receives pictures, lights and sounds.

JSON lines over a unix socket, the protocol of `device/drivers/sim/`. One connection receives what
the pad shows for as long as it has power; each action has a connection of its own, so that a power
cut in the middle of a press disturbs no other exchange. On one asyncio loop.
"""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from device.drivers.sim.sim_signals import SignalEvent

PICTURE_BYTES = 1024
ANSWER_S = 5.0
SETTLE_S = 0.06
"""A contact bounces for 10 ms and is debounced for 20; twice the sum is safe."""


class ControlError(ConnectionError):
    """The board did not answer, or refused."""


class ControlClient:
    """The controls of one simulated board. `on_picture` and `on_signal` are called on the loop."""

    def __init__(
        self,
        path: Path,
        on_picture: Callable[[bytes], None],
        on_signal: Callable[[SignalEvent], None],
    ) -> None:
        self._path = path
        self._on_picture = on_picture
        self._on_signal = on_signal
        self._watching: asyncio.Task[None] | None = None
        self._power_gone = False
        self._up_at = 0.0

    async def watch(self, within_s: float) -> None:
        """Begin to follow the display; returns with the first picture.

        Raises ControlError when the board has not shown anything `within_s` seconds from now.
        """
        await self.stop()
        self._power_gone = False
        seen = asyncio.Event()
        self._watching = asyncio.create_task(self._follow(seen))
        try:
            async with asyncio.timeout(within_s):
                await seen.wait()
        except TimeoutError as error:
            await self.stop()
            raise ControlError(f"no picture within {within_s:g} s") from error

    async def finish(self) -> None:
        """After a power cut: receive what was still shown, then stop; waits 1 s at most."""
        self._power_gone = True
        if self._watching is not None:
            await asyncio.wait([self._watching], timeout=1.0)
        await self.stop()

    async def stop(self) -> None:
        """Stop following the display; safe to call twice."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None

    async def press(self, *keys: str, hold_ms: int = 120) -> None:
        """Press one key, or several together, for `hold_ms`; returns while they are still pressed.

        `lift` waits until they are released. Raises ControlError when the board does not answer.
        """
        await self._ask({"do": "press", "keys": list(keys), "hold_ms": hold_ms})
        self._up_at = asyncio.get_running_loop().time() + hold_ms / 1000 + SETTLE_S

    async def lift(self) -> None:
        """Wait until the keys of the last press are released and their contacts at rest."""
        await asyncio.sleep(max(0.0, self._up_at - asyncio.get_running_loop().time()))

    async def set_clock(self, utc_ms: int | None, trust: str) -> None:
        """Tell the board the time (None: this machine's) and how far to trust it (ntp, none)."""
        await self._ask({"do": "clock", "utc_ms": utc_ms, "trust": trust})

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
        except OSError as error:
            raise ControlError(f"{request['do']}: the board is off") from error
        try:
            async with asyncio.timeout(ANSWER_S):
                writer.write(msgspec.json.encode(request) + b"\n")
                line = await reader.readline()
        except (OSError, TimeoutError) as error:
            raise ControlError(f"{request['do']}: the board is gone") from error
        finally:
            writer.close()
        answer = _read(line)
        if answer.get("ok") is not True:
            raise ControlError(f"{request['do']}: {answer or 'the board is gone'}")
        return answer

    async def _follow(self, seen: asyncio.Event) -> None:
        while not self._power_gone:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(0.05)  # the agent is still starting
                continue
            try:
                writer.write(b'{"do":"watch"}\n')
                while line := await reader.readline():
                    message = _read(line)
                    if "signal" in message:
                        self._on_signal(msgspec.convert(message["signal"], SignalEvent))
                        continue
                    picture = base64.b64decode(message.get("picture", ""))
                    if len(picture) == PICTURE_BYTES:
                        self._on_picture(picture)
                        seen.set()
            except OSError:
                pass  # a power cut; `finish` or `stop` ends the loop
            finally:
                writer.close()
            await asyncio.sleep(0.05)


def _read(line: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return answer
