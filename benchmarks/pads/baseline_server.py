"""A bare server in place of the desk: measures what the callers alone cost this machine.

It limits them as the desk does. The first line out names the port.
"""

import asyncio
import contextlib
import json
import sys
import time

from device.desk.admission import CALLS
from device.desk.middleware import RATE_LIMITED_DELAY_S
from web.rate_limit import RateLimiter

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Other:
    """Answers everything in the same way."""

    def __init__(self) -> None:
        self._calls = RateLimiter(CALLS)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection until it ends."""
        caller = writer.get_extra_info("peername")[0]
        with contextlib.suppress(OSError, EOFError), contextlib.closing(writer):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        await reader.readexactly(int(line.partition(b":")[2]))
                if not self._calls.take(caller, time.monotonic()):
                    await asyncio.sleep(RATE_LIMITED_DELAY_S)
                    return
                writer.write(ANSWER)


async def main() -> None:
    """Serve until stdin closes."""
    server = await asyncio.start_server(Other().serve, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
