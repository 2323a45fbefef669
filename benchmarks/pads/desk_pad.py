"""The pad of `press_pad`, with its desk open on loopback: presses on request while others call.

Arguments: an empty folder, and a file with the desk's token. The first line out names the port.
"""

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.pads.press_pad import Bench
from device.config.desk_config import DeskConfig
from device.desk.start import open_desk


async def main() -> None:
    """Serve until stdin closes."""
    folder, token_file = map(Path, sys.argv[1:3])
    del sys.argv[2:]  # the bench would take further arguments for requests
    bench = Bench(folder, asyncio.get_running_loop())
    await bench.open()
    if bench.pad is None:
        raise SystemExit("the pad is not open")
    desk = await open_desk(DeskConfig(token_file=token_file, port=0), bench.pad)
    bench.pad.observe(desk.changed)
    print(json.dumps({"ready": True, "port": desk.server.port}), flush=True)
    try:
        await asyncio.to_thread(bench.serve)
    finally:
        await desk.server.stop()
        await bench.close()


if __name__ == "__main__":
    asyncio.run(main())
