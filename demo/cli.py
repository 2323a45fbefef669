"""`ratingpad-demo`: the whole of it on one machine, in a browser. Ctrl-C leaves nothing behind.

Everything else of the demo is imported when a command has begun, so that one that was installed
without its libraries can say what to type.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import webbrowser
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from sync import __version__
from sync.arguments import CommandParser, whole_number
from sync.language import CHINESE, language
from sync.terminal import run_command

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parser() -> CommandParser:
    """The parser of the command line."""
    made = CommandParser(prog="ratingpad-demo", description=__doc__)
    made.add_argument("what", nargs="?", choices=("run", "story"), default="run")
    made.add_argument(
        "--port",
        type=whole_number(0, 65_535),
        default=0,
        help="of the page (default: any free one)",
    )
    made.add_argument(
        "--pads",
        type=whole_number(1, 9),
        default=None,
        help="how many pads (1 to 9; every second one has a touchscreen)",
    )
    made.add_argument(
        "--seed", type=whole_number(0, 2**32), default=7, help="of the story's random choices"
    )
    made.add_argument("--no-open", action="store_true", help="do not open a browser")
    made.add_argument("--version", action="version", version=f"ratingpad-demo {__version__}")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until it is interrupted, or run the story; the exit code."""
    given = parser().parse_args(arguments)
    from demo.processes import StageError
    from demo.story import run_story
    from web.server import PortError

    try:
        if given.what == "story":
            return asyncio.run(interruptible(run_story(seed=given.seed, pads=given.pads or 3)))
        run = run_page(port=given.port, pads=given.pads or 2, open_browser=not given.no_open)
        return asyncio.run(interruptible(run))
    except asyncio.CancelledError:
        return 0
    except (StageError, PortError) as error:
        print(f"ratingpad-demo: {error}", file=sys.stderr)
        return 1


async def run_page(port: int, pads: int, open_browser: bool) -> int:
    """Serve the page until cancelled. Raises StageError, PortError."""
    from demo.demo_server import HOST, HOST_NAMES, PLACE, build_app
    from demo.stage import Stage
    from demo.view_model import ViewModel
    from web.refusals import Refusals
    from web.server import serve

    show = ViewModel()
    print(
        f"好差评 ratingpad {__version__}: starting broker, province and {pads} pad(s) …", flush=True
    )
    refusals = Refusals(logging.getLogger(__name__), PLACE)
    server = await serve(build_app(show, refusals), HOST, port, on_refused=refusals.record)
    # The pads name the pages that may frame theirs, so the page's port comes first.
    origins = [f"http://{name}:{server.port}" for name in HOST_NAMES]
    try:
        stage = Stage(pads, on_change=show.changed, framed_by=origins, languages=pad_languages())
        async with stage:
            show.stage = stage
            show.changed()
            address = f"{origins[0]}/"
            print(f"\n    {address}\n\nCtrl-C ends it and leaves nothing behind.", flush=True)
            if open_browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
                await asyncio.to_thread(webbrowser.open, address)
            try:
                await asyncio.Event().wait()
            finally:
                show.close()
                print("\nstopped.", flush=True)
    finally:
        show.close()
        await server.stop()
    return 0


def pad_languages() -> tuple[str, ...]:
    """The pads' languages: Chinese, as in a hall, and that of the person at the terminal."""
    return (CHINESE,) if language() == CHINESE else (CHINESE, language())


async def interruptible(work: Coroutine[Any, Any, int]) -> int:
    """Run `work`; the first signal cancels it, later ones do nothing.

    Raises CancelledError when it was interrupted.
    """
    task = asyncio.ensure_future(work)
    with _signals(task):
        return await task


@contextlib.contextmanager
def _signals(task: "asyncio.Future[int]") -> Iterator[None]:
    loop = asyncio.get_running_loop()
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:  # a second Ctrl-C must not interrupt the clean-up
            interrupted = True
            task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def command() -> int:
    """What the installed program calls: `main`, with an output that suits the terminal."""
    return run_command(main, extra="demo")


if __name__ == "__main__":
    sys.exit(command())
