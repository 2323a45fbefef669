"""Many callers of one desk: honest ones, one that never stops, slow and half-open ones.

Arguments: the desk's port, its token. One JSON line in, one out: {"on": true} lets them call,
{"on": false} stops them and gives {"answers": {status: count}}. Each has an address of its own on
loopback, so that the desk's limits apply to each by itself, as they would in a hall.
"""

import asyncio
import contextlib
import json
import sys
from collections import Counter

HONEST = 10
PAUSE_S = 0.1
"""Of each honest caller between two calls: for the window, for an invitation, a wrong one."""

SLOW = 6
HALF_OPEN = 6
LISTENERS = 3
LAZY_LISTENERS = 2
HANDSHAKE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Callers:
    """The callers."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        self.answers: Counter[str] = Counter()

    async def line(self, n: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from address n."""
        source = (f"127.0.3.{n}", 0)
        return await asyncio.open_connection("127.0.0.1", self._port, local_addr=source)

    async def ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: str, body: str = ""
    ) -> None:
        """One request and its whole answer."""
        extra = f"Content-Length: {len(body)}\r\n" if body else ""
        writer.write(f"{first} HTTP/1.1\r\n{self._head}{extra}\r\n{body}".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        for name in head.lower().split(b"\r\n"):
            if name.startswith(b"content-length:"):
                await reader.readexactly(int(name.partition(b":")[2]))
        self.answers[head.split(b" ", 2)[1].decode()] += 1

    async def calls(self, n: int, pause_s: float) -> None:
        """Call again and again; connect again when cut."""
        while True:
            with contextlib.suppress(OSError, EOFError):
                reader, writer = await self.line(n)
                try:
                    while True:
                        await self.ask(reader, writer, "GET /v1/window")
                        await asyncio.sleep(pause_s)
                        await self.ask(reader, writer, "GET /v1/invitations/01J")
                        await asyncio.sleep(pause_s)
                        await self.ask(reader, writer, "POST /v1/invitations", '{"case": "x\\n"}')
                        await asyncio.sleep(pause_s)
                finally:
                    writer.close()
            await asyncio.sleep(PAUSE_S)

    async def hangs(self, n: int, words: str) -> None:
        """Begin and never end; connect again when cut."""
        while True:
            with contextlib.suppress(OSError, EOFError):
                reader, writer = await self.line(n)
                writer.write(words.encode())
                await reader.read()
                writer.close()
            await asyncio.sleep(PAUSE_S)

    async def listens(self, n: int, *, is_lazy: bool) -> None:
        """Open the events; a lazy one never reads them."""
        while True:
            with contextlib.suppress(OSError, EOFError):
                reader, writer = await self.line(n)
                writer.write(f"GET /v1/events HTTP/1.1\r\n{self._head}{HANDSHAKE}\r\n".encode())
                if is_lazy:
                    writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads too
                    await asyncio.Event().wait()
                while await reader.read(65_536):
                    self.answers["heard"] += 1
            await asyncio.sleep(PAUSE_S)

    def start(self) -> list["asyncio.Task[None]"]:
        """Start all of them."""
        post = f"POST /v1/window/pause HTTP/1.1\r\n{self._head}Content-Length: 9\r\n\r\n"
        parts = [
            *(self.calls(n, PAUSE_S) for n in range(1, HONEST + 1)),
            self.calls(50, 0),
            *(self.hangs(60 + n, "GET /v1/win") for n in range(SLOW // 2)),
            *(self.hangs(70 + n, post) for n in range(SLOW // 2)),
            *(self.hangs(80 + n, "") for n in range(HALF_OPEN)),
            *(self.listens(90 + n, is_lazy=False) for n in range(LISTENERS)),
            *(self.listens(95 + n, is_lazy=True) for n in range(LAZY_LISTENERS)),
        ]
        return [asyncio.ensure_future(part) for part in parts]


async def main() -> None:
    """Start and stop the callers as the lines on stdin request."""
    callers = Callers(int(sys.argv[1]), sys.argv[2])
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []
    print(json.dumps({"ready": True}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        tasks = callers.start() if json.loads(line)["on"] else []
        print(json.dumps({"answers": callers.answers}), flush=True)
        callers.answers = Counter()


if __name__ == "__main__":
    asyncio.run(main())
